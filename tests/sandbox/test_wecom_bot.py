"""The bot's long connection: one line, req_ids that fit, streams, cards, quotas, uploads."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.sandbox.actors import Json, Outside, button_card
from tests.sandbox.conftest import Starter


class Line:
    """A bot client as small as can be."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.heard: list[Json] = []
        self._number = 0

    async def ask(self, cmd: str, body: Json | None = None, req_id: str = "") -> Json:
        """Send a frame and read until its answer; what else arrives is kept in ``heard``."""
        self._number += 1
        req_id = req_id or f"{cmd}-{self._number}"
        await self.socket.send_json({"cmd": cmd, "headers": {"req_id": req_id}, "body": body or {}})
        while True:
            frame: Json = await self.socket.receive_json(timeout=5)
            if "cmd" not in frame:
                assert frame["headers"]["req_id"] == req_id
                return frame
            self.heard.append(frame)

    async def code(self, cmd: str, body: Json | None = None, req_id: str = "") -> int:
        """Only the errcode."""
        return int((await self.ask(cmd, body, req_id))["errcode"])

    async def hear(self) -> Json:
        """The next frame from the vendor."""
        if self.heard:
            return self.heard.pop(0)
        frame: Json = await self.socket.receive_json(timeout=5)
        return frame


@asynccontextmanager
async def connect(outside: Outside, *, subscribe: bool = True) -> AsyncIterator[Line]:
    """A connection, subscribed unless told otherwise."""
    async with outside.http.ws_connect(outside.url("/wecom/aibot")) as socket:
        line = Line(socket)
        if subscribe:
            config = outside.config
            body = {"bot_id": config.wecom_bot_id, "secret": config.wecom_bot_secret}
            assert await line.code("aibot_subscribe", body) == 0
        yield line


def stream(text: str, *, finish: bool = False, name: str = "s1") -> Json:
    """The body of a streamed reply."""
    return {"msgtype": "stream", "stream": {"id": name, "content": text, "finish": finish}}


def push(text: str, chatid: str = "Alice", chat_type: int = 1) -> Json:
    """The body of a push."""
    return {"chatid": chatid, "chat_type": chat_type, "msgtype": "markdown", "markdown": {"content": text}}


async def test_nothing_is_obeyed_before_a_subscription_with_the_right_secret(outside: Outside) -> None:
    async with connect(outside, subscribe=False) as line:
        early = await line.code("ping")
    async with connect(outside, subscribe=False) as line:
        wrong = await line.code("aibot_subscribe", {"bot_id": outside.config.wecom_bot_id, "secret": "guess"})
        closed = (await line.socket.receive()).type
    async with connect(outside) as line:
        ping = await line.ask("ping", req_id="beat-1")
    assert (early, wrong, closed) == (846600, 40001, aiohttp.WSMsgType.CLOSE)
    assert ping == {"headers": {"req_id": "beat-1"}, "errcode": 0, "errmsg": "ok", "body": {}}


async def test_the_newest_connection_wins_and_the_old_one_is_told(outside: Outside) -> None:
    async with connect(outside) as old, connect(outside) as new:
        farewell = await old.hear()
        after = (await old.socket.receive()).type
        assert (farewell["cmd"], farewell["body"]["event"]) == (
            "aibot_event_callback",
            {"eventtype": "disconnected_event"},
        )
        assert after is aiohttp.WSMsgType.CLOSE
        assert await new.code("aibot_send_msg", push("还在")) == 0


async def test_a_line_typed_to_the_bot_is_answered_by_a_stream_that_grows(outside: Outside) -> None:
    async with connect(outside) as line:
        said = await outside.control("say", userid="Alice", text="随访 启动", where="bot")
        frame = await line.hear()
        req_id = frame["headers"]["req_id"]
        codes = [
            await line.code("aibot_respond_msg", stream("正在"), req_id),
            await line.code("aibot_respond_msg", stream("正在准备", finish=True), req_id),
            await line.code("aibot_respond_msg", stream("多余"), req_id),
        ]
    body = frame["body"]
    assert (said["heard"], frame["cmd"]) == (True, "aibot_msg_callback")
    assert (body["chattype"], body["from"]["userid"], body["msgtype"], body["text"]) == (
        "single",
        "Alice",
        "text",
        {"content": "随访 启动"},
    )
    assert codes == [0, 0, 846608]
    last = (await outside.screen(userid="Alice"))[-1]
    assert (last["sender"], last["text"], last["streaming"]) == ("bot", "正在准备", False)


async def test_a_stream_older_than_ten_minutes_is_closed_and_too_long_ones_are_refused(
    outside: Outside,
) -> None:
    async with connect(outside) as line:
        await outside.control("say", userid="Alice", text="报表", where="bot")
        req_id = (await line.hear())["headers"]["req_id"]
        too_long = await line.code("aibot_respond_msg", stream("长" * 6827), req_id)
        begun = await line.code("aibot_respond_msg", stream("在算"), req_id)
        await outside.control("clock", advance=601)
        late = await line.code("aibot_respond_msg", stream("算好了", finish=True), req_id)
        unknown = await line.code("aibot_respond_msg", stream("谁"), "made-up")
    assert (too_long, begun, late, unknown) == (45002, 0, 846608, 846605)


async def test_a_welcome_is_said_once_within_five_seconds(outside: Outside) -> None:
    hello = {"msgtype": "text", "text": {"content": "您好"}}
    async with connect(outside) as line:
        await outside.control("open", userid="Alice", where="bot")
        frame = await line.hear()
        req_id = frame["headers"]["req_id"]
        codes = [await line.code("aibot_respond_welcome_msg", hello, req_id) for _ in range(2)]
        await outside.control("open", userid="Bob", where="bot")
        late_id = (await line.hear())["headers"]["req_id"]
        await outside.control("clock", advance=6)
        late = await line.code("aibot_respond_welcome_msg", hello, late_id)
    assert frame["body"]["event"] == {"eventtype": "enter_chat"}
    assert (codes, late) == ([0, 846605], 846605)
    assert (await outside.texts(userid="Alice"), await outside.texts(userid="Bob")) == (["您好"], [])


async def test_a_press_takes_only_a_card_update_once_and_in_time(outside: Outside) -> None:
    card = {"chatid": "Alice", "chat_type": 1, "msgtype": "template_card", "template_card": button_card()}
    new = {"response_type": "update_template_card", "template_card": button_card("", replace_text="已签收")}
    async with connect(outside) as line:
        sent = await line.code("aibot_send_msg", card)
        again = await line.code("aibot_send_msg", card)
        await outside.control("press", userid="Alice", task_id="task-1", key="sign")
        frame = await line.hear()
        req_id = frame["headers"]["req_id"]
        streamed = await line.code("aibot_respond_msg", stream("好的"), req_id)
        updated = await line.code("aibot_respond_update_msg", new, req_id)
        twice = await line.code("aibot_respond_update_msg", new, req_id)
    assert frame["body"]["event"] == {
        "eventtype": "template_card_event",
        "template_card_event": {"card_type": "button_interaction", "event_key": "sign", "task_id": "task-1"},
    }
    assert (sent, again, streamed, updated, twice) == (0, 40058, 846605, 0, 846605)
    assert (await outside.screen(userid="Alice"))[0]["card"]["replace_text"] == "已签收"


async def test_thirty_a_minute_per_conversation_replies_and_pushes_together(outside: Outside) -> None:
    async with connect(outside) as line:
        await outside.control("say", userid="Alice", text="在吗", where="bot")
        req_id = (await line.hear())["headers"]["req_id"]
        reply = await line.code("aibot_respond_msg", stream("在", finish=True), req_id)
        codes = [await line.code("aibot_send_msg", push(str(number))) for number in range(30)]
        other = await line.code("aibot_send_msg", push("您好", "Bob"))
        await outside.control("clock", advance=61)
        later = await line.code("aibot_send_msg", push("下一分钟"))
    assert (reply, codes, other, later) == (0, [0] * 29 + [45009], 0, 0)


async def test_chat_ids_are_case_sensitive_and_must_exist(outside: Outside) -> None:
    await outside.wecom("appchat/create", {"userlist": ["Alice", "Bob"], "chatid": "Ticket1"})
    async with connect(outside) as line:
        codes = [
            await line.code("aibot_send_msg", push("一", "alice")),
            await line.code("aibot_send_msg", push("二", "ticket1", 2)),
            await line.code("aibot_send_msg", push("三", "Ticket1", 1)),
            await line.code("aibot_send_msg", push("四", "Ticket1", 2)),
        ]
    assert codes == [93006, 93006, 93006, 0]
    assert (await outside.texts(userid="Bob"))[-1] == "四"


async def test_in_a_group_only_lines_that_mention_the_bot_arrive(outside: Outside) -> None:
    await outside.wecom("appchat/create", {"userlist": ["Alice", "Bob"], "chatid": "Ticket1"})
    async with connect(outside) as line:
        quiet = await outside.control("say", userid="Alice", text="大家好", where="group:Ticket1")
        heard = await outside.control("say", userid="Bob", text="@回音助手 帮助", where="group:Ticket1")
        body = (await line.hear())["body"]
    assert (quiet["heard"], heard["heard"]) == (False, True)
    assert (body["chattype"], body["chatid"], body["from"]["userid"]) == ("group", "Ticket1", "Bob")


async def test_what_is_said_while_nobody_listens_is_lost_and_counted(outside: Outside) -> None:
    said = await outside.control("say", userid="Alice", text="有人吗", where="bot")
    meters = await outside.get("/control/counters")
    assert (said["heard"], meters["bot_connected"]) == (False, False)
    assert meters["counters"] == {"wecom.bot_callbacks_lost": 1}


async def test_a_silent_connection_is_closed(start: Starter) -> None:
    outside = await start(bot_idle_seconds=0.05)
    async with connect(outside) as line:
        assert (await line.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_a_file_goes_up_in_chunks_and_out_as_a_message(outside: Outside) -> None:
    data = bytes(range(256)) * 2100
    chunk = 512 * 1024
    init = {
        "type": "file",
        "filename": "办结报告.docx",
        "total_size": len(data),
        "total_chunks": 2,
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
    }
    async with connect(outside) as line:
        upload_id = (await line.ask("aibot_upload_media_init", init))["body"]["upload_id"]
        for index in range(2):
            part = base64.b64encode(data[index * chunk : (index + 1) * chunk]).decode()
            body = {"upload_id": upload_id, "chunk_index": index, "base64_data": part}
            assert await line.code("aibot_upload_media_chunk", body) == 0
        done = (await line.ask("aibot_upload_media_finish", {"upload_id": upload_id}))["body"]
        message = {
            "chatid": "Alice",
            "chat_type": 1,
            "msgtype": "file",
            "file": {"media_id": done["media_id"]},
        }
        assert await line.code("aibot_send_msg", message) == 0
        missing = await line.ask("aibot_upload_media_init", init)
        early = await line.code("aibot_upload_media_finish", {"upload_id": missing["body"]["upload_id"]})
    (shown,) = await outside.screen(userid="Alice")
    async with outside.http.get(outside.url(f"/media/{shown['media']}")) as response:
        assert await response.read() == data
    assert (shown["filename"], early) == ("办结报告.docx", 40058)


async def test_a_picture_for_the_bot_lies_encrypted_at_an_address_for_five_minutes(outside: Outside) -> None:
    picture = b"\x89PNG\r\n\x1a\n0123456789"
    async with connect(outside) as line:
        sent = base64.b64encode(picture).decode()
        await outside.control("send_media", userid="Alice", filename="a.png", base64=sent, where="bot")
        image: dict[str, Any] = (await line.hear())["body"]["image"]
    key = base64.b64decode(image["aeskey"])
    async with outside.http.get(image["url"]) as response:
        sealed = await response.read()
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    await outside.control("clock", advance=301)
    async with outside.http.get(image["url"]) as late:
        assert late.status == 403
    assert padded[: -padded[-1]] == picture

"""The bot's long connection: one in all processes, taken over when its holder dies, spoken through by everybody."""

import asyncio
import base64
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from core import db
from integrations import wecom_bot, wecom_bot_frames
from integrations.http import CallFailed, Json, Kind
from integrations.wecom_bot import BotEvent, parse
from integrations.wecom_bot_line import BotLine, lease_number
from tests.integrations.outside import USERID, Outside, line_up

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import asyncio
from core.db import open_db
from core.settings import settings
from integrations.wecom_bot_line import BotLine

async def nothing(_):
    return None

async def main():
    await open_db(settings().database_url)
    line = BotLine(nothing, nothing)
    async def tell():
        await line.connected.wait()
        print("up", flush=True)
    await asyncio.gather(line.run(asyncio.Event()), tell())

asyncio.run(main())
"""


async def come_up(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether the process says in time that its line is up."""
    assert process.stdout
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for line in process.stdout:
                if line == b"up\n":
                    return True
    return False


async def until(*, frames: list[Json], count: int) -> None:
    """Until so many frames have come in."""
    async with asyncio.timeout(10):
        while len(frames) < count:  # noqa: ASYNC110 - the frames come from the line, which knows no event of ours
            await asyncio.sleep(0.02)


async def holder() -> asyncio.subprocess.Process:
    """Another process that wants to hold the line."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "."},
    )


async def test_another_process_takes_the_line_over_when_its_holder_is_killed(outside: Outside) -> None:
    first = await holder()
    second = None
    try:
        assert await come_up(first, 20)
        second = await holder()
        assert not await come_up(second, 4)  # one line over all processes: the second waits
        first.send_signal(signal.SIGKILL)
        assert await come_up(second, 20)
        assert (await outside.look("counters"))["bot_connected"]
    finally:
        for process in filter(None, (first, second)):
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def test_any_process_speaks_through_the_line(outside: Outside, bot_line: list[Json]) -> None:
    await wecom_bot.send_markdown("k1", USERID, "**3 件**待办")
    await wecom_bot.send_markdown("k1", USERID, "**3 件**待办")
    assert [message["text"] for message in await outside.phone(userid=USERID)] == ["**3 件**待办"]


async def test_without_a_line_a_frame_is_withdrawn_and_may_be_tried_again(outside: Outside) -> None:
    with pytest.raises(CallFailed) as caught:
        await wecom_bot_frames.push("k1", "aibot_send_msg", {"chatid": USERID}, patience=0.1)
    assert (caught.value.code, caught.value.kind, caught.value.uncertain) == ("no_line", Kind.RETRY, False)
    async with line_up([]):
        await wecom_bot.send_markdown("k1", USERID, "您好")
    assert [message["text"] for message in await outside.phone(userid=USERID)] == ["您好"]


async def test_a_member_is_answered_in_the_context_of_the_question(
    outside: Outside, bot_line: list[Json]
) -> None:
    await outside.ask("say", {"userid": USERID, "in": "bot", "text": "我的工单"})
    await until(frames=bot_line, count=1)
    event = parse(bot_line[0])
    assert event == BotEvent(
        req_id=event.req_id,
        cmd="aibot_msg_callback",
        msgid=event.msgid,
        userid=USERID,
        msgtype="text",
        text="我的工单",
        created=event.created,
    )
    await wecom_bot.respond("r1", event.req_id, "您有 3 件", stream="s1", finish=False)
    await wecom_bot.respond("r2", event.req_id, "您有 3 件待办", stream="s1")
    assert [message["text"] for message in await outside.phone(userid=USERID)] == ["您有 3 件待办"]


async def test_a_tap_is_answered_by_a_new_card_once(outside: Outside, bot_line: list[Json]) -> None:
    card: Json = {
        "card_type": "button_interaction",
        "task_id": "c-1",
        "main_title": {"title": "新工单"},
        "button_list": [{"text": "签收", "key": "sign"}],
    }
    await wecom_bot.send_card("k1", USERID, card)
    await outside.ask("press", {"userid": USERID, "task_id": "c-1", "key": "sign", "in": "bot"})
    await until(frames=bot_line, count=1)
    event = parse(bot_line[0])
    assert (event.event, event.event_key, event.task_id) == ("template_card_event", "sign", "c-1")
    await wecom_bot.respond_update("u1", event.req_id, {**card, "main_title": {"title": "已签收"}})
    (message,) = await outside.phone(userid=USERID)
    assert message["card"]["main_title"]["title"] == "已签收"
    with pytest.raises(CallFailed) as caught:
        await wecom_bot.respond_update("u2", event.req_id, card)
    assert caught.value.kind is Kind.CONTEXT_GONE


async def test_a_picture_sent_to_the_bot_is_fetched_and_decrypted(
    outside: Outside, bot_line: list[Json]
) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    await outside.ask(
        "send_media",
        {"userid": USERID, "in": "bot", "filename": "现场.png", "base64": base64.b64encode(picture).decode()},
    )
    await until(frames=bot_line, count=1)
    ((kind, url, key),) = parse(bot_line[0]).media
    assert (kind, (await wecom_bot.download(url, key)).data) == ("image", picture)


async def test_a_line_that_was_cut_is_taken_up_again(outside: Outside, bot_line: list[Json]) -> None:
    await outside.ask("bot/disconnect")
    await wecom_bot.send_markdown("k1", USERID, "还在")
    assert [message["text"] for message in await outside.phone(userid=USERID)] == ["还在"]


async def test_a_frame_whose_answer_was_lost_is_uncertain(outside: Outside, bot_line: list[Json]) -> None:
    await outside.fault("wecom", "aibot_send_msg", drop="after")
    with pytest.raises(CallFailed) as caught:
        await wecom_bot_frames.push(
            "k1",
            "aibot_send_msg",
            {"chatid": USERID, "msgtype": "markdown", "markdown": {"content": "一"}},
            patience=2,
        )
    assert (caught.value.kind, caught.value.uncertain) == (Kind.RETRY, True)


async def test_a_refused_subscription_is_told_to_the_operator(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outside.fault("wecom", "aibot_subscribe", errcode=40001, times=100)
    told: asyncio.Queue[CallFailed | None] = asyncio.Queue()

    async def keep(_: Json) -> None:
        return None

    line, stopping = BotLine(keep, told.put), asyncio.Event()
    task = asyncio.create_task(line.run(stopping))
    error = await asyncio.wait_for(told.get(), 10)
    stopping.set()
    await asyncio.wait_for(task, 10)
    assert error
    assert (error.system, error.code, error.kind) == ("wecom_bot", "40001", Kind.MISCONFIGURED)


async def test_a_stopped_line_gives_its_lease_back(outside: Outside, database_url: str) -> None:
    async with line_up([]):
        other = await asyncpg.connect(database_url)
        assert not await other.fetchval("select pg_try_advisory_lock($1)", lease_number())
    assert await other.fetchval("select pg_try_advisory_lock($1)", lease_number())
    await other.close()


async def test_a_frame_that_cannot_be_stored_yet_is_handed_in_again(outside: Outside) -> None:
    seen: list[Json] = []

    async def keep(frame: Json) -> None:
        seen.append(frame)
        if len(seen) == 1:
            raise asyncpg.PostgresConnectionError("gone for a moment")

    async def subscribed(_: CallFailed | None) -> None:
        return None

    line, stopping = BotLine(keep, subscribed), asyncio.Event()
    task = asyncio.create_task(line.run(stopping))
    await asyncio.wait_for(line.connected.wait(), 10)
    await outside.ask("say", {"userid": USERID, "in": "bot", "text": "帮助"})
    await until(frames=seen, count=2)
    stopping.set()
    await asyncio.wait_for(task, 10)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "frame",
    [{}, {"cmd": "x"}, {"cmd": "x", "headers": [], "body": {}}, {"cmd": 1, "headers": {}, "body": {}}],
)
def test_a_frame_of_another_shape_is_refused(frame: Json) -> None:
    with pytest.raises(Exception, match="机器人消息的格式不对"):
        parse(frame)


async def test_frames_of_last_week_are_forgotten(outside: Outside, bot_line: list[Json]) -> None:
    await wecom_bot.send_markdown("k1", USERID, "您好")
    await db.execute("update bot_frame set created_at = created_at - interval '8 days'")
    assert await wecom_bot_frames.tidy() == 1

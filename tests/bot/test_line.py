"""The bot's long connection, for a hospital without a public address: the same road, replies on the same line."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot import connection
from core import db
from core.settings import settings
from integrations import wecom
from tests.bot.pictures import in_text, picture
from tests.bot.stage import Stage, staged
from tests.tickets.conftest import Cast
from tickets.models import Ticket


class LineStage(Stage):
    """A stage where everybody speaks to the bot."""

    async def connected(self) -> None:
        """Until the line is up."""
        for _ in range(200):
            if (await self.outside.look("counters"))["bot_connected"]:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the line did not come up")

    async def heard(self, where: str) -> None:
        """Frames arrive by themselves: wait until what was sent is stored, then let everything happen."""
        for _ in range(200):
            sent = await self.outside.count("wecom.bot_callbacks")
            if await db.fetchval("select count(*) from inbound where source = 'wecom-bot'") >= sent:
                break
            await asyncio.sleep(0.02)
        await super().heard(where)


@pytest_asyncio.fixture
async def line(
    cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LineStage]:
    """The hospital on the bot's line, as a worker holds it."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path_factory.mktemp("files")))
    monkeypatch.setenv("HUIYIN_WECOM_WAY", "bot")
    async with staged(cast, redis_url, monkeypatch) as found:
        monkeypatch.setenv("HUIYIN_WECOM_SECRET", "")  # no self-built application
        settings.cache_clear()
        await connection.started()
        line = LineStage(found.cast, found.outside, found.url)
        await line.connected()
        try:
            yield line
        finally:
            await connection.stopped()


async def test_a_liaison_works_a_ticket_over_the_long_connection(line: LineStage) -> None:
    ticket = await line.opened()
    assert (await line.buttons("liaison"))[0] == "签收"
    said = await line.press("liaison", "签收", where="bot")
    assert said.startswith(f"#{ticket.id} 已签收")
    assert (await line.buttons("liaison"))[0] == "答复"
    assert (await line.press("liaison", "答复", where="bot")).startswith(f"【#{ticket.id} 答复】")
    sent = {
        "userid": "liaison",
        "in": "bot",
        "kind": "image",
        "filename": "a.png",
        "base64": in_text(picture(9)),
    }
    await line.outside.ask("send_media", sent)
    await line.heard("bot")
    assert (await line.texts("liaison"))[-1].endswith(f"作为 #{ticket.id} 的材料")
    said = await line.say("liaison", "已电话联系患者并致歉", where="bot")
    assert said.startswith(f"#{ticket.id} 的答复已提交")
    assert (await Ticket.get(id=ticket.id)).state == "answered"
    assert await db.fetchval("select count(*) from attachment where kind = 'evidence'") == 1


async def test_opening_the_chat_is_greeted_in_time(line: LineStage) -> None:
    await line.outside.ask("open", {"userid": "liaison", "in": "bot"})
    await line.heard("bot")
    assert (await line.texts("liaison"))[-1] == "测试联络人甲，您好！发“待办”查看工单，发“帮助”查看可用命令"


async def test_a_frame_that_cannot_be_read_is_parked_and_the_line_lives(line: LineStage) -> None:
    await connection.on_frame({"cmd": "aibot_msg_callback", "headers": {"req_id": "r1"}, "body": {}})
    await connection.on_frame({"cmd": "aibot_msg_callback", "headers": {"req_id": "r2"}})
    rows = await db.fetch("select external_id, state from inbound where source = 'wecom-bot' order by id")
    assert [(row["external_id"][:7], row["state"]) for row in rows] == [("r1", "due"), ("unread:", "parked")]
    await db.execute("delete from inbound")
    assert (await line.say("liaison", "待办", where="bot")) == "您现在没有待办工单"


async def test_a_line_in_a_wecom_group_that_calls_the_bot_is_answered_in_the_group(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await stage.opened()
    await wecom.appchat_create("group1", "测试群", "liaison", ["liaison", "head"])
    await connection.started()
    line = LineStage(stage.cast, stage.outside, stage.url)
    await line.connected()
    try:
        asked = {"userid": "liaison", "in": "group:group1", "text": f"@回音助手 签收 {ticket.id}"}
        await stage.outside.ask("say", asked)
        await line.heard("bot")
    finally:
        await connection.stopped()
    found = (await stage.outside.look("messages?conversation=group:group1"))["messages"]
    assert found[-1]["text"].startswith(f"#{ticket.id} 已签收")

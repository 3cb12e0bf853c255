"""The ticket's group chat: the same commands there, talk among people left alone, a nudge for who does not read."""

from datetime import timedelta
from uuid import uuid4

from core import clock, db
from im import actions as im
from im import queries as rooms
from im.drafts import Draft
from tests.bot.stage import Stage
from tickets.models import Ticket


async def room_of(stage: Stage, ticket: Ticket, who: str = "liaison") -> int:
    room = await rooms.room_of(ticket.subject, by=stage.actor(who))
    return room.id


async def post(stage: Stage, room: int, who: str, text: str, mentions: tuple[int, ...] = ()) -> list[str]:
    """Post a line; what the bot has said in the room since."""
    sent = await im.post(room, Draft(client_id=uuid4(), text=text, mentions=mentions), by=stage.actor(who))
    await stage.heard("room")
    page = await rooms.since(room, sent.seq, by=stage.actor(who))
    return [message.text for message in page.messages if message.author_kind == "bot"]


async def test_a_command_in_the_room_is_for_its_ticket(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.opened("GZ-2")
    room = await room_of(stage, ticket)
    said = await post(stage, room, "liaison", "@回音助手 签收")
    assert f"#{ticket.id} 已签收。接下来可以：答复、问中心、申请延期、转派" in said
    assert "测试联络人甲 签收了工单" in said
    said = await post(stage, room, "liaison", f"回复 {ticket.id} 已电话联系患者并致歉")
    assert any(text.startswith(f"#{ticket.id} 的答复已提交") for text in said)
    assert (await Ticket.get(id=ticket.id)).state == "answered"


async def test_talk_is_left_alone_but_the_bot_called_by_name_is_never_silent(stage: Stage) -> None:
    ticket = await stage.opened()
    room = await room_of(stage, ticket)
    assert await post(stage, room, "liaison", "收到，我先联系一下患者") == []
    assert await post(stage, room, "liaison", "同意") == []
    assert (await post(stage, room, "liaison", "/签说"))[0].startswith("没有听懂“/签说”。")
    assert (await post(stage, room, "liaison", "@回音 帮助"))[0].startswith("测试联络人甲，您可以直接发送：")
    assert (await Ticket.get(id=ticket.id)).state == "assigned"


async def test_a_question_asked_in_the_room_is_answered_there_and_not_in_private(stage: Stage) -> None:
    ticket = await stage.opened()
    room = await room_of(stage, ticket)
    assert (await post(stage, room, "liaison", "/答复"))[0].startswith(f"【#{ticket.id} 答复】")
    assert (await stage.say("liaison", "这是私聊里的话")).startswith("没有听懂")
    said = await post(stage, room, "liaison", "已电话联系患者并致歉")
    assert any(text.startswith(f"#{ticket.id} 的答复已提交") for text in said)


async def test_the_callers_number_asked_for_in_the_room_goes_to_the_person_alone(stage: Stage) -> None:
    ticket = await stage.opened()
    room = await room_of(stage, ticket)
    assert await post(stage, room, "liaison", "/电话 与来电人核实诉求") == ["已发到您的企业微信"]
    assert "13800000001" in (await stage.texts("liaison"))[-1]


async def test_who_is_spoken_to_and_does_not_read_gets_the_words_in_wecom(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.say("liaison", f"签收 {ticket.id}")
    room = await room_of(stage, ticket)
    await post(stage, room, "centre", "请补充患者就诊时间")
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        await stage.heard("room")
    assert (await stage.texts("liaison"))[-1] == (
        f"#{ticket.id} 心内科门诊排队过久 测试客服甲：请补充患者就诊时间\n回复请发“回话 {ticket.id} 内容”"
    )
    said = await stage.say("liaison", f"回话 {ticket.id} 三月二日上午")
    assert said.startswith(f"已发到 #{ticket.id} 的群聊")
    page = await rooms.before(room, None, by=stage.actor("centre"))
    assert (page.messages[-1].author, page.messages[-1].text) == ("测试联络人甲", "三月二日上午")


async def test_who_reads_in_time_is_not_nudged(stage: Stage) -> None:
    ticket = await stage.opened()
    room = await room_of(stage, ticket)
    liaison = stage.actor("liaison")
    assert liaison.staff_id is not None
    await post(stage, room, "centre", "请看一下", (liaison.staff_id,))
    await im.mark_read(room, 100, by=liaison)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        await stage.heard("room")
    assert await db.fetchval("select count(*) from message where purpose = 'room.nudge'") == 0

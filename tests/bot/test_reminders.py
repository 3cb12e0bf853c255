"""Reminders by the ladder of a clock: to whom, in one bundle, urgent when over, gone when not needed any more."""

from datetime import timedelta

from core import clock, db
from core.actor import system
from tests.bot.people import phone
from tests.bot.stage import Stage, settle
from tests.tickets.conftest import at, order
from tickets.models import Clock, Ticket
from tickets.receiving import receive

PLATFORM = system("测试热线平台")


async def opened_in_march(number: str = "GZ-1") -> Ticket:
    """An order of Monday 2 March 2026, 09:00."""
    with clock.frozen(at("2026-03-02 09:00")):
        received = await receive(order(number), by=PLATFORM)
    return await Ticket.get(case_id=received.case_id)


async def told(subject: str) -> list[tuple[str, str, str]]:
    """(receiver, lane, first line) of the reminders about a subject."""
    rows = await db.fetch(
        "select receiver_name, lane, text from message where subject = $1 and purpose = 'ticket.reminder' order by id",
        subject,
    )
    return [(row["receiver_name"], row["lane"], row["text"].split("\n")[0]) for row in rows]


async def test_each_rung_tells_those_it_names_and_the_last_is_urgent(stage: Stage) -> None:
    ticket = await opened_in_march()
    due_at = (await Clock.get(ticket_id=ticket.id)).due_at
    await settle()
    found = await told(ticket.subject)
    assert due_at < clock.now()
    assert {who for who, _, _ in found} == {
        "测试联络人甲",
        "测试联络人乙",
        "测试主任甲",
        "测试副院长",
        "测试客服甲",
        "测试客服乙",
    }
    assert {lane for _, lane, _ in found} == {"urgent"}
    lines = {who: line for who, _, line in found}
    assert lines["测试联络人甲"].startswith(f"#{ticket.id} 科室时限已逾期（已超 ")
    assert lines["测试副院长"] == "您有 3 条提醒："  # the hospital's and the upstream limit are over too
    assert "科室时限已逾期" in (await stage.texts("vice"))[-1]


async def test_reminders_that_wait_are_cancelled_when_the_department_answers(stage: Stage) -> None:
    await db.execute("update parameter set value = '3600' where name = 'channels.bundle_seconds'")
    ticket = await opened_in_march()
    await settle()
    waiting = "select count(*) from message where purpose = 'ticket.reminder' and state = $1"
    assert await db.fetchval(waiting, "waiting") == 6
    await stage.say("liaison", f"回复 {ticket.id} 已电话联系患者并致歉")
    assert [await db.fetchval(waiting, state) for state in ("waiting", "cancelled")] == [0, 6]


async def test_many_reminders_to_one_person_are_one_message(stage: Stage) -> None:
    await db.execute("update parameter set value = '60' where name = 'channels.bundle_seconds'")
    tickets = [await opened_in_march(f"GZ-{at}") for at in range(3)]
    await settle()
    before = len(await stage.texts("vice"))
    with clock.frozen(clock.now() + timedelta(seconds=90)):
        await settle()
    texts = (await stage.texts("vice"))[before:]
    bundles = [text for text in texts if text.startswith("您有 ")]
    assert len(bundles) == 1
    assert all(f"#{ticket.id} 科室时限已逾期" in bundles[0] for ticket in tickets)


async def test_urging_reaches_liaison_and_deputy_at_once(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.do("ticket.urge", ticket.id, "centre", note="请今日内答复")
    for who in ("liaison", "deputy"):
        card = (await stage.cards(who))[-1]
        assert (card["main_title"]["title"], card["sub_title_text"]) == (
            f"催办 #{ticket.id} 心内科门诊排队过久",
            "第 1 次催办：请今日内答复",
        )
    lanes = await db.fetch("select distinct lane from message where purpose = 'ticket.urge'")
    assert [row["lane"] for row in lanes] == ["urgent"]


async def test_a_liaison_without_wecom_gets_an_sms_without_any_department_in_it(stage: Stage) -> None:
    await db.execute("update staff set wecom_userid = null where number in ('liaison', 'deputy')")
    await phone("liaison", "19900000001")
    ticket = await stage.opened()
    text = (await stage.outside.phone(phone="19900000001"))[-1]["text"]
    assert f"您有新的工单#{ticket.id}待签收" in text
    assert "心" not in text


async def test_a_department_that_nobody_can_be_reached_in_is_told_to_the_centre(stage: Stage) -> None:
    await db.execute("delete from post where unit_id = 4 and role = 'liaison'")
    ticket = await stage.opened()
    assert (await stage.texts("centre"))[-1].startswith(
        f"#{ticket.id} 心内科门诊排队过久：承办科室没有可以联系的联络人"
    )

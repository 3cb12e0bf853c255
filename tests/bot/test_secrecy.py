"""检举控告 in chat: nobody accused is told, asks in vain, and nobody at all is told more than that there is something.

Cardiology is accused, with the vice-president; orthopaedics has a ticket; the inspector handles the case.
"""

from datetime import timedelta
from uuid import uuid4

import pytest_asyncio

from core import clock, db
from core.actor import Door
from im import actions as im
from im import queries as rooms
from im.drafts import Draft
from staff.actors import actor_of
from staff.roles import Role
from tests.bot.stage import Stage, settle
from tickets.models import Case, Ticket

ACCUSED = ("liaison", "deputy", "head", "vice")
NOBODY = (*ACCUSED, "centre", "second", "chief", "cashier")
TELLING = ("红包", "GZ-1", "测试甲", "13800000001", "心血管内科")


@pytest_asyncio.fixture
async def case(stage: Stage) -> Case:
    """A secret case, of which cardiology was told while it was none; the phones are read from here on."""
    number = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ('inspector', '测试纪检', 'inspector') returning id"
    )
    await db.execute(
        "insert into post (staff_id, unit_id, role, rank) values ($1, 1, $2, 1)", number, Role.DISCIPLINE
    )
    stage.cast.people["inspector"] = await actor_of(number, Door.WECOM)
    await stage.outside.ask("cast", {"wecom": [{"userid": "inspector", "name": "测试纪检"}]})
    ticket = await stage.opened(title="举报收受红包", content="本人反映术前收受红包")
    await stage.do("case.assign", ticket.case_id, "centre", units=["骨科"], instructions="请协助核对红包一事")
    assert "举报收受红包" in str(await stage.messages("liaison"))  # there was something to see
    accused = {"accused_units": ["心血管内科"], "accused_staff": "vice"}
    await stage.do("case.make_secret", ticket.case_id, "centre", **accused, reason="属于检举控告")
    return await Case.get(id=ticket.case_id)


async def of_bones(case: Case) -> Ticket:
    return await Ticket.get(case_id=case.id, unit_id=6)


async def told_since(stage: Stage, before: dict[str, int]) -> dict[str, str]:
    """What came to each phone since: all of it, as text."""
    return {
        who: str((await stage.messages(who))[count:])
        for who, count in before.items()
        if len(await stage.messages(who)) > count
    }


async def phones(stage: Stage) -> dict[str, int]:
    return {who: len(await stage.messages(who)) for who in (*NOBODY, "inspector", "bones")}


async def test_the_inspector_is_told_that_there_is_something_and_nothing_of_what_it_is(
    stage: Stage, case: Case
) -> None:
    assert (await stage.texts("inspector"))[-1] == f"{case.number} 涉密事项：请登录系统办理"


async def test_cards_on_the_phones_of_the_accused_lose_their_buttons(stage: Stage, case: Case) -> None:
    for who in ("liaison", "deputy"):
        for card in await stage.cards(who):
            assert card.get("replace_text") or not card.get("button_list"), who
    assert await stage.buttons("bones") != []


async def test_steps_of_a_secret_case_are_told_to_who_may_know_in_words_that_tell_nothing(
    stage: Stage, case: Case
) -> None:
    before = await phones(stage)
    ticket = await of_bones(case)
    await stage.do("ticket.sign", ticket.id, "bones")
    await stage.do("ticket.ask", ticket.id, "bones", text="红包一事由谁经手")
    await stage.do("ticket.ask_extension", ticket.id, "bones", days=2, reason="红包的记录在档案室")
    await stage.do("ticket.answer", ticket.id, "bones", text="已核对，未见收受红包")
    await stage.do("ticket.send_back", ticket.id, "inspector", reason="请补充红包的记录")
    told = await told_since(stage, before)
    assert set(told) == {"inspector", "bones"}
    for who, text in told.items():
        assert [word for word in TELLING if word in text] == [], who
        assert f"#{ticket.id} 涉密事项" in text


async def test_the_ladder_of_a_secret_case_passes_by_the_accused_and_the_centre(
    stage: Stage, case: Case
) -> None:
    before = await phones(stage)
    with clock.frozen(clock.now() + timedelta(days=40)):
        await settle()
    told = await told_since(stage, before)
    assert set(told) == {"inspector", "bones"}
    assert [word for text in told.values() for word in TELLING if word in text] == []
    assert "已逾期" in told["inspector"]


async def test_whoever_may_not_know_asks_in_vain(stage: Stage, case: Case) -> None:
    ticket, taken = await of_bones(case), await Ticket.get(case_id=case.id, unit_id=4)
    other = await stage.opened("GZ-2")
    for who in NOBODY:
        # as many as a phone takes in a minute: each word of a ticket is asked for by somebody
        for asked, word in ((ticket.id, "工单"), (taken.id, "材料"), (ticket.id, "签收"), (taken.id, "电话")):
            said = await stage.say(who, f"{word} {asked}")
            same = await stage.say(who, f"{word} 999999")
            assert said, (who, word)
            assert said.replace(str(asked), "999999") == same, (who, word)
        for text in (f"工单 {case.number}", "工单 GZ-1"):
            assert "无权查看" in await stage.say(who, text), who
        lists = "\n".join([await stage.say(who, word) for word in ("待办", "逾期", "快到期")])
        assert [
            word for word in ("涉密", f"#{ticket.id} ", f"#{taken.id} ", case.number) if word in lists
        ] == []
    assert f"#{other.id}" in await stage.say("liaison", "待办")  # of other work they are told as ever


async def test_who_handles_a_ticket_finds_it_in_chat_and_nothing_of_the_case(
    stage: Stage, case: Case
) -> None:
    ticket = await of_bones(case)
    assert f"#{ticket.id} 待签收" in await stage.say("bones", "待办")
    for text in (f"工单 {ticket.id}", f"材料 {ticket.id}", f"卡片 {ticket.id}"):
        said = await stage.say("bones", text)
        assert f"#{ticket.id}" in said or "涉密事项" in str((await stage.cards("bones"))[-1])
        assert [word for word in TELLING if word in said] == []
    assert await stage.say("bones", f"电话 {ticket.id}") == "您没有查看来电人电话的权限"


async def test_figures_of_the_month_count_a_secret_ticket_for_those_on_it_alone(
    stage: Stage, case: Case
) -> None:
    came = {who: await stage.say(who, "本月") for who in ("bones", "inspector", "centre", "vice")}
    counted = {
        who: next(line for line in text.split("\n") if line.startswith("收到工单"))
        for who, text in came.items()
    }
    assert counted == {
        "bones": "收到工单 1 张",
        "inspector": "收到工单 1 张",  # that of the accused department was withdrawn
        "centre": "收到工单 0 张",
        "vice": "收到工单 0 张",
    }


async def test_a_line_in_the_group_of_a_secret_ticket_reaches_no_accused_phone(
    stage: Stage, case: Case
) -> None:
    ticket = await of_bones(case)
    room = await rooms.room_of(ticket.subject, by=stage.actor("bones"))
    before = await phones(stage)
    await im.post(room.id, Draft(client_id=uuid4(), text="手术记录已调出"), by=stage.actor("bones"))
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        await settle()
    assert set(await told_since(stage, before)) <= {"inspector", "bones"}

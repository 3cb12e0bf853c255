"""The road of a case through its tickets: sign, answer, endorse, approve, reply, call-back, next round, archive."""

import asyncio

import pytest

from core import clock, db
from core.actions import REGISTER, Nothing
from core.actor import Actor, Door, system
from core.errors import Forbidden, Invalid, NotFound, Refused
from tests.tickets.conftest import Cast, at, order
from tickets.models import Case, Clock, Ticket
from tickets.receiving import receive
from tickets.states import CaseState, TicketState

PLATFORM = system("测试热线平台", Door.API)


async def do(name: str, subject: int, by: Actor, **data: object) -> object:
    """One action, as every door does it."""
    action = REGISTER[name]
    return await action.run(subject, action.parse(data), by=by)


async def opened(when: str = "2026-03-02 09:00", **more: object) -> tuple[Case, Ticket]:
    with clock.frozen(at(when)):
        received = await receive(order("GZ-1", **more), by=PLATFORM)
    return await Case.get(id=received.case_id), await Ticket.get(case_id=received.case_id)


async def answered(cast: Cast) -> tuple[Case, Ticket]:
    case, ticket = await opened()
    with clock.frozen(at("2026-03-02 10:00")):
        await do("ticket.sign", ticket.id, cast.liaison)
        await do("ticket.answer", ticket.id, cast.liaison, text="已电话联系患者说明情况并致歉")
    return case, ticket


async def replied(cast: Cast) -> Case:
    case, ticket = await answered(cast)
    with clock.frozen(at("2026-03-03 09:00")):
        await do("ticket.endorse", ticket.id, cast.head)
        await do("ticket.approve", ticket.id, cast.centre)
        await do("case.submit", case.id, cast.centre, reply="已核实并改进叫号流程，向您致歉", tell_by="sms")
        await do("case.approve", case.id, cast.chief)
    return await Case.get(id=case.id)


async def test_a_case_goes_from_arrival_to_archive(cast: Cast) -> None:
    case = await replied(cast)
    await do("case.call_back", case.id, cast.centre, satisfied="满意")
    await do("case.close", case.id, cast.centre)
    with pytest.raises(Refused, match="终结报告"):
        await do("case.archive", case.id, cast.centre)
    assert (await Case.get(id=case.id)).state is CaseState.CLOSED
    states = await db.fetch("select verb, state_to from history where case_id = $1 order by id", case.id)
    assert [tuple(row) for row in states] == [
        ("receive", "in_progress"),
        ("assign", "assigned"),
        ("sign", "in_progress"),
        ("answer", "answered"),
        ("endorse", "endorsed"),
        ("approve", "done"),
        ("submit", "under_review"),
        ("approve", "replied"),
        ("call_back", "called_back"),
        ("close", "closed"),
    ]
    assert await db.fetchval("select count(*) from clock where state = 'running'") == 0


async def test_not_satisfied_opens_the_next_round_and_freezes_the_old_one(cast: Cast) -> None:
    case = await replied(cast)
    await do("case.call_back", case.id, cast.centre, satisfied="不满意", remark="未说明具体改进措施")
    case = await Case.get(id=case.id)
    assert (case.state, case.round) == (CaseState.IN_PROGRESS, 2)
    tickets = await Ticket.filter(case_id=case.id).order_by("id")
    assert [(ticket.round, ticket.state) for ticket in tickets] == [
        (1, TicketState.DONE),
        (2, TicketState.ASSIGNED),
    ]
    with pytest.raises(Exception, match="frozen"):
        await db.execute("update case_round set reply = '改写' where case_id = $1 and no = 1", case.id)
    assert await db.fetchval("select count(*) from clock where round = 2 and state = 'running'") == 3


async def test_whoever_drafted_a_reply_does_not_review_it(cast: Cast) -> None:
    case, ticket = await answered(cast)
    await do("ticket.approve", ticket.id, cast.centre)
    await do("case.submit", case.id, cast.chief, reply="已核实并改进叫号流程")
    with pytest.raises(Forbidden, match="起草人"):
        await do("case.approve", case.id, cast.chief)


async def test_a_reply_waits_until_every_department_is_done(cast: Cast) -> None:
    case, _ = await answered(cast)
    with pytest.raises(Refused, match="还有 1 张科室工单未办结"):
        await do("case.submit", case.id, cast.centre, reply="已核实并改进叫号流程")


async def test_two_liaisons_press_sign_at_once_and_one_of_them_holds_the_ticket(cast: Cast) -> None:
    _, ticket = await opened()
    found = await asyncio.gather(
        do("ticket.sign", ticket.id, cast.liaison),
        do("ticket.sign", ticket.id, cast.deputy),
        return_exceptions=True,
    )
    assert sorted(type(entry).__name__ for entry in found) == ["Refused", "Ticket"]
    holder = (await Ticket.get(id=ticket.id)).holder_id
    assert holder in (cast.liaison.id, cast.deputy.id)
    assert await db.fetchval("select count(*) from history where verb = 'sign'") == 1


async def test_a_stranger_of_another_department_does_not_find_the_ticket_that_its_own_liaison_signs(
    cast: Cast,
) -> None:
    _, ticket = await opened()
    with pytest.raises(NotFound):
        await do("ticket.sign", ticket.id, cast.bones)
    await do("ticket.sign", ticket.id, cast.liaison)
    with pytest.raises(Forbidden):
        await do("ticket.approve", (await answered_by(cast, ticket)).id, cast.liaison)


async def answered_by(cast: Cast, ticket: Ticket) -> Ticket:
    await do("ticket.answer", ticket.id, cast.liaison, text="已电话联系患者说明情况")
    return ticket


async def test_a_transferred_ticket_leaves_one_department_and_its_clock_for_another(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-02 11:00")):
        await do("ticket.transfer", ticket.id, cast.liaison, unit="收费处", reason="属收费问题")
    ticket = await Ticket.get(id=ticket.id)
    assert (ticket.unit_id, ticket.state) == (cast.units["收费处"], TicketState.ASSIGNED)
    assert [row.state for row in await Clock.filter(ticket_id=ticket.id).order_by("id")] == [
        "void",
        "running",
    ]
    with pytest.raises(NotFound):
        await do("ticket.sign", ticket.id, cast.liaison)
    await do("ticket.sign", ticket.id, cast.cashier)


async def test_more_time_is_asked_before_the_limit_and_granted_not_past_the_hospitals(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-03 09:00")):
        await do("ticket.sign", ticket.id, cast.liaison)
        await do("ticket.ask_extension", ticket.id, cast.liaison, days=10, reason="等待设备科核查")
        with pytest.raises(Refused, match="已有一项申请"):
            await do("ticket.ask_extension", ticket.id, cast.liaison, days=1, reason="再要一天")
        await do("ticket.approve_extension", ticket.id, cast.centre)
    row = await Clock.get(ticket_id=ticket.id)
    assert f"{clock.local(row.due_at):%m-%d %H:%M}" == "03-09 17:30"
    assert "不得晚于医院时限" in row.reason
    assert (await Ticket.get(id=ticket.id)).extended == 1


async def test_more_time_is_refused_after_the_limit(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-20 09:00")), pytest.raises(Refused, match="已超过办理时限"):
        await do("ticket.ask_extension", ticket.id, cast.liaison, days=1, reason="等待核查")


async def test_a_pause_moves_the_limit_by_as_long_as_it_lasted(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-02 10:00")):
        await do("ticket.sign", ticket.id, cast.liaison)
        await do("ticket.ask_pause", ticket.id, cast.liaison, reason="等待患者提供票据")
        await do("ticket.approve_pause", ticket.id, cast.centre)
    with clock.frozen(at("2026-03-03 10:00")):
        await do("ticket.resume", ticket.id, cast.liaison)
    row = await Clock.get(ticket_id=ticket.id)
    assert (row.state, f"{clock.local(row.due_at):%m-%d %H:%M}") == ("running", "03-06 17:30")
    assert "挂起（等待患者提供票据），停止计时 1 天" in row.reason


async def test_after_a_ruling_nobody_returns_the_matter(cast: Cast) -> None:
    case, ticket = await opened()
    await do("case.assign", case.id, cast.centre, units=["收费处"], ruling=True)
    with pytest.raises(Refused, match="已指定承办科室"):
        await do("ticket.return", ticket.id, cast.liaison, reason="不属于本科室")


async def test_an_action_needs_its_form(cast: Cast) -> None:
    _, ticket = await opened()
    assert REGISTER["ticket.sign"].parse({}) == Nothing()
    with pytest.raises(Invalid) as caught:
        await do("ticket.answer", ticket.id, cast.liaison, text="好")
    assert [(fault.label, fault.reason) for fault in caught.value.details] == [
        ("办理情况", "不能少于 5 个字")
    ]


async def test_a_request_nobody_decided_lapses_when_the_ticket_is_answered(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-02 10:00")):
        await do("ticket.sign", ticket.id, cast.liaison)
        await do("ticket.ask_extension", ticket.id, cast.liaison, days=2, reason="等待设备科核查")
        await do("ticket.answer", ticket.id, cast.liaison, text="已电话联系患者说明情况")
    assert await db.fetchval("select state from ticket_request where ticket_id = $1", ticket.id) == "lapsed"


async def test_the_event_record_keeps_what_was_written_and_counts_its_versions(cast: Cast) -> None:
    case, _ = await opened()
    for facts in ("初步核实情况", "补充核实情况"):
        await do(
            "case.write_record", case.id, cast.centre, facts=facts, occurred_at="上周三晚", place="门诊三楼"
        )
    row = await db.fetchrow(
        "select occurred_at, place, facts, version from event_record where case_id = $1", case.id
    )
    assert tuple(row or ()) == ("上周三晚", "门诊三楼", "补充核实情况", 2)

"""Which buttons a person is offered: the state table, less what a rule would surely refuse."""

from datetime import timedelta

from core import clock
from core.actor import Actor
from tests.tickets.conftest import Cast, at
from tests.tickets.test_road import answered, do, opened
from tickets.models import Case, Ticket
from tickets.queries import choices


async def on(ticket: Ticket, who: Actor) -> set[str]:
    """The verbs on a ticket as it stands now."""
    fresh = await Ticket.get(id=ticket.id)
    found = await choices.of_ticket(await Case.get(id=fresh.case_id), fresh, who)
    return {action.verb for action in found}


async def on_case(case: Case, who: Actor) -> set[str]:
    """The verbs on a case as it stands now."""
    return {action.verb for action in await choices.of_case(await Case.get(id=case.id), who)}


async def test_each_person_is_offered_their_own_steps_and_a_stranger_none(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-02 10:00")):
        found = {name: await on(ticket, cast.people[name]) for name in ("liaison", "head", "centre", "bones")}
    working = {"sign", "answer", "ask", "ask_extension", "return", "transfer"}
    assert found == {
        "liaison": working,
        "head": working,
        "centre": {"transfer", "urge", "withdraw"},
        "bones": set(),
    }


async def test_a_decision_is_offered_only_while_a_request_of_its_kind_waits(cast: Cast) -> None:
    _, ticket = await opened()
    deciding = {"approve_extension", "refuse_extension", "approve_pause", "refuse_pause"}
    seen = []
    with clock.frozen(at("2026-03-02 10:00")):
        await do("ticket.sign", ticket.id, cast.liaison)
        seen.append(await on(ticket, cast.centre) & deciding)
        await do("ticket.ask_extension", ticket.id, cast.liaison, days=1, reason="等待核查")
        seen.append(await on(ticket, cast.centre) & deciding)
        assert not {"ask_extension", "ask_pause"} & await on(ticket, cast.liaison)  # one waits already
        await do("ticket.refuse_extension", ticket.id, cast.centre, reason="请按期答复")
        await do("ticket.ask_pause", ticket.id, cast.liaison, reason="等待患者提供票据")
        seen.append(await on(ticket, cast.centre) & deciding)
    assert seen == [set(), {"approve_extension", "refuse_extension"}, {"approve_pause", "refuse_pause"}]


async def test_more_time_is_not_offered_past_the_limit_nor_a_return_after_a_ruling(cast: Cast) -> None:
    case, ticket = await opened()
    await Case.filter(id=case.id).update(may_return=False)
    due = (await Ticket.get(id=ticket.id)).due_at
    assert due is not None
    offered = []
    for instant in (due - timedelta(minutes=1), due + timedelta(minutes=1)):
        with clock.frozen(instant):
            offered.append(await on(ticket, cast.liaison) & {"ask_extension", "return"})
    assert offered == [{"ask_extension"}, set()]


async def test_the_centre_submits_when_all_is_answered_and_another_approves(cast: Cast) -> None:
    case, ticket = await answered(cast)
    with clock.frozen(at("2026-03-03 09:00")):
        before = await on_case(case, cast.centre)
        await do("ticket.approve", ticket.id, cast.centre)
        after = await on_case(case, cast.centre)
        await do("case.submit", case.id, cast.centre, reply="已核实并改进叫号流程")
        reviewing = {name: await on_case(case, cast.people[name]) for name in ("centre", "chief")}
    assert "submit" not in before
    assert "submit" in after
    always = {"write_record", "make_secret"}
    assert reviewing == {"centre": always, "chief": {"approve", "send_back", *always}}


async def test_a_frozen_round_offers_nothing(cast: Cast) -> None:
    case, ticket = await answered(cast)
    with clock.frozen(at("2026-03-03 09:00")):
        await do("ticket.approve", ticket.id, cast.centre)
        await do("case.submit", case.id, cast.centre, reply="已核实并改进叫号流程")
        await do("case.approve", case.id, cast.chief)
        assert "close" not in await on_case(case, cast.centre)  # nobody called back yet
        await do("case.call_back", case.id, cast.centre, satisfied="不满意")
        fresh = await Case.get(id=case.id)
        tickets = await Ticket.filter(case_id=case.id).order_by("id")
        offered = await choices.of_tickets(fresh, tickets, cast.liaison)
    assert [bool(offered[entry.id]) for entry in tickets] == [False, True]

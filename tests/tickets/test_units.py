"""Work when the organisation changes: it follows a unit that moves or merges, and goes on when a name is known."""

import pytest

from core import db, jobs
from core.actor import Actor, Door
from core.errors import Invalid
from core.outbox import OUTBOX
from core.pump import drain
from staff import organising, organising_moves, queries, units_names
from staff.actors import actor_of
from staff.units_names import BEGIN, OWN, NameGiven
from tests.tickets.conftest import Cast, order
from tests.tickets.test_road import PLATFORM, do
from tickets import unknown_units
from tickets.actions.shared import unit_named
from tickets.models import Case, Ticket
from tickets.queries import access
from tickets.receiving import receive
from tickets.states import CaseState
from tickets.unknown_units import Unknown


async def settle() -> None:
    """Every reaction and every job that follows."""
    while await drain(OUTBOX):
        pass
    for row in await db.fetch("select id from job where kind = 'units.follow' and state = 'due' order by id"):
        await jobs.run_job(row["id"])
    failed = await db.fetch("select reaction, error from outbox where error <> ''")
    assert [dict(row) for row in failed] == []


async def opened(number: str = "GZ-1", **more: object) -> tuple[Case, list[Ticket]]:
    """A case and the tickets that were opened with it."""
    received = await receive(order(number, **more), by=PLATFORM)
    return await Case.get(id=received.case_id), await Ticket.filter(case_id=received.case_id)


async def again(actor: Actor) -> Actor:
    """The person with the rights they have now."""
    return await actor_of(actor.id or 0, Door.WEB)


async def test_tickets_rooms_and_readers_follow_a_department_that_moves(cast: Cast) -> None:
    case, (ticket,) = await opened()
    await settle()
    await organising_moves.move(4, 3, by=cast.admin)
    await settle()
    moved = await Ticket.get(id=ticket.id)
    assert (moved.unit_id, moved.path) == (4, "/1/3/4/")
    assert await db.fetchval("select path from room where subject = $1", ticket.subject) == "/1/3/4/"
    assert set((await Case.get(id=case.id)).unit_ids) >= {1, 2, 3, 4}
    await do("ticket.sign", ticket.id, await again(cast.liaison))
    seen = await access.case(case.id, await again(cast.vice))  # the east's vice-president had it before
    assert seen.id == case.id


async def test_a_successor_answers_for_the_work_of_a_merged_department_and_gets_the_new(cast: Cast) -> None:
    _, (old,) = await opened(departments=["收费处"])
    await settle()
    await organising_moves.merge(5, 4, by=cast.admin)
    await settle()
    _, (new,) = await opened("GZ-2", departments=["收费处"])
    assert ((await Ticket.get(id=old.id)).unit_id, new.unit_id) == (5, 4)
    await do("ticket.sign", old.id, await again(cast.liaison))
    assert (await Ticket.get(id=old.id)).holder_id == cast.liaison.id


async def test_a_closed_department_can_be_chosen_no_more(cast: Cast) -> None:
    case, _ = await opened()
    await organising.close(5, by=cast.admin)
    for name in ("5", "收费处"):
        with pytest.raises(Invalid, match=f"没有找到科室“{name}”"):
            await unit_named(name, case)
    _, tickets = await opened("GZ-2", departments=["收费处"])
    assert tickets == []


async def test_a_name_nobody_knows_is_listed_and_once_mapped_what_waits_is_assigned(cast: Cast) -> None:
    case, tickets = await opened(departments=["心脏中心"])
    other, _ = await opened("GZ-2", departments=["心脏中心", "骨科"], campus="")
    await settle()
    assert tickets == []
    assert [(one.name, one.site, one.count, one.waiting) for one in await unknown_units.listed()] == [
        ("心脏中心", "", 1, 0),
        ("心脏中心", "东院区", 1, 1),
    ]
    await units_names.add_name(NameGiven(4, OWN, "", "心脏中心", BEGIN), by=cast.admin)
    await settle()
    (ticket,) = await Ticket.filter(case_id=case.id)
    assert (ticket.unit_id, (await Case.get(id=case.id)).state) == (4, CaseState.IN_PROGRESS)
    assert [row.unit_id for row in await Ticket.filter(case_id=other.id)] == [6]  # it was assigned already
    assert await unknown_units.listed() == []
    found = (await queries.tree()).find("心脏中心", "东院区")
    assert found is not None
    assert found.id == 4


async def test_a_name_set_aside_is_listed_apart_and_comes_back(cast: Cast) -> None:
    case, _ = await opened(departments=["外院"])
    await settle()
    await unknown_units.ignore("外院", "东院区", by=cast.admin)
    assert await unknown_units.listed() == []
    (row,) = await unknown_units.listed(ignored=True)
    assert row == Unknown("外院", "东院区", ("hotline",), 1, 1, case.received_at, case.id)
    await unknown_units.ignore("外院", "东院区", on=False, by=cast.admin)
    assert await unknown_units.listed() == [row]


async def test_a_secret_case_lends_no_names_to_the_list(cast: Cast) -> None:
    received = await receive(order(departments=["心脏中心"]), by=PLATFORM)
    await db.execute("update cases set secret = true where id = $1", received.case_id)
    await settle()
    assert await unknown_units.listed() == []
    assert await db.fetchval("select count(*) from unknown_unit_name") == 0

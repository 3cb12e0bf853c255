"""A post for one's own work: its holder sees and works on what is theirs, and nothing else of the department."""

import pytest

from core import db
from core.actor import Actor, Door, Permission
from core.errors import Forbidden, NotFound
from staff import actions, handing
from staff.actors import actor_of
from staff.roles import OF_ONES_OWN, Role
from tests.tickets.conftest import Cast
from tests.tickets.test_handing_over import id_of, settle
from tests.tickets.test_road import do, opened
from tickets.models import Case, Ticket
from tickets.queries import access, cases, recent, waiting
from tickets.queries.case_filter import CaseFilter


async def holder_of(cast: Cast, number: str, role: Role, unit: int) -> Actor:
    """Somebody with such a post and no other, given by the security administrator."""
    keeper: int = await db.fetchval(
        "insert into staff (number, name) values ($1, '测试安管') returning id", f"k-{number}"
    )
    await db.execute("insert into post (staff_id, unit_id, role) values ($1, 1, 'security')", keeper)
    made: int = await db.fetchval(
        "insert into staff (number, name) values ($1, '测试本人') returning id", number
    )
    await actions.give_post(made, unit, role, own=True, by=await actor_of(keeper, Door.WEB))
    return await actor_of(made, Door.WEB)


async def listed(by: Actor) -> list[int]:
    return [row.id for row in (await cases.page(CaseFilter(), by=by)).rows]


async def test_a_liaison_for_their_own_work_sees_a_ticket_once_it_is_theirs_and_answers_it(
    cast: Cast,
) -> None:
    case, ticket = await opened()
    await settle()
    await do("ticket.sign", ticket.id, cast.liaison)
    by = await holder_of(cast, "own", Role.LIAISON, 4)
    assert {grant.permission for grant in by.grants} == {
        permission for permission in OF_ONES_OWN if cast.liaison.can(permission)
    }
    assert (await listed(cast.liaison), await listed(by)) == ([case.id], [])
    with pytest.raises(NotFound):
        await access.ticket(ticket.id, by)
    with pytest.raises(NotFound):
        await do("ticket.answer", ticket.id, by, text="已电话联系患者说明情况并致歉")
    assert by.id is not None
    await handing.hand_over(id_of(cast, "liaison"), by.id, "休假", by=cast.liaison)
    await settle()
    assert await listed(by) == [case.id]
    assert (await waiting.todo(by), [one.id for one in await recent.tickets(by)]) == ({case.id}, [ticket.id])
    assert (await cases.page(CaseFilter(), by=by)).rows[0].tickets[0].id == ticket.id
    await do("ticket.answer", ticket.id, by, text="已电话联系患者说明情况并致歉")
    assert (await Ticket.get(id=ticket.id)).state == "answered"


async def test_centre_staff_for_their_own_work_see_the_cases_they_handle_and_keep_seeing_them(
    cast: Cast,
) -> None:
    mine, _ = await opened()
    await settle()
    by = await holder_of(cast, "desk", Role.CENTRE_STAFF, 1)
    assert (by.can(Permission.CASE_HANDLE), by.can(Permission.CASE_HANDLE, "/1/"), by.can(Permission.REPORT_READ)) == (
        True, False, False,
    )  # fmt: skip
    assert await listed(by) == []
    await db.execute("update cases set handler_id = $2 where id = $1", mine.id, by.id)
    assert await listed(by) == [mine.id]
    found = await Case.get(id=mine.id)
    found.unit_ids = [1, 2]  # as a step that reckons the units anew writes them
    await found.save(update_fields=["unit_ids"])
    assert await listed(by) == [mine.id]
    await db.execute("update cases set handler_id = null where id = $1", mine.id)
    assert await listed(by) == [mine.id]


async def test_what_a_post_for_ones_own_work_does_not_carry_is_refused(cast: Cast) -> None:
    case, ticket = await opened()
    await settle()
    by = await holder_of(cast, "head2", Role.DEPARTMENT_HEAD, 4)
    await db.execute("update ticket set holder_id = $2 where id = $1", ticket.id, by.id)
    await do("ticket.sign", ticket.id, by)
    await do("ticket.answer", ticket.id, by, text="已电话联系患者说明情况并致歉")
    with pytest.raises(Forbidden):
        await do("ticket.endorse", ticket.id, by)
    assert await listed(by) == [case.id]

"""Handing over: what one person holds goes to another, what the other may not have is set free, nothing is left."""

from uuid import uuid4

import pytest

from core import db
from core.actor import Door
from core.errors import Forbidden, Invalid, Refused
from core.outbox import OUTBOX
from core.pump import drain
from im import groups
from staff import handing, people
from staff.actors import actor_of
from staff.roles import Role
from tests.tickets.conftest import Cast
from tests.tickets.test_road import do, opened
from tickets import handing_over
from tickets.models import Case, Ticket


async def person(number: str, role: Role, unit: int) -> int:
    made: int = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ($1, $2, $1) returning id",
        number,
        f"测试{number}",
    )
    await db.execute(
        "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, 5)", made, unit, role
    )
    return made


async def settle() -> None:
    while await drain(OUTBOX):
        pass
    failed = await db.fetch("select reaction, error from outbox where error <> ''")
    assert [dict(row) for row in failed] == []


async def busy(cast: Cast) -> tuple[Case, Ticket]:
    """A ticket that the liaison holds of a case that the centre handles."""
    case, ticket = await opened()
    await settle()
    await do("ticket.sign", ticket.id, cast.liaison)
    await db.execute("update cases set handler_id = $2 where id = $1", case.id, cast.centre.id)
    await settle()
    return case, ticket


def id_of(cast: Cast, name: str) -> int:
    found = cast.people[name].id
    assert found is not None
    return found


async def test_what_is_open_is_listed_and_handed_over_in_one_step(cast: Cast) -> None:
    _, ticket = await busy(cast)
    keeper = await actor_of(await person("keeper", Role.SECURITY, 1), Door.WEB)
    liaison, deputy = id_of(cast, "liaison"), id_of(cast, "deputy")
    before = await handing_over.open_of(liaison)
    assert [(piece.number, piece.state, piece.unit) for piece in before.tickets] == [
        (f"#{ticket.id}", "办理中", "东院区 · 心血管内科")
    ]
    await handing.hand_over(liaison, deputy, "调岗", by=keeper)
    await settle()
    assert (await handing_over.open_of(liaison)).empty
    assert (await Ticket.get(id=ticket.id)).holder_id == deputy
    line = await db.fetchrow("select actor_name, text from history where verb = 'hand_over'")
    assert line is not None
    assert tuple(line) == ("测试keeper", "测试联络人甲 → 测试联络人乙：调岗")
    row = await db.fetchrow("select tickets, cases, rooms from handing_over")
    assert row is not None
    assert tuple(row) == (1, 0, 0)
    assert (
        await db.fetchval(
            "select count(*) from audit where action in ('staff.hand_over', 'work.handed_over')"
        )
        == 2
    )


async def test_what_the_receiver_may_not_do_goes_back_to_its_department(cast: Cast) -> None:
    case, ticket = await busy(cast)
    keeper = await actor_of(await person("keeper", Role.SECURITY, 1), Door.WEB)
    bones = id_of(cast, "bones")
    await handing.hand_over(id_of(cast, "liaison"), bones, "离职", by=keeper)
    await handing.hand_over(id_of(cast, "centre"), bones, "离职", by=keeper)
    await settle()
    assert (await Ticket.get(id=ticket.id)).holder_id is None
    assert (await Case.get(id=case.id)).handler_id is None
    told = await db.fetch("select text from history where verb = 'hand_over' order by id")
    assert ["退回科室待办" in told[0]["text"], "退回中心待办" in told[1]["text"]] == [True, True]


async def test_a_secret_case_goes_to_nobody_who_may_not_know_of_it(cast: Cast) -> None:
    case, _ = await busy(cast)
    inspector, other = await person("jj1", Role.DISCIPLINE, 1), await person("jj2", Role.DISCIPLINE, 1)
    keeper = await actor_of(await person("keeper", Role.SECURITY, 1), Door.WEB)
    await do(
        "case.make_secret",
        case.id,
        cast.centre,
        accused_units=["心血管内科"],
        accused_staff="",
        reason="属于检举控告",
    )
    await db.execute("update cases set handler_id = $2 where id = $1", case.id, inspector)
    await handing.hand_over(inspector, id_of(cast, "chief"), "休假", by=keeper)
    await settle()
    assert (await Case.get(id=case.id)).handler_id is None
    await db.execute("update cases set handler_id = $2 where id = $1", case.id, inspector)
    await handing.hand_over(inspector, other, "休假", by=keeper)
    await settle()
    assert (await Case.get(id=case.id)).handler_id == other


async def test_the_owner_of_a_group_chat_leaves_it_to_the_receiver(cast: Cast) -> None:
    liaison, head = id_of(cast, "liaison"), id_of(cast, "head")
    room = await groups.found(uuid4(), "科室沟通", [id_of(cast, "deputy"), head], by=cast.liaison)
    keeper = await actor_of(await person("keeper", Role.SECURITY, 1), Door.WEB)
    assert (await handing_over.open_of(liaison)).rooms == 1
    await handing.hand_over(liaison, head, "调岗", by=keeper)
    await settle()
    owners = await db.fetch("select staff_id from room_member where room_id = $1 and role = 'owner'", room)
    assert [row["staff_id"] for row in owners] == [head]


async def test_work_of_a_shut_account_stands_in_the_list_of_nobodys(cast: Cast) -> None:
    case, ticket = await busy(cast)
    keeper = await actor_of(await person("keeper", Role.SECURITY, 1), Door.WEB)
    assert (await handing_over.without_anybody()).empty
    for name in ("liaison", "centre"):
        await people.shut(id_of(cast, name), "离职", by=keeper)
    left = await handing_over.without_anybody()
    assert ([piece.id for piece in left.tickets], [piece.id for piece in left.cases]) == (
        [ticket.id],
        [case.id],
    )
    await handing.hand_over(id_of(cast, "liaison"), id_of(cast, "deputy"), "离职", by=keeper)
    await handing.hand_over(id_of(cast, "centre"), id_of(cast, "second"), "离职", by=keeper)
    await settle()
    assert (await handing_over.without_anybody()).empty


async def test_a_ticket_of_a_department_without_people_is_nobodys(cast: Cast) -> None:
    _, ticket = await opened()
    assert (await handing_over.without_anybody()).empty
    await db.execute("delete from post where unit_id = 4")
    assert [piece.id for piece in (await handing_over.without_anybody()).tickets] == [ticket.id]


async def test_who_may_hand_over_whose_work(cast: Cast) -> None:
    liaison, deputy = id_of(cast, "liaison"), id_of(cast, "deputy")
    await handing.hand_over(liaison, deputy, "休假", by=cast.liaison)  # one's own, before leaving
    with pytest.raises(Forbidden):
        await handing.hand_over(liaison, deputy, "休假", by=cast.head)
    with pytest.raises(Refused):
        await handing.hand_over(liaison, liaison, "休假", by=cast.liaison)
    with pytest.raises(Invalid):
        await handing.hand_over(liaison, deputy, " ", by=cast.liaison)
    await db.execute("update staff set active = false where id = $1", deputy)
    with pytest.raises(Invalid, match="已停用"):
        await handing.hand_over(liaison, deputy, "休假", by=cast.liaison)

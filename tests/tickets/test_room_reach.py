"""The chat of a ticket is read by whoever reads the ticket today, not by whoever once joined."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core import clock, db
from core.actor import Door, Grant, Permission, system
from core.errors import NotFound, Refused
from im import groups, putting_out, queries
from im.actions import post
from im.drafts import Draft
from im.search import Wanted, search
from staff import actions as staff_actions
from staff.actors import actor_of
from staff.roles import Role
from tests.tickets.conftest import Cast
from tests.tickets.test_reactions import settle
from tests.tickets.test_road import opened
from tickets.models import Ticket

WORDS = "请尽快核实排队时间"


async def _room(cast: Cast) -> tuple[Ticket, int]:
    _, ticket = await opened()
    await settle()
    room = await queries.room_of(ticket.subject, by=cast.liaison)
    await post(room.id, Draft.model_validate({"client_id": "0" * 31 + "1", "text": WORDS}), by=cast.liaison)
    return ticket, room.id


async def _reads(room: int, cast: Cast) -> bool:
    """Whether the liaison, as a socket knows them from before, sees anything of it by any way."""
    by = cast.liaison
    lists = [line.id for line in await queries.rooms(by=by)]
    hits = (await search(Wanted(q="排队时间"), by=by)).hits
    told = by.staff_id in await queries.audience(room)
    unread = room in lists
    try:
        await queries.since(room, 0, by=by)
        seen = True
    except NotFound:
        seen = False
    assert seen == told == unread == bool(hits)
    return seen


async def test_a_post_that_ends_today_takes_the_chat_with_it_before_the_clock_has_come(cast: Cast) -> None:
    _, room = await _room(cast)
    assert await _reads(room, cast)
    await db.execute(
        "update post set until_on = $2 where staff_id = $1",
        cast.liaison.id,
        clock.today() - timedelta(days=1),
    )
    assert not await _reads(room, cast)
    with pytest.raises(NotFound):
        await post(room, Draft.model_validate({"client_id": "0" * 31 + "2", "text": "x"}), by=cast.liaison)


async def test_a_post_that_is_taken_puts_the_person_out_and_tells_their_screens(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, list[int]]] = []

    async def tell(event: str, _data: object, to: list[int]) -> None:
        told.append((event, list(to)))

    _, room = await _room(cast)
    monkeypatch.setattr("im.putting_out.live.tell", tell)
    keeper = replace(system(), name="测试安全管理员")
    assert cast.liaison.id is not None
    await staff_actions.take_post(cast.liaison.id, 4, Role.LIAISON, by=keeper)
    await settle()
    assert cast.liaison.id not in await queries.present(room)
    assert ("gone", [cast.liaison.id]) in told
    assert not await _reads(room, cast)
    assert cast.deputy.id in await queries.present(room)


async def test_a_case_that_becomes_secret_or_goes_elsewhere_is_read_no_more(cast: Cast) -> None:
    ticket, room = await _room(cast)
    await db.execute("update cases set secret = true, barred_unit_ids = '{4}' where id = $1", ticket.case_id)
    assert not await _reads(room, cast)
    await db.execute(
        "update cases set secret = false, barred_unit_ids = '{}', unit_ids = '{1,3,6}' where id = $1",
        ticket.case_id,
    )
    await db.execute("update ticket set path = '/1/3/6/', unit_id = 6 where id = $1", ticket.id)
    assert not await _reads(room, cast)
    assert await putting_out.put_out("r.id = $1", room) == 2  # both liaisons
    assert cast.centre.id in await queries.audience(room)


async def test_whoever_could_read_nothing_there_is_not_taken_in(cast: Cast) -> None:
    _, room = await _room(cast)
    with pytest.raises(Refused, match="测试骨科联络人 无权查看"):
        await groups.add(room, [cast.bones.id or 0], by=replace(system(), name="系统"))


async def test_a_grant_of_before_opens_nothing_to_one_who_looks_in(cast: Cast) -> None:
    _, room = await _room(cast)
    grants = (Grant(Permission.CHAT_MODERATE, "/"), Grant(Permission.CASE_READ, "/"))
    stale = replace(await actor_of(cast.bones.id or 0, Door.CHAT), grants=grants)
    with pytest.raises(NotFound):
        await queries.room(room, by=stale)

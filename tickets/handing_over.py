"""The open work of one person, and its way to another: tickets held, cases handled, group chats owned, requests.

Reacts to `staff.events.WorkHandedOver`. A ticket or a secret case goes only to somebody who may work on it; what the
receiver may not is set free, so that its department or the centre takes it up, and stands in the list 无人经办.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from core import audit, clock, db
from core.actor import Actor, ActorKind, Door, Permission
from core.errors import Unauthenticated
from staff import queries as staff
from staff.actors import actor_of
from staff.events import WorkHandedOver
from staff.holding import holds
from tickets import history
from tickets.models import Case, Ticket
from tickets.queries import secrecy
from tickets.states import CASE_LABELS, OPEN_CASE, OPEN_TICKET, TICKET_LABELS, CaseState, TicketState

VERB = "hand_over"
WORKING = (Permission.TICKET_HANDLE, Permission.TICKET_MANAGE)
MOST = 200  # lines that are shown of each kind


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that is open: its number, state in words, where, until when. No title: keepers of accounts read no cases."""

    kind: str
    id: int
    number: str
    state: str
    unit: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenWork:
    """All that waits for one person; `requests` are those of them that somebody else decides on."""

    tickets: tuple[Piece, ...]
    cases: tuple[Piece, ...]
    rooms: int
    requests: int

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        return not (self.tickets or self.cases or self.rooms)


_TICKETS = """
select t.id, t.state, t.unit_id, t.due_at from ticket t join cases c on c.id = t.case_id and c.round = t.round
where t.state = any($1::text[]) and c.state <> 'archived' and
"""
_CASES = "select id, state, received_at, due_at from cases where state = any($1::text[]) and merged_into is null and "


def _open_cases() -> list[str]:
    # a petition that was not accepted or passed on, and an opinion that is final, wait for nobody's work
    return sorted(OPEN_CASE - {CaseState.NOT_ACCEPTED, CaseState.FORWARDED, CaseState.FINAL})


async def _tickets(where: str, *values: object) -> tuple[Piece, ...]:
    tree = await staff.tree()
    rows = await db.fetch(
        f"{_TICKETS} {where} order by t.due_at nulls last, t.id limit {MOST}", sorted(OPEN_TICKET), *values
    )
    return tuple(
        Piece(
            "ticket",
            row["id"],
            f"#{row['id']}",
            TICKET_LABELS[TicketState(row["state"])],
            tree.label(row["unit_id"]),
            row["due_at"],
        )
        for row in rows
    )


async def _cases(where: str, *values: object) -> tuple[Piece, ...]:
    rows = await db.fetch(
        f"{_CASES} {where} order by due_at nulls last, id limit {MOST}", _open_cases(), *values
    )
    return tuple(
        Piece(
            "case",
            row["id"],
            f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}",
            CASE_LABELS[CaseState(row["state"])],
            "",
            row["due_at"],
        )
        for row in rows
    )


async def open_of(staff_id: int) -> OpenWork:
    """What is open with this person."""
    row = await db.fetchrow(
        "select (select count(*) from room_member m join room r on r.id = m.room_id and r.closed_at is null"
        " where m.staff_id = $1 and m.role = 'owner' and m.left_at is null) as rooms,"
        " (select count(*) from ticket_request where asked_by = $1 and state = 'pending') as requests",
        staff_id,
    )
    assert row is not None  # noqa: S101 - a select without from gives one row
    return OpenWork(
        await _tickets("t.holder_id = $2", staff_id),
        await _cases("handler_id = $2", staff_id),
        row["rooms"],
        row["requests"],
    )


async def without_anybody() -> OpenWork:
    """What is open with nobody who could work on it: held by a closed account, or by a department without people."""
    gone = "exists (select 1 from staff s where s.id = {} and not s.active)"
    nobody = (
        "t.holder_id is null and not exists (select 1 from post p join staff s on s.id = p.staff_id and s.active"  # noqa: S608
        " join org_unit u on u.id = p.unit_id where p.role in ('liaison', 'department_head')"
        f" and starts_with(t.path, u.path) and u.parent_id is not null and {holds()})"
    )
    rooms = await db.fetchval(
        "select count(*) from room_member m join room r on r.id = m.room_id and r.closed_at is null"
        " join staff s on s.id = m.staff_id and not s.active where m.role = 'owner' and m.left_at is null"
    )
    return OpenWork(
        await _tickets(f"({gone.format('t.holder_id')} or {nobody})"),
        await _cases(gone.format("handler_id")),
        rooms,
        0,
    )


async def take_over(event: WorkHandedOver) -> None:
    """Move the work of one person to another; what was moved already by somebody else stays where it is."""
    row = await db.fetchrow("select * from handing_over where id = $1 for update", event.handing_id)
    if row is None:
        return
    names = await staff.people((event.from_id, event.to_id))
    by = Actor(ActorKind.STAFF, row["by_id"], row["by_name"], Door.WEB)
    words = f"{names[event.from_id].name} → {names[event.to_id].name}：{row['reason']}"
    try:
        receiver = await actor_of(event.to_id, Door.WEB)
    except Unauthenticated:  # their account was shut in between: all is set free
        receiver = None
    tickets = [
        await _hand_ticket(found["id"], receiver, words, by)
        for found in await db.fetch(
            f"{_TICKETS} t.holder_id = $2 order by t.case_id, t.id", sorted(OPEN_TICKET), event.from_id
        )
    ]
    cases = [
        await _hand_case(found["id"], receiver, words, by)
        for found in await db.fetch(f"{_CASES} handler_id = $2 order by id", _open_cases(), event.from_id)
    ]
    rooms = await _hand_rooms(event.from_id, event.to_id) if receiver is not None else 0
    await db.execute(
        "update handing_over set tickets = $2, cases = $3, rooms = $4 where id = $1",
        event.handing_id,
        len(tickets),
        len(cases),
        rooms,
    )
    await audit.record(
        by,
        "work.handed_over",
        "staff",
        event.from_id,
        to=event.to_id,
        tickets=_told(tickets),
        cases=_told(cases),
        rooms=rooms,
    )


def _told(found: Iterable[tuple[int, bool]]) -> dict[str, list[int]]:
    """Ids of what went to the receiver, and of what was set free."""
    every = list(found)
    return {
        "given": [key for key, given in every if given],
        "free": [key for key, given in every if not given],
    }


async def _hand_ticket(ticket_id: int, to: Actor | None, words: str, by: Actor) -> tuple[int, bool]:
    found = await Ticket.get(id=ticket_id)
    case = await Case.select_for_update().get(id=found.case_id)
    ticket = await Ticket.select_for_update().get(id=ticket_id)
    given = (
        to is not None
        and any(to.can(each, ticket.path, to.id) for each in WORKING)
        and secrecy.sees_ticket(case, ticket, to)
    )
    ticket.holder_id = to.id if given and to is not None else None
    ticket.version += 1
    await ticket.save()
    await history.add(
        case.id,
        VERB,
        by,
        round_no=ticket.round,
        ticket_id=ticket.id,
        states=(ticket.state, ticket.state),
        text=words if given else f"{words}（接收人不能办理本工单，退回科室待办）",
    )
    return ticket.id, given


async def _hand_case(case_id: int, to: Actor | None, words: str, by: Actor) -> tuple[int, bool]:
    case = await Case.select_for_update().get(id=case_id)
    may = to is not None and to.can(Permission.CASE_HANDLE) and to.id is not None
    given = may and to is not None and to.id in await secrecy.readers(case, [to.id or 0])
    case.handler_id = to.id if given and to is not None else None
    case.version += 1
    await case.save()
    await history.add(
        case.id,
        VERB,
        by,
        round_no=case.round,
        states=(case.state, case.state),
        text=words if given else f"{words}（接收人不能经办本诉求，退回中心待办）",
    )
    return case.id, given


async def _hand_rooms(from_id: int, to_id: int) -> int:
    """The owner's place of every open group chat: to the receiver, if they are in it; else its next in line has it."""
    rows: list[asyncpg.Record] = await db.fetch(
        "select m.room_id from room_member m join room r on r.id = m.room_id and r.closed_at is null"
        " where m.staff_id = $1 and m.role = 'owner' and m.left_at is null order by m.room_id",
        from_id,
    )
    for row in rows:
        heir = await db.fetchval(
            "select staff_id from room_member where room_id = $1 and kind = 'staff' and left_at is null"
            " and staff_id <> $2 order by staff_id = $3 desc, role = 'admin' desc, joined_seq, staff_id limit 1",
            row["room_id"],
            from_id,
            to_id,
        )
        if heir is not None:
            for who, role in ((from_id, "admin"), (heir, "owner")):  # in this order: a room has one owner
                await db.execute(
                    "update room_member set role = $3 where room_id = $1 and staff_id = $2",
                    row["room_id"],
                    who,
                    role,
                )
    return len(rows)

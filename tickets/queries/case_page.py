"""What one person sees of one case: its facts, limits, tickets, story, material, visits, rounds and documents.

A department sees the order, its own tickets and what was said about them. Records, the reply, call-backs and
documents are the centre's part: for whoever handles, reviews or may take out cases of a unit concerned.
Of a secret case whoever handles one of its tickets reads that ticket, and neither the person, nor the material, nor
the story of the whole (tickets/queries/secrecy.py). Reads only; what may be done is asked of `choices`.
"""

import re
from collections.abc import Sequence
from uuid import UUID

import orjson

from core import clock, db
from core.actor import Actor, ActorKind, Permission
from core.errors import NotFound
from core.identity import mask_name, mask_phone
from patients import queries as patients
from staff import queries as staff
from tickets import clock_kinds
from tickets.models import Case, Clock, Ticket, TicketRequest
from tickets.queries import access, choices, secrecy
from tickets.queries.case_views import (
    Caller,
    ClockLine,
    FileLine,
    Link,
    Record,
    Round,
    Seen,
    StoryLine,
    TicketCard,
)
from tickets.queries.values import Values
from tickets.revealing import may_reveal
from tickets.states import TICKET_TABLE, TicketState, TicketVerb, verbs
from tickets.story import tell

_INSIDE = (Permission.CASE_HANDLE, Permission.CASE_REVIEW, Permission.CASE_EXPORT)
# Steps of the case that a department reads too; the others belong to the centre's part.
_OPEN_STEPS = frozenset(
    {"receive", "update", "accept", "limit_moved", "approve", "rework", "close", "archive"}
)

_NUMBERS = re.compile(r"(?<!\d)20\d{6}-(\d{1,12})")  # `Case.number`


async def open_case(case_id: int, by: Actor) -> Seen:
    """The case and the tickets this person may see.

    Raises:
        NotFound: none, or none for this person.
    """
    case = await access.case(case_id, by)
    tickets = await Ticket.filter(case_id=case.id).order_by("id")
    seen = tuple(ticket for ticket in tickets if _sees(ticket, by) and secrecy.sees_ticket(case, ticket, by))
    return Seen(case, seen, _inside(case, by), secrecy.whole(case, by))


def _sees(ticket: Ticket, by: Actor) -> bool:
    return (
        by.kind is not ActorKind.STAFF
        or by.can(Permission.TICKET_READ, ticket.path, ticket.holder_id)
        or by.can(Permission.CASE_READ, ticket.path, ticket.holder_id)
    )


def _inside(case: Case, by: Actor) -> bool:
    if by.kind is not ActorKind.STAFF:
        return True
    if not secrecy.whole(case, by):
        return False
    paths = {path for permission in _INSIDE for path in by.scope(permission)}
    units = [access.unit_ids_of(path) for path in paths]
    return any(len(ids) <= 1 or ids[-1] in case.unit_ids for ids in units)


async def version(case_id: int) -> str:
    """A text that changes when anything the page shows was changed; asks for no permission and tells nothing else."""
    said: str = await db.fetchval(
        "select concat_ws('.', c.version, (select max(id) from history where case_id = $1),"
        " (select sum(version) from clock where case_id = $1),"
        " (select concat_ws('-', sum(version), count(room_id)) from ticket where case_id = $1),"
        " (select concat_ws('-', count(*) filter (where state <> 'withdrawn'), sum(points), extract(epoch from max(decided_at)))"
        " from visit_link where case_id = $1), (select count(*) from attachment where case_id = $1),"
        " (select count(*) from upstream_receipt where case_id = $1),"
        " (select concat_ws('-', count(*), sum(points)) from matter_proposal where case_id = $1 or other_id = $1),"
        " (select string_agg(state, '' order by id) from message where subject = 'case:' || c.id and subject <> ''),"
        " (select count(*) from case_report where case_id = $1)) from cases c where c.id = $1",
        case_id,
    )
    return said


def caller(seen: Seen, by: Actor) -> Caller:
    """The caller, masked; who asked for secrecy is hidden from departments altogether."""
    case, revealable = seen.case, may_reveal(seen.case, by)
    phone, contact = (mask_phone(text) if text else "" for text in (case.caller_phone, case.contact_phone))
    if (case.confidential or case.anonymous) and not revealable:
        return Caller("匿名" if case.anonymous else "要求保密", "", "", revealable=False)
    name = case.caller_name
    if case.anonymous:
        name = "匿名"
    elif case.confidential and name:
        name = mask_name(name)
    return Caller(name, phone, contact, revealable and bool(phone or contact or case.caller_name))


async def clocks(seen: Seen, ticket_ids: Sequence[int] = ()) -> dict[int | None, list[ClockLine]]:
    """The limits of the present round, by ticket; under None those of the case, upstream only for the centre's part."""
    rows = await Clock.filter(case_id=seen.case.id).order_by("due_at", "id")
    found: dict[int | None, list[ClockLine]] = {}
    for row in rows:
        if row.ticket_id is None and (
            row.round != seen.case.round or (row.kind == "upstream" and not seen.inside)
        ):
            continue
        if row.ticket_id is not None and row.ticket_id not in ticket_ids:
            continue
        found.setdefault(row.ticket_id, []).append(_clock(row))
    return found


def _clock(row: Clock) -> ClockLine:
    until = row.ended_at or row.paused_at or clock.now()
    whole = (row.due_at - row.start_at).total_seconds()
    share = 100 if whole <= 0 else int(100 * (until - row.start_at).total_seconds() / whole)
    stopped = row.ended_at if row.state in ("met", "void") else row.paused_at
    return ClockLine(
        row.kind,
        clock_kinds.label(row.kind),
        row.due_at,
        row.provisional,
        row.reason,
        row.state,
        stopped,
        max(0, min(100, share)),
    )


async def tickets(seen: Seen, by: Actor, files: Sequence[FileLine]) -> list[TicketCard]:
    """The tickets this person sees, the present round first, the leading department first."""
    tree, ids = await staff.tree(), seen.ticket_ids
    people = await staff.people(ticket.holder_id for ticket in seen.tickets if ticket.holder_id)
    limits = await clocks(seen, ids)
    open_to = await choices.of_tickets(seen.case, seen.tickets, by)
    asked: dict[int, list[TicketRequest]] = {}
    for request in await TicketRequest.filter(ticket_id__in=ids).order_by("id"):
        asked.setdefault(request.ticket_id, []).append(request)
    cards = [
        TicketCard(
            ticket=ticket,
            unit=tree.label(ticket.unit_id),
            holder=people[ticket.holder_id].name if ticket.holder_id else "",
            frozen=ticket.round != seen.case.round,
            clock=_present(limits.get(ticket.id, [])),
            requests=tuple(asked.get(ticket.id, ())),
            choices=tuple(open_to[ticket.id]),
            files=tuple(file for file in files if file.ticket_id == ticket.id),
            may_attach=ticket.round == seen.case.round
            and TicketVerb.ATTACH in verbs(TICKET_TABLE, ticket.state, by, ticket.path, ticket.holder_id),
        )
        for ticket in seen.tickets
    ]
    over = (TicketState.WITHDRAWN,)
    cards.sort(
        key=lambda card: (
            -card.ticket.round,
            card.ticket.state in over,
            card.ticket.role != "lead",
            card.ticket.id,
        )
    )
    return cards


def _present(lines: list[ClockLine]) -> ClockLine | None:
    """The limit that counts: the one still running, else the last."""
    live = [line for line in lines if line.state in ("running", "paused")] or lines
    return live[-1] if live else None


async def story(seen: Seen, by: Actor) -> list[StoryLine]:
    """What happened, the latest first; a department reads its own tickets' steps and the open ones of the case.

    A step that names another case, which is secret, is left out for whoever may not read that one.
    """
    rows = await db.fetch("select * from history where case_id = $1 order by id desc", seen.case.id)
    own = set(seen.ticket_ids)
    named = {row["id"]: {int(number) for number in _NUMBERS.findall(row["text"])} for row in rows}
    others = set[int]().union(*named.values()) - {seen.case.id}
    hidden = await secrecy.hidden(others, by) if others else set()
    lines = []
    for row in rows:
        if not hidden.isdisjoint(named[row["id"]]):
            continue
        if row["ticket_id"] is None:
            if row["verb"] == "assign" or not (seen.inside or (seen.whole and row["verb"] in _OPEN_STEPS)):
                continue  # "assign" stands once for each ticket already
        elif row["ticket_id"] not in own:
            continue
        said = await tell(
            row["verb"],
            row["actor_name"],
            row["text"],
            orjson.loads(row["detail"]),
            of_ticket=row["ticket_id"] is not None,
        )
        lines.append(
            StoryLine(
                row["id"], row["round"], row["verb"], row["ticket_id"], said.strip(), row["door"], row["at"]
            )
        )
    return lines


async def files(seen: Seen) -> list[FileLine]:
    """The material this person sees, in the order it came: the order's own, evidence of their tickets, records."""
    rows = await db.fetch(
        "select a.file_id, a.name, f.mime, f.size, a.kind, a.ticket_id, a.added_by, a.added_at from attachment a"
        " join stored_file f on f.id = a.file_id where a.case_id = $1 and ((a.kind = 'original' and $4)"
        " or (a.kind = 'record' and $2) or a.ticket_id = any($3::bigint[])) order by a.id",
        seen.case.id,
        seen.inside,
        seen.ticket_ids,
        seen.whole,
    )
    return [FileLine(**dict(row)) for row in rows]


async def file(case_id: int, file_id: UUID, by: Actor) -> FileLine:
    """One file of a case.

    Raises:
        NotFound: none that this person may see.
    """
    for line in await files(await open_case(case_id, by)):
        if line.file_id == file_id:
            return line
    raise NotFound("没有这个文件，或您无权查看")


async def links(seen: Seen, by: Actor) -> list[Link]:
    """Visits in reach: confirmed, then proposed, then rejected; a department sees the confirmed ones only."""
    if not (seen.whole and by.can(Permission.PATIENT_READ)):
        return []
    rows = await db.fetch(
        "select * from visit_link where case_id = $1 and (state = 'confirmed' or $2) and state <> 'withdrawn'"
        " order by array_position(array['confirmed', 'proposed', 'rejected'], state), points desc, visit_id",
        seen.case.id,
        seen.inside,
    )
    found = []
    for row in rows:
        try:
            visit = await patients.visit(row["visit_id"], by)
        except NotFound:
            continue  # of a department out of this person's reach
        found.append(
            Link(
                visit,
                row["state"],
                row["points"],
                tuple(row["reasons"]),
                row["decided_by"],
                row["decided_at"],
            )
        )
    return found


async def record(seen: Seen) -> Record | None:
    """The event record, for the centre's part."""
    if not seen.inside:
        return None
    row = await db.fetchrow(
        "select occurred_at, place, people, facts, handling, conclusion, version, written_by, written_at from event_record"
        " where case_id = $1",
        seen.case.id,
    )
    return Record(**dict(row)) if row else None


async def rounds(seen: Seen) -> list[Round]:
    """The rounds, the present one first, with the receipts of the platform; for the centre's part."""
    if not seen.inside:
        return []
    rows = await db.fetch("select * from case_round where case_id = $1 order by no desc", seen.case.id)
    receipts = await db.fetch(
        "select round, receipt from upstream_receipt where case_id = $1 order by at", seen.case.id
    )
    return [
        Round(
            **{name: value for name, value in row.items() if name not in ("case_id", "drafted_by_id")},
            receipts=tuple(line["receipt"] for line in receipts if line["round"] == row["no"]),
        )
        for row in rows
    ]


async def by_order_no(order_no: str, source: str, by: Actor) -> Case | None:
    """The case of the sender's number, if this person may see it."""
    number = await db.fetchval(
        "select id from cases where source = $1 and external_no = $2", source, order_no
    )
    try:
        return await access.case(number, by) if number else None
    except NotFound:
        return None


async def of_patient(patient_id: int, by: Actor) -> list[Case]:
    """The cases a patient's visits were confirmed for and that this person may see, the latest first."""
    await patients.in_reach(patient_id, by, Permission.PATIENT_READ)
    values = Values([patient_id, access.scope(by)])
    rows = await db.fetch(
        "select distinct l.case_id from visit_link l join cases c on c.id = l.case_id"  # noqa: S608
        " where l.patient_id = $1 and l.state = 'confirmed' and ($2::bigint[] is null or c.unit_ids && $2)"
        f" and {secrecy.condition(by, values, whole=True)}",
        *values,
    )
    found = await Case.filter(id__in=[row["case_id"] for row in rows]).order_by("-id")
    return [secrecy.unnumbered(case) for case in found]

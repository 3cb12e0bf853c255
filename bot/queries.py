"""What waits for a person, as tickets and cases within their scope and as far as secrecy lets them know; reads only.

The states and permissions come from the state table, so that a list never offers what a step would refuse.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db
from core.actor import Actor, Permission
from core.errors import NotFound
from core.identity import mask_in_text
from tickets.models import Ticket
from tickets.queries import access, secrecy
from tickets.queries.values import Values
from tickets.states import CASE_TABLE, TICKET_TABLE, CaseVerb, TicketVerb

MOST = 15
AWAITED = (
    TicketVerb.SIGN,
    TicketVerb.ANSWER,
    TicketVerb.RESUME,
    TicketVerb.ENDORSE,
    TicketVerb.APPROVE_EXTENSION,
    TicketVerb.APPROVE_PAUSE,
)
_ASKED = " and exists (select 1 from ticket_request r where r.ticket_id = t.id and r.state = 'pending' and r.kind = '"
_PENDING = {
    TicketVerb.APPROVE_EXTENSION: f"{_ASKED}extension')",
    TicketVerb.REFUSE_EXTENSION: f"{_ASKED}extension')",
    TicketVerb.APPROVE_PAUSE: f"{_ASKED}pause')",
    TicketVerb.REFUSE_PAUSE: f"{_ASKED}pause')",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket in a list."""

    id: int
    state: str
    title: str
    unit_id: int
    due_at: datetime | None


def _reach(by: Actor, permission: Permission) -> list[str]:
    return [f"{path}%" for path in by.scope(permission)]


def _reached(place: str) -> str:
    """The SQL condition that a ticket lies there: by its department, or by whoever works on it (`core.actor.own_path`)."""
    return f"(t.path like any({place}::text[]) or '/0/-' || t.holder_id || '/' like any({place}::text[]))"


def _able(by: Actor, wanted: Collection[str], values: Values) -> str:
    """The SQL condition "one of these verbs is possible for this person"."""
    reach: dict[Permission, str] = {}
    parts: set[str] = set()
    for (state, verb), step in TICKET_TABLE.items():
        if verb not in wanted:
            continue
        for permission in step.permissions:
            if permission not in reach:
                reach[permission] = values.arg(_reach(by, permission))
            pending = _PENDING.get(TicketVerb(verb), "")
            parts.add(f"(t.state = '{state}' and {_reached(reach[permission])}{pending})")
    return " or ".join(sorted(parts)) or "false"


_TITLE = f"case when c.secret then '{secrecy.VEILED}' else c.title end as title"
_SELECT = (
    f"select t.id, t.state, {_TITLE}, t.unit_id, t.due_at from ticket t"  # noqa: S608 - all of it is ours
    " join cases c on c.id = t.case_id and c.round = t.round"
)


async def able(by: Actor, wanted: Collection[str], most: int = MOST) -> list[Line]:
    """Tickets with which this person may do one of these verbs now, the most pressing first."""
    values = Values()
    condition = f"({_able(by, wanted, values)}) and {secrecy.of_ticket(by, values)}"
    rows = await db.fetch(
        f"{_SELECT} where {condition} order by t.due_at nulls last, t.id limit {most}",
        *values,
    )
    return [Line(**{**dict(row), "title": mask_in_text(row["title"])}) for row in rows]


def _waits(by: Actor, values: Values) -> str:
    """What waits for this person: their department's open work, answers to endorse, what the centre decides."""
    condition = _able(by, AWAITED, values)
    managed = values.arg(_reach(by, Permission.TICKET_MANAGE))
    return (
        f"({condition} or (t.state in ('endorsed', 'returned') and {_reached(managed)}))"
        f" and {secrecy.of_ticket(by, values)}"
    )


async def waiting(by: Actor, most: int = MOST) -> tuple[list[Line], int]:
    """What waits for this person, the most pressing first, and how many there are in all."""
    values = Values()
    condition = _waits(by, values)
    rows = await db.fetch(
        f"{_SELECT} where {condition} order by t.due_at nulls last, t.id limit {most}",
        *values,
    )
    total: int = await db.fetchval(
        "select count(*) from ticket t join cases c on c.id = t.case_id and c.round = t.round"  # noqa: S608
        f" where {condition}",
        *values,
    )
    return [Line(**{**dict(row), "title": mask_in_text(row["title"])}) for row in rows], total


async def late(by: Actor, within: timedelta = timedelta()) -> list[Line]:
    """Open tickets of this person's units whose limit is over, or will be `within` this time."""
    values = Values([clock.now() + within, _reach(by, Permission.TICKET_READ)])
    rows = await db.fetch(
        f"{_SELECT} where t.state in ('assigned', 'in_progress') and t.due_at < $1 and {_reached('$2')}"
        f" and {secrecy.of_ticket(by, values)} order by t.due_at, t.id limit {MOST}",
        *values,
    )
    return [Line(**{**dict(row), "title": mask_in_text(row["title"])}) for row in rows]


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case in a list."""

    id: int
    number: str
    state: str
    title: str
    due_at: datetime | None


async def cases_waiting(by: Actor, most: int = MOST) -> list[CaseLine]:
    """Cases that wait for the centre: to be taken on or assigned, to be reviewed; mine or nobody's."""
    states = {
        str(state)
        for (state, verb), step in CASE_TABLE.items()
        if verb in (CaseVerb.ACCEPT, CaseVerb.APPROVE) and any(by.can(each) for each in step.permissions)
    }
    units = access.scope(by)
    if not states or units == []:
        return []
    values = Values([sorted(states), units, by.staff_id, most])
    rows = await db.fetch(
        f"select c.id, c.received_at, c.state, {_TITLE}, c.due_at from cases c where c.state = any($1::text[])"  # noqa: S608
        " and ($2::bigint[] is null or c.unit_ids && $2)"
        " and (c.state <> 'received' or c.handler_id is null or c.handler_id = $3)"
        f" and {secrecy.condition(by, values, whole=True)} order by c.due_at nulls last, c.id limit $4",
        *values,
    )
    return [
        CaseLine(
            row["id"],
            f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}",
            row["state"],
            mask_in_text(row["title"]),
            row["due_at"],
        )
        for row in rows
    ]


async def ticket_of_order(order_no: str, by: Actor) -> int:
    """The ticket this person may see of the order with the sender's number.

    Raises:
        NotFound: there is none.
    """
    values = Values([order_no])
    rows = await db.fetch(
        "select t.id, t.path from ticket t join cases c on c.id = t.case_id and c.round = t.round"  # noqa: S608
        f" where (c.external_no = $1 or c.platform_no = $1) and {secrecy.condition(by, values, whole=True)} order by t.id",
        *values,
    )
    for row in rows:
        if by.can(Permission.TICKET_READ, row["path"]) or by.can(Permission.CASE_READ, row["path"]):
            return int(row["id"])
    raise NotFound(f"没有编号为 {order_no} 的工单，或您无权查看")


async def room_ticket(subject: str) -> int | None:
    """The ticket a room is about."""
    kind, _, number = subject.partition(":")
    if kind != "ticket" or not number.isdigit():
        return None
    found = await Ticket.get_or_none(id=int(number))
    return found.id if found else None


@dataclass(frozen=True, slots=True)
class Month:
    """Figures of the month: tickets that came, answered in time, answered late, late and open, sent back."""

    came: int
    in_time: int
    answered_late: int
    open_late: int
    sent_back: int

    @property
    def rate(self) -> float | None:
        """Share answered in time of those whose limit is decided; None when there is none yet."""
        decided = self.in_time + self.answered_late + self.open_late
        return self.in_time / decided if decided else None


async def month(by: Actor, start: datetime) -> Month:
    """The month's figures of this person's units, by the departments' clocks that began since `start`."""
    values = Values([start, _reach(by, Permission.TICKET_READ), clock.now()])
    row = await db.fetchrow(
        "with mine as (select k.ticket_id, k.state, k.due_at, k.ended_at from clock k join ticket t on t.id = k.ticket_id"  # noqa: S608
        " join cases c on c.id = t.case_id where k.kind = 'department' and k.start_at >= $1 and k.state <> 'void'"
        f" and t.path like any($2::text[]) and {secrecy.of_ticket(by, values)})"
        " select count(distinct ticket_id) as came,"
        " count(*) filter (where state = 'met' and ended_at <= due_at) as in_time,"
        " count(*) filter (where state = 'met' and ended_at > due_at) as answered_late,"
        " count(*) filter (where state = 'running' and due_at < $3) as open_late,"
        " (select count(*) from history h where h.verb = 'send_back' and h.at >= $1"
        " and h.ticket_id in (select ticket_id from mine)) as sent_back from mine",
        *values,
    )
    assert row is not None  # noqa: S101 - aggregates always give a row
    return Month(row["came"], row["in_time"], row["answered_late"], row["open_late"], row["sent_back"])

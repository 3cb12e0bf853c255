"""Opens cases for orders: units found, limits counted, everything of a whole batch written by one statement.

What is the same for many orders of one minute (the limits and their first rungs) is counted once. Never decides
what an order with a known number means: that is `receiving`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from core import bell, clock, crypto, db, inbound
from core.actor import Actor
from core.calendar import Calendar
from core.events import REACTIONS
from core.logs import trace_id
from core.models import StoredFile
from staff import queries as staff
from staff import working_days
from staff.queries import OrgTree, Unit
from tickets import clock_kinds, limits, rules
from tickets.deadlines import instant_of_share
from tickets.events import CaseReceived, TicketAssigned
from tickets.orders import Order, content_hash
from tickets.queries.access import unit_ids_of
from tickets.receiving_sql import OPEN_CASES
from tickets.rules import Rules
from tickets.states import CaseState

PRAISE = "表扬"
MARK = "\x1f"  # between the members of a list; no text of an order holds it
ORDER_COLUMNS, TICKET_COLUMNS, CLOCK_COLUMNS, FILE_COLUMNS = 34, 5, 8, 3


@dataclass(frozen=True, slots=True)
class Incoming:
    """One order to be taken: `raw` is its body as it came, the order's own JSON when None; files are kept already."""

    order: Order
    raw: bytes | None = None
    files: tuple[StoredFile, ...] = ()
    trace: str = field(default_factory=trace_id)


@dataclass(frozen=True, slots=True)
class Opened:
    """A case that was opened just now, and the number people say."""

    case_id: int
    number: str


@dataclass(frozen=True, slots=True)
class Where:
    """The units an order names: its campus and the departments that were recognised."""

    campus: Unit | None
    departments: tuple[Unit, ...]
    unknown: tuple[str, ...]


def locate(order: Order, tree: OrgTree) -> Where:
    """The units meant by the names on an order; names nobody knows are told, not guessed."""
    campus = tree.find(order.campus) if order.campus else None
    found: dict[int, Unit] = {}
    unknown = []
    for name in order.departments:
        unit = tree.find(name, order.campus)
        if unit is None or unit.kind not in ("department", "ward", "clinic"):
            unknown.append(name)
        else:
            found[unit.id] = unit
    return Where(campus, tuple(found.values()), tuple(unknown))


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of an order as columns of clocks, the earliest limit of the case, and that of its tickets."""

    clocks: tuple[tuple[object, ...], ...]
    case_due: datetime | None
    provisional: bool
    ticket_due: datetime | None


Wish = tuple[
    str, str, datetime | None, datetime | None, bool
]  # source, appeal type, printed limits, assigned


class _Planner:
    """Counts limits, each once a minute for the same wish, rules and calendar.

    Clocks start with the minute, so that counting one again under a newer calendar gives the same limit.
    """

    def __init__(self) -> None:
        self._made: dict[Wish, Plan] = {}
        self._basis: tuple[datetime, Rules, Calendar] | None = None

    def plan(self, wish: Wish, now: datetime, wanted: Rules, calendar: Calendar) -> Plan:
        """The limits of orders of this kind that arrive in this minute."""
        start = now.replace(second=0, microsecond=0)
        basis = self._basis
        if basis is None or basis[0] != start or basis[1] is not wanted or basis[2] is not calendar:
            self._basis, self._made = (start, wanted, calendar), {}
        made = self._made.get(wish)
        if made is None:
            made = self._made[wish] = _plan(wish, start, wanted, calendar)
        return made


_planner = _Planner()


def _plan(wish: Wish, start: datetime, wanted: Rules, calendar: Calendar) -> Plan:
    source, appeal_type, upstream, hospital, assigned = wish
    of_case = limits.of_case(source, appeal_type, start, upstream, hospital, wanted, calendar)
    found = list(of_case)
    department = None
    if assigned:
        above = min((limit.deadline for limit in of_case), key=lambda limit: limit.due_at, default=None)
        department = limits.of_department(source, appeal_type, start, above, wanted, calendar)
        if department is not None:
            found.append(department)
    return Plan(
        tuple(_clock(limit, calendar) for limit in found),
        min((limit.deadline.due_at for limit in of_case), default=None),
        any(limit.deadline.provisional for limit in of_case),
        department.deadline.due_at if department is not None else None,
    )


def _clock(limit: limits.Limit, calendar: Calendar) -> tuple[object, ...]:
    """The columns of a clock behind `n`, its first rung last."""
    deadline, first = limit.deadline, clock_kinds.rungs(limit.kind)[0]
    rung = instant_of_share(limit.start_at, deadline.due_at, first.share, 0, calendar)
    return (
        limit.kind,
        limit.start_at,
        deadline.due_at,
        deadline.provisional,
        deadline.reason,
        orjson.dumps(limit.rule).decode() if limit.rule else None,
        min(rung, deadline.due_at),
    )


@dataclass(slots=True)
class _Batch:
    """Rows of the statement's tables; the first column is the place of the order in the batch."""

    orders: list[tuple[object, ...]] = field(default_factory=list)
    tickets: list[tuple[object, ...]] = field(default_factory=list)
    clocks: list[tuple[object, ...]] = field(default_factory=list)
    files: list[tuple[int, UUID, str]] = field(default_factory=list)


async def open_cases(
    items: Sequence[Incoming], *, by: Actor, source: str, import_id: int | None, assign: bool | None
) -> list[Opened | None]:
    """Open a case for each order, in one statement; None in the place of an order whose number is known.

    No two of `items` may have the same number. Rings the outbox once the rows are committed.
    """
    tree, calendar, wanted = await staff.tree(), await working_days.calendar(), await rules.in_force()
    now = clock.now()
    allowed = wanted.auto_assign if assign is None else assign
    batch = _Batch()
    for n, item in enumerate(items):
        where = locate(item.order, tree)
        units = where.departments if allowed and item.order.appeal_type != PRAISE else ()
        order = item.order
        wish = (source, order.appeal_type, order.upstream_deadline, order.hospital_deadline, bool(units))
        _add(batch, n, item, where.campus, units, _planner.plan(wish, now, wanted, calendar))
    rows = await db.fetch(
        OPEN_CASES,
        *_columns(batch.orders, ORDER_COLUMNS),
        source,
        now,
        import_id,
        by.name,
        by.staff_id,
        by.door,
        by.kind,
        by.address,
        *_columns(batch.tickets, TICKET_COLUMNS),
        *_columns(batch.clocks, CLOCK_COLUMNS),
        [reaction.name for reaction in REACTIONS.get(CaseReceived, ())],
        [reaction.name for reaction in REACTIONS.get(TicketAssigned, ())],
        *_columns(batch.files, FILE_COLUMNS),
    )
    opened: list[Opened | None] = [None] * len(items)
    if rows:
        day = f"{clock.local(now):%Y%m%d}"
        for n, case_id in rows:
            opened[n] = Opened(case_id, f"{day}-{case_id}")
        await db.after_commit(bell.ring_outbox)
    return opened


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[Sequence[object]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _add(
    batch: _Batch, n: int, item: Incoming, campus: Unit | None, units: tuple[Unit, ...], plan: Plan
) -> None:
    order = item.order
    concerned = {number for unit in units for number in unit_ids_of(unit.path)}
    if campus is not None:
        concerned.update(unit_ids_of(campus.path))
    batch.orders.append(
        (
            n,
            order.order_no,
            order.platform_no,
            content_hash(order),
            CaseState.IN_PROGRESS if units else CaseState.RECEIVED,
            order.headline(),
            order.content,
            order.appeal_type,
            order.category,
            order.caller_name,
            order.caller_gender,
            sealed(order.caller_phone, "caller_phone"),
            crypto.search_hash(order.caller_phone) if order.caller_phone else None,
            sealed(order.contact_phone, "contact_phone"),
            crypto.search_hash(order.contact_phone) if order.contact_phone else None,
            order.confidential,
            order.anonymous,
            order.reply_required,
            order.occurred_at,
            order.place,
            campus.id if campus else None,
            MARK.join(order.departments),
            MARK.join(order.persons),
            order.patient_name,
            order.patient_number,
            order.urgency,
            order.role,
            order.channel,
            order.dispatched_at,
            ",".join(map(str, sorted(concerned))),
            plan.case_due,
            plan.provisional,
            inbound.sealed(
                "order",
                f"{order.order_no}#",
                item.raw if item.raw is not None else order.model_dump_json().encode(),
            ),
            item.trace,
        )
    )
    batch.tickets.extend(
        (n, unit.id, unit.path, "lead" if at == 0 else "co", plan.ticket_due) for at, unit in enumerate(units)
    )
    batch.clocks.extend((n, *row) for row in plan.clocks)
    batch.files.extend((n, file.id, file.name) for file in item.files)


def sealed(phone: str, column: str) -> bytes | None:
    """A phone number as stored in `cases`."""
    return crypto.key_ring().encrypt(phone, f"cases.{column}") if phone else None

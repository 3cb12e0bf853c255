"""How an order becomes a case: the same road for a push, an imported row and a form on a page.

Idempotent on (source, order number): the same again changes nothing, other content is refused unless it is
a declared update. Everything is one transaction; files are kept in storage before it begins.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson

from core import bell, clock, crypto, db, storage
from core.actor import Actor
from core.calendar import Calendar
from core.errors import Refused
from core.events import REACTIONS
from core.logs import trace_id
from core.models import StoredFile
from staff import queries as staff
from staff import working_days
from staff.queries import OrgTree, Unit
from tickets import ladder, limits, material, rules, updating
from tickets.deadlines import instant_of_share
from tickets.events import CaseReceived, TicketAssigned
from tickets.orders import Order, content_hash
from tickets.queries.access import unit_ids_of
from tickets.receiving_sql import OPEN_CASE
from tickets.states import CaseState

PRAISE = "表扬"


class Outcome(StrEnum):
    """What became of an order."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Received:
    """The case an order belongs to, and whether it is new."""

    outcome: Outcome
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


async def receive(
    order: Order,
    *,
    by: Actor,
    raw: bytes | None = None,
    source: str = "hotline",
    import_id: int | None = None,
    assign: bool | None = None,
) -> Received:
    """Open a case for an order, or find the one it belongs to.

    Args:
        order: the validated order.
        by: who brings it: a platform, an importer, a person at the desk.
        raw: the body as it came, kept for ever; the order's own JSON when None.
        source: a member of tickets/sources.
        import_id: the import it came with.
        assign: whether departments named on the order get their ticket at once; the parameter decides when None.

    Raises:
        Refused: the number is known with other content, and this is not a declared update.
        Invalid: an attachment is not a file we take.
    """
    files = [await storage.keep(file.name, file.data(), by=by.name) for file in order.attachments]
    found = await _open(order, by, raw, source, import_id, assign, files)
    if found is not None:
        return found
    return await _known(order, by, raw, source, files)


async def _open(
    order: Order,
    by: Actor,
    raw: bytes | None,
    source: str,
    import_id: int | None,
    assign: bool | None,
    files: list[StoredFile],
) -> Received | None:
    tree, calendar, wanted = await staff.tree(), await working_days.calendar(), await rules.in_force()
    now = clock.now()
    where = locate(order, tree)
    allowed = wanted.auto_assign if assign is None else assign
    units = where.departments if allowed and order.appeal_type != PRAISE else ()
    plan = _plan(order, source, now, wanted, calendar, assigned=bool(units))
    concerned = {number for unit in units for number in unit_ids_of(unit.path)}
    if where.campus is not None:
        concerned.update(unit_ids_of(where.campus.path))
    case_limits = [limit for limit in plan if limit.kind != "department"]
    department = next((limit.deadline.due_at for limit in plan if limit.kind == "department"), None)
    body = raw if raw is not None else order.model_dump_json().encode()
    async with db.transaction():
        row = await db.fetchrow(
            OPEN_CASE,
            source,
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
            where.campus.id if where.campus else None,
            list(order.departments),
            list(order.persons),
            order.patient_name,
            order.patient_number,
            order.urgency,
            order.role,
            order.channel,
            order.dispatched_at,
            now,
            sorted(concerned),
            min((limit.deadline.due_at for limit in case_limits), default=None),
            any(limit.deadline.provisional for limit in case_limits),
            by.name,
            import_id,
            None,
            body,
            trace_id(),
            [unit.id for unit in units],
            [unit.path for unit in units],
            ["lead" if at == 0 else "co" for at in range(len(units))],
            department,
            [limit.kind for limit in plan],
            [limit.deadline.due_at for limit in plan],
            [limit.deadline.provisional for limit in plan],
            [limit.deadline.reason for limit in plan],
            [orjson.dumps(limit.rule).decode() if limit.rule else None for limit in plan],
            [_first_rung(limit, calendar) for limit in plan],
            by.staff_id,
            by.name,
            by.door,
            by.kind,
            by.address,
            [reaction.name for reaction in REACTIONS.get(CaseReceived, ())],
            [reaction.name for reaction in REACTIONS.get(TicketAssigned, ())],
        )
        if row is None:
            return None
        for file in files:
            await material.attach(row["id"], file, kind="original", by=by)
        await db.after_commit(bell.ring_outbox)
    return Received(Outcome.NEW, row["id"], f"{clock.local(now):%Y%m%d}-{row['id']}")


def sealed(phone: str, column: str) -> bytes | None:
    """A phone number as stored in `cases`."""
    return crypto.key_ring().encrypt(phone, f"cases.{column}") if phone else None


def _plan(
    order: Order, source: str, now: datetime, wanted: rules.Rules, calendar: Calendar, *, assigned: bool
) -> list[limits.Limit]:
    plan = list(
        limits.of_case(
            source, order.appeal_type, now, order.upstream_deadline, order.hospital_deadline, wanted, calendar
        )
    )
    if assigned:
        above = min((limit.deadline for limit in plan), key=lambda deadline: deadline.due_at, default=None)
        department = limits.of_department(source, order.appeal_type, now, above, wanted, calendar)
        if department is not None:
            plan.append(department)
    return plan


def _first_rung(limit: limits.Limit, calendar: Calendar) -> datetime:
    first = ladder.rungs(limit.kind)[0]
    return min(
        instant_of_share(limit.start_at, limit.deadline.due_at, first.share, 0, calendar),
        limit.deadline.due_at,
    )


async def _known(
    order: Order, by: Actor, raw: bytes | None, source: str, files: list[StoredFile]
) -> Received:
    row = await db.fetchrow(
        "select id, content_hash, received_at from cases where source = $1 and external_no = $2",
        source,
        order.order_no,
    )
    if row is None:
        raise Refused("工单正在登记，请稍后再试")
    number = f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}"
    if row["content_hash"] == content_hash(order):
        return Received(Outcome.SAME, row["id"], number)
    if not order.update:
        raise Refused(f"工单编号 {order.order_no} 已登记为 {number}，内容不同；如为更新，请声明 update")
    await updating.update(row["id"], order, raw, files, by=by)
    return Received(Outcome.CHANGED, row["id"], number)

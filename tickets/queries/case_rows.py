"""The rows of a list of cases as values that a page or a sheet draws; masked, and no more than the person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from core import clock, crypto, db
from core.actor import Actor, Permission
from core.identity import mask_in_text, mask_name, mask_phone
from staff import queries as staff
from staff.queries import OrgTree
from tickets.queries import secrecy
from tickets.queries.values import Values
from tickets.queries.waiting import inside
from tickets.sources import SOURCES
from tickets.states import CASE_LABELS, TICKET_LABELS, CaseState, TicketState


@dataclass(frozen=True, slots=True)
class TicketMark:
    """A department's part of a case, in a line of the list."""

    id: int
    unit: str
    state: TicketState
    label: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list. `due_at` is the limit that matters to the reader, None when none runs; `why` its reason.

    `merged` is the number of the case it is merged into. `caller` and `phone` are masked; who asked for secrecy has no phone. Of a secret case the reader may be shown
    no more than its number and their own ticket: `secret` tells that it is one.
    """

    id: int
    number: str
    external_no: str
    title: str
    type: str
    category: str
    source: str
    urgency: str
    state: CaseState
    label: str
    round: int
    campus: str
    caller: str
    phone: str
    received_at: datetime
    due_at: datetime | None
    why: str
    provisional: bool
    closed_at: datetime | None
    handler: str
    merged: str
    tickets: tuple[TicketMark, ...]
    secret: bool = False


_CASES = """
select c.id, c.external_no, c.title, c.appeal_type, c.category, c.source, c.urgency, c.state, c.round, c.campus_id,
    c.caller_name, c.caller_phone, c.contact_phone, c.confidential, c.anonymous, c.received_at, c.due_at,
    c.closed_at, c.merged_number, c.secret, not {whole} as veiled, s.name as handler, k.reason, k.provisional
from cases c
left join staff s on s.id = c.handler_id
left join lateral (
    select reason, provisional from clock
    where case_id = c.id and ticket_id is null and state = 'running' and due_at = c.due_at order by id limit 1
) k on c.due_at is not null
where c.id = any({ids}::bigint[])
order by c.id desc
"""
_TICKETS = """
select t.id, t.case_id, t.unit_id, t.path, t.holder_id, t.state, t.due_at, k.reason, k.provisional
from ticket t
join cases c on c.id = t.case_id and c.round = t.round
left join lateral (
    select reason, provisional from clock where ticket_id = t.id and state = 'running' order by id desc limit 1
) k on t.due_at is not null
where t.case_id = any({ids}::bigint[]) and t.state <> 'withdrawn' and {seen}
order by t.case_id, t.role desc, t.id
"""  # "lead" before "co"


async def load(ids: Sequence[int], *, by: Actor) -> list[CaseRow]:
    """The rows of these cases, newest first. That the person may see them is the caller's question."""
    if not ids:
        return []
    tree = await staff.tree()
    centre = inside(by)
    values = Values()
    # Both texts are ours; what is typed or known stands in `values`.
    sql = _CASES.format(ids=values.arg(list(ids)), whole=secrecy.condition(by, values, whole=True))
    rows = await db.fetch(sql, *values)
    veiled = {row["id"] for row in rows if row["veiled"]}
    tickets: dict[int, list[asyncpg.Record]] = {}
    values = Values()
    sql = _TICKETS.format(ids=values.arg(list(ids)), seen=secrecy.of_ticket(by, values))
    for row in await db.fetch(sql, *values):
        if (centre and row["case_id"] not in veiled) or _may_read(row["path"], row["holder_id"], by):
            tickets.setdefault(row["case_id"], []).append(row)
    return [
        _row(row, tickets.get(row["id"], []), tree, centre and not row["veiled"], veiled=row["veiled"])
        for row in rows
    ]


def _may_read(path: str, holder: int | None, by: Actor) -> bool:
    return by.can(Permission.TICKET_READ, path, holder) or by.can(Permission.CASE_READ, path, holder)


def _row(
    row: "asyncpg.Record", tickets: "list[asyncpg.Record]", tree: OrgTree, centre: bool, *, veiled: bool
) -> CaseRow:
    limit = row if centre else _pressing(tickets)
    source = SOURCES.get(row["source"])
    caller, phone = ("要求保密", "") if veiled else _caller(row)
    state = CaseState(row["state"])
    return CaseRow(
        id=row["id"],
        number=f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}",
        external_no="" if veiled else row["external_no"] or "",
        title=secrecy.VEILED if veiled else mask_in_text(row["title"]),
        type="" if veiled else row["appeal_type"],
        category="" if veiled else row["category"],
        source=source.label if source else row["source"],
        urgency=row["urgency"],
        state=state,
        label=CASE_LABELS[state],
        round=row["round"],
        campus=tree.label(row["campus_id"]) if row["campus_id"] else "",
        caller=caller,
        phone=phone,
        received_at=row["received_at"],
        due_at=limit["due_at"] if limit else None,
        why=(limit["reason"] or "") if limit else "",
        provisional=bool(limit and limit["provisional"]),
        closed_at=row["closed_at"],
        handler="" if veiled else row["handler"] or "",
        merged=row["merged_number"],
        tickets=tuple(_mark(ticket, tree) for ticket in tickets),
        secret=row["secret"],
    )


def _pressing(tickets: "list[asyncpg.Record]") -> "asyncpg.Record | None":
    """The ticket of a department that is due first, of those that are still worked on."""
    working = [
        ticket
        for ticket in tickets
        if ticket["due_at"] is not None and ticket["state"] in (TicketState.ASSIGNED, TicketState.IN_PROGRESS)
    ]
    return min(working, key=lambda ticket: ticket["due_at"], default=None)


def _mark(ticket: "asyncpg.Record", tree: OrgTree) -> TicketMark:
    unit, state = tree.unit(ticket["unit_id"]), TicketState(ticket["state"])
    return TicketMark(
        ticket["id"], unit.short_name or unit.name, state, TICKET_LABELS[state], ticket["due_at"]
    )


def _caller(row: "asyncpg.Record") -> tuple[str, str]:
    if row["anonymous"]:
        return "匿名", ""
    if row["confidential"]:
        return "要求保密", ""
    for column in ("caller_phone", "contact_phone"):
        if row[column]:
            phone = crypto.key_ring().decrypt(row[column], f"cases.{column}")
            return mask_name(row["caller_name"]), mask_phone(phone)
    return mask_name(row["caller_name"]), ""

"""The audit log as an auditor reads it: who, when, what; and whether the chain of seals is whole. Changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson
from aiohttp import web

from console.page import number, page_query, permit, show
from core import audit, db
from core.actor import Actor, Permission
from core.clock import SHANGHAI
from core.errors import Fault, Invalid
from tickets.queries import secrecy, secret_traces
from tickets.queries.values import Values

routes = web.RouteTableDef()
PAGE = 50
DOORS = {
    "web": "网页",
    "wecom": "企业微信",
    "chat": "群聊",
    "api": "接口",
    "clock": "定时",
    "command": "命令行",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log; `detail` as (name, text)."""

    id: int
    at: datetime
    actor: str
    door: str
    address: str
    action: str
    subject: str
    subject_id: int | None
    detail: tuple[tuple[str, str], ...]
    trace_id: str


async def lines(filters: dict[str, str], before: int | None, *, by: Actor) -> list[Line]:
    """Lines newest first; `who` is a name or staff number, `what` begins an action, `subject` is "case" or "case:12".

    A line about a secret case says only that there is one; to the accused it says nothing, for it is not there.

    Raises:
        Invalid: a date that is none.
    """
    if not by.can(Permission.AUDIT_READ):
        return []
    kind, _, of = filters.get("subject", "").partition(":")
    first, last = _day(filters, "from", "起始日期"), _day(filters, "to", "截止日期")
    values = Values(
        [
            before,
            filters.get("who", ""),
            filters.get("what", ""),
            kind,
            number(of),
            _midnight(first),
            _midnight(last + timedelta(days=1)) if last else None,
            PAGE + 1,
        ]
    )
    about, known, veiled = secret_traces.of_audit(by, values)
    rows = await db.fetch(
        "select a.id, a.at, a.actor_name, a.door, a.address, a.action, a.subject, a.subject_id, a.detail, a.trace_id,"  # noqa: S608
        f" {veiled} as veiled from audit a {about} where {known} and ($1::bigint is null or a.id < $1)"
        " and ($2 = '' or a.actor_name = $2 or a.actor_id = (select id from staff where number = $2))"
        " and ($3 = '' or starts_with(a.action, $3)) and ($4 = '' or a.subject = $4)"
        " and ($5::bigint is null or a.subject_id = $5)"
        " and ($6::timestamptz is null or a.at >= $6) and ($7::timestamptz is null or a.at < $7)"
        " order by a.id desc limit $8",
        *values,
    )
    return [
        Line(
            row["id"],
            row["at"],
            row["actor_name"],
            DOORS.get(row["door"], row["door"]),
            row["address"],
            row["action"],
            secrecy.VEILED if row["veiled"] else row["subject"],
            None if row["veiled"] else row["subject_id"],
            () if row["veiled"] else _detail(row["detail"]),
            row["trace_id"],
        )
        for row in rows
    ]


def _detail(text: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, Any] = orjson.loads(text)
    return tuple(
        (name, value if isinstance(value, str) else orjson.dumps(value).decode())
        for name, value in found.items()
    )


def _day(filters: dict[str, str], name: str, label: str) -> date | None:
    text = filters.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        reason = "日期格式应为 2026-11-21"
        raise Invalid(
            f"{label}：{reason}", details=[Fault(field=name, label=label, reason=reason, value=text)]
        ) from None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), SHANGHAI) if day else None


@routes.get("/audit")
async def page(request: web.Request) -> web.Response:
    """The log with its filters."""
    actor = permit(request, Permission.AUDIT_READ)
    filters = page_query(request.query, ("who", "what", "subject", "from", "to"))
    error: Invalid | None = None
    found: list[Line] = []
    try:
        found = await lines(filters, number(request.query.get("before", "")), by=actor)
    except Invalid as invalid:
        error = invalid
    return await show(
        request,
        "console/audit.html",
        status=error.status if error else 200,
        filters=filters,
        faults={fault.field: fault.reason for fault in error.details} if error else {},
        rows=found[:PAGE],
        before=found[PAGE - 1].id if len(found) > PAGE else None,
    )


@routes.post("/audit/verify")
async def verify(request: web.Request) -> web.Response:
    """Recompute the chain; that it was asked for is itself a line of the log."""
    actor = permit(request, Permission.AUDIT_READ)
    verdict = await audit.verify()
    await audit.record(actor, "audit.verify", "audit", None, lines=verdict.lines, broken=verdict.broken)
    return await show(request, "console/audit_verdict.html", verdict=verdict)

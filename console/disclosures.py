"""The log of exports as an auditor reads it: who took what out, for whom and why; searched, and taken out as a sheet.

Taking it out is a line of it. A line about a secret case says only that there is one; to the accused it says nothing.
Changes nothing.
"""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import xlsxwriter
from aiohttp import web

from console.page import number, page_query, permit, show
from core import audit, clock, db, exports
from core.actor import Actor, Permission
from core.clock import SHANGHAI
from core.downloads import attachment
from core.errors import Fault, Invalid
from core.exports import LABELS, Kind
from core.sheets import harmless
from tickets.queries import secrecy
from tickets.queries.values import Values

routes = web.RouteTableDef()
PAGE = "/exports"
SIZE = 50
MOST = 20_000  # lines of a sheet
FILTERS = ("who", "kind", "whole", "words", "from", "to")


@dataclass(frozen=True, slots=True)
class Line:
    """One time something left the house."""

    id: int
    at: datetime
    who: str
    address: str
    kind: str
    title: str
    filter: str
    rows: int
    columns: tuple[str, ...]
    whole: bool
    recipient: str
    purpose: str
    approved_by: str
    sha256: str


async def lines(filters: dict[str, str], before: int | None, most: int, *, by: Actor) -> list[Line]:
    """Lines newest first; `who` is a name or staff number, `words` stand anywhere in title, filter, recipient, purpose.

    Raises:
        Invalid: a date that is none.
    """
    if not by.can(Permission.AUDIT_READ):
        return []
    first, last = _day(filters, "from", "起始日期"), _day(filters, "to", "截止日期")
    words = filters.get("words", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = Values(
        [
            before,
            filters.get("who", ""),
            filters.get("kind", ""),
            filters.get("whole", "") == "1",
            f"%{words}%" if words else "",
            _midnight(first),
            _midnight(last + timedelta(days=1)) if last else None,
            most,
        ]
    )
    barred = secrecy.barred_condition(by, values, "c")
    whole = secrecy.condition(by, values, "c", whole=True)
    veiled = f"(c.id is not null and not {whole})"
    rows = await db.fetch(
        f"select e.*, {veiled} as veiled from data_export e left join cases c on c.id = e.case_id and c.secret"  # noqa: S608
        f" where (c.id is null or not {barred}) and ($1::bigint is null or e.id < $1)"
        " and ($2 = '' or e.who = $2 or e.staff_id = (select id from staff where number = $2))"
        " and ($3 = '' or e.kind = $3) and (not $4::boolean or e.whole)"
        f" and ($5 = '' or (not {veiled} and (e.title like $5 or e.filter like $5 or e.recipient like $5"
        " or e.purpose like $5)) or e.sha256 like $5)"
        " and ($6::timestamptz is null or e.at >= $6) and ($7::timestamptz is null or e.at < $7)"
        " order by e.id desc limit $8",
        *values,
    )
    return [
        Line(
            row["id"],
            row["at"],
            row["who"],
            row["address"],
            LABELS.get(row["kind"], row["kind"]),
            secrecy.VEILED if row["veiled"] else row["title"],
            "" if row["veiled"] else row["filter"],
            row["rows"],
            tuple(row["columns"]),
            row["whole"],
            row["recipient"],
            "" if row["veiled"] else row["purpose"],
            row["approved_by"],
            row["sha256"],
        )
        for row in rows
    ]


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


@routes.get(PAGE)
async def page(request: web.Request) -> web.Response:
    """The log with its filters."""
    actor = permit(request, Permission.AUDIT_READ)
    filters = page_query(request.query, FILTERS)
    error: Invalid | None = None
    found: list[Line] = []
    try:
        found = await lines(filters, number(request.query.get("before", "")), SIZE + 1, by=actor)
    except Invalid as invalid:
        error = invalid
    return await show(
        request,
        "console/privacy/exports.html",
        status=error.status if error else 200,
        filters=filters,
        kinds=[(kind.value, LABELS[kind]) for kind in Kind],
        faults={fault.field: fault.reason for fault in error.details} if error else {},
        rows=found[:SIZE],
        before=found[SIZE - 1].id if len(found) > SIZE else None,
    )


@routes.get(f"{PAGE}/sheet")
async def sheet(request: web.Request) -> web.Response:
    """The lines that the filters leave, as a sheet."""
    actor = permit(request, Permission.AUDIT_READ)
    filters = page_query(request.query, FILTERS)
    found = await lines(filters, None, MOST, by=actor)
    data = await asyncio.to_thread(_workbook, found, exports.mark(actor))
    async with db.transaction():
        await audit.record(actor, "export_log.export", "data_export", None, rows=len(found), filters=filters)
        await exports.log(
            actor,
            Kind.EXPORT_LOG,
            "导出记录",
            data,
            which="；".join(f"{name}={text}" for name, text in filters.items()) or "全部",
            rows=len(found),
            columns=HEADS,
        )
    name = f"导出记录_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx"
    return attachment(name, data)


HEADS = (
    *("时间", "导出人", "地址", "类别", "内容", "范围", "条数", "字段", "个人信息", "接收方"),
    *("用途", "审批人", "文件校验值（SHA-256）"),
)


def _workbook(found: Sequence[Line], mark: str) -> bytes:
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(
        memory, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet("导出记录")
    bold = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
    page.set_header(f"&L{mark.replace('&', '&&')[:200]}")
    for at, head in enumerate(HEADS):
        page.set_column(at, at, 18)
        page.write_string(0, at, head, bold)
    for row, line in enumerate(found, start=1):
        cells = (
            f"{clock.local(line.at):%Y-%m-%d %H:%M:%S}",
            line.who,
            line.address,
            line.kind,
            line.title,
            line.filter,
            str(line.rows),
            "、".join(line.columns),
            "完整" if line.whole else "脱敏或不含",
            line.recipient or "本人",
            line.purpose,
            line.approved_by,
            line.sha256,
        )
        for at, cell in enumerate(cells):
            page.write_string(row, at, harmless(cell))
    page.freeze_panes(1, 0)
    book.close()
    return memory.getvalue()

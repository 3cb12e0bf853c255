"""Handling reports (办理情况报告) and annual reports as Word: filled from the template in use, numbered, kept.

Made again it gets another number; what was made stays. A report holds what its maker may count, so it is the maker's.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
from pydantic import Field, JsonValue

from core import audit, clock, db, exports, parameters, storage
from core.actions import Form
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound, Refused
from core.models import StoredFile
from core.settings import settings
from reports.asking import Asked
from reports.board import Board, board
from reports.showing import Cell, Drawn, Shown
from tickets import templating
from tickets.numbers import next_number
from tickets.report_context import ADDRESS, DEPARTMENT, PHONE
from tickets.word import statistics_variables as words
from tickets.word.fill import FillError, fill
from tickets.word.variables import Hospital, Kind, Report, ReportContext

MOST_LINES = 60
KINDS = tuple(kind for kind in Kind if kind.source == "statistics")
_TEXT: dict[str, JsonValue] = {"widget": "text"}
_LINE: dict[str, JsonValue] = {"widget": "line"}


class DocumentForm(Form):
    """Which report, and what only a person can write."""

    kind: Kind = Field(
        default=Kind.STATISTICS_REPORT,
        title="文书",
        json_schema_extra={"widget": "choice", "labels": {kind.value: kind.label for kind in KINDS}},
    )
    summary: str = Field(
        default="", title="总体情况", description="可不填", max_length=5000, json_schema_extra=_TEXT
    )
    causes: str = Field(
        default="", title="原因分析", description="可不填", max_length=5000, json_schema_extra=_TEXT
    )
    measures: str = Field(
        default="", title="改进措施", description="可不填", max_length=5000, json_schema_extra=_TEXT
    )
    examples: str = Field(
        default="",
        title="典型案例",
        description="可不填；请勿写入个人信息",
        max_length=5000,
        json_schema_extra=_TEXT,
    )
    reviewer: str = Field(default="", title="审核人", max_length=50, json_schema_extra=_LINE)
    approver: str = Field(default="", title="签发人", max_length=50, json_schema_extra=_LINE)


@dataclass(frozen=True, slots=True)
class Made:
    """A report that was made."""

    id: int
    kind: Kind
    number: str
    period: str
    scope: str
    file_id: UUID
    made_by: str
    made_at: datetime


_COLUMNS = "id, kind, number, period, scope, file_id, made_by, made_at"


def _made(row: "asyncpg.Record") -> Made:
    return Made(**{**dict(row), "kind": Kind(row["kind"])})


async def make(asked: Asked, form: DocumentForm, *, by: Actor) -> int:
    """Make a report of a period; its id.

    Raises:
        Forbidden: this person reads no reports.
        Refused: not a kind of report on statistics, or the template cannot be filled.
    """
    if not by.can(Permission.REPORT_READ) or by.staff_id is None:
        raise Forbidden
    if form.kind not in KINDS:
        raise Refused(f"{form.kind.label}不是统计报告")
    found = await board(asked, by=by)
    template = await templating.in_use(form.kind)
    data = await templating.content(template)
    # Number, file and row are one transaction: a report that could not be written uses up no number.
    async with db.transaction():
        number = await next_number(form.kind)
        context = await _context(found, form, number, by)
        try:
            filled = await asyncio.to_thread(fill, data, context, {}, form.kind)
        except FillError as error:
            raise Refused(str(error)) from error
        name = f"{number} {asked.period.label}{form.kind.label}.docx"
        file = await storage.keep(name, filled, by=by.name, checked=True)
        made: int = await db.fetchval(
            "insert into statistics_report (kind, number, period, scope, template_id, context, file_id, made_by,"
            " made_by_id, made_at) values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10) returning id",
            form.kind,
            number,
            asked.period.label,
            found.scope,
            template.id,
            context.model_dump_json(include={"report", "statistics", "figures"}),
            file.id,
            by.name,
            by.staff_id,
            clock.now(),
        )
        await audit.record(
            by, "statistics.report", "statistics_report", made, number=number, query=asked.query()
        )
    return made


async def mine(*, by: Actor, most: int = 30) -> list[Made]:
    """The reports this person made, newest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from statistics_report where made_by_id = $1 order by made_at desc limit $2",  # noqa: S608
        by.staff_id,
        most,
    )
    return [_made(row) for row in rows]


async def one(report_id: int, *, by: Actor) -> tuple[Made, StoredFile]:
    """A report of this person's own with its file.

    Raises:
        NotFound: none, or somebody else's.
    """
    row = await db.fetchrow(
        f"select {_COLUMNS} from statistics_report where id = $1 and made_by_id = $2",  # noqa: S608
        report_id,
        by.staff_id,
    )
    if row is None or not by.can(Permission.REPORT_READ):
        raise NotFound("没有这份报告，或不是您生成的")
    made = _made(row)
    return made, await storage.find(made.file_id)


async def download(report_id: int, *, by: Actor) -> tuple[Made, StoredFile, bytes]:
    """The report as Word; that it was taken out is an audit line."""
    made, file = await one(report_id, by=by)
    data = await storage.read(file)
    await audit.record(by, "statistics.report_download", "statistics_report", made.id, number=made.number)
    await exports.log(
        by, exports.Kind.STATISTICS, file.name, data, which=f"{made.period}；范围：{made.scope}"
    )
    return made, file, data


async def _context(found: Board, form: DocumentForm, number: str, by: Actor) -> ReportContext:
    period = found.counted.asked.period
    shown = _figures(found)
    label = period.label if form.kind is Kind.STATISTICS_REPORT else period.label.removesuffix("年")
    title = f"{label}{form.kind.label}"
    return ReportContext(
        hospital=Hospital(
            name=settings().hospital_name,
            department=str(await parameters.value(DEPARTMENT)),
            phone=str(await parameters.value(PHONE)),
            address=str(await parameters.value(ADDRESS)),
        ),
        report=Report(
            number=number,
            title=title,
            date=clock.today(),
            author=by.name,
            reviewer=form.reviewer,
            approver=form.approver,
        ),
        statistics=words.Statistics(
            period=period.label,
            first_day=_day(period.start),
            last_day=_day(period.last),
            scope=found.scope,
            received=shown["received"].cell.text,
            received_before=_was(shown["received"], found.counted.before),
            received_year=_was(shown["received"], found.counted.year_before),
            received_change=_change(shown["received"], year=False),
            received_year_change=_change(shown["received"], year=True),
            **{name: shown[name].cell.text for name in _NAMED},
            summary=form.summary,
            causes=form.causes,
            measures=form.measures,
            examples=form.examples,
        ),
        figures=tuple(_line(one) for one in shown.values()),
        sources=_shares(found, "source"),
        types=_shares(found, "type"),
        categories=_shares(found, "category"),
        departments=tuple(
            words.DepartmentLine(
                name=row.label,
                received=row.cells[0].text,
                share=row.share,
                hours=row.cells[2].text,
                on_time=row.cells[3].text,
                satisfied=row.cells[4].text,
                reworked=row.cells[5].text,
            )
            for row in _rows(found, "place").rows[:MOST_LINES]
        ),
        months=_months(found),
        limits=tuple(
            words.LimitLine(name=row.label, **_named(("on_time", "met", "late", "overdue"), row.cells))
            for row in _rows(found, "kind").rows
        ),
        authenticity=tuple(
            words.AuthenticityLine(name=one.figure.label, amount=one.over.text, share=one.cell.text)
            for section in found.sections
            if section.statistic.name == "validity"
            for one in section.figures
        ),
    )


_NAMED = (
    *("concluded", "on_time", "responded", "solved", "satisfied", "reworked", "returned", "extended"),
    *("repeated", "per_visits"),
)


def _named(names: tuple[str, ...], cells: tuple[Cell, ...]) -> dict[str, str]:
    return {name: cell.text for name, cell in zip(names, cells, strict=True)}


def _figures(found: Board) -> dict[str, Shown]:
    shown = [*found.tiles, *(one for section in found.sections for one in section.figures)]
    return {one.figure.name: one for one in shown}


def _line(one: Shown) -> words.FigureLine:
    return words.FigureLine(
        name=one.figure.label,
        value=one.cell.text,
        parts=f"{one.over.text} ÷ {one.under.text}" if one.under else "",
        before=one.before.was if one.before else "—",
        year=one.year.was if one.year else "—",
        formula=one.formula,
    )


def _was(one: Shown, tally: object) -> str:
    value = one.figure.value(tally) if isinstance(tally, dict) else None
    return "—" if value is None else f"{value:,.0f}"


def _change(one: Shown, *, year: bool) -> str:
    change = one.year if year else one.before
    return change.text if change else "—"


def _rows(found: Board, by: str, name: str = "") -> Drawn:
    return next(
        drawn
        for section in found.sections
        for drawn in section.tables
        if drawn.table.by == by and (not name or section.statistic.name == name)
    )


def _shares(found: Board, by: str) -> tuple[words.ShareLine, ...]:
    return tuple(
        words.ShareLine(
            name=f"　{row.label}" if row.depth else row.label,
            received=row.cells[0].text,
            share=row.share,
            concluded=row.cells[1].text if len(row.cells) > 1 else "",
        )
        for row in _rows(found, by).rows[:MOST_LINES]
    )


def _months(found: Board) -> tuple[words.MonthLine, ...]:
    liked = {row.key: row.cells for row in _rows(found, "month", "satisfaction").rows}
    return tuple(
        words.MonthLine(
            name=row.label,
            received=row.cells[0].text,
            replied=row.cells[1].text,
            satisfied=liked[row.key][0].text if row.key in liked else "—",
            solved=liked[row.key][1].text if row.key in liked else "—",
        )
        for row in _rows(found, "month", "volume").rows
    )


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"

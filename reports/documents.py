"""Handling reports (办理情况报告) and annual reports as Word: filled from the template in use, numbered, kept.

Made again it gets another number; what was made stays. A report holds what its maker may count, so it is the maker's.
"""

from datetime import date

from pydantic import Field, JsonValue

from core import clock
from core.actions import Form
from core.actor import Actor, Permission
from core.errors import Forbidden, Refused
from reports.asking import Asked
from reports.board import Board, board
from reports.shelf import Draft, Shelf, hospital
from reports.showing import Cell, Drawn, Shown
from tickets.word import statistics_variables as words
from tickets.word.variables import Kind, Report, ReportContext

MOST_LINES = 60
KINDS = tuple(kind for kind in Kind if kind.source == "statistics")
SHELF = Shelf(
    "statistics_report",
    "statistics_report r",
    "r.kind",
    "statistics.report",
    Permission.REPORT_READ,
    lambda kind: Kind(kind).label,
)
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

    async def context(number: str) -> ReportContext:
        return await _context(found, form, number, by)

    return await SHELF.write(
        Draft(
            form.kind,
            asked.period.label,
            found.scope,
            asked.query(),
            context,
            lambda number: f"{number} {asked.period.label}{form.kind.label}.docx",
            lambda context, template: {
                "kind": form.kind,
                "template_id": template,
                "context": context.model_dump_json(include={"report", "statistics", "figures"}),
            },
        ),
        by=by,
    )


async def _context(found: Board, form: DocumentForm, number: str, by: Actor) -> ReportContext:
    period = found.counted.asked.period
    shown = _figures(found)
    label = period.label if form.kind is Kind.STATISTICS_REPORT else period.label.removesuffix("年")
    title = f"{label}{form.kind.label}"
    return ReportContext(
        hospital=await hospital(),
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

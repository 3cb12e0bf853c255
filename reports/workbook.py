"""Statistics as an Excel workbook: a sheet for the figures, one for each table, each with a line who took it out and when.

Numbers stay numbers. What is a word stays text: it can never become a formula. Counts nothing itself.
"""

import asyncio
import io
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from core import audit, exports
from core.actor import Actor, Permission
from core.errors import Forbidden
from core.sheets import harmless
from reports.asking import Asked
from reports.board import Board, board
from reports.showing import Cell, Drawn

_WIDE, _NARROW = 30, 14
_MOST_ROWS = 1_000  # of one table


def permitted(by: Actor) -> bool:
    """Whether a person may take statistics out."""
    return by.can(Permission.REPORT_READ)


async def workbook(asked: Asked, *, by: Actor) -> tuple[str, bytes]:
    """The file's name and its bytes; that it was taken out is an audit line.

    Raises:
        Forbidden: this person reads no reports.
        Refused: it took too long.
    """
    if not permitted(by):
        raise Forbidden
    found = await board(asked, by=by, top=_MOST_ROWS)
    mark = f"{exports.mark(by)}；范围：{found.scope}"
    data = await asyncio.to_thread(write, found, mark)
    await audit.record(by, "statistics.export", "statistics", None, query=asked.query(), scope=found.scope)
    name = f"统计_{asked.period.label}.xlsx"
    await exports.log(
        by, exports.Kind.STATISTICS, name, data, which=f"{asked.period.label}；范围：{found.scope}"
    )
    return name, data


class _Book:
    """The workbook while it is written."""

    def __init__(self, mark: str) -> None:
        self.memory = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self.memory,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self.mark = mark
        self.title = self._format(bold=True, font_size=14)
        self.soft = self._format(font_color="#666666", italic=True)
        self.head = self._format(bold=True, bg_color="#D9E1F2", border=1, text_wrap=True, valign="vcenter")
        self.text = self._format(border=1, num_format="@", text_wrap=True, valign="top")
        self.within = self._format(border=1, num_format="@", indent=1)
        self.number = self._format(border=1, num_format="#,##0")
        self.tenth = self._format(border=1, num_format="#,##0.0")
        self.share = self._format(border=1, num_format="0.0%")

    def _format(self, **how: object) -> Format:
        made: Format = self.book.add_format(how)
        return made

    def sheet(self, name: str, title: str, widths: list[int]) -> Worksheet:
        """A new sheet with title and mark; its table begins in row 3."""
        sheet = self.book.add_worksheet(name[:31])
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        sheet.write_string(0, 0, harmless(title), self.title)
        sheet.write_string(1, 0, harmless(self.mark), self.soft)
        sheet.set_header(f"&L{self.mark.replace('&', '&&')[:120]}")
        sheet.set_footer("&C第 &P 页，共 &N 页")
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.freeze_panes(3, 1)
        return sheet

    def write(
        self, sheet: Worksheet, row: int, column: int, cell: Cell, *, percent: bool, whole: bool
    ) -> None:
        """A number as a number; nothing where there is none."""
        if cell.value is None:
            sheet.write_string(row, column, "—", self.text)
        elif percent:
            sheet.write_number(row, column, cell.value / 100, self.share)
        else:
            sheet.write_number(row, column, cell.value, self.number if whole else self.tenth)


def write(found: Board, mark: str) -> bytes:
    """The bytes of the workbook."""
    made = _Book(mark)
    period = found.counted.asked.period.label
    _figures(made, found, period)
    for section in found.sections:
        for drawn in section.tables:
            _table(made, drawn, period)
    made.book.close()
    return made.memory.getvalue()


def _figures(made: _Book, found: Board, period: str) -> None:
    sheet = made.sheet("指标", f"{period} 指标", [16, 24, 12, 14, 14, 14, 14, 60])
    titles = ("统计", "指标", "数值", "分子", "分母", "上期", "去年同期", "计算方法")
    for at, title in enumerate(titles):
        sheet.write_string(2, at, title, made.head)
    row = 3
    seen: set[str] = set()
    shown_of = [(section.statistic.label, shown) for section in found.sections for shown in section.figures]
    for label, shown in [*(("概况", tile) for tile in found.tiles), *shown_of]:
        if shown.figure.name in seen:
            continue
        seen.add(shown.figure.name)
        sheet.write_string(row, 0, label, made.text)
        sheet.write_string(row, 1, shown.figure.label, made.text)
        percent = bool(shown.figure.under) and shown.figure.per == 100
        made.write(sheet, row, 2, shown.cell, percent=percent, whole=not shown.figure.under)
        made.write(sheet, row, 3, shown.over, percent=False, whole=True)
        made.write(sheet, row, 4, shown.under or Cell("", None), percent=False, whole=True)
        sheet.write_string(row, 5, shown.before.was if shown.before else "—", made.text)
        sheet.write_string(row, 6, shown.year.was if shown.year else "—", made.text)
        sheet.write_string(row, 7, shown.formula, made.text)
        row += 1


def _table(made: _Book, drawn: Drawn, period: str) -> None:
    table = drawn.table
    widths = [_WIDE, *([_NARROW] * (len(table.figures) + 1))]
    names: list[Any] = [sheet.get_name() for sheet in made.book.worksheets()]
    name = table.label.replace("/", "／")
    sheet = made.sheet(name if name not in names else f"{name}2", f"{period} {table.label}", widths)
    sheet.write_string(2, 0, table.label, made.head)
    for at, figure in enumerate(table.figures, start=1):
        sheet.write_string(2, at, figure.label, made.head)
    share_at = len(table.figures) + 1
    if table.whole:
        sheet.write_string(2, share_at, "占比", made.head)
    for row, line in enumerate(drawn.rows, start=3):
        sheet.write_string(row, 0, harmless(line.label), made.within if line.depth else made.text)
        for at, (figure, cell) in enumerate(zip(table.figures, line.cells, strict=True), start=1):
            percent = bool(figure.under) and figure.per == 100
            made.write(sheet, row, at, cell, percent=percent, whole=not figure.under)
        if table.whole and line.share:
            sheet.write_number(row, share_at, float(line.share.rstrip("%")) / 100, made.share)

"""Writes the rows that could not be imported back as an .xlsx a clerk can correct and import again.

Original columns in their order, one more with the reasons, the faulty cells coloured. Text is always
written as text: nothing a caller said can become a formula in the clerk's Excel.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from tickets.sheets.columns import column_letter
from tickets.sheets.reader import Cell
from tickets.sheets.rows import Fault

REASON_HEADER: Final = "导入失败原因"
_EXCEL_TEXT: Final = 32_767  # the most characters a cell can hold
_CUT: Final = "…（内容过长，已截断）"
_EXACT_DIGITS: Final = 10**15


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """A refused row: its cells as they were read, and why it was refused."""

    cells: tuple[Cell, ...]
    faults: tuple[Fault, ...]


def write_faulty(target: Path | BytesIO, headers: Sequence[str], rows: Iterable[FaultyRow]) -> int:
    """Stream the rows into `target`; returns how many were written. Memory does not grow with the rows."""
    book = xlsxwriter.Workbook(
        target if isinstance(target, BytesIO) else str(target),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - same rows, same file
    sheet = book.add_worksheet("导入失败")
    pens = _Pens(book)
    reason_column = len(headers)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(reason_column - 1, 0), 18)
    sheet.set_column(reason_column, reason_column, 60)
    for column, header in enumerate((*headers, REASON_HEADER)):
        sheet.write_string(0, column, _fitted(header), pens.header)
    count = 0
    for count, row in enumerate(rows, start=1):
        bad = {fault.column_letter for fault in row.faults}
        for column in range(reason_column):
            cell = row.cells[column] if column < len(row.cells) else None
            _write(sheet, count, column, cell, pens, bad=column_letter(column) in bad)
        sheet.write_string(count, reason_column, _fitted(reasons(row.faults)), pens.reason)
    book.close()
    return count


def reasons(faults: Iterable[Fault]) -> str:
    """All reasons of a row in one text, each with the column it is about."""
    return "；".join(
        f"{fault.column_letter} 列“{fault.header}”：{fault.reason}"
        if fault.column_letter
        else f"“{fault.header}”：{fault.reason}"
        for fault in faults
    )


class _Pens:
    """The cell formats of the file."""

    def __init__(self, book: Any) -> None:
        red = {"bg_color": "#FFC7CE", "font_color": "#9C0006", "border": 1, "border_color": "#9C0006"}
        text = {"num_format": "@", "valign": "top", "quote_prefix": True}
        moment = {"num_format": "yyyy-mm-dd hh:mm:ss", "valign": "top", "align": "left"}
        self.header = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1, "num_format": "@"})
        self.reason = book.add_format(
            {"num_format": "@", "font_color": "#9C0006", "text_wrap": True, "valign": "top"}
        )
        self.text = {False: book.add_format(text), True: book.add_format({**text, **red})}
        self.moment = {False: book.add_format(moment), True: book.add_format({**moment, **red})}
        self.plain = {
            False: book.add_format({"valign": "top"}),
            True: book.add_format({"valign": "top", **red}),
        }


def _write(sheet: Any, row: int, column: int, cell: Cell, pens: _Pens, *, bad: bool) -> None:
    if cell is None:
        if bad:
            sheet.write_blank(row, column, None, pens.plain[bad])
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, pens.plain[bad])
    elif isinstance(cell, datetime) and cell.tzinfo is None and cell.year >= 1900:
        sheet.write_datetime(row, column, cell, pens.moment[bad])
    elif isinstance(cell, date) and not isinstance(cell, datetime) and cell.year >= 1900:
        sheet.write_datetime(row, column, datetime.combine(cell, time(0)), pens.moment[bad])
    elif isinstance(cell, int | float) and isfinite(cell) and abs(cell) < _EXACT_DIGITS:
        sheet.write_number(row, column, cell, pens.plain[bad])
    else:
        sheet.write_string(row, column, _fitted(str(cell)), pens.text[bad])


def _fitted(text: str) -> str:
    return text if len(text) <= _EXCEL_TEXT else text[: _EXCEL_TEXT - len(_CUT)] + _CUT

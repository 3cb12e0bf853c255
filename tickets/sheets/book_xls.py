"""Reads the rows of an old .xls file (Excel 97-2003), merged ranges filled, dates as datetimes.

xlrd holds the whole sheet in memory; the format itself stops at 65,536 rows, so that is bounded. Macros
are refused, not stripped.
"""

import io
import mmap
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import xlrd

from tickets.sheets.limits import BROKEN, MAX_COLUMNS, SheetError

Cell = str | int | float | bool | datetime | date | time | None

_DAMAGED: Final = "表格文件已损坏，请在 Excel 中打开并另存为 .xlsx 后再导入"


@dataclass(frozen=True, slots=True)
class Book:
    """An .xls that xlrd can open."""

    path: Path
    names: tuple[str, ...]
    first: str
    date_1904: bool

    def rows(self, name: str) -> Iterator[tuple[Cell, ...]]:
        """All rows of the named sheet from row 1."""
        try:
            with closing(_Opened(self.path)) as opened:
                sheet = opened.book.sheet_by_name(name)
                fills = _fills(sheet)
                for number in range(sheet.nrows):
                    row = [_value(cell, opened.book.datemode) for cell in sheet.row(number)]
                    for left, right, value in fills.get(number, ()):
                        row.extend([None] * (right - len(row)))
                        row[left:right] = [value] * (right - left)
                    yield tuple(row)
        except (*BROKEN, xlrd.XLRDError, xlrd.compdoc.CompDocError):
            raise SheetError(_DAMAGED) from None


class _Opened:
    """The workbook and the sink for xlrd's chatter, closed together."""

    def __init__(self, path: Path) -> None:
        self.book: Any = xlrd.open_workbook(
            str(path),
            logfile=io.StringIO(),
            formatting_info=True,
            ignore_workbook_corruption=False,
        )

    def close(self) -> None:
        self.book.release_resources()


def open_book(path: Path) -> Book:
    """Refuse encrypted files, macros and foreign documents; list the visible sheets first."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise SheetError("文件有密码保护，请取消密码后再导入")
        if data.find("_VBA_PROJECT".encode("utf-16-le")) >= 0:
            raise SheetError("不接受带宏的表格，请在 Excel 中另存为 .xlsx（不含宏）后再导入")
        if data.find("WordDocument".encode("utf-16-le")) >= 0:
            raise SheetError("这是 Word 文档，不是表格")
    try:
        with closing(_Opened(path)) as opened:
            book = opened.book
            visible = tuple(sheet.name for sheet in book.sheets() if sheet.visibility == 0)
            names = visible or tuple(book.sheet_names())
            date_1904 = book.datemode == 1
    except xlrd.XLRDError as error:
        if "encrypt" in str(error).lower():
            raise SheetError("文件有密码保护，请取消密码后再导入") from None
        raise SheetError(_DAMAGED) from None
    except (*BROKEN, xlrd.compdoc.CompDocError):
        raise SheetError(_DAMAGED) from None
    if not names:
        raise SheetError("文件中没有工作表")
    return Book(path=path, names=names, first=names[0], date_1904=date_1904)


def _value(cell: Any, datemode: int) -> Cell:
    match cell.ctype:
        case xlrd.XL_CELL_TEXT:
            return str(cell.value)
        case xlrd.XL_CELL_DATE:
            try:
                moment: datetime = xlrd.xldate_as_datetime(cell.value, datemode)
            except (ValueError, OverflowError, xlrd.XLDateError):
                return float(cell.value)
            return moment
        case xlrd.XL_CELL_NUMBER:
            number = float(cell.value)
            return int(number) if number.is_integer() and abs(number) < 1e15 else number
        case xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        case xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, "#N/A"))
        case _:
            return None


def _fills(sheet: Any) -> dict[int, list[tuple[int, int, Cell]]]:
    """Row number (from 0) to the column spans that a merged range fills there."""
    fills: dict[int, list[tuple[int, int, Cell]]] = {}
    for top, bottom, left, right in sheet.merged_cells:
        if left >= MAX_COLUMNS or top >= sheet.nrows or left >= sheet.row_len(top):
            continue
        value = _value(sheet.cell(top, left), sheet.book.datemode)
        for number in range(top, min(bottom, sheet.nrows)):
            fills.setdefault(number, []).append((left, min(right, MAX_COLUMNS), value))
    return fills

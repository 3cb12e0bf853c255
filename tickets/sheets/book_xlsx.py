"""Streams the rows of an .xlsx file, with the value of a merged range in each of its cells.

openpyxl's streaming reader does not tell which cells are merged, because that stands after the data; the
ranges are found beforehand by one pass over the sheet's bytes. Never evaluates a formula: the value saved
by the program that wrote the file counts.
"""

import re
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO, Final

from defusedxml import ElementTree
from openpyxl import Workbook, load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException

from tickets.sheets.limits import (
    BROKEN,
    MAX_COLUMNS,
    MAX_MERGES,
    MAX_PARTS,
    MAX_ROW_NUMBER,
    MAX_UNPACKED_BYTES,
    SheetError,
)

Cell = str | int | float | bool | datetime | date | time | None
Range = tuple[int, int, int, int]  # first column, first row, last column, last row; all from 1

_DAMAGED: Final = "表格文件已损坏，请在 Excel 中打开并另存为 .xlsx 后再导入"
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]{0,80}?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_CHUNK: Final = 1024 * 1024
_OVERLAP: Final = 160
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_MAIN = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"


@dataclass(frozen=True, slots=True)
class Book:
    """An .xlsx whose container has been checked; rows are read on demand."""

    path: Path
    names: tuple[str, ...]
    first: str
    date_1904: bool

    def rows(self, name: str) -> Iterator[tuple[Cell, ...]]:
        """All rows of the named sheet from row 1, empty ones as empty tuples."""
        try:
            merges = _merges(self.path, name)
            yield from _filled(_plain_rows(self.path, name), merges)
        except (*BROKEN, InvalidFileException):
            raise SheetError(_DAMAGED) from None


def open_book(path: Path) -> Book:
    """Check the container (size unpacked, macros, kind) and list the visible sheets first."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_parts(archive)
        with path.open("rb") as file, closing(_workbook(file)) as book:
            sheets = [sheet for sheet in book.worksheets if sheet.title]
            visible = [sheet.title for sheet in sheets if sheet.sheet_state == "visible"]
            names = tuple(visible or [sheet.title for sheet in sheets])
            epoch_1904 = book.epoch == CALENDAR_MAC_1904
    except (*BROKEN, InvalidFileException):
        raise SheetError(_DAMAGED) from None
    if not names:
        raise SheetError("文件中没有工作表")
    return Book(path=path, names=names, first=names[0], date_1904=epoch_1904)


def _workbook(file: BinaryIO) -> Workbook:
    """openpyxl judges paths by their ending and refuses others, so it is given the open file."""
    with warnings.catch_warnings(action="ignore"):
        return load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise SheetError(f"表格解压后超过 {MAX_UNPACKED_BYTES // 1024 // 1024} MB，请分成几个文件导入")
    if any(part.flag_bits & 0x1 for part in parts):
        raise SheetError("文件有密码保护，请取消密码后再导入")
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in names):
        raise SheetError("不接受带宏的表格，请在 Excel 中另存为 .xlsx（不含宏）后再导入")
    if "xl/workbook.bin" in names:
        raise SheetError("不支持二进制表格（.xlsb），请在 Excel 中另存为 .xlsx 后再导入")
    if "word/document.xml" in names:
        raise SheetError("这是 Word 文档，不是表格")
    if "[content_types].xml" not in names:
        raise SheetError("这是压缩包，请先解压，再导入里面的表格")


def _plain_rows(path: Path, name: str) -> Iterator[tuple[Cell, ...]]:
    with path.open("rb") as file, closing(_workbook(file)) as book:
        sheet = book[name]
        # Some exporters write a wrong size (A1) into the file; without it the rows themselves decide.
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > MAX_ROW_NUMBER:
                raise SheetError(_DAMAGED)
            yield tuple(map(_value, cells))


def _value(value: object) -> Cell:
    """Cells of kinds that an order never holds (durations, rich text objects) are shown as text."""
    if value is None or isinstance(value, str | int | float | datetime | date | time):
        return value
    return str(value)


def _sheet_part(archive: zipfile.ZipFile, name: str) -> str:
    """The archive path of the named sheet, by workbook.xml and its relationships."""
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    wanted = ""
    for main in (_MAIN, _STRICT_MAIN):
        for sheet in workbook.iter(f"{main}sheet"):
            if sheet.get("name") == name:
                wanted = next((value for key, value in sheet.items() if key.endswith("}id")), "")
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    for relation in relations:
        if relation.get("Id") == wanted:
            target = str(relation.get("Target", ""))
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _merges(path: Path, name: str) -> list[Range]:
    found: list[Range] = []
    with zipfile.ZipFile(path) as archive:
        try:
            part = _sheet_part(archive, name)
            file = archive.open(part)
        except KeyError:
            return []  # an unusual layout that openpyxl understands; such files come without merges
        with file:
            rest = b""
            while chunk := file.read(_CHUNK):
                text = rest + chunk
                end = 0
                for match in _MERGE.finditer(text):
                    found.append(_range(match.group(1).decode("ascii")))
                    end = match.end()
                if len(found) > MAX_MERGES:
                    raise SheetError("表格中合并的单元格太多，请取消合并后再导入")
                rest = text[max(end, len(text) - _OVERLAP) :]
    return found


def _range(reference: str) -> Range:
    left, top, right, bottom = range_boundaries(reference)
    if left is None or top is None or right is None or bottom is None:
        raise SheetError(_DAMAGED)
    return int(left), int(top), int(right), int(bottom)


def _filled(rows: Iterator[tuple[Cell, ...]], merges: list[Range]) -> Iterator[tuple[Cell, ...]]:
    """Copy the top left value of each range into the range's other cells, as the rows stream by."""
    starting: dict[int, list[Range]] = defaultdict(list)
    for item in merges:
        if item[0] <= MAX_COLUMNS:
            starting[item[1]].append(item)
    active: list[tuple[Range, Cell]] = []
    for number, cells in enumerate(rows, start=1):
        if not active and number not in starting:
            yield cells
            continue
        active = [(item, value) for item, value in active if item[3] >= number]
        for item in starting.get(number, ()):
            active.append((item, cells[item[0] - 1] if item[0] <= len(cells) else None))
        row = list(cells)
        for (left, _top, right, _bottom), value in active:
            if value is None:
                continue
            last = min(right, MAX_COLUMNS)
            row.extend([None] * (last - len(row)))
            row[left - 1 : last] = [value] * (last - left + 1)
        yield tuple(row)

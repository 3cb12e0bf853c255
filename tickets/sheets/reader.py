"""Opens an exported table (.xlsx, .xls, .csv, .tsv) and streams its rows, merged cells filled in.

What a file is, is decided by its first bytes, not by its name. Whatever cannot be read safely is refused
with one Chinese sentence (`SheetError`). Nothing here knows what a column means, evaluates a formula or
follows a link.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from tickets.sheets import book_xls, book_xlsx, text_table
from tickets.sheets.limits import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, SheetError

__all__ = ["Cell", "Row", "Sheet", "SheetError", "open_sheet"]

Cell = str | int | float | bool | datetime | date | time | None

_OLE: Final = bytes.fromhex("D0CF11E0A1B11AE1")
_OTHER_KINDS: Final = {
    ".xlsm": "不接受带宏的表格（.xlsm），请在 Excel 中另存为 .xlsx 后再导入",
    ".xltm": "不接受带宏的表格（.xltm），请在 Excel 中另存为 .xlsx 后再导入",
    ".xlsb": "不支持二进制表格（.xlsb），请在 Excel 中另存为 .xlsx 后再导入",
    ".et": "不支持 WPS 专有格式（.et），请另存为 .xlsx 后再导入",
    ".ods": "不支持 .ods 表格，请另存为 .xlsx 后再导入",
    ".zip": "这是压缩包，请先解压，再导入里面的表格",
    ".rar": "这是压缩包，请先解压，再导入里面的表格",
    ".pdf": "这是 PDF 文件，请向平台索取 Excel 或 CSV 格式的工单",
}
_FIRST_BYTES: Final = (
    (b"%PDF", "这是 PDF 文件，请向平台索取 Excel 或 CSV 格式的工单"),
    (b"Rar!", "这是压缩包，请先解压，再导入里面的表格"),
    (b"\x89PNG", "这是图片，不是表格"),
    (b"\xff\xd8\xff", "这是图片，不是表格"),
    (b"\x09\x08", "这是 Excel 95 以前的旧格式，请在 Excel 中另存为 .xlsx 后再导入"),
    (b"\x09\x04", "这是 Excel 95 以前的旧格式，请在 Excel 中另存为 .xlsx 后再导入"),
    (b"\x09\x02", "这是 Excel 95 以前的旧格式，请在 Excel 中另存为 .xlsx 后再导入"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty: its number in the file (from 1) and its cells, trailing blanks cut."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file. `rows()` may be called again; each call reads the file anew from its start."""

    names: tuple[str, ...]
    name: str
    date_1904: bool
    _read: Callable[[], Iterator[tuple[Cell, ...]]]

    def rows(self) -> Iterator[Row]:
        """Rows from top to bottom in constant memory; raises `SheetError` where the file breaks."""
        count = 0
        for number, cells in enumerate(self._read(), start=1):
            filled = _trimmed(cells)
            if not filled:
                continue
            if len(filled) > MAX_COLUMNS:
                raise SheetError(f"表格列数超过 {MAX_COLUMNS} 列，请删去无关的列后再导入")
            count += 1
            if count > MAX_ROWS:
                raise SheetError(f"表格超过 {MAX_ROWS // 10_000} 万行，请分成几个文件导入")
            yield Row(number, filled)
        if count == 0:
            raise SheetError("工作表里没有内容")


def open_sheet(path: Path, *, filename: str = "", sheet: str = "") -> Sheet:
    """Open the table at `path`; `filename` is the uploader's name for it, `sheet` the wanted work sheet.

    Without `sheet` the first visible work sheet is taken. Raises `SheetError`.
    """
    suffix = Path(filename or path.name).suffix.lower()
    if suffix in _OTHER_KINDS:
        raise SheetError(_OTHER_KINDS[suffix])
    size = path.stat().st_size
    if size == 0:
        raise SheetError("文件是空的")
    if size > MAX_BYTES:
        raise SheetError(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请分成几个文件导入")
    with path.open("rb") as file:
        head = file.read(2048)
    if head.startswith(_OLE):
        return _sheet(book_xls.open_book(path), sheet)
    if head.startswith(b"PK"):
        if not zipfile.is_zipfile(path):
            raise SheetError("表格文件不完整，可能没有下载完，请重新下载后再导入")
        return _sheet(book_xlsx.open_book(path), sheet)
    for mark, sentence in _FIRST_BYTES:
        if head.startswith(mark):
            raise SheetError(sentence)
    _refuse_markup(head)
    return _sheet(text_table.open_text(path, tab=suffix == ".tsv"), sheet)


def _sheet(book: book_xlsx.Book | book_xls.Book | text_table.Book, wanted: str) -> Sheet:
    if wanted and wanted not in book.names:
        raise SheetError(f"文件中没有名为“{wanted}”的工作表")
    name = wanted or book.first
    return Sheet(names=book.names, name=name, date_1904=book.date_1904, _read=lambda: book.rows(name))


def _refuse_markup(head: bytes) -> None:
    """Many platforms call an HTML page .xls; Excel opens it, a careful reader does not guess."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(
        (b"<!doctype html", b"<html", b"<table", b"<meta", b"<style", b"<head", b"mime-version")
    ):
        raise SheetError("这个文件其实是网页，不是 Excel 表格，请在 Excel 中打开后另存为 .xlsx 再导入")
    if text.startswith((b"<?xml", b"<workbook")):
        raise SheetError("这是 XML 格式的表格，请在 Excel 中打开后另存为 .xlsx 再导入")


def _trimmed(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    end = len(cells)
    while end and (cells[end - 1] is None or cells[end - 1] == ""):
        end -= 1
    kept = cells[:end]
    if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in kept):
        return ()
    return kept

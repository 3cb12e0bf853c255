"""Streams the rows of a .csv or .tsv file, whatever its encoding and separator.

Encodings tried in this order: the byte order mark's, UTF-8, GB18030. A file that is none of them, or holds
zero bytes, is refused rather than shown as garbage.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tickets.sheets.limits import SheetError

_CHUNK: Final = 1024 * 1024
_SEPARATORS: Final = (",", "\t", ";", "|", "，")
_NAME: Final = "表格"
# A content cell may hold 20,000 characters; a larger one is a missing quotation mark.
csv.field_size_limit(131_072)


@dataclass(frozen=True, slots=True)
class Book:
    """A text table: one sheet, its encoding and its separator."""

    path: Path
    encoding: str
    separator: str
    names: tuple[str, ...] = (_NAME,)
    first: str = _NAME
    date_1904: bool = False

    def rows(self, _name: str) -> Iterator[tuple[str, ...]]:
        """All rows; a record with line breaks inside quotation marks is one row."""
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                for cells in csv.reader(file, delimiter=self.separator):
                    yield tuple(map(_bare, cells))
        except csv.Error:
            raise SheetError("文本表格中有引号没有成对，请在 Excel 中打开并另存为 .xlsx 后再导入") from None


def open_text(path: Path, *, tab: bool = False) -> Book:
    """Find out encoding and separator; raises `SheetError` for files that are not text."""
    encoding = _encoding(path)
    separator = "\t" if tab else _separator(path, encoding)
    return Book(path=path, encoding=encoding, separator=separator)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif head.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise SheetError("认不出文件的文字编码，请在 Excel 中打开并另存为 .xlsx 后再导入")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if "\0" in decoder.decode(chunk):
                    raise SheetError("这不是表格文件，请导入 .xlsx、.xls 或 .csv 文件")
            decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _separator(path: Path, encoding: str) -> str:
    """The separator that cuts most of the first lines into the same, largest number of cells."""
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(64 * 1024).splitlines(keepends=True)[:50]
    best, best_score = ",", 0.0
    for separator in _SEPARATORS:
        try:
            widths = Counter(len(cells) for cells in csv.reader(sample, delimiter=separator) if cells)
        except csv.Error:
            continue
        score = max((width * times for width, times in widths.items() if width > 1), default=0)
        if score > best_score:
            best, best_score = separator, score
    return best


def _bare(cell: str) -> str:
    """Undo the ways programs force a number to stay text: ="0138" , a leading ' or a trailing tab."""
    if len(cell) > 3 and cell.startswith('="') and cell.endswith('"') and '"' not in cell[2:-1]:
        return cell[2:-1]
    return cell[1:] if cell.startswith("'") and cell[1:2].isdigit() else cell

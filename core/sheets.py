"""A list as an Excel workbook, written row by row so that memory does not grow with it. Reads no row itself.

What somebody wrote stays text: it can never become a formula in somebody's Excel, nor in what is made of the sheet
afterwards (OWASP, "CSV Injection").
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import xlsxwriter

from core import clock

Cell = str | int | datetime | None
_EXCEL_TEXT = 32_767
_FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")  # of full width too: Excel of East Asia reads them alike


class ListSheet:
    """The workbook: each row goes to the disk once the next one begins.

    Args:
        folder: where it is written; the caller's, and removed by the caller.
        name: of the worksheet.
        columns: title and width in characters of each column.
        mark: who took it out, when and for what, its parts parted by "；"; it stands on every printed page and on a
            worksheet of its own.
        stamp: of a sheet with personal data in full: whose it is and its number. It stands in every row and below every
            printed page, so that a row that was copied or a page that was photographed still tells.
    """

    def __init__(
        self, folder: Path, name: str, columns: Sequence[tuple[str, int]], mark: str = "", stamp: str = ""
    ) -> None:
        self.stamp = stamp
        columns = [*columns, *([("导出标识", 34)] if stamp else [])]
        self.path = folder / "list.xlsx"
        self.mark = mark
        self.width = len(columns)
        self.book = xlsxwriter.Workbook(
            str(self.path),
            {
                "constant_memory": True,
                "tmpdir": str(folder),
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
                "default_date_format": "yyyy-mm-dd hh:mm",
            },
        )
        self.sheet = self.book.add_worksheet(name)
        head = self.book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1, "num_format": "@"})
        self.text = self.book.add_format({"num_format": "@", "valign": "top", "quote_prefix": True})
        self.moment = self.book.add_format(
            {"num_format": "yyyy-mm-dd hh:mm", "valign": "top", "align": "left"}
        )
        self.next = 1
        for at, (title, width) in enumerate(columns):
            self.sheet.set_column(at, at, width)
            self.sheet.write_string(0, at, title, head)
        self.sheet.freeze_panes(1, 1)
        if mark:
            self.sheet.set_header(f"&L{mark.replace('&', '&&')[:200]}")
            below = f"&L{stamp.replace('&', '&&')[:120]}" if stamp else ""
            self.sheet.set_footer(f"{below}&C第 &P 页，共 &N 页")
            self.sheet.repeat_rows(0)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write some rows below the last."""
        for row in rows:
            for at, cell in enumerate((*row, self.stamp) if self.stamp else row):
                self._write(at, cell)
            self.next += 1

    def _write(self, column: int, cell: Cell) -> None:
        match cell:
            case None | "":
                return
            case datetime():
                local = clock.local(cell).replace(tzinfo=None)
                self.sheet.write_datetime(self.next, column, local, self.moment)
            case int():
                self.sheet.write_number(self.next, column, cell)
            case _:
                self.sheet.write_string(self.next, column, harmless(cell)[:_EXCEL_TEXT], self.text)

    def close(self) -> bytes:
        """The finished file."""
        if self.mark:
            self._origin()
        self.sheet.autofilter(0, 0, max(self.next - 1, 1), self.width - 1)
        self.book.close()
        return self.path.read_bytes()

    def _origin(self) -> None:
        """Where the file comes from, on a sheet of its own and in its properties: who has it answers for it."""
        page = self.book.add_worksheet("导出说明")
        page.set_column(0, 0, 100)
        for at, line in enumerate(self.mark.split("；")):
            page.write_string(at, 0, harmless(line)[:_EXCEL_TEXT], self.text)
        self.book.set_properties({"comments": self.mark[:250]})


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet could take it for a formula, blanks before it or not."""
    return f"'{text}" if text.lstrip(" \u3000\xa0").startswith(_FORMULA_SIGNS) else text

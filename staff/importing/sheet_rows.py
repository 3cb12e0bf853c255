"""The rows of a sheet of staff or of names by their columns: the header recognised, cells as text, and the sheet written
back. Knows no column.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO

import xlsxwriter

from core.errors import Invalid

WITHIN = 10  # rows among which the header must stand
LONGEST = 200

REASON = "未导入原因"

Rows = list[tuple[int, dict[str, str]]]


def table(
    rows: Iterable[tuple[int, Sequence[object]]],
    *,
    columns: Collection[str],
    said: Mapping[str, str],
    needed: tuple[str, str],
    most: int,
    template: str,
) -> Rows:
    """The rows by column; numbers as the file counts them.

    Args:
        rows: number and cells of each row.
        columns: the names that are read; others are left out.
        said: other words for a column → its name.
        needed: a row with both of these is the header.
        most: rows at most.
        template: what may be downloaded as an example, as the sentence of the error calls it.

    Raises:
        Invalid: no header among the first rows, or too many rows.
    """
    header: dict[int, str] = {}
    found: Rows = []
    for at, (number, cells) in enumerate(rows):
        words = [_text(cell) for cell in cells]
        if not header:
            named = {place: said.get(word, word) for place, word in enumerate(words)}
            if set(needed) <= set(named.values()):
                header = {place: word for place, word in named.items() if word in columns}
            elif at >= WITHIN - 1:
                break
            continue
        if len(found) >= most:
            raise Invalid(f"一次最多导入 {most} 行，请分成几个文件")
        row = {name: words[place] if place < len(words) else "" for place, name in header.items()}
        if any(row.values()):
            found.append((number, row))
    if not header:
        first, second = needed
        raise Invalid(
            f"没有找到表头：前 {WITHIN} 行中应有一行写明“{first}”“{second}”等列名，可先下载{template}"
        )
    return found


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())[:LONGEST]


def book(
    columns: Sequence[str], rows: Iterable[Mapping[str, str]], *, title: str, faulty: bool = False
) -> bytes:
    """Rows by column as an .xlsx that can be brought in again; `faulty` adds why a row was not taken (`REASON`)."""
    target = BytesIO()
    made = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    sheet = made.add_worksheet("未导入" if faulty else title)
    head = made.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
    # quoted, so that nothing that stood in an order can become a formula in the clerk's Excel
    text = made.add_format({"num_format": "@", "quote_prefix": True, "valign": "top"})
    why = made.add_format({"num_format": "@", "font_color": "#9C0006", "text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns) - 1, 16)
    sheet.set_column(len(columns), len(columns), 60)
    shown = (*columns, REASON) if faulty else columns
    for column, name in enumerate(shown):
        sheet.write_string(0, column, name, head)
    for at, row in enumerate(rows, start=1):
        for column, name in enumerate(shown):
            sheet.write_string(at, column, row.get(name, ""), why if name == REASON else text)
    made.close()
    return target.getvalue()

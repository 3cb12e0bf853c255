"""Reads a year's holidays from the rows of a table (date, name, 休/班); pure, knows no file format and no database."""

from collections.abc import Iterable
from datetime import date

from core.calendar import Day, HolidayFile
from core.errors import Fault, Invalid


def read_rows(year: int, rows: Iterable[tuple[object, ...]]) -> HolidayFile:
    """Rows of a table (date, name, 休/班) as a year's announcement; a row without a date at the top is a heading.

    Raises:
        Invalid: with a fault for each bad row, or when there is none at all.
    """
    days: dict[date, Day] = {}
    faults: list[Fault] = []
    for at, row in enumerate(rows, start=1):
        cells = [str(cell).strip() if cell is not None else "" for cell in (*row, "", "", "")[:3]]
        if not any(cells):
            continue
        found = _date(row[0] if row else None)
        if found is None and not days and not faults and not any(sign.isdigit() for sign in cells[0]):
            continue
        reason = _row_fault(found, cells, year, days)
        if reason or found is None:
            faults.append(
                Fault(field=f"第 {at} 行", label=f"第 {at} 行", reason=reason, value=" ".join(cells)[:80])
            )
        else:
            days[found] = Day(found, cells[1], _OFF[cells[2]])
    if faults or not days:
        raise Invalid(
            "节假日表有误，未导入" if faults else "表中没有任何日期",
            details=faults or [Fault(field="days", reason=f"没有 {year} 年的日期")],
        )
    return HolidayFile(year, (), tuple(days[key] for key in sorted(days)))


_OFF = {"休": True, "放假": True, "休息": True, "班": False, "上班": False, "调休上班": False, "调休": False}


def _row_fault(found: date | None, cells: list[str], year: int, days: dict[date, Day]) -> str:
    if found is None:
        return "第一列应为日期，例如 2027-01-01"
    if found.year != year and (found.year, found.month) != (year - 1, 12):
        return f"不属于 {year} 年（或上年 12 月）"
    if found in days:
        return "日期重复"
    if not 1 <= len(cells[1]) <= 40:
        return "第二列应为 1 至 40 字的节日名称"
    return "" if cells[2] in _OFF else "第三列只能是“休”或“班”"


def _date(cell: object) -> date | None:
    if isinstance(cell, date):
        return date(cell.year, cell.month, cell.day)  # a datetime is a date too
    text = str(cell or "").strip().replace("/", "-").replace(".", "-").replace("年", "-").replace("月", "-")
    parts = text.rstrip("日").split(" ")[0].split("-")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None

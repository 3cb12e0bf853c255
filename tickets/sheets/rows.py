"""Turns one row of a table into an order, or says of each faulty cell what is wrong with it.

Values in, values out: no file, no database. Text is kept as text: a cell that begins with = is a sentence
of the caller's, never a formula.
"""

import re
import unicodedata
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final

from pydantic import ValidationError

from tickets.order_fields import as_phone
from tickets.orders import LABELS, Order, faults_of
from tickets.sheets.columns import ColumnField, Mapping, column_letter
from tickets.sheets.dates import NOTHING, read_moment
from tickets.sheets.fields import LIMITS, SPECS, Field, Kind
from tickets.sheets.reader import Cell

_EXCEL_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+\d{2}")
_ARROWS = re.compile(r"\s*(?:-+>|=>|→|>|/|\\)\s*")
_FOOTER = re.compile(
    r"(合计|总计|共计|小计|制表|导出|打印|说明|注|备注)(人|时间|日期)?[:：]?.*|共\s*\d+\s*条.*"
)
_EXACT_DIGITS: Final = 10**15  # beyond this Excel keeps only 15 digits of a number
_IDENTIFIERS: Final = frozenset({Field.ORDER_NO, Field.PLATFORM_NO, Field.PATIENT_NUMBER})
_ORDER_KEYS: Final = frozenset(LABELS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One faulty cell: row in the file, column letter ("" where no column gives the field), why."""

    row: int
    column_letter: str
    header: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A row read: the order, or the faults. Neither means the row holds no order (blank, footer)."""

    row: int
    order: Order | None
    faults: tuple[Fault, ...] = ()
    extras: ReadOnly[Field, str] = field(default_factory=dict)  # what the order model has no place for

    @property
    def skipped(self) -> bool:
        """Whether the row is no order at all."""
        return self.order is None and not self.faults


def parse_row(
    cells: Sequence[Cell], mapping: Mapping, row_number: int, *, today: date, date_1904: bool = False
) -> Parsed:
    """Read one row by a confirmed mapping; `today` (in China) gives dates without a year their year."""
    if _is_no_order(cells) or _is_header_again(cells, mapping):
        return Parsed(row_number, None)
    reading = _Reading(cells, mapping, row_number, today, date_1904)
    for column in mapping.columns:
        reading.take(column)
    return reading.result()


def raw_row(cells: Sequence[Cell], mapping: Mapping) -> dict[str, str]:
    """Header → text of every cell, for the store of raw orders; unmapped columns included."""
    raw: dict[str, str] = {}
    for index, cell in enumerate(cells):
        header = mapping.headers[index] if index < len(mapping.headers) else ""
        key = header or column_letter(index)
        raw[key if key not in raw else f"{key} ({column_letter(index)})"] = cell_text(cell)
    return raw


def cell_text(cell: Cell) -> str:
    """A cell as a clerk reads it; whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d" if cell.time() == time(0) else "%Y-%m-%d %H:%M:%S")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


class _Reading:
    """One row while it is being read: values for the order, extras, and the faults so far."""

    def __init__(
        self, cells: Sequence[Cell], mapping: Mapping, row: int, today: date, date_1904: bool
    ) -> None:
        self.cells, self.row, self.today, self.date_1904 = cells, row, today, date_1904
        self.columns = {item.field: item for item in mapping.columns}
        self.values: dict[str, object] = {}
        self.extras: dict[Field, str] = {}
        self.faults: list[tuple[int, Fault]] = []

    def take(self, item: ColumnField) -> None:
        cell = self.cells[item.column] if item.column < len(self.cells) else None
        try:
            value = self._value(item, cell)
        except ValueError as error:
            self._blame(item, str(error))
            return
        if value is None or value == "":
            return
        if item.field.value in _ORDER_KEYS:
            self.values[item.field.value] = value
        else:
            self.extras[item.field] = cell_text(cell)
            if item.field is Field.CITY_DISPATCHED_AT:
                self.values.setdefault("_city", value)

    def result(self) -> Parsed:
        self._join_columns()
        bad = {fault.column_letter for _, fault in self.faults}
        try:
            order = Order.model_validate(self.values)
        except ValidationError as error:
            for found in faults_of(error):
                name = found["field"].partition(".")[0]
                item = self._column_of(name)
                if item is None:
                    self.faults.append(
                        (9999, Fault(self.row, "", found["label"], found["value"], found["reason"]))
                    )
                elif column_letter(item.column) not in bad:
                    self._blame(item, found["reason"])
            order = None
        faults = tuple(fault for _, fault in sorted(self.faults, key=lambda pair: pair[0]))
        return Parsed(self.row, None if faults else order, faults, self.extras)

    def _column_of(self, name: str) -> ColumnField | None:
        if name not in SPECS:
            return None
        wanted = Field(name)
        if wanted in self.columns:
            return self.columns[wanted]
        if wanted is Field.DISPATCHED_AT:
            return self.columns.get(Field.CITY_DISPATCHED_AT)
        if wanted is Field.CATEGORY:
            return self.columns.get(Field.CATEGORY_1)
        return None

    def _value(self, item: ColumnField, cell: Cell) -> object:
        """The value for the order model; raises ValueError with the reason."""
        if isinstance(cell, str) and cell.strip() in _EXCEL_ERRORS:
            raise ValueError(f"单元格是公式错误（{cell.strip()}），请改成实际内容")
        kind = SPECS[item.field].kind
        if kind in {Kind.DATE, Kind.DATETIME}:
            return read_moment(cell, today=self.today, date_1904=self.date_1904, limit=item.field in LIMITS)
        text = cell_text(cell)
        if kind is Kind.PHONE:
            return self._phone(item, cell, text)
        if item.field in _IDENTIFIERS:
            _refuse_rounded(cell, text)
            return unicodedata.normalize("NFKC", text).replace(" ", "")
        if kind in {Kind.BOOL, Kind.CHOICE, Kind.LIST} and text.lower() in NOTHING:
            return None
        if item.field is Field.CATEGORY:
            return "->".join(part for part in _ARROWS.split(text) if part)
        return text

    def _phone(self, item: ColumnField, cell: Cell, text: str) -> object:
        _refuse_rounded(cell, text)
        if "账号" in item.header and text:
            try:
                return as_phone(text)
            except ValueError:
                # Orders from the web carry an account where callers have a number.
                self.extras[Field.REMARK] = f"来电账号：{text}"
                return None
        return text

    def _join_columns(self) -> None:
        """Fill a field from its neighbours where the platform spreads it over several columns."""
        city = self.values.pop("_city", None)
        if city is not None:
            self.values.setdefault("dispatched_at", city)
        levels = [
            self.extras.get(name, "") for name in (Field.CATEGORY_1, Field.CATEGORY_2, Field.CATEGORY_3)
        ]
        if any(levels):
            self.values.setdefault("category", "->".join(level for level in levels if level))
        address = self.extras.get(Field.ADDRESS, "")
        place = str(self.values.get("place", ""))
        if address and address not in place:
            self.values["place"] = f"{place} {address}".strip()
        if "role" not in self.values and self.extras.get(Field.CO_HANDLED) in {"是", "√", "1", "协办"}:
            self.values["role"] = "协办"

    def _blame(self, item: ColumnField, reason: str) -> None:
        cell = self.cells[item.column] if item.column < len(self.cells) else None
        text = cell_text(cell)
        shown = text if len(text) <= 100 else text[:99] + "…"
        self.faults.append(
            (item.column, Fault(self.row, column_letter(item.column), item.header, shown, reason))
        )


def _refuse_rounded(cell: Cell, text: str) -> None:
    if (isinstance(cell, int | float) and abs(cell) >= _EXACT_DIGITS) or _SCIENTIFIC.fullmatch(text):
        raise ValueError("号码被表格存成了数字，末几位已经丢失，请把该列设为“文本”后重新导出")


def _is_no_order(cells: Sequence[Cell]) -> bool:
    """Blank rows, and lines below the table such as 合计 or 制表人; a merged line counts once."""
    texts = {cell_text(cell) for cell in cells} - {""}
    if not texts:
        return True
    first = next(text for text in map(cell_text, cells) if text)
    return len(texts) <= 3 and _FOOTER.fullmatch(first) is not None and not first.startswith("http")


def _is_header_again(cells: Sequence[Cell], mapping: Mapping) -> bool:
    """Exports made for printing repeat the header on every page."""
    texts = [cell_text(cell) for cell in cells]
    hits = sum(
        1 for item in mapping.columns if item.column < len(texts) and texts[item.column] == item.header != ""
    )
    return len(mapping.columns) > 1 and hits * 2 > len(mapping.columns)

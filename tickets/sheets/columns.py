"""Finds the header row of an exported table and proposes which column is which field.

The proposal is shown to a clerk, who corrects it; what the clerk confirms is a `Mapping`, saved per sender
as JSON and applied again to the next file with the same header. Values are never looked at here.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from tickets.sheets.fields import HEADERS, REQUIRED, Field, header_key
from tickets.sheets.reader import Cell, Row

HEADER_SEARCH_ROWS: Final = 30
_LONGEST_HEADER: Final = 24
_SURE: Final = 1.0
_PART_OF_GROUP: Final = 0.95  # the lower cell of a two-row header, without its group's name
_WITHOUT_REMARK: Final = 0.98
# 处理时限（天） holds a number of days, not a moment.
_NUMBER_OF_DAYS = re.compile(r"[(（](天|日|工作日|小时|分钟)[)）]")


@dataclass(frozen=True, slots=True)
class Match:
    """One column of the table: index from 0, header as written, proposed field, confidence 0..1."""

    column: int
    header: str
    field: Field | None
    confidence: float


@dataclass(frozen=True, slots=True)
class HeaderGuess:
    """Where the header stands and what it says. `last_row` is the file's row number; data begins below."""

    first_row: int
    last_row: int
    matches: tuple[Match, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers as the clerk sees them; a two-row header as group and name."""
        return tuple(match.header for match in self.matches)

    @property
    def missing(self) -> tuple[Field, ...]:
        """Required fields for which no column was found."""
        found = {match.field for match in self.matches}
        return tuple(field for field in REQUIRED if field not in found)

    def mapping(self, sender: str) -> "Mapping":
        """The proposal as a mapping, to be corrected or saved."""
        columns = tuple(
            ColumnField(column=match.column, header=match.header, field=match.field)
            for match in self.matches
            if match.field is not None
        )
        return Mapping(sender=sender, headers=self.headers, columns=columns)


class ColumnField(BaseModel):
    """One column that is read: its index from 0, its header and its field."""

    model_config = ConfigDict(frozen=True)

    column: int
    header: str
    field: Field


class Mapping(BaseModel):
    """Which columns of a sender's table are read as which fields; JSON by `model_dump_json`."""

    model_config = ConfigDict(frozen=True)

    sender: str
    headers: tuple[str, ...]
    columns: tuple[ColumnField, ...]

    @property
    def signature(self) -> str:
        """SHA-256 of the normalised headers; equal for files of the same layout."""
        return signature(self.headers)

    @property
    def missing(self) -> tuple[Field, ...]:
        """Required fields that no column gives."""
        found = {column.field for column in self.columns}
        return tuple(field for field in REQUIRED if field not in found)

    def applied_to(self, headers: Sequence[str]) -> "Mapping | None":
        """This mapping for a file whose columns may have moved; None when a mapped header is gone."""
        keys = [header_key(header) for header in headers]
        columns = []
        for item in self.columns:
            key = header_key(item.header)
            same_place = item.column < len(keys) and keys[item.column] == key
            if not same_place and key not in keys:
                return None
            column = item.column if same_place else keys.index(key)
            columns.append(ColumnField(column=column, header=headers[column], field=item.field))
        if len({item.column for item in columns}) < len(columns):
            return None
        return Mapping(sender=self.sender, headers=tuple(headers), columns=tuple(columns))


def signature(headers: Sequence[str]) -> str:
    """SHA-256 (hex) of a header row, blind to spaces, width and remarks in brackets."""
    keys = [header_key(header, brackets=False) for header in headers]
    return hashlib.sha256("|".join(keys).encode()).hexdigest()


def column_letter(column: int) -> str:
    """Excel's name of a column index from 0: 0 → A, 26 → AA."""
    letters, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def guess_header(rows: Iterable[Row]) -> HeaderGuess | None:
    """The row (or two rows) among the first thirty that reads most like a header; None if none does."""
    top: list[Row] = []
    for row in rows:
        if len(top) >= HEADER_SEARCH_ROWS:
            break
        top.append(row)
    best: HeaderGuess | None = None
    best_score = 0.0
    for index, row in enumerate(top):
        texts = _texts(row.cells)
        single = _matches(texts, [((text, _SURE),) for text in texts])
        score = _score(single)
        if score > best_score:
            best, best_score = HeaderGuess(row.number, row.number, single), score
        if index + 1 < len(top) and top[index + 1].number == row.number + 1:
            headers, candidates = _two_rows(texts, _texts(top[index + 1].cells))
            double = _matches(headers, candidates)
            # Two rows must explain clearly more than one, or a title or the first order is swallowed.
            if _score(double) > best_score + 0.5:
                best, best_score = HeaderGuess(row.number, row.number + 1, double), _score(double)
    return best


def match_header(header: str) -> tuple[Field | None, float]:
    """The field a single header names, and how sure that is (0..1)."""
    key = header_key(header)
    if not key or len(key) > _LONGEST_HEADER or key.isdigit() or _NUMBER_OF_DAYS.search(header):
        return None, 0.0
    if key in HEADERS:
        return HEADERS[key], _SURE
    bare = header_key(header, brackets=False)
    if bare in HEADERS:
        return HEADERS[bare], _WITHOUT_REMARK
    found: Field | None = None
    share = 0.0
    for known, field in HEADERS.items():
        if (
            len(known) >= 3
            and len(known) / len(bare or key) > max(share, 0.5)
            and _around(bare or key, known)
        ):
            found, share = field, len(known) / len(bare or key)
    return found, round(share * 0.9, 2)


def _around(key: str, known: str) -> bool:
    return key.startswith(known) or key.endswith(known)


def _texts(cells: Sequence[Cell]) -> list[str]:
    return [" ".join(cell.split()) if isinstance(cell, str) else "" for cell in cells]


Candidates = Sequence[tuple[str, float]]


def _two_rows(upper: list[str], lower: list[str]) -> tuple[list[str], list[Candidates]]:
    """Headers of two rows read together: group and name, the name alone, or a cell merged downwards."""
    headers: list[str] = []
    candidates: list[Candidates] = []
    width = max(len(upper), len(lower))
    upper = upper + [""] * (width - len(upper))
    lower = lower + [""] * (width - len(lower))
    for group, name in zip(upper, lower, strict=True):
        if not name or group == name:
            headers.append(group)
            candidates.append(((group, _SURE),))
        elif not group:
            headers.append(name)
            candidates.append(((name, _SURE),))
        else:
            headers.append(f"{group} {name}")
            candidates.append(((group + name, _SURE), (name + group, _SURE), (name, _PART_OF_GROUP)))
    return headers, candidates


def _matches(headers: list[str], candidates: list[Candidates]) -> tuple[Match, ...]:
    """Best field per column; a field wanted by several columns goes to the surest, then the first."""
    wishes = []
    for choices in candidates:
        field, sure = None, 0.0
        for text, weight in choices:
            named, confidence = match_header(text)
            if named is not None and confidence * weight > sure:
                field, sure = named, confidence * weight
        wishes.append((field, sure))
    owner: dict[Field, int] = {}
    for column, (field, sure) in enumerate(wishes):
        if field is not None and (field not in owner or sure > wishes[owner[field]][1]):
            owner[field] = column
    return tuple(
        Match(column, headers[column], field, round(sure, 2))
        if field is not None and owner[field] == column
        else Match(column, headers[column], None, 0.0)
        for column, (field, sure) in enumerate(wishes)
    )


def _score(matches: tuple[Match, ...]) -> float:
    found = [match.confidence for match in matches if match.field is not None]
    return sum(found) if len(found) >= 2 else 0.0

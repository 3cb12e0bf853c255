"""The only door to patients and visits, with data scope: a visit is seen by whom its unit or ward is in reach of.

A patient is seen by whoever may see one of their visits; the whole group sees all. Reads only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core import crypto, db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from core.identity import normalise_phone
from patients.consent import may_reach
from patients.rows import (
    PATIENT_COLUMNS,
    VISIT_COLUMNS,
    Contact,
    PatientFile,
    VisitKind,
    VisitRow,
    opened,
    patient_file,
    visit_row,
)
from staff import queries as staff_queries

__all__ = ["Contact", "PatientFile", "Search", "VisitKind", "VisitPage", "VisitRow", "may_reach"]

_FROM = "from visit v join patient p on p.id = v.patient_id"
_REAL = "v.state <> 'cancelled'"  # a visit that never was is shown in its patient's file alone
PAGE = 30
MOST_PATIENTS = 500  # a name prefix as wide as one family name is cut here; people then type more
MOST_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Search:
    """What a person looks for; empty fields do not narrow. `text`: a name's beginning, a number, a phone, an ID."""

    text: str = ""
    kind: VisitKind | None = None
    unit_id: int | None = None
    start_from: date | None = None
    start_to: date | None = None
    after: tuple[date, int] | None = None  # (start_on, id) of the last row of the page before


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Visits, newest first, and where the next page begins (None at the end)."""

    rows: tuple[VisitRow, ...]
    next: tuple[date, int] | None


@dataclass
class _Where:
    """Conditions and their values, numbered as they come."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, part: str, *values: Any) -> None:
        first = len(self.values) + 1
        self.parts.append(part.format(*(f"${first + at}" for at in range(len(values)))))
        self.values += values

    def __str__(self) -> str:
        return " and ".join(self.parts) or "true"


async def reach(by: Actor, permission: Permission) -> Sequence[int] | None:
    """The units whose visits `by` may use under the permission; None for all of them.

    Raises:
        Forbidden: the permission is not held anywhere.
    """
    scopes = by.scope(permission)
    if not scopes:
        raise Forbidden
    return None if "/" in scopes else (await staff_queries.tree()).within(scopes)


def _within(where: _Where, units: Sequence[int] | None) -> None:
    if units is not None:
        where.add("(v.unit_id = any({0}::bigint[]) or v.ward_id = any({0}::bigint[]))", list(units))


async def in_reach(patient_id: int, by: Actor, permission: Permission) -> None:
    """Pass when `by` may use this patient under the permission.

    Raises:
        Forbidden: the permission is not held anywhere.
        NotFound: no such patient, or none of their visits is in reach.
    """
    units = await reach(by, permission)
    where = _Where()
    where.add("v.patient_id = {}", patient_id)
    _within(where, units)
    source = f"from visit v where {where}" if units is not None else "from patient where id = $1"
    if not await db.fetchval(f"select 1 {source} limit 1", *where.values):
        raise NotFound("没有这位患者，或您无权查看")


async def in_person_reach(patient_ids: Iterable[int], by: Actor, permission: Permission) -> None:
    """Pass when `by` may use a person of whom these are records: one visit of any of them in reach is enough.

    Raises:
        Forbidden, NotFound: as `in_reach`.
    """
    where = _Where()
    where.add("(v.patient_id = any({0}::bigint[]) or v.recorded_for = any({0}::bigint[]))", list(patient_ids))
    units = await reach(by, permission)
    _within(where, units)
    if units is not None and not await db.fetchval(
        f"select 1 from visit v where {where} limit 1",  # noqa: S608
        *where.values,
    ):
        raise NotFound("没有这位患者，或您无权查看")


async def get(patient_id: int, by: Actor) -> PatientFile:
    """A patient, masked.

    Raises:
        NotFound: none, or out of reach.
    """
    await in_reach(patient_id, by, Permission.PATIENT_READ)
    row = await db.fetchrow(f"select {PATIENT_COLUMNS} from patient p where p.id = $1", patient_id)  # noqa: S608
    if row is None:
        raise NotFound
    return patient_file(row)


async def visits(patient_id: int, by: Actor, *, limit: int = 100) -> list[VisitRow]:
    """The visits of a patient that are in reach, newest first."""
    where = _Where()
    where.add("v.patient_id = {}", patient_id)
    _within(where, await reach(by, Permission.PATIENT_READ))
    return await _rows(where, f"order by v.start_on desc, v.id desc limit {limit:d}")


async def visit(visit_id: int, by: Actor) -> VisitRow:
    """One visit.

    Raises:
        NotFound: none, or out of reach.
    """
    where = _Where()
    where.add("v.id = {}", visit_id)
    _within(where, await reach(by, Permission.PATIENT_READ))
    found = await _rows(where, "")
    if not found:
        raise NotFound("没有这次就诊，或您无权查看")
    return found[0]


async def search(what: Search, by: Actor, *, limit: int = PAGE) -> VisitPage:
    """Visits in reach, newest first, a page at a time."""
    where = _Where()
    where.add(_REAL)
    _within(where, await reach(by, Permission.PATIENT_READ))
    if what.text.strip():
        where.add(
            "v.id in (select id from visit where patient_id = any({}::bigint[])"
            " union select id from visit where number = {})",
            *await _meant(what.text),
        )
    if what.kind is not None:
        where.add("v.kind = {}", what.kind)
    if what.unit_id is not None:
        tree = await staff_queries.tree()
        _within(where, tree.within([tree.unit(what.unit_id).path]))
    if what.start_from is not None:
        where.add("v.start_on >= {}", what.start_from)
    if what.start_to is not None:
        where.add("v.start_on <= {}", what.start_to)
    if what.after is not None:
        where.add("(v.start_on, v.id) < ({}, {})", *what.after)
    rows = await _rows(where, f"order by v.start_on desc, v.id desc limit {limit + 1:d}")
    more = len(rows) > limit
    return VisitPage(tuple(rows[:limit]), (rows[limit - 1].start_on, rows[limit - 1].id) if more else None)


async def _meant(text: str) -> tuple[list[int], str]:
    """The patients that a typed text may mean, and the text as a visit number."""
    typed = text.strip()
    phone = normalise_phone(typed)
    hashes = [crypto.search_hash(value) for value in {typed.upper(), phone or typed}]
    start = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = await db.fetch(
        "select distinct coalesce(merged_into, id) as id from patient where id in ("
        "(select id from patient where number = $1) union (select id from patient where phone_hash = any($2::bytea[]))"
        " union (select id from patient where id_hash = any($2::bytea[]))"
        " union (select patient_id from patient_identifier where value_hash = any($2::bytea[]))"
        " union (select patient_id from patient_contact where phone_hash = any($2::bytea[]))"
        " union (select id from patient where name like $3 order by name using ~<~ limit $4))",
        typed,
        hashes,
        start,
        MOST_PATIENTS,
    )
    return [row["id"] for row in rows], typed


async def candidates(
    *,
    by: Actor,
    phones: Iterable[bytes] = (),
    ids: Iterable[bytes] = (),
    names: Iterable[str] = (),
    numbers: Iterable[str] = (),
    unit_ids: Iterable[int] = (),
    around: date | None = None,
    limit: int = MOST_CANDIDATES,
) -> list[VisitRow]:
    """Visits that an order may be about, with phones in full, for the matcher (never for a page as they stand).

    Args:
        by: whose reach narrows them; the system for orders that arrive by themselves.
        phones, ids: `core.crypto.search_hash` of normalised phones and of ID numbers in capitals.
        names: whole names of patients.
        numbers: visit numbers or patient numbers.
        unit_ids: units the order speaks of; they (and what is below) and `around` only decide which of too many
            visits are kept. A department alone brings nobody: half the town has been there.
        around: the day it happened; visits nearest to it come first.
        limit: how many at most.
    """
    where = _Where()
    where.add(
        "v.id in (select w.id from visit w join patient q on q.id = w.patient_id where q.id in ("
        "select coalesce(merged_into, id) from patient where phone_hash = any({}::bytea[])"
        " union select coalesce(merged_into, id) from patient where id_hash = any({}::bytea[])"
        " union select coalesce(merged_into, id) from patient where name = any({}::text[])"
        " union select coalesce(merged_into, id) from patient where number = any({}::text[]))"
        " union select id from visit where number = any({}::text[]))",
        list(phones),
        list(ids),
        list(names),
        (known := list(numbers)),
        known,
    )
    where.add(_REAL)
    _within(where, await reach(by, Permission.PATIENT_READ))
    tree = await staff_queries.tree()
    there = tree.within([tree.unit(unit_id).path for unit_id in unit_ids])
    at = len(where.values)
    where.values += [list(there), around]
    order = (
        f"order by (v.unit_id = any(${at + 1}::bigint[]) or coalesce(v.ward_id = any(${at + 1}::bigint[]), false)) desc,"
        f" abs(v.start_on - coalesce(${at + 2}::date, current_date)), v.id desc limit {limit:d}"
    )
    return await _rows(where, order, whole=True)


async def contact(patient_id: int) -> Contact:
    """How to reach a patient; for messages the house sends, after an action has decided that they are sent.

    Raises:
        NotFound: no such patient.
    """
    row = await db.fetchrow(f"select {PATIENT_COLUMNS} from patient p where p.id = $1", patient_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这位患者")
    return Contact(
        row["id"],
        row["name"],
        opened(row["phone"], "phone"),
        row["wechat_openid"] or "",
        row["wechat_following"],
        row["deceased"],
    )


async def names(patient_ids: Iterable[int]) -> dict[int, str]:
    """Names by id, for lists whose rows are in reach already."""
    rows = await db.fetch("select id, name from patient where id = any($1::bigint[])", list(patient_ids))
    return {row["id"]: row["name"] for row in rows}


async def _rows(where: _Where, tail: str, *, whole: bool = False) -> list[VisitRow]:
    rows = await db.fetch(f"select {VISIT_COLUMNS} {_FROM} where {where} {tail}", *where.values)
    tree = await staff_queries.tree()
    return [visit_row(row, tree, whole=whole) for row in rows]

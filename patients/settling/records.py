"""Rows of orders, reports, documents and appointments from what was said of them.

They stay with the record they were told of; who reads them asks for all records of a person. A visit that has not
come yet is pointed at by its number, and by its id once it is there. A batch costs as many statements as one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core import db
from core.db import transaction
from core.events import announce
from patients import facts
from patients.events import CriticalReported
from patients.facts import Subject, Told
from patients.folding import ReportState as Report
from patients.folding import plain
from patients.said import (
    AppointmentSaid,
    DocumentSaid,
    ItemSaid,
    OrderSaid,
    OrderState,
    ReportSaid,
    ReportState,
    ResultFlag,
    Said,
)
from patients.settling import pieces

POINTING = ("medical_order", "report", "record_document")  # tables with visit_number and visit_id
TABLES: Mapping[type[Said], str] = {
    OrderSaid: "medical_order",
    ReportSaid: "report",
    DocumentSaid: "record_document",
    AppointmentSaid: "appointment",
}
_KINDS: Mapping[str, type[Said]] = {
    "order": OrderSaid,
    "report": ReportSaid,
    "document": DocumentSaid,
    "appointment": AppointmentSaid,
}
Fields = Mapping[str, Any]
Columns = dict[str, Any]


async def settle_records(subjects: Collection[Subject], told: Told | None = None) -> None:
    """Write them as told; one of which nothing is told any more, or whose patient has no record, goes."""
    if not subjects:
        return
    known = told or await facts.of(subjects)
    async with transaction():
        for subject, kind in _KINDS.items():
            numbers = sorted(key for name, key in subjects if name == subject)
            if numbers and kind is ReportSaid:
                await _settle_reports(*await pieces.gathered(numbers, known))
            elif numbers:
                await _settle(kind, {number: plain(known.of(kind, number)) for number in numbers})


async def point_at(visits: Mapping[str, int]) -> None:
    """Point whatever waited for these visits (ids by number) at them."""
    if not visits:
        return
    for table in POINTING:
        await db.execute(
            f"update {table} o set visit_id = t.id from unnest($1::text[], $2::bigint[]) as t(number, id)"  # noqa: S608
            " where o.visit_number = t.number and o.visit_id is null",
            list(visits),
            list(visits.values()),
        )


@dataclass(frozen=True, slots=True)
class _Bases:
    """Patients and visits by number: ids."""

    patients: Mapping[str, int]
    visits: Mapping[str, int]

    def of(self, fields: Fields) -> Columns | None:
        """Whose it is and of which visit; None when the patient has no record."""
        patient_id = self.patients.get(str(fields.get("patient")))
        if patient_id is None:
            return None
        number = str(fields.get("visit") or "")
        return {"patient_id": patient_id, "visit_id": self.visits.get(number), "visit_number": number}


async def _bases(all_fields: Collection[Fields]) -> _Bases:
    patients = await db.fetch(
        "select id, number from patient where number = any($1::text[])",
        [str(fields.get("patient")) for fields in all_fields],
    )
    numbers = {str(fields["visit"]) for fields in all_fields if fields.get("visit")}
    visits = (
        await db.fetch(
            "select id, number from visit where number = any($1::text[]) order by id desc", list(numbers)
        )
        if numbers
        else []
    )
    return _Bases(
        {row["number"]: row["id"] for row in patients}, {row["number"]: row["id"] for row in visits}
    )


async def _settle_reports(states: Mapping[str, Report], gone: Collection[str]) -> None:
    """Write reports; `gone` are shown within another one."""
    await _delete("report", gone)
    rows = await _rows(ReportSaid, {number: state.fields for number, state in states.items()})
    for number, row in rows.items():
        row.update(_report(states[number].fields, states[number].items))
    critical = await _critical(list(rows))
    await _put("report", rows)
    await _reports({number: (row, states[number].items) for number, row in rows.items()}, critical)


async def _settle(kind: type[Said], told: Mapping[str, Fields]) -> None:
    rows = await _rows(kind, told)
    for number, row in rows.items():
        if kind is OrderSaid:
            row.update(_order(told[number]))
        elif kind is DocumentSaid:
            row.update(_document(told[number]))
        else:
            row.update(_appointment(told[number]))
    await _put(TABLES[kind], rows)


async def _rows(kind: type[Said], told: Mapping[str, Fields]) -> dict[str, Columns]:
    """Whose each of them is and of which visit; those whose patient has no record are deleted."""
    bases = await _bases(told.values())
    found = {number: bases.of(fields) for number, fields in told.items()}
    await _delete(TABLES[kind], [number for number, base in found.items() if base is None])
    keep = ("patient_id",) if kind is AppointmentSaid else ("patient_id", "visit_id", "visit_number")
    return {number: {name: base[name] for name in keep} for number, base in found.items() if base is not None}


async def _delete(table: str, numbers: Collection[str]) -> None:
    if numbers:
        await db.execute(f"delete from {table} where number = any($1::text[])", list(numbers))  # noqa: S608


async def _put(table: str, rows: Mapping[str, Columns]) -> None:
    if not rows:
        return
    names = ["number", *next(iter(rows.values()))]
    marks = ", ".join(f"${at}" for at in range(1, len(names) + 1))
    sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    await db.executemany(
        f"insert into {table} ({', '.join(names)}) values ({marks})"  # noqa: S608 - our own names
        f" on conflict (number) do update set {sets}",
        [(number, *row.values()) for number, row in rows.items()],
    )


def _texts(fields: Fields, *names: str) -> dict[str, str]:
    return {name: str(fields.get(name) or "") for name in names}


def _order(fields: Fields) -> Columns:
    names = ("code", "prescription", "dose", "route", "frequency", "quantity", "doctor", "unit", "note")
    return _texts(fields, *names) | {
        "kind": fields.get("kind") or "other",
        "name": fields.get("name") or fields.get("code") or "（未说明）",
        "days": fields.get("days"),
        "take_home": bool(fields.get("take_home")),
        "state": fields.get("state") or OrderState.ACTIVE,
        "ordered_at": fields.get("ordered_at"),
        "stopped_at": fields.get("stopped_at"),
    }


def _report(fields: Fields, items: tuple[ItemSaid, ...]) -> Columns:
    status = fields.get("state") or ReportState.PRELIMINARY
    positive = fields.get("positive")
    names = ("code", "specimen", "part", "seen", "conclusion", "author", "checker", "pictures", "note")
    return _texts(fields, *names) | {
        "order_number": fields.get("order") or "",
        "kind": fields.get("kind") or "other",
        "name": fields.get("name") or fields.get("code") or "（未说明）",
        "positive": positive if isinstance(positive, bool) else None,
        "abnormal": bool(positive) or any(one.flag is not ResultFlag.NORMAL or one.critical for one in items),
        "critical": any(one.critical for one in items) and status is not ReportState.CANCELLED,
        "state": status,
        "collected_at": fields.get("collected_at"),
        "reported_at": fields.get("reported_at"),
    }


async def _critical(numbers: list[str]) -> set[str]:
    """Those that were critical before."""
    rows = await db.fetch(
        "select number, critical from report where number = any($1::text[]) order by id for update", numbers
    )
    return {row["number"] for row in rows if row["critical"]}


async def _reports(
    rows: Mapping[str, tuple[Columns, tuple[ItemSaid, ...]]], critical_before: Collection[str]
) -> None:
    """The results of reports that stand, and what is announced of the critical ones."""
    found = await db.fetch("select id, number from report where number = any($1::text[])", list(rows))
    ids = {row["number"]: row["id"] for row in found}
    await db.execute("delete from report_item where report_id = any($1::bigint[])", list(ids.values()))
    values = [
        (
            ids[number], at, one.code, one.name, one.value, one.amount, one.unit, one.range, one.flag,
            one.critical, one.state, one.note, one.at,
        )
        for number, (_, items) in rows.items()
        for at, one in enumerate(items)
    ]  # fmt: skip
    if values:
        await db.executemany(
            "insert into report_item (report_id, place, code, name, value, amount, unit, range, flag, critical,"
            " state, note, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            values,
        )
    await announce(
        *(
            CriticalReported(report_id=ids[number])
            for number, (row, _) in rows.items()
            if row["critical"] and number not in critical_before
        )
    )


def _document(fields: Fields) -> Columns:
    return _texts(fields, "text", "author") | {
        "kind": fields.get("kind") or "other",
        "title": fields.get("title") or "（无标题）",
        "written_at": fields.get("written_at"),
        "state": fields.get("state") or "final",
    }


def _appointment(fields: Fields) -> Columns:
    return _texts(fields, "doctor", "what") | {
        "unit_id": fields.get("unit_id"),
        "start_at": fields.get("start_at"),
        "end_at": fields.get("end_at"),
        "state": fields.get("state") or "booked",
    }

"""Rows of orders, reports, documents and appointments from what was said of them.

They stay with the record they were told of; who reads them asks for all records of a person. A visit that has not
come yet is pointed at by its number, and by its id once it is there.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core import db
from core.db import transaction
from core.events import announce
from patients import facts
from patients.events import CriticalReported
from patients.folding import fold_report, in_order, plain
from patients.said import (
    AppointmentSaid,
    DocumentSaid,
    ItemSaid,
    OrderSaid,
    OrderState,
    ReportSaid,
    ReportState,
    ResultFlag,
)

POINTING = ("medical_order", "report", "record_document")  # tables with visit_number and visit_id


async def settle(subject: str, key: str) -> None:
    """Write one of them as told; one of which nothing is told any more goes."""
    await _WAYS[subject](key)


async def _base(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Whose it is and of which visit; None when the patient has no record."""
    patient_id = await db.fetchval("select id from patient where number = $1", fields.get("patient"))
    if patient_id is None:
        return None
    number = fields.get("visit") or ""
    visit_id = await db.fetchval("select id from visit where number = $1 order by id limit 1", number)
    return {"patient_id": patient_id, "visit_id": visit_id, "visit_number": number}


async def _put(table: str, key: str, columns: Mapping[str, Any]) -> int:
    names = ["number", *columns]
    marks = [f"${at}" for at in range(1, len(names) + 1)]
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
    sql = (
        f"insert into {table} ({', '.join(names)}) values ({', '.join(marks)})"  # noqa: S608 - our own names
        f" on conflict (number) do update set {sets} returning id"
    )
    number: int = await db.fetchval(sql, key, *columns.values())
    return number


def _texts(fields: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: str(fields.get(name) or "") for name in names}


async def _order(key: str) -> None:
    fields = plain(in_order(await facts.of(OrderSaid, key)))
    base = await _base(fields)
    if base is None:
        await db.execute("delete from medical_order where number = $1", key)
        return
    names = ("code", "prescription", "dose", "route", "frequency", "quantity", "doctor", "unit", "note")
    await _put(
        "medical_order",
        key,
        base
        | _texts(fields, *names)
        | {
            "kind": fields.get("kind") or "other",
            "name": fields.get("name") or fields.get("code") or "（未说明）",
            "days": fields.get("days"),
            "take_home": bool(fields.get("take_home")),
            "state": fields.get("state") or OrderState.ACTIVE,
            "ordered_at": fields.get("ordered_at"),
            "stopped_at": fields.get("stopped_at"),
        },
    )


def _positive(fields: Mapping[str, Any]) -> bool | None:
    value = fields.get("positive")
    return value if isinstance(value, bool) else None


async def _report(key: str) -> None:
    state = fold_report(await facts.of(ReportSaid, key))
    fields = state.fields
    base = await _base(fields)
    async with transaction():
        before = await db.fetchrow("select id, critical, state from report where number = $1 for update", key)
        if base is None:
            await db.execute("delete from report where number = $1", key)
            return
        status = fields.get("state") or ReportState.PRELIMINARY
        critical = any(one.critical for one in state.items) and status is not ReportState.CANCELLED
        names = ("code", "specimen", "part", "seen", "conclusion", "author", "checker", "pictures")
        report_id = await _put(
            "report",
            key,
            base
            | _texts(fields, *names)
            | {
                "order_number": fields.get("order") or "",
                "kind": fields.get("kind") or "other",
                "name": fields.get("name") or fields.get("code") or "（未说明）",
                "positive": _positive(fields),
                "abnormal": bool(fields.get("positive"))
                or any(one.flag is not ResultFlag.NORMAL or one.critical for one in state.items),
                "critical": critical,
                "state": status,
                "collected_at": fields.get("collected_at"),
                "reported_at": fields.get("reported_at"),
            },
        )
        await _items(report_id, state.items)
        if critical and not (before and before["critical"]):
            await announce(CriticalReported(report_id=report_id))


async def _items(report_id: int, items: tuple[ItemSaid, ...]) -> None:
    await db.execute("delete from report_item where report_id = $1", report_id)
    await db.executemany(
        "insert into report_item (report_id, place, code, name, value, amount, unit, range, flag, critical, at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                report_id,
                at,
                one.code,
                one.name,
                one.value,
                one.amount,
                one.unit,
                one.range,
                one.flag,
                one.critical,
                one.at,
            )
            for at, one in enumerate(items)
        ],
    )


async def _document(key: str) -> None:
    fields = plain(in_order(await facts.of(DocumentSaid, key)))
    base = await _base(fields)
    if base is None:
        await db.execute("delete from record_document where number = $1", key)
        return
    await _put(
        "record_document",
        key,
        base
        | _texts(fields, "text", "author")
        | {
            "kind": fields.get("kind") or "other",
            "title": fields.get("title") or "（无标题）",
            "written_at": fields.get("written_at"),
            "state": fields.get("state") or "final",
        },
    )


async def _appointment(key: str) -> None:
    fields = plain(in_order(await facts.of(AppointmentSaid, key)))
    base = await _base(fields)
    if base is None:
        await db.execute("delete from appointment where number = $1", key)
        return
    await _put(
        "appointment",
        key,
        {"patient_id": base["patient_id"]}
        | _texts(fields, "doctor", "what")
        | {
            "unit_id": fields.get("unit_id"),
            "start_at": fields.get("start_at"),
            "end_at": fields.get("end_at"),
            "state": fields.get("state") or "booked",
        },
    )


_WAYS: Mapping[str, Callable[[str], Awaitable[None]]] = {
    "order": _order,
    "report": _report,
    "document": _document,
    "appointment": _appointment,
}

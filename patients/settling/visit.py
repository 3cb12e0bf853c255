"""The row of a visit from what was said of it: where, when, who, what came of it; its transfers and diagnoses.

A visit whose place or kind nobody has told yet has no row: it waits, and gets one when they are told.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import clock, db
from core.db import transaction
from core.events import Event, announce
from patients import facts
from patients.events import VisitCancelled, VisitClosed, VisitMoved, VisitOpened, VisitReopened
from patients.folding import Fact, VisitState, fold_visit, in_order
from patients.rows import VisitKind
from patients.said import DiagnosisKind, DiagnosisSaid, VisitSaid
from patients.settling import records
from patients.settling.patient import resettle

TEXTS = (
    "doctor", "nurse", "attending", "chief", "register_type", "first_or_return", "complaint", "present_illness",
    "past_history", "family_history", "examination", "arrival", "outcome", "record_number", "disposition",
    "insurance", "employer", "package", "conclusion", "findings", "severity",
)  # fmt: skip
NUMBERS = ("triage", "times", "fee")
ONE_DAY = (VisitKind.OUTPATIENT, VisitKind.EXAM, VisitKind.ONLINE)  # over on the day, unless told otherwise
_KEPT = "id, patient_id, recorded_for, state, disposition, kind"


async def settle_visit(number: str) -> int | None:
    """Write the visit of this number as told; its id, or None while it waits. Announces what became of it."""
    told = in_order(await facts.of(VisitSaid, number))
    state = fold_visit(told)
    async with transaction():
        row = await _row(number, state, told)
        if row is None:
            return None
        before, columns = row
        visit_id = await _write(before, columns)
        if before is None:
            for subject in records.POINTING:
                await db.execute(
                    f"update {subject} set visit_id = $1 where visit_number = $2 and visit_id is null",  # noqa: S608
                    visit_id,
                    number,
                )
        else:
            for table in ("visit_transfer", "visit_diagnosis", "visit_surgery"):
                await db.execute(f"delete from {table} where visit_id = $1", visit_id)  # noqa: S608 - our own names
        await _places(visit_id, state)
        await _diagnoses(visit_id, state.diagnoses)
        await _surgeries(visit_id, state)
        await announce(*_happened(before, columns, visit_id))
        await _deaths(before, columns)
    return visit_id


async def _row(
    number: str, state: VisitState, told: list[Fact[VisitSaid]]
) -> tuple[Mapping[str, Any] | None, dict[str, Any]] | None:
    """The row as it is (None when there is none yet) and the columns as told; None while the visit waits."""
    fields = state.fields
    before = await db.fetchrow(
        f"select {_KEPT}, unit_id, start_on, started_at from visit where number = $1"  # noqa: S608
        " order by (kind = $2) desc, id limit 1 for update",
        number,
        str(fields.get("kind") or ""),
    )
    place = state.places[-1] if state.places else None
    unit_id = place.unit_id if place and place.unit_id else (before["unit_id"] if before else None)
    kind = fields.get("kind") or (before["kind"] if before else None)
    owner = await db.fetchrow(
        "select id, coalesce(merged_into, id) as head from patient where number = $1", fields.get("patient")
    )
    if not told or unit_id is None or kind is None or owner is None:
        return None
    start = fields.get("started_at") or (before["started_at"] if before else None) or told[0].at
    start_on = before["start_on"] if before and not fields.get("started_at") else _day(start)
    end = fields.get("ended_at")
    end_on = _day(end) if isinstance(end, datetime) else (start_on if kind in ONE_DAY else None)
    status = state.state or "open"
    columns: dict[str, Any] = {
        "number": number,
        "patient_id": owner["head"],
        "recorded_for": owner["id"],
        "kind": str(kind),
        "state": "closed" if status == "open" and end_on is not None else status,
        "unit_id": unit_id,
        "started_at": start if isinstance(start, datetime) else None,
        "ended_at": end,
        "start_on": start_on,
        "end_on": max(end_on, start_on) if end_on else None,
        "changed_at": clock.now(),
    }
    if place is not None:
        columns |= {"ward_id": place.ward_id, "bed": place.bed}
    columns |= {name: fields[name] or "" for name in TEXTS if name in fields}
    columns |= {name: fields[name] for name in NUMBERS if name in fields}
    return before, columns | _diagnosis_texts(state.diagnoses)


def _day(instant: Any) -> Any:
    return clock.local(instant).date()


def _diagnosis_texts(diagnoses: tuple[DiagnosisSaid, ...]) -> dict[str, str]:
    """The diagnoses in words: on admission, at discharge, and the one that stands for the visit."""
    if not diagnoses:
        return {}

    def words(kind: DiagnosisKind) -> str:
        found = sorted((one for one in diagnoses if one.kind is kind), key=lambda one: not one.main)
        return "；".join(one.name for one in found)

    final, working, admission = (
        words(DiagnosisKind.FINAL),
        words(DiagnosisKind.WORKING),
        words(DiagnosisKind.ADMISSION),
    )
    return {
        "admission_diagnosis": admission,
        "discharge_diagnosis": final,
        "diagnosis": (final or working or admission).split("；")[0],
    }


async def _write(before: Mapping[str, Any] | None, columns: dict[str, Any]) -> int:
    names, values = list(columns), list(columns.values())
    marks = [f"${at}" for at in range(1, len(names) + 1)]
    if before is None:
        sql = f"insert into visit ({', '.join(names)}) values ({', '.join(marks)}) returning id"  # noqa: S608
        number: int = await db.fetchval(sql, *values)
        return number
    sets = ", ".join(f"{name} = {mark}" for name, mark in zip(names, marks, strict=True))
    await db.execute(f"update visit set {sets} where id = ${len(names) + 1}", *values, before["id"])  # noqa: S608
    return int(before["id"])


async def _places(visit_id: int, state: VisitState) -> None:
    if len(state.places) > 1:
        await db.executemany(
            "insert into visit_transfer (visit_id, place, at, unit_id, ward_id, bed) values ($1, $2, $3, $4, $5, $6)",
            [
                (visit_id, at, place.at, place.unit_id, place.ward_id, place.bed)
                for at, place in enumerate(state.places)
            ],
        )


async def _diagnoses(visit_id: int, diagnoses: tuple[DiagnosisSaid, ...]) -> None:
    if diagnoses:
        await db.executemany(
            "insert into visit_diagnosis (visit_id, place, kind, code, name, version, main)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            [
                (visit_id, at, one.kind, one.code, one.name, one.version, one.main)
                for at, one in enumerate(diagnoses)
            ],
        )


async def _surgeries(visit_id: int, state: VisitState) -> None:
    if state.surgeries:
        await db.executemany(
            "insert into visit_surgery (visit_id, place, code, name, at, surgeon, anaesthesia)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            [
                (visit_id, at, one.code, one.name, one.at, one.surgeon, one.anaesthesia)
                for at, one in enumerate(state.surgeries)
            ],
        )


def _happened(before: Mapping[str, Any] | None, after: Mapping[str, Any], visit_id: int) -> list[Event]:
    """What is announced when a visit goes from one state to another."""
    was, now = (before["state"] if before else None), after["state"]
    found: list[Event] = []
    if was in (None, "planned", "cancelled") and now in ("open", "closed"):
        found.append(VisitOpened(visit_id=visit_id))
    if was != "closed" and now == "closed":
        found.append(VisitClosed(visit_id=visit_id))
    if was == "closed" and now == "open":
        found.append(VisitReopened(visit_id=visit_id))
    if was not in (None, "cancelled") and now == "cancelled":
        found.append(VisitCancelled(visit_id=visit_id))
    if before is not None and before["patient_id"] != after["patient_id"]:
        found.append(VisitMoved(visit_id=visit_id))
    return found


async def _deaths(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    """A visit that ended in death, or does so no more, changes its patient."""
    was = before is not None and (before["state"], before["disposition"]) == ("closed", "5")
    now = (after["state"], after.get("disposition", before["disposition"] if before else "")) == (
        "closed",
        "5",
    )
    if was or now:
        owners = {after["recorded_for"] or after["patient_id"]}
        if before is not None:
            owners.add(before["recorded_for"] or before["patient_id"])
        for owner in sorted(owners):
            await resettle(owner)

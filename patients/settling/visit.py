"""The rows of visits from what was said of them: where, when, who, what came of it; their transfers and diagnoses.

A visit whose place or kind nobody has told yet has no row: it waits, and gets one when they are told. A batch of visits
costs as many statements as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db
from core.db import transaction
from core.events import Event, announce
from patients import facts
from patients.events import VisitCancelled, VisitClosed, VisitMoved, VisitOpened, VisitReopened
from patients.facts import Told
from patients.folding import Fact, VisitState, fold_visit
from patients.rows import VisitKind
from patients.said import DiagnosisKind, DiagnosisSaid, VisitSaid
from patients.settling import parts, records
from patients.settling.patient import resettle

TEXTS = (
    "doctor", "nurse", "attending", "chief", "register_type", "first_or_return", "complaint", "present_illness",
    "past_history", "family_history", "examination", "arrival", "outcome", "record_number", "disposition",
    "insurance", "employer", "package", "conclusion", "findings", "severity",
)  # fmt: skip
NUMBERS = ("triage", "times", "fee")
MADE = (
    "number", "patient_id", "recorded_for", "kind", "state", "unit_id", "ward_id", "bed", "started_at", "ended_at",
    "start_on", "end_on", "admission_diagnosis", "discharge_diagnosis", "diagnosis",
)  # fmt: skip
COLUMNS = (*MADE, *TEXTS, *NUMBERS)
_EMPTY: Mapping[str, Any] = dict.fromkeys((*TEXTS, *MADE), "") | dict.fromkeys((*NUMBERS, "ward_id"))
ONE_DAY = (VisitKind.OUTPATIENT, VisitKind.EXAM, VisitKind.ONLINE)  # over on the day, unless told otherwise
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """A visit as it was (None: new) and as it is to be."""

    id: int
    before: Row | None
    after: Row
    state: VisitState


async def settle_visits(numbers: Sequence[str], told: Told | None = None) -> None:
    """Write the visits of these numbers as told; those that wait are left out. Announces what became of them.

    Args:
        numbers: of visits.
        told: everything said of them, when the caller has it at hand.
    """
    if not numbers:
        return
    known = told or await facts.of(("visit", number) for number in numbers)
    async with transaction():
        found = await _settled(numbers, known)
        await _write(found)
        fresh = [one for one in found if one.before is None]
        await records.point_at({str(one.after["number"]): one.id for one in fresh})
        await parts.write({one.id: one.state for one in found}, new={one.id for one in fresh})
        await announce(*(event for one in found for event in _happened(one.before, one.after, one.id)))
        owners = {owner for one in found for owner in _touched_by_death(one)}
        if owners:
            await resettle(*owners)


async def _settled(numbers: Sequence[str], known: Told) -> list[Settled]:
    told = {number: known.of(VisitSaid, number) for number in numbers}
    states = {number: fold_visit(facts_of_one) for number, facts_of_one in told.items()}
    rows = await db.fetch(
        f"select id, {', '.join(COLUMNS)} from visit where number = any($1::text[]) order by id for update",  # noqa: S608
        list(numbers),
    )
    there: dict[str, list[Row]] = {}
    for row in rows:
        there.setdefault(row["number"], []).append(row)
    patients = await db.fetch(
        "select number, id, coalesce(merged_into, id) as head from patient where number = any($1::text[])",
        [str(state.fields.get("patient")) for state in states.values()],
    )
    owners = {row["number"]: row for row in patients}
    made: list[tuple[Row | None, Row, VisitState]] = []
    for number, state in states.items():
        kind = str(state.fields.get("kind") or "")
        same = sorted(there.get(number, ()), key=lambda row: (row["kind"] != kind, row["id"]))
        before = same[0] if same else None
        owner = owners.get(str(state.fields.get("patient")))
        after = _row(number, state, told[number], before, owner) if owner and told[number] else None
        if after is not None:
            made.append((before, after, state))
    fresh = sum(before is None for before, _, _ in made)
    ids = await db.fetch(
        "select nextval(pg_get_serial_sequence('visit', 'id')) as id from generate_series(1, $1::int)", fresh
    )
    free = iter(ids)
    return [
        Settled(before["id"] if before else next(free)["id"], before, after, state)
        for before, after, state in made
    ]


def _row(
    number: str, state: VisitState, told: Sequence[Fact[VisitSaid]], before: Row | None, owner: Row
) -> dict[str, Any] | None:
    """The columns as told; None while the visit waits."""
    fields = state.fields
    place = state.places[-1] if state.places else None
    unit_id = place.unit_id if place and place.unit_id else (before["unit_id"] if before else None)
    kind = fields.get("kind") or (before["kind"] if before else None)
    if unit_id is None or kind is None:
        return None
    stands = before is not None and "started_at" not in fields  # told by nobody: as it stands
    start = fields.get("started_at") or (before["started_at"] if before and stands else None) or told[0].at
    start_on = before["start_on"] if before and stands else _day(start)
    end = fields.get("ended_at")
    end_on = _day(end) if isinstance(end, datetime) else (start_on if kind in ONE_DAY else None)
    status = state.state or "open"
    columns: dict[str, Any] = {name: before[name] if before else _EMPTY[name] for name in COLUMNS}
    columns |= {
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
    }
    if place is not None:
        columns |= {"ward_id": place.ward_id, "bed": place.bed}
    columns |= {name: fields[name] or "" for name in TEXTS if name in fields}
    columns |= {name: fields[name] for name in NUMBERS if name in fields}
    return columns | (_diagnosis_texts(state.diagnoses) if state.diagnosed else {})


def _day(instant: Any) -> Any:
    return clock.local(instant).date()


def _diagnosis_texts(diagnoses: tuple[DiagnosisSaid, ...]) -> dict[str, str]:
    """The diagnoses in words: on admission, at discharge, and the one that stands for the visit."""

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


async def _write(found: Sequence[Settled]) -> None:
    """Insert what is new, write what has changed."""
    now = clock.now()
    fresh = [(one.id, now, *_values(one.after)) for one in found if one.before is None]
    changed = [
        (one.id, now, *_values(one.after))
        for one in found
        if one.before is not None and _values(one.before) != _values(one.after)
    ]
    marks = ", ".join(f"${at}" for at in range(1, len(COLUMNS) + 3))
    if fresh:
        await db.executemany(
            f"insert into visit (id, changed_at, {', '.join(COLUMNS)}) values ({marks})",  # noqa: S608 - our own names
            fresh,
        )
    if changed:
        sets = ", ".join(f"{name} = ${at}" for at, name in enumerate(COLUMNS, start=3))
        await db.executemany(f"update visit set changed_at = $2, {sets} where id = $1", changed)  # noqa: S608


def _values(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in COLUMNS)


def _happened(before: Row | None, after: Row, visit_id: int) -> list[Event]:
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


def _touched_by_death(one: Settled) -> set[int]:
    """Whose death a visit tells of, or does so no more."""
    rows = [row for row in (one.before, one.after) if row is not None]
    if not any((row["state"], row["disposition"]) == ("closed", "5") for row in rows):
        return set()
    return {row["recorded_for"] or row["patient_id"] for row in rows}

"""What staff correct in a visit: it stands above every feed until it is taken back (PT-7).

The database puts a correction back whoever writes the row, and keeps what the systems say instead
(`visit_keep_corrections`, migration 0036); here it is checked, written and taken back, each with its audit line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Invalid, NotFound, Refused
from patients import guarding, locks, queries
from patients.rows import KIND_LABELS, VisitKind
from patients.search import DISPOSITIONS
from patients.settling.patient import resettle
from patients.settling.visit import settle_visits
from staff import queries as staff

LABELS: Mapping[str, str] = {
    "kind": "就诊类别",
    "unit_id": "科室",
    "ward_id": "病区",
    "bed": "床号",
    "doctor": "医生（管床医生）",
    "nurse": "管床护士",
    "attending": "主治医生",
    "chief": "上级医生",
    "diagnosis": "诊断",
    "admission_diagnosis": "入院诊断",
    "discharge_diagnosis": "出院诊断",
    "disposition": "离院方式",
}
_LONG = frozenset({"diagnosis", "admission_diagnosis", "discharge_diagnosis"})
Value = str | int | None


@dataclass(frozen=True, slots=True)
class VisitCorrection:
    """A field that stands corrected: by whom, when, and what the systems say of it, in words."""

    field: str
    label: str
    by: str
    at: datetime
    told: str


async def listed(visit_id: int) -> dict[str, VisitCorrection]:
    """Which fields of a visit stand corrected, by field; for whoever has found the visit in reach."""
    rows = await db.fetch(
        "select field, told, by_name, at from visit_correction where visit_id = $1 order by field", visit_id
    )
    return {
        row["field"]: VisitCorrection(
            row["field"],
            LABELS[row["field"]],
            row["by_name"],
            row["at"],
            await _words(row["field"], orjson.loads(row["told"])),
        )
        for row in rows
    }


async def _words(field: str, value: Any) -> str:
    """A value as the screen says it."""
    if value in (None, ""):
        return "（空）"
    match field:
        case "kind":
            return KIND_LABELS[VisitKind(value)]
        case "disposition":
            return DISPOSITIONS.get(value, str(value))
        case "unit_id" | "ward_id":
            return (await staff.tree()).label(int(value))
    return str(value)


async def checked(field: str, text: str) -> Value:
    """The value of what was typed; "" empties a field that may be empty.

    Raises:
        NotFound: no such field.
        Invalid: with the reason.
    """
    typed = text.strip()
    if field not in LABELS:
        raise NotFound("没有这一项")
    if field == "kind":
        kinds = {label: kind.value for kind, label in KIND_LABELS.items()}
        return _one_of(field, typed, kinds)
    if field == "disposition":
        return _one_of(field, typed, {label: code for code, label in DISPOSITIONS.items()}) if typed else ""
    if field in ("unit_id", "ward_id"):
        return await _unit(field, typed)
    longest = 500 if field in _LONG else 40
    if len(typed) > longest:
        raise _bad(field, f"不能超过 {longest} 个字", typed)
    return typed


def _one_of(field: str, typed: str, choices: Mapping[str, str]) -> str:
    """The code of a word; the code itself is understood too."""
    if typed in choices.values():
        return typed
    if typed not in choices:
        raise _bad(field, f"只能是：{'、'.join(choices)}", typed)
    return choices[typed]


async def _unit(field: str, typed: str) -> int | None:
    """A department or ward by its id."""
    if not typed and field == "ward_id":
        return None
    tree = await staff.tree()
    kinds = ("ward",) if field == "ward_id" else ("department", "ward")
    known = {str(unit.id): unit.id for unit in tree.below() if unit.kind in kinds}
    if typed not in known:
        raise _bad(field, "没有这个科室" if field == "unit_id" else "没有这个病区", typed)
    return known[typed]


def _bad(field: str, reason: str, value: str) -> Invalid:
    fault = Fault(field="value", label=LABELS[field], reason=reason, value=value[:50])
    return Invalid(f"{LABELS[field]}：{reason}", details=[fault])


async def _permit(visit_id: int, by: Actor) -> Any:
    """The row, locked, when `by` may keep the data of its patient and sees the visit."""
    await queries.visit(visit_id, by)
    number = await db.fetchval("select number from visit where id = $1", visit_id)
    await locks.hold([f"visit {number}"])
    row = await db.fetchrow("select * from visit where id = $1 for update", visit_id)
    if row is None:
        raise NotFound("没有这次就诊，或您无权查看")
    await queries.in_reach(row["patient_id"], by, Permission.PATIENT_MAINTAIN)
    await guarding.check(row["patient_id"], by)
    return row


async def present(visit_id: int, field: str, by: Actor) -> str:
    """What a field says now, as a form takes it.

    Raises:
        Forbidden, NotFound: not permitted, out of reach, or no such field.
    """
    if field not in LABELS:
        raise NotFound("没有这一项")
    found = await queries.visit(visit_id, by)
    await queries.in_reach(found.patient_id, by, Permission.PATIENT_MAINTAIN)
    await guarding.check(found.patient_id, by)
    value = await db.fetchval(f"select {field} from visit where id = $1", visit_id)  # noqa: S608 - a key of LABELS
    return "" if value is None else str(value)


async def correct(visit_id: int, field: str, text: str, *, by: Actor) -> None:
    """Correct a field of a visit; no feed overwrites it from now on.

    Raises:
        Forbidden, NotFound: not permitted, out of reach, no such field.
        Invalid: the value does not fit.
        Refused: there is a visit of that number and kind already, or it says so already.
    """
    value = await checked(field, text)
    async with transaction():
        row = await _permit(visit_id, by)
        if row[field] == value:
            raise Refused("与现在的内容相同，无需更正")
        if field == "kind" and await db.fetchval(
            "select true from visit where number = $1 and kind = $2", row["number"], value
        ):
            raise Refused(f"已有同号的{KIND_LABELS[VisitKind(str(value))]}就诊，不能改为这一类")
        await db.execute(
            "insert into visit_correction (visit_id, field, value, told, by_id, by_name, at)"
            " values ($1, $2, $3::jsonb, $4::jsonb, $5, $6, $7)"
            " on conflict (visit_id, field) do update set value = $3::jsonb, by_id = $5, by_name = $6, at = $7",
            visit_id,
            field,
            orjson.dumps(value).decode(),
            orjson.dumps(row[field]).decode(),
            by.staff_id,
            by.name,
            clock.now(),
        )
        await db.execute("update visit set changed_at = $2 where id = $1", visit_id, clock.now())
        await audit.record(
            by, "patient.correct_visit", "patient", row["patient_id"], visit=visit_id, field=field
        )
        await _after(row, field)


async def uncorrect(visit_id: int, field: str, *, by: Actor) -> None:
    """Let the systems' word count again.

    Raises:
        Forbidden, NotFound: not permitted, out of reach, or not corrected.
    """
    async with transaction():
        row = await _permit(visit_id, by)
        told = await db.fetchval(
            "delete from visit_correction where visit_id = $1 and field = $2 returning told", visit_id, field
        )
        if told is None:
            raise NotFound("这一项没有被更正过")
        await db.execute(
            f"update visit set {field} = (jsonb_populate_record(null::visit, jsonb_build_object($2::text, $3::jsonb)))"  # noqa: S608 - a key of LABELS: the row was there
            f".{field}, changed_at = $4 where id = $1",
            visit_id,
            field,
            told,
            clock.now(),
        )
        await settle_visits([row["number"]])  # a feed may have said the corrected value itself meanwhile
        await audit.record(
            by, "patient.uncorrect_visit", "patient", row["patient_id"], visit=visit_id, field=field
        )
        await _after(row, field)


async def _after(row: Any, field: str) -> None:
    """离院方式 5 is a death: the patient is written anew."""
    if field == "disposition":
        await resettle(row["recorded_for"] or row["patient_id"])

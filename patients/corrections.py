"""What members of staff correct in a patient's data: it stands above every feed until somebody takes it back.

Each correction and its withdrawal is an audit line without the values.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import orjson

from core import audit, clock, crypto, db
from core.actor import Actor, Permission
from core.errors import Fault, Invalid, NotFound
from core.identity import normalise_phone, parse_id
from patients import queries

LABELS: Mapping[str, str] = {
    "name": "姓名",
    "gender": "性别",
    "born_on": "出生日期",
    "phone": "电话",
    "id_number": "证件号",
    "address": "住址",
    "ethnicity": "民族",
    "marital": "婚姻",
    "occupation": "职业",
    "insurance": "医保类型",
    "deceased": "死亡",
}
_PLACE = "patient_correction.value"
Corrected = str | date | bool | None


@dataclass(frozen=True, slots=True)
class Correction:
    """That a field was corrected, by whom and when; never the value."""

    field: str
    label: str
    by: str
    at: datetime
    reason: str = ""


async def of(patient_ids: Collection[int]) -> dict[int, dict[str, Corrected]]:
    """The corrected fields of patients with their values, by patient, for whoever writes the rows."""
    rows = await db.fetch(
        "select patient_id, field, value from patient_correction where patient_id = any($1::bigint[])",
        list(patient_ids),
    )
    ring = crypto.key_ring()
    found: dict[int, dict[str, Corrected]] = {number: {} for number in patient_ids}
    for row in rows:
        value = orjson.loads(ring.decrypt(row["value"], _PLACE)) if row["value"] else None
        found[row["patient_id"]][row["field"]] = (
            date.fromisoformat(value) if row["field"] == "born_on" and isinstance(value, str) else value
        )
    return found


async def listed(patient_id: int) -> dict[str, Correction]:
    """Which fields of a patient stand corrected, by field."""
    rows = await db.fetch(
        "select field, by_name, at, reason from patient_correction where patient_id = $1 order by field",
        patient_id,
    )
    return {
        row["field"]: Correction(row["field"], LABELS[row["field"]], row["by_name"], row["at"], row["reason"])
        for row in rows
    }


def checked(field: str, text: str) -> Corrected:
    """The value of what was typed; "" is corrected to nothing.

    Raises:
        Invalid: with the reason.
    """
    typed = text.strip()
    if field not in LABELS:
        raise NotFound("没有这一项")
    if field == "deceased":
        return typed == "true"
    if not typed:
        if field == "name":
            raise _bad(field, "必填", typed)
        return None
    if field == "phone":
        return normalise_phone(typed) or _no(field, "不是电话号码", typed)
    if field == "id_number":
        found = parse_id(typed)
        return found.number if found else _no(field, "不是有效的身份证号", typed)
    if field == "gender" and typed not in ("男", "女", "未知"):
        raise _bad(field, "只能是：男、女、未知", typed)
    if field == "born_on":
        try:
            day = date.fromisoformat(typed)
        except ValueError:
            raise _bad(field, "日期格式应为 1990-01-31", typed) from None
        if not date(1850, 1, 1) <= day <= clock.today():
            raise _bad(field, "日期不合理", typed)
        return day
    if len(typed) > 200:
        raise _bad(field, "不能超过 200 个字", typed[:50])
    return typed


def _no(field: str, reason: str, value: str) -> str:
    raise _bad(field, reason, value)


def _bad(field: str, reason: str, value: str) -> Invalid:
    fault = Fault(field="value", label=LABELS[field], reason=reason, value=value)
    return Invalid(f"{LABELS[field]}：{reason}", details=[fault])


async def permit(patient_id: int, by: Actor) -> None:
    """Pass when `by` may correct this patient: whoever may read them and keeps their contacts.

    Raises:
        Forbidden, NotFound: not permitted, or out of reach.
    """
    await queries.in_reach(patient_id, by, Permission.PATIENT_MAINTAIN)


async def write(patient_id: int, field: str, value: Corrected, by: Actor, *, reason: str = "") -> None:
    """Keep a correction and its audit line; the caller writes the row anew."""
    text = orjson.dumps(value).decode()
    await db.execute(
        "insert into patient_correction (patient_id, field, value, by_id, by_name, at, reason)"
        " values ($1, $2, $3, $4, $5, $6, $7)"
        " on conflict (patient_id, field) do update set value = $3, by_id = $4, by_name = $5, at = $6,"
        " reason = $7",
        patient_id,
        field,
        None if value is None else crypto.key_ring().encrypt(text, _PLACE),
        by.staff_id,
        by.name,
        clock.now(),
        reason,
    )
    await audit.record(by, "patient.correct", "patient", patient_id, field=field, reason=reason)


async def withdraw(patient_id: int, field: str, by: Actor, *, reason: str) -> None:
    """Let the systems' word count again for this field.

    Raises:
        NotFound: it was not corrected.
    """
    touched = await db.execute(
        "delete from patient_correction where patient_id = $1 and field = $2", patient_id, field
    )
    if not touched:
        raise NotFound("这一项没有被更正过")
    await audit.record(by, "patient.uncorrect", "patient", patient_id, field=field, reason=reason)

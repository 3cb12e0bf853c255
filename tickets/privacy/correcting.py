"""Corrects a person's data at their request: what stood there and what stands there now are kept, sealed.

《个人信息保护法》 Art. 46. A correction stands above what feeds say later (`patients.corrections`).
"""

from dataclasses import dataclass
from datetime import date, datetime

from core import audit, clock, crypto, db
from core.actor import Actor
from core.errors import Invalid
from core.masks import mask_address, mask_id, mask_name, mask_phone
from patients import corrections
from patients.corrections import LABELS
from patients.settling.patient import resettle
from tickets import history
from tickets.privacy import requests
from tickets.privacy.words import CorrectForm, Right

_SEALED = frozenset({"phone", "id_number", "address"})
_MASKS = {"phone": mask_phone, "id_number": mask_id, "address": mask_address, "name": mask_name}


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction as a page shows it: values masked."""

    label: str
    before: str
    after: str
    reason: str
    by_name: str
    at: datetime


async def correct(case_id: int, form: CorrectForm, *, by: Actor) -> None:
    """Write the field as it should read, and keep both values.

    Raises:
        Forbidden, NotFound, Refused: as `requests.checked`.
        Invalid: the value does not fit the field, or is the same.
    """
    value = corrections.checked(form.field, form.value)
    after = value.isoformat() if isinstance(value, date) else str(value or "")
    async with db.transaction():
        case, request = await requests.checked(case_id, frozenset({Right.CORRECT}), by)
        before = await _present(request.patient_id, form.field)
        if before == after:
            raise Invalid("更正为：与现在登记的相同")
        ring = crypto.key_ring()
        await corrections.write(request.patient_id, form.field, value, by)
        await resettle(request.patient_id)
        await db.execute(
            "insert into privacy_correction (case_id, patient_id, field, before, after, reason, by_id, by_name, at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            case_id,
            request.patient_id,
            form.field,
            ring.encrypt(before, "privacy_correction.before") if before else None,
            ring.encrypt(after, "privacy_correction.after") if after else None,
            form.reason,
            by.staff_id,
            by.name,
            clock.now(),
        )
        words = f"更正了{LABELS[form.field]}，依据：{form.reason}"
        await history.add(case_id, "privacy", by, round_no=case.round, text=words)
        await audit.record(
            by,
            "privacy.correct",
            "patient",
            request.patient_id,
            case=case_id,
            field=form.field,
            before=masked(form.field, before),
            after=masked(form.field, after),
        )


async def _present(patient_id: int, field: str) -> str:
    value = await db.fetchval(f"select {field} from patient where id = $1 for update", patient_id)  # noqa: S608 - a member of FIELDS
    if field in _SEALED:
        return crypto.key_ring().decrypt(value, f"patient.{field}") if value else ""
    return value.isoformat() if isinstance(value, date) else value or ""


def masked(field: str, value: str) -> str:
    """A value as it may stand on a page and in the audit log."""
    return _MASKS[field](value) if field in _MASKS and value else value


async def of(case_id: int) -> list[Corrected]:
    """What was corrected for a request, oldest first, masked."""
    rows = await db.fetch("select * from privacy_correction where case_id = $1 order by id", case_id)
    return [
        Corrected(
            LABELS[row["field"]],
            _kept(row["field"], "before", row["before"]),
            _kept(row["field"], "after", row["after"]),
            row["reason"],
            row["by_name"],
            row["at"],
        )
        for row in rows
    ]


def _kept(field: str, side: str, sealed: bytes | None) -> str:
    return masked(field, crypto.key_ring().decrypt(sealed, f"privacy_correction.{side}")) if sealed else ""

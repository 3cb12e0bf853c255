"""Whether a number is known to be wrong for a patient: asked at the door of sending, so that nobody else gets their words.

A mark holds for the person it was made for, under whichever of their records; for others who have the number it says nothing.
"""

from core import clock, db
from patients.consent import May
from patients.people import Flag

WRONG = "号码已标记为错号"
INVALID = "患者的联系方式已标记为无效"
_RECORDS = (
    "select coalesce(merged_into, id) as id from patient where id = $1 union select id from patient"
    " where merged_into = (select coalesce(merged_into, id) from patient where id = $1)"
)


async def may_use(patient_id: int, phone_hash: bytes | None, *, own: bool) -> May:
    """Whether words to or about this patient may go to this number.

    Args:
        patient_id: whose words they are; 0 for nobody's we know.
        phone_hash: of the number.
        own: they belong to a matter the receiver raised themselves, from a number they gave.
    """
    if not patient_id or phone_hash is None:
        return May(ok=True)
    row = await db.fetchrow(
        f"with one as ({_RECORDS}) select exists (select 1 from patient_contact c where c.patient_id in"  # noqa: S608
        " (select id from one) and c.phone_hash = $2 and c.wrong_at is not null) as wrong, exists (select 1 from"
        " patient_flag f where f.patient_id in (select id from one) and f.flag = $3 and f.cleared_at is null"
        " and (f.until is null or f.until >= $4)) as invalid",
        patient_id,
        phone_hash,
        Flag.INVALID_CONTACT,
        clock.today(),
    )
    if row is not None and row["wrong"]:
        return May(ok=False, why=WRONG)
    if row is not None and row["invalid"] and not own:
        return May(ok=False, why=INVALID)
    return May(ok=True)

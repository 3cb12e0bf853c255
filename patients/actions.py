"""What is done to patients so far: their hidden values are shown to one person for a reason, and WeChat comes and goes."""

from core import db, looking
from core.actor import Actor, Permission
from core.errors import NotFound
from patients import guarding, queries
from patients.rows import PATIENT_COLUMNS, Revealed, opened


async def reveal(patient_id: int, reason: str, *, by: Actor) -> Revealed:
    """Show a patient's phone, ID number and address in full; each such look is an audit line with its reason.

    Source: GB/T 35273-2020 7.2 (hidden on screens), 个人信息保护法 51.

    Raises:
        Forbidden, NotFound: not permitted, or out of reach.
        Invalid, TooMany: no reason given, or too many looks within the hour.
    """
    await queries.in_reach(patient_id, by, Permission.PATIENT_REVEAL)
    await guarding.check(patient_id, by)
    async with db.transaction():
        row = await db.fetchrow(f"select {PATIENT_COLUMNS} from patient p where p.id = $1", patient_id)  # noqa: S608
        if row is None:
            raise NotFound
        await looking.note(
            by,
            "patient.reveal",
            "patient",
            patient_id,
            reason=reason,
            fields=("姓名", "电话", "证件号", "住址"),
        )
    return Revealed(
        row["name"],
        opened(row["phone"], "phone"),
        opened(row["id_number"], "id_number"),
        opened(row["address"], "address"),
    )


async def note_following(openid: str, *, following: bool) -> None:
    """The service account was followed or left by this openid; unknown ones are nobody we can tell."""
    await db.execute(
        "update patient set wechat_following = $2 where wechat_openid = $1 and wechat_following <> $2",
        openid,
        following,
    )

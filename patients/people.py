"""What staff do to a patient's data: correct a field, keep contacts, set flags, decide who is whom, undo a merge.

Each verb is one transaction with its audit line, without personal data in it. Feeds never come this way.
"""

from datetime import date
from enum import StrEnum

from core import audit, clock, crypto, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Invalid, NotFound, Refused
from core.identity import normalise_phone
from patients import corrections, guarding, locks, merging, queries
from patients.settling.patient import resettle

LEAST, MOST = 6, 200  # characters of a reason


class Flag(StrEnum):
    """A mark on a patient (PT-6); death is a field of its own, since feeds tell it too."""

    DISPUTE = "dispute"
    DISTURBANCE = "disturbance"
    DO_NOT_DISTURB = "do_not_disturb"
    INVALID_CONTACT = "invalid_contact"
    FREQUENT = "frequent"
    GUARDED = guarding.MARK  # opened only for a reason (patients.guarding)


FLAG_LABELS = {
    Flag.DISPUTE: "医疗纠纷",
    Flag.DISTURBANCE: "医闹",
    Flag.DO_NOT_DISTURB: "免打扰",
    Flag.INVALID_CONTACT: "联系方式无效",
    Flag.FREQUENT: "多次来访",
    Flag.GUARDED: "受保护",
}


async def _permit(patient_id: int, by: Actor) -> str:
    """The patient's number, when `by` may keep their data; the patient is locked against feeds meanwhile."""
    await queries.in_reach(patient_id, by, Permission.PATIENT_MAINTAIN)
    number: str | None = await db.fetchval("select number from patient where id = $1", patient_id)
    if number is None:
        raise NotFound("没有这位患者")
    await guarding.check(patient_id, by)
    await locks.hold([f"patient {number}"])
    return number


def _why(reason: str) -> str:
    """Why a patient's data are changed.

    Raises:
        Invalid: nothing that anybody could make something of.
    """
    words = " ".join(reason.split())
    if sum(sign.isalnum() for sign in words) < LEAST or len(words) > MOST:
        said = f"请写明具体原因，{LEAST} 至 {MOST} 个字"
        raise Invalid(said, details=[Fault(field="reason", label="原因", reason=said, value=words[:50])])
    return words


async def correct(patient_id: int, field: str, text: str, *, reason: str, by: Actor) -> None:
    """Correct a field; no feed overwrites it from now on.

    Raises:
        Forbidden, NotFound: not permitted, out of reach, no such field.
        Invalid: the value does not fit, or no reason.
    """
    value, words = corrections.checked(field, text), _why(reason)
    async with transaction():
        await _permit(patient_id, by)
        await corrections.write(patient_id, field, value, by, reason=words)
        await resettle(patient_id)


async def uncorrect(patient_id: int, field: str, *, reason: str, by: Actor) -> None:
    """Let the systems' word count again. What a feed never told of stays as it was corrected.

    Raises:
        Forbidden, NotFound: not permitted, out of reach, or not corrected.
        Invalid: no reason.
    """
    words = _why(reason)
    async with transaction():
        await _permit(patient_id, by)
        await corrections.withdraw(patient_id, field, by, reason=words)
        await resettle(patient_id)


async def add_contact(patient_id: int, relation: str, name: str, phone: str, *, by: Actor) -> None:
    """Add somebody to be reached for a patient.

    Raises:
        Invalid: the phone is none, or the relation is missing.
        Forbidden, NotFound.
    """
    number = normalise_phone(phone)
    faults = []
    if not relation.strip() or len(relation.strip()) > 20:
        faults.append(Fault(field="relation", label="关系", reason="1 至 20 个字"))
    if number is None:
        faults.append(Fault(field="phone", label="电话", reason="不是电话号码", value=phone[:30]))
    if len(name) > 40:
        faults.append(Fault(field="name", label="姓名", reason="不能超过 40 个字"))
    if faults or number is None:
        raise Invalid("联系人填写有误", details=faults)
    async with transaction():
        await _permit(patient_id, by)
        added = await db.execute(
            "insert into patient_contact (patient_id, source, relation, name, phone, phone_hash)"
            " values ($1, 'staff', $2, $3, $4, $5) on conflict do nothing",
            patient_id,
            relation.strip(),
            name.strip(),
            crypto.key_ring().encrypt(number, "patient_contact.phone"),
            crypto.search_hash(number),
        )
        if not added:
            raise Refused("已有这个联系电话")
        await audit.record(by, "patient.add_contact", "patient", patient_id, relation=relation.strip())


class ContactMark(StrEnum):
    """What a person found out about a contact."""

    PREFERRED = "preferred"
    VERIFIED = "verified"
    WRONG = "wrong"
    RIGHT = "right"  # takes WRONG back


_MARKS = {  # $2 is who, $3 is when; each names both
    ContactMark.PREFERRED: "update patient_contact set preferred = $2::text is not null and $3::timestamptz is not null"
    " where id = $1",
    ContactMark.VERIFIED: "update patient_contact set verified_at = $3, verified_by = $2, wrong_at = null, wrong_by = ''"
    " where id = $1",
    ContactMark.WRONG: "update patient_contact set wrong_at = $3, wrong_by = $2, preferred = false, verified_at = null,"
    " verified_by = '' where id = $1",
    ContactMark.RIGHT: "update patient_contact set wrong_at = case when $3::timestamptz is null then wrong_at end,"
    " wrong_by = left($2, 0) where id = $1",
}


async def mark_contact(patient_id: int, contact_id: int, mark: ContactMark, *, by: Actor) -> None:
    """Note that a number is the one to call first, was verified, or is wrong.

    Raises:
        Forbidden, NotFound: not permitted, or no such contact of this patient.
        Refused: a wrong number cannot be the one to call first.
    """
    async with transaction():
        await _permit(patient_id, by)
        row = await db.fetchrow(
            "select wrong_at from patient_contact where id = $1 and patient_id = $2 for update",
            contact_id,
            patient_id,
        )
        if row is None:
            raise NotFound("没有这个联系人")
        if mark is ContactMark.PREFERRED:
            if row["wrong_at"] is not None:
                raise Refused("已标记为错号，不能设为首选")
            await db.execute("update patient_contact set preferred = false where patient_id = $1", patient_id)
        await db.execute(_MARKS[mark], contact_id, by.name, clock.now())
        await audit.record(
            by, "patient.mark_contact", "patient", patient_id, contact=contact_id, mark=str(mark)
        )


async def set_flag(patient_id: int, flag: Flag, note: str, *, by: Actor, until: date | None = None) -> None:
    """Mark a patient; `until` is the last day on which it counts, None: until it is taken back.

    Raises:
        Invalid: the day lies in the past.
        Refused: marked so already.
        Forbidden, NotFound.
    """
    if until is not None and until < clock.today():
        reason = "不能早于今天"
        raise Invalid(f"有效期至：{reason}", details=[Fault(field="until", label="有效期至", reason=reason)])
    async with transaction():
        await _permit(patient_id, by)
        await db.execute(
            "update patient_flag set cleared_at = $3, cleared_by = '系统', cleared_because = '已到期'"
            " where patient_id = $1 and flag = $2 and cleared_at is null and until < $4",
            patient_id,
            flag,
            clock.now(),
            clock.today(),
        )
        added = await db.execute(
            "insert into patient_flag (patient_id, flag, note, set_by, set_by_id, set_at, until)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            patient_id,
            flag,
            note.strip()[:200],
            by.name,
            by.staff_id,
            clock.now(),
            until,
        )
        if not added:
            raise Refused(f"已有“{FLAG_LABELS[flag]}”标记")
        await audit.record(by, "patient.flag", "patient", patient_id, flag=str(flag))


async def clear_flag(patient_id: int, flag: Flag, reason: str, *, by: Actor) -> None:
    """Take a mark back; that it stood, and why not any more, is kept.

    Raises:
        Invalid: no reason.
        Refused: not marked so.
        Forbidden, NotFound.
    """
    words = reason.strip()
    if not words:
        raise Invalid("请写明取消的原因", details=[Fault(field="reason", label="原因", reason="必填")])
    async with transaction():
        await _permit(patient_id, by)
        cleared = await db.execute(
            "update patient_flag set cleared_at = $3, cleared_by = $4, cleared_because = $5"
            " where patient_id = $1 and flag = $2 and cleared_at is null",
            patient_id,
            flag,
            clock.now(),
            by.name,
            words[:200],
        )
        if not cleared:
            raise Refused(f"没有“{FLAG_LABELS[flag]}”标记")
        await audit.record(by, "patient.unflag", "patient", patient_id, flag=str(flag), reason=words[:200])


async def decide(a_id: int, b_id: int, *, same: bool, note: str, by: Actor) -> None:
    """Two records are one person (the second is merged into the first), or they are not and are never proposed again.

    Raises:
        Refused: it was decided already.
        Forbidden, NotFound.
    """
    async with transaction():
        first, second = await _permit(a_id, by), await _permit(b_id, by)
        state = "same" if same else "apart"
        touched = await db.execute(
            "update patient_pair set state = $3, decided_by = $4, decided_at = $5, note = $6"
            " where a_id = least($1::bigint, $2::bigint) and b_id = greatest($1::bigint, $2::bigint)"
            " and state = 'proposed'",
            a_id,
            b_id,
            state,
            by.name,
            clock.now(),
            note.strip()[:200],
        )
        if not touched:
            raise Refused("这一对已有结论，请刷新页面")
        if same:
            await db.execute(
                "insert into patient_merge (prior, survivor, ground, at, decided_by, reason)"
                " values ($1, $2, 'person', $3, $4, $5)",
                second,
                first,
                clock.now(),
                by.name,
                note.strip()[:200],
            )
            await merging.regroup([first, second])
        await audit.record(by, f"patient.{state}", "patient", a_id, other=b_id)


async def undo_merge(merge_id: int, reason: str, *, by: Actor) -> None:
    """Part two records again: their visits go back, and no rule ties them together any more.

    Raises:
        Invalid: no reason.
        NotFound: no such merge in force.
        Forbidden.
    """
    words = reason.strip()
    if not words:
        raise Invalid("请写明撤销合并的原因", details=[Fault(field="reason", label="原因", reason="必填")])
    async with transaction():
        row = await db.fetchrow(
            "select m.prior, m.survivor, a.id as a, b.id as b from patient_merge m join patient a on a.number = m.prior"
            " join patient b on b.number = m.survivor where m.id = $1 and m.undone_at is null for update of m",
            merge_id,
        )
        if row is None:
            raise NotFound("没有这次合并，或已经撤销")
        await queries.in_person_reach([row["a"], row["b"]], by, Permission.PATIENT_MAINTAIN)
        await guarding.check(row["a"], by)
        await db.execute(
            "update patient_merge set undone_at = $2, undone_by = $3, undone_because = $4 where id = $1",
            merge_id,
            clock.now(),
            by.name,
            words[:200],
        )
        await db.execute(
            "insert into patient_pair (a_id, b_id, points, reasons, state, decided_by, decided_at, note, proposed_at)"
            " values (least($1::bigint, $2::bigint), greatest($1::bigint, $2::bigint), 0, '{}', 'apart', $3, $4, $5, $4)"
            " on conflict (a_id, b_id) do update set state = 'apart', decided_by = $3, decided_at = $4, note = $5",
            row["a"],
            row["b"],
            by.name,
            clock.now(),
            words[:200],
        )
        await merging.regroup([row["prior"], row["survivor"]])
        await audit.record(by, "patient.unmerge", "patient", row["a"], other=row["b"], reason=words[:200])

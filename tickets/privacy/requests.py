"""A request about personal data: whose it is and that the asker is who they say, noted once on its case.

Until that is noted nothing of the person is packed, corrected or deleted. The answer to the person goes the road of
every case (reply, approval, told).
"""

from dataclasses import dataclass
from datetime import datetime

from core import audit, clock, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, Refused
from patients import queries as patients
from tickets import history
from tickets.models import Case
from tickets.privacy import lines
from tickets.privacy.words import (
    FITS,
    GROUNDS,
    KIND,
    RIGHTS,
    WAYS_FOR,
    Asker,
    CheckForm,
    Ground,
    RefuseForm,
    Right,
)
from tickets.queries import access
from tickets.states import CaseState

DONE = frozenset({CaseState.CLOSED, CaseState.ARCHIVED})


@dataclass(frozen=True, slots=True)
class Request:
    """What was noted of a request."""

    case_id: int
    patient_id: int
    rights: tuple[Right, ...]
    asker: str
    asker_name: str
    identity_way: str
    identity_note: str
    checked_name: str
    checked_at: datetime
    proof: str
    refused: tuple[Right, ...] = ()

    @property
    def open(self) -> frozenset[Right]:
        """What is asked for and not refused."""
        return frozenset(self.rights) - frozenset(self.refused)

    @property
    def who(self) -> str:
        """The asker in words."""
        return f"{self.asker} {self.asker_name}".strip()

    @property
    def wanted(self) -> str:
        """What is asked for, in words."""
        return "、".join(RIGHTS[right] for right in self.rights)


async def of(case_id: int) -> Request | None:
    """The request of a case; that the case may be read is the caller's question."""
    row = await db.fetchrow(
        "select case_id, patient_id, rights, asker, asker_name, identity_way, identity_note, checked_name, checked_at,"
        " proof, array(select distinct unnest(f.rights) from privacy_refusal f where f.case_id = r.case_id) as refused"
        " from privacy_request r where case_id = $1",
        case_id,
    )
    if row is None:
        return None
    rights = {name: tuple(Right(one) for one in row[name]) for name in ("rights", "refused")}
    return Request(**{**dict(row), **rights})


async def check(case_id: int, form: CheckForm, *, by: Actor) -> None:
    """Note whose data it is about and how the asker was identified.

    Raises:
        Forbidden, NotFound: this person handles no such requests, or the case is out of reach.
        Refused: it is no such case, is over, or was noted already for another patient.
        Invalid: no such patient, or the asker does not fit them.
    """
    async with db.transaction():
        case = await locked(case_id, by)
        patient = await db.fetchrow(
            "select id, born_on, deceased from patient where number = $1", form.patient_number
        )
        if patient is None:
            raise _bad("patient_number", "患者编号", "没有这个编号的患者")
        await patients.in_reach(patient["id"], by, Permission.PATIENT_READ)
        if form.asker is Asker.KIN and not patient["deceased"]:
            raise _bad("asker", "申请人", "患者未登记为已故；近亲属只能就死者的个人信息提出（第四十九条）")
        if form.asker is not Asker.SELF and not form.asker_name:
            raise _bad("asker_name", "申请人姓名", "代本人申请的须填写")
        if form.asker is not Asker.SELF and len(form.proof) < 4:
            raise _bad("proof", "代理或亲属关系证明", "代本人申请的须写明证明名称和编号")
        if form.asker in WAYS_FOR and form.way not in WAYS_FOR[form.asker]:
            (fit,) = WAYS_FOR[form.asker]
            raise _bad("way", "身份核验方式", f"{form.asker}申请的须“{fit}”")
        known = await of(case_id)
        if known is not None and known.patient_id != patient["id"] and await _acted(case_id):
            raise Refused("已按原登记的患者办理，不能改为他人；请另行登记")
        await db.execute(
            "insert into privacy_request (case_id, patient_id, rights, asker, asker_name, identity_way, identity_note,"
            " checked_by, checked_name, checked_at, proof) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
            " on conflict (case_id) do update set patient_id = $2, rights = $3, asker = $4, asker_name = $5,"
            " identity_way = $6, identity_note = $7, checked_by = $8, checked_name = $9, checked_at = $10, proof = $11",
            case_id,
            patient["id"],
            [str(right) for right in form.rights],
            form.asker,
            form.asker_name,
            form.way,
            form.note,
            by.staff_id,
            by.name,
            clock.now(),
            form.proof,
        )
        told = f"{form.asker}，{form.way}{f'，{form.proof}' if form.proof else ''}：{form.note}"
        await lines.write(case_id, "identity", "checked", told, by)
        words = f"核验了申请人身份（{form.way}），申请事项：{'、'.join(RIGHTS[one] for one in form.rights)}"
        await history.add(case_id, "privacy", by, round_no=case.round, text=words)
        await audit.record(
            by, "privacy.check", "case", case_id, patient=patient["id"], asker=form.asker, way=form.way
        )


async def _acted(case_id: int) -> bool:
    return bool(
        await db.fetchval(
            "select exists (select 1 from privacy_package where case_id = $1 union all"
            " select 1 from privacy_correction where case_id = $1 union all"
            " select 1 from privacy_erasure where case_id = $1)",
            case_id,
        )
    )


def _bad(field: str, label: str, reason: str) -> Invalid:
    return Invalid(f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason)])


async def locked(case_id: int, by: Actor) -> Case:
    """The case of a request that is not over, locked, for somebody who handles such requests.

    Raises:
        Forbidden, NotFound, Refused: as `check`.
    """
    if not by.can(Permission.PRIVACY_HANDLE):
        raise Forbidden
    return await lock_open(case_id, by)


async def lock_open(case_id: int, by: Actor) -> Case:
    """The case of a request that is not over, locked; whether this person may do what they do is the caller's question.

    Raises:
        NotFound, Refused: out of reach, no such case, or over.
    """
    case = await access.lock_case(case_id, by)
    if case.appeal_type != KIND:
        raise Refused("只有“个人信息”类诉求才能这样办理")
    if case.state in DONE:
        raise Refused("诉求已办结，不能再办理个人信息事项")
    return case


async def checked(case_id: int, right: frozenset[Right], by: Actor) -> tuple[Case, Request]:
    """The locked case and its request, when the asker is identified and asked for one of these.

    Raises:
        Refused: not identified yet, or not asked for.
    """
    case = await locked(case_id, by)
    request = await of(case_id)
    if request is None:
        raise Refused("请先核验申请人身份")
    if right.isdisjoint(request.rights) or (right & frozenset(request.rights)) <= frozenset(request.refused):
        raise Refused(f"申请事项是{request.wanted}，不包括此项，或已告知不予提供；如有变化请重新登记核验")
    return case, request


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused, why, and what the asker is told."""

    rights: str
    ground: str
    words: str
    by_name: str
    at: datetime


async def refuse(case_id: int, form: RefuseForm, *, by: Actor) -> None:
    """Write down that a right is refused, by which ground of the law, and the words for the asker; the reply tells them.

    Raises:
        Forbidden, NotFound, Refused: as `checked`, or a copy or deletion waits for a second person.
        Invalid: the ground does not fit what is refused.
    """
    async with db.transaction():
        case, request = await checked(case_id, frozenset(form.rights), by)
        if not frozenset(form.rights) <= request.open:
            raise _bad("rights", "不予提供的事项", f"只能从尚未答复的申请事项中选择：{request.wanted}")
        if form.ground in FITS and not frozenset(form.rights) <= FITS[form.ground]:
            raise _bad(
                "ground",
                "法定理由",
                f"此理由只适用于：{'、'.join(RIGHTS[one] for one in RIGHTS if one in FITS[form.ground])}",
            )
        await db.execute(
            "insert into privacy_refusal (case_id, rights, ground, words, by_id, by_name, at)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            case_id,
            [str(one) for one in form.rights],
            form.ground,
            form.words,
            by.staff_id,
            by.name,
            clock.now(),
        )
        told = "、".join(RIGHTS[one] for one in form.rights)
        await history.add(
            case_id, "privacy", by, round_no=case.round, text=f"不予提供：{told}，{GROUNDS[form.ground]}"
        )
        await audit.record(
            by,
            "privacy.refuse",
            "case",
            case_id,
            rights=[str(one) for one in form.rights],
            ground=form.ground,
        )


async def refusals(case_id: int) -> list[Refusal]:
    """What was refused of a request, oldest first."""
    rows = await db.fetch(
        "select rights, ground, words, by_name, at from privacy_refusal where case_id = $1 order by id",
        case_id,
    )
    return [
        Refusal(
            "、".join(RIGHTS[Right(one)] for one in row["rights"]),
            GROUNDS[Ground(row["ground"])],
            row["words"],
            row["by_name"],
            row["at"],
        )
        for row in rows
    ]

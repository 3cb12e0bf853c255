"""Calls: somebody of the staff asks on the telephone, writes each answer down as it is given, and what came of the call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.masks import mask_name
from patients import consent, guarding
from patients import queries as patients
from surveys import asks
from surveys.responses import drafting
from surveys.responses.drafting import Opening
from surveys.responses.rows import Channel, Response, State, get

MOST_NOTE = 500


class CallOutcome(StrEnum):
    """What came of a call."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    LATER = "later"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    DECEASED = "deceased"


OUTCOME_LABELS = {
    CallOutcome.REACHED: "已接通",
    CallOutcome.NO_ANSWER: "无人接听",
    CallOutcome.BUSY: "占线",
    CallOutcome.LATER: "约定再打",
    CallOutcome.WRONG_NUMBER: "号码错误",
    CallOutcome.REFUSED: "拒绝受访",
    CallOutcome.DECEASED: "患者已故",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call; the name is masked."""

    at: datetime
    patient: str
    title: str
    outcome: str
    note: str
    response_id: UUID | None


def _permitted(by: Actor) -> int:
    if by.staff_id is None or not by.can(Permission.SURVEY_INTERVIEW):
        raise Forbidden
    return by.staff_id


async def begin(visit_id: int, questionnaire_id: int, *, by: Actor) -> Response:
    """The draft of this visit on the telephone: new, or what the patient began by another way.

    Raises:
        NotFound: no such visit in reach, or no such questionnaire.
        Refused: it was answered already, may not be answered now, or the patient may not be rung up for it.
    """
    staff_id = _permitted(by)
    visit = await patients.visit(visit_id, by)
    await guarding.check(visit.patient_id, by)
    may = await consent.may_reach(visit.patient_id, consent.Purpose.SURVEY, consent.Channel.PHONE)
    if not may:
        raise Refused(f"不能电话访问：{may.why}")
    ask = await asks.create(questionnaire_id, by=by, patient_id=visit.patient_id, visit_id=visit.id)
    found = await drafting.begin(
        Opening(uuid4(), questionnaire_id, Channel.PHONE, ask=ask, filled_by_id=staff_id)
    )
    if found.state is State.COMPLETED:
        raise Refused("这次就诊已填写过这份问卷")
    if found.channel is not Channel.PHONE or found.filled_by_id != staff_id:
        await db.execute(
            "update response set channel = 'phone', filled_by_id = $2, revision = revision + 1"
            " where id = $1 and state = 'draft'",
            found.id,
            staff_id,
        )
        await audit.record(by, "survey.take_over", "patient", visit.patient_id, response=str(found.id))
    return await get(found.id)


async def mine(response_id: UUID, *, by: Actor) -> Response:
    """A response on the telephone of whoever asks.

    Raises:
        NotFound: none, not by telephone, or somebody else's.
    """
    staff_id = _permitted(by)
    found = await get(response_id)
    if found.channel is not Channel.PHONE or found.filled_by_id != staff_id:
        raise NotFound("没有这份答卷，或不是您在访问")
    return found


async def note(
    visit_id: int,
    questionnaire_id: int,
    outcome: str,
    *,
    by: Actor,
    words: str = "",
    response_id: UUID | None = None,
) -> None:
    """Write down what came of a call.

    Raises:
        Invalid: no such outcome.
        NotFound: no such visit in reach.
    """
    staff_id = _permitted(by)
    if outcome not in list(CallOutcome):
        raise Invalid(
            "请选择通话结果", details=[Fault(field="outcome", label="通话结果", reason="请选择通话结果")]
        )
    visit = await patients.visit(visit_id, by)
    await guarding.check(visit.patient_id, by)
    async with transaction():
        await db.execute(
            "insert into survey_call (questionnaire_id, patient_id, visit_id, response_id, outcome, note, staff_id, at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8)",
            questionnaire_id,
            visit.patient_id,
            visit.id,
            response_id,
            outcome,
            " ".join(words.split())[:MOST_NOTE],
            staff_id,
            clock.now(),
        )
        await audit.record(by, "survey.call", "patient", visit.patient_id, outcome=outcome)


async def of_staff(*, by: Actor, limit: int = 20) -> Sequence[Call]:
    """One's own latest calls."""
    rows = await db.fetch(
        "select c.at, p.name, q.title, c.outcome, c.note, c.response_id from survey_call c"
        " join patient p on p.id = c.patient_id join questionnaire q on q.id = c.questionnaire_id"
        " where c.staff_id = $1 order by c.id desc limit $2",
        _permitted(by),
        limit,
    )
    return [
        Call(
            row["at"],
            mask_name(row["name"]),
            row["title"],
            OUTCOME_LABELS[CallOutcome(row["outcome"])],
            row["note"],
            row["response_id"],
        )
        for row in rows
    ]


async def before(visit_id: int, questionnaire_id: int) -> Sequence[Call]:
    """What came of earlier calls about this visit; for whoever has the response in hand."""
    rows = await db.fetch(
        "select c.at, s.name, c.outcome, c.note, c.response_id from survey_call c join staff s on s.id = c.staff_id"
        " where c.visit_id = $1 and c.questionnaire_id = $2 order by c.id desc limit 20",
        visit_id,
        questionnaire_id,
    )
    return [
        Call(
            row["at"],
            row["name"],
            "",
            OUTCOME_LABELS[CallOutcome(row["outcome"])],
            row["note"],
            row["response_id"],
        )
        for row in rows
    ]

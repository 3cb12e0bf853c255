"""Responses that come as a file: all of them checked by the published version first, then taken in; never twice.

They keep their own time, belong to no visit and no department, and bear the channel of imports. Files (photos, drawn
signatures) do not come this way.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from core import audit, clock, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid
from surveys.checking import check_answers
from surveys.exchange import fhir_response, fhir_responses
from surveys.exchange.fhir_responses import Read
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.queries import Version
from surveys.questions.base import parsed
from surveys.responses import knowing
from surveys.responses.drafting import Opening
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission, submit


@dataclass(frozen=True, slots=True)
class Imported:
    """How many were taken in, and how many were there before."""

    taken: int
    known: int


async def take_in(questionnaire_id: int, data: bytes, *, by: Actor) -> Imported:
    """Take in a file of FHIR responses to a questionnaire. Run again it does nothing new.

    Args:
        questionnaire_id: what they answer: its version in use.
        data: a QuestionnaireResponse or a Bundle of them, JSON.
        by: who brings it.

    Raises:
        Forbidden: this person designs no questionnaires.
        NotFound, Refused: nobody may answer it now.
        Invalid: `details` name every place at fault; nothing was written.
    """
    if not by.can(Permission.SURVEY_DESIGN):
        raise Forbidden
    version = await questionnaires.open_version(questionnaire_id)
    if version.kind.anonymous:
        raise Invalid("匿名问卷不能导入答卷", details=[_fault("问卷", "匿名问卷不保存答卷")])
    found = fhir_responses.read(data)
    there = {
        row["id"]: row["questionnaire_id"]
        for row in await db.fetch(
            "select id, questionnaire_id from response where id = any($1::uuid[])", [one.id for one in found]
        )
    }
    fresh = [one for one in found if one.id not in there]
    faults = [
        _fault(one.place, "这个编号的答卷属于另一份问卷")
        for one in found
        if there.get(one.id, questionnaire_id) != questionnaire_id
    ]
    judged = {one.id: _given(one, version, faults) for one in fresh}
    if faults:
        raise Invalid("文件不能导入，什么都没有写入", details=faults[:100])
    for one in fresh:
        opening = Opening(one.id, questionnaire_id, Channel.IMPORT)
        await submit(Submission(one.id, by, judged[one.id], opening=opening))
    await _at_their_time(found)
    digest = hashlib.sha256(data).hexdigest()
    await audit.record(
        by, "survey.import", "questionnaire", questionnaire_id, responses=len(fresh), sha256=digest
    )
    return Imported(len(fresh), len(found) - len(fresh))


def _given(one: Read, version: Version, faults: list[Fault]) -> dict[str, dict[str, object]]:
    """The answers as they are handed in; what is wrong with them goes to `faults`."""
    if one.version is not None and one.version != version.id:
        faults.append(
            _fault(f"{one.place} questionnaire", "答的是另一份问卷或旧版本，只能导入正在使用的版本")
        )
        return {}
    try:
        given = fhir_response.given(version.definition, one.raw)
        check_answers(version.definition, version.conditions, given, knowing.nothing())
    except Invalid as error:
        faults += [
            _fault(f"{one.place} {fault.label or fault.field}", fault.reason) for fault in error.details
        ]
        return {}
    for code, raw in given.items():
        answer = parsed(raw)
        if answer is not None and answer.f:
            title = version.definition.by_code[code].title
            faults.append(_fault(f"{one.place} {title}", "附件和签名图片不能随文件导入，请从文件中去掉"))
    return given


async def _at_their_time(found: Sequence[Read]) -> None:
    """Responses of this file get the time they were given at: also those of a run that was cut short before."""
    async with db.transaction():
        moved = await db.fetch(
            "update response r set started_at = s.at, completed_at = s.at, day = s.day"
            " from unnest($1::uuid[], $2::timestamptz[], $3::date[]) as s(id, at, day)"
            " where r.id = s.id and r.channel = 'import' and r.completed_at <> s.at"
            " returning r.id, r.questionnaire_id",
            [one.id for one in found],
            [one.at for one in found],
            [clock.local(one.at).date() for one in found],
        )
        await db.executemany(
            "insert into survey_row_due (response_id, questionnaire_id) values ($1, $2)",
            [(row["id"], row["questionnaire_id"]) for row in moved],
        )


def _fault(place: str, reason: str) -> Fault:
    return Fault(field="file", label=place, reason=reason)

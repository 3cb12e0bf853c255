"""From a draft to a version: handed in, taken back, sent back, approved; retired and put into force again.

Whoever edited since the last version does not review it. A version is checked whole and then never changes (the
database refuses).
"""

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Invalid, Refused
from core.events import announce
from surveys import pictures
from surveys.checking import Problem, problems
from surveys.definition import Definition
from surveys.questionnaires import queries
from surveys.questionnaires.actions import locked, permitted
from surveys.questionnaires.events import QuestionnaireRetired, VersionPublished
from surveys.questionnaires.queries import Questionnaire, Version
from surveys.questionnaires.rows import insert_version, put_in_force


async def hand_in(
    questionnaire_id: int, *, revision: int, note: str = "", migrates: bool = False, by: Actor
) -> None:
    """Ask for review of the saved draft.

    Args:
        questionnaire_id: the questionnaire.
        revision: the one that was seen.
        note: what is new, for the reviewer and the list of versions.
        migrates: whether what is begun on an older version goes on with this one.
        by: who asks.

    Raises:
        Invalid: the draft has problems; `details` name each: field "<question>:<place>".
        Refused: somebody else saved meanwhile, or it is under review already.
    """
    async with transaction():
        found = await locked(questionnaire_id, revision, by)
        await refuse_faults(found.draft)
        await db.execute("update questionnaire set state = 'reviewing' where id = $1", found.id)
        await db.execute(
            "insert into questionnaire_review (questionnaire_id, revision, note, migrates, asked_by, asked_by_id,"
            " asked_at) values ($1, $2, $3, $4, $5, $6, $7)",
            found.id,
            revision,
            note.strip()[:200],
            migrates,
            by.name,
            by.staff_id,
            clock.now(),
        )
        await audit.record(by, "questionnaire.hand_in", "questionnaire", found.id, revision=revision)


async def take_back(questionnaire_id: int, *, by: Actor) -> None:
    """Take the draft out of review, to edit on.

    Raises:
        Refused: it is not under review.
    """
    async with transaction():
        found = await _under_review(questionnaire_id)
        await permitted(found.unit_id, by)
        await _decide(found, "withdrawn", "", by)
        await audit.record(by, "questionnaire.take_back", "questionnaire", found.id)


async def send_back(questionnaire_id: int, words: str, *, by: Actor) -> None:
    """The reviewer gives the draft back with what is to be mended.

    Raises:
        Invalid: nothing said.
        Refused: it is not under review.
    """
    if not words.strip():
        raise Invalid("请写明退回的原因", details=[Fault(field="words", label="退回原因", reason="不能为空")])
    async with transaction():
        found = await _under_review(questionnaire_id)
        await permitted(found.unit_id, by, Permission.SURVEY_REVIEW)
        await _decide(found, "sent_back", words.strip()[:500], by)
        await audit.record(by, "questionnaire.send_back", "questionnaire", found.id)


async def approve(questionnaire_id: int, *, by: Actor) -> Version:
    """Publish the draft under review as the next version, which is answered from now on.

    Raises:
        Forbidden: not a reviewer.
        Refused: it is not under review, they edited it themselves, or nothing has changed since the last version.
    """
    async with transaction():
        found = await _under_review(questionnaire_id)
        await permitted(found.unit_id, by, Permission.SURVEY_REVIEW)
        if await _edited_by(found.id, by):
            raise Refused("您参与了这份问卷的编制，需由另一位有审核权限的人审核发布")
        await refuse_faults(found.draft)
        asked = await queries.review(found.id)
        version_id = await insert_version(
            found.id,
            found.draft,
            by,
            note=asked.note if asked else "",
            author=asked.asked_by if asked else "",
            migrates=asked.migrates if asked else False,
        )
        await put_in_force(found.id, version_id)
        await _decide(found, "approved", "", by, version_id)
        await db.execute("delete from questionnaire_editor where questionnaire_id = $1", found.id)
        await audit.record(by, "questionnaire.publish", "questionnaire", found.id, version=version_id)
        await announce(VersionPublished(questionnaire_id=found.id, version_id=version_id))
    return await queries.version(version_id)


async def enforce(version_id: int, *, by: Actor) -> Version:
    """Answer an earlier version again, or a retired questionnaire's: it was reviewed before."""
    async with transaction():
        version = await queries.version(version_id)
        found = await queries.by_id(version.questionnaire_id, lock=True)
        await permitted(found.unit_id, by, Permission.SURVEY_REVIEW)
        if version.frame_id is not None:
            raise Refused("这是按就诊过程组成的版本，不能单独启用")
        await db.execute(
            "update questionnaire set active = true, version_id = $2 where id = $1", found.id, version.id
        )
        await audit.record(by, "questionnaire.enforce", "questionnaire", found.id, version=version.id)
        await announce(VersionPublished(questionnaire_id=found.id, version_id=version.id))
    return version


async def retire(questionnaire_id: int, *, by: Actor) -> None:
    """Nobody answers it any more; what was answered stays. Nothing is deleted.

    Raises:
        Refused: it is not in use.
    """
    async with transaction():
        found = await queries.by_id(questionnaire_id, lock=True)
        await permitted(found.unit_id, by, Permission.SURVEY_REVIEW)
        if not found.active:
            raise Refused("这份问卷没有在使用")
        await db.execute("update questionnaire set active = false where id = $1", found.id)
        await audit.record(by, "questionnaire.retire", "questionnaire", found.id)
        await announce(QuestionnaireRetired(questionnaire_id=found.id))


async def refuse_faults(definition: Definition) -> None:
    """Refuse what may not be published.

    Raises:
        Invalid: each problem with its place.
    """
    found = problems(definition)
    found += [
        Problem(question=code, place=place, reason="图片不在本系统中，请重新上传")
        for code, place in await pictures.missing(definition)
    ]
    faults = [fault(problem, definition) for problem in found]
    if faults:
        raise Invalid("问卷还不能发布", details=faults)


def fault(problem: Problem, definition: Definition) -> Fault:
    """A problem as the page and the API tell it: field "<question>:<place>"."""
    item = definition.named(problem.question) if problem.question else None
    return Fault(
        field=f"{problem.question}:{problem.place}",
        label=(item.title or f"未命名的题目 {item.code}") if item else "整份问卷",
        reason=problem.reason,
    )


async def _under_review(questionnaire_id: int) -> Questionnaire:
    found = await queries.by_id(questionnaire_id, lock=True)
    if found.state != "reviewing":
        raise Refused("这份问卷没有在审核")
    return found


async def _edited_by(questionnaire_id: int, by: Actor) -> bool:
    """The clock edits nothing by itself; a person is asked for by id, not by name."""
    if by.staff_id is None:
        return False
    return bool(
        await db.fetchval(
            "select 1 from questionnaire_editor where questionnaire_id = $1 and staff_id = $2",
            questionnaire_id,
            by.staff_id,
        )
    )


async def _decide(
    found: Questionnaire, decision: str, words: str, by: Actor, version_id: int | None = None
) -> None:
    await db.execute(
        "update questionnaire_review set decision = $2, words = $3, decided_by = $4, decided_by_id = $5,"
        " decided_at = $6, version_id = $7 where questionnaire_id = $1 and decision = ''",
        found.id,
        decision,
        words,
        by.name,
        by.staff_id,
        clock.now(),
        version_id,
    )
    await db.execute("update questionnaire set state = 'editing' where id = $1", found.id)

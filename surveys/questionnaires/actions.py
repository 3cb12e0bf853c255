"""What is done with drafts: new, saved, copied, commented on. All are audited; a draft may be unfinished.

Publishing lies in `surveys.questionnaires.reviewing`. Nothing here touches a published version.
"""

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from staff import queries as staff
from surveys.definition import Definition
from surveys.questionnaires import queries
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Questionnaire
from surveys.questionnaires.rows import as_json, insert

LONGEST_COMMENT = 500


async def permitted(
    unit_id: int | None, by: Actor, permission: Permission = Permission.SURVEY_DESIGN
) -> None:
    """Whether somebody may work on questionnaires of a unit (None: of the whole group).

    Raises:
        Forbidden: they do not hold the permission there.
    """
    path = (await staff.tree()).unit(unit_id).path if unit_id is not None else None
    if path is None and by.can(permission, "/"):
        return
    if path is None or not by.can(permission, path):
        raise Forbidden


async def create(
    kind: Kind, definition: Definition, *, unit_id: int | None = None, by: Actor
) -> Questionnaire:
    """A new questionnaire with this draft, of a unit or of the whole group; it is answered once it is published."""
    await permitted(unit_id, by)
    async with transaction():
        made = await insert(kind, definition, by, unit_id=unit_id)
        await _edited(made, by)
        await audit.record(by, "questionnaire.create", "questionnaire", made, kind=kind)
    return await queries.by_id(made)


async def save(questionnaire_id: int, definition: Definition, *, revision: int, by: Actor) -> Questionnaire:
    """Replace the draft.

    Args:
        questionnaire_id: the questionnaire.
        definition: the whole draft.
        revision: the one that was edited.
        by: who edits.

    Raises:
        Refused: somebody else saved meanwhile, or the draft is under review.
    """
    async with transaction():
        found = await locked(questionnaire_id, revision, by)
        await db.execute(
            "update questionnaire set draft = $2::jsonb, title = $3, revision = revision + 1, changed_by = $4,"
            " changed_at = $5 where id = $1",
            found.id,
            as_json(definition.model_dump(mode="json")),
            definition.title,
            by.name,
            clock.now(),
        )
        await _edited(found.id, by)
        await audit.record(by, "questionnaire.save", "questionnaire", found.id, revision=found.revision + 1)
    return await queries.by_id(questionnaire_id)


async def copy(questionnaire_id: int, kind: Kind | None = None, *, by: Actor) -> Questionnaire:
    """A new questionnaire with the same draft, of the same unit."""
    found = await queries.by_id(questionnaire_id)
    draft = found.draft.model_copy(update={"title": f"{found.draft.title[:94]}（副本）"})
    return await create(kind or found.kind, draft, unit_id=found.unit_id, by=by)


async def comment(questionnaire_id: int, question: str, words: str, *, by: Actor) -> int:
    """Say something about a question of the draft ("" about the whole); whoever may design or review reads it.

    Raises:
        Invalid: nothing said, too long, or no such question.
    """
    found = await queries.by_id(questionnaire_id)
    if not by.can(Permission.SURVEY_REVIEW):
        await permitted(found.unit_id, by)
    words = words.strip()
    if not words:
        raise Invalid("请写出意见", details=[Fault(field="words", label="意见", reason="不能为空")])
    if len(words) > LONGEST_COMMENT:
        raise Invalid(
            "意见太长",
            details=[Fault(field="words", label="意见", reason=f"不能超过 {LONGEST_COMMENT} 个字")],
        )
    if question and found.draft.named(question) is None:
        raise Invalid("这一题已经删除", details=[Fault(field="question", label="题目", reason="不存在")])
    async with transaction():
        made: int = await db.fetchval(
            "insert into questionnaire_comment (questionnaire_id, question, words, by_id, by_name, at)"
            " values ($1, $2, $3, $4, $5, $6) returning id",
            found.id,
            question,
            words,
            by.staff_id,
            by.name,
            clock.now(),
        )
        await audit.record(by, "questionnaire.comment", "questionnaire", found.id, question=question)
    return made


async def settle_comment(questionnaire_id: int, comment_id: int, *, by: Actor) -> None:
    """A comment is dealt with; a second time changes nothing.

    Raises:
        NotFound: the questionnaire has no such comment.
    """
    found = await queries.by_id(questionnaire_id)
    if not by.can(Permission.SURVEY_REVIEW):
        await permitted(found.unit_id, by)
    async with transaction():
        row = await db.fetchrow(
            "select settled_at from questionnaire_comment where id = $1 and questionnaire_id = $2 for update",
            comment_id,
            found.id,
        )
        if row is None:
            raise NotFound("没有这条意见")
        if row["settled_at"] is None:
            await db.execute(
                "update questionnaire_comment set settled_by = $2, settled_at = $3 where id = $1",
                comment_id,
                by.name,
                clock.now(),
            )
            await audit.record(by, "questionnaire.settle_comment", "questionnaire", found.id)


async def locked(questionnaire_id: int, revision: int, by: Actor) -> Questionnaire:
    """The questionnaire, locked, if it may be edited now by whoever has seen this revision.

    Raises:
        Forbidden: not theirs.
        Refused: somebody else saved meanwhile, or it is under review.
    """
    found = await queries.by_id(questionnaire_id, lock=True)
    await permitted(found.unit_id, by)
    if found.state != "editing":
        raise Refused("这份问卷正在审核，撤回后才能修改")
    if found.revision != revision:
        raise Refused(f"{found.changed_by}刚刚保存过这份问卷，请刷新页面后再改")
    return found


async def _edited(questionnaire_id: int, by: Actor) -> None:
    if by.staff_id is not None:
        await db.execute(
            "insert into questionnaire_editor (questionnaire_id, staff_id, at) values ($1, $2, $3)"
            " on conflict (questionnaire_id, staff_id) do update set at = excluded.at",
            questionnaire_id,
            by.staff_id,
            clock.now(),
        )

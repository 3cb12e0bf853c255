"""What is done with the bank: an item saved, changed to a next version, moved, retired. All are audited.

A questionnaire takes a copy: a later version of an item changes no questionnaire.
"""

from secrets import token_hex

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, Refused
from surveys.bank import queries
from surveys.bank.queries import BankItem
from surveys.questionnaires.rows import as_json
from surveys.questions.base import Question

LONGEST = 40


async def save(
    question: Question, *, group: str, subgroup: str = "", code: str = "", note: str = "", by: Actor
) -> BankItem:
    """Keep a question as a new item, or as the next version of the item `code`.

    Args:
        question: as it was designed; its own code, logic and step are not kept.
        group: the class, "满意度".
        subgroup: the sub-class, "就医环境"; may be empty.
        code: of the item that gets a version; "" makes a new item.
        note: what is new.
        by: who keeps it.

    Raises:
        Invalid: no class, or the question is not finished.
        NotFound: no such item.
        Refused: the newest version says the same.
    """
    _permitted(by)
    group, subgroup = _named(group, subgroup)
    gaps = list(question.gaps())
    if gaps:
        faults = [
            Fault(field=gap.place, label=question.title or "未命名的题目", reason=gap.reason) for gap in gaps
        ]
        raise Invalid("题目还没有写完，不能存入题库", details=faults)
    async with transaction():
        if code:
            found = await queries.item(code, lock=True)
            if _bare(found.question, code) == _bare(question, code):
                raise Refused(f"与题库中第 {found.number} 版完全相同")
        else:
            code = f"b_{token_hex(4)}"
            await db.execute(
                "insert into bank_item (code, class, subclass, changed_by, changed_at) values ($1, $2, $3, $4, $5)",
                code,
                group,
                subgroup,
                by.name,
                clock.now(),
            )
        kept = _bare(question, code)
        number = await db.fetchval(
            "update bank_item set number = number + 1, class = $2, subclass = $3, retired = false, changed_by = $4,"
            " changed_at = $5 where code = $1 returning number",
            code,
            group,
            subgroup,
            by.name,
            clock.now(),
        )
        await db.execute(
            "insert into bank_item_version (code, number, kind, title, body, note, saved_by, saved_at)"
            " values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)",
            code,
            number,
            kept.kind,
            kept.title,
            as_json(kept.model_dump(mode="json")),
            note.strip()[:200],
            by.name,
            clock.now(),
        )
        await audit.record(by, "bank.save", "bank_item", None, code=code, version=number)
    return await queries.item(code)


async def move(code: str, *, group: str, subgroup: str = "", by: Actor) -> BankItem:
    """Put an item under another class."""
    _permitted(by)
    group, subgroup = _named(group, subgroup)
    async with transaction():
        await queries.item(code, lock=True)
        await db.execute(
            "update bank_item set class = $2, subclass = $3, changed_by = $4, changed_at = $5 where code = $1",
            code,
            group,
            subgroup,
            by.name,
            clock.now(),
        )
        await audit.record(by, "bank.move", "bank_item", None, code=code, group=group, subgroup=subgroup)
    return await queries.item(code)


async def retire(code: str, *, retired: bool, by: Actor) -> BankItem:
    """Offer an item no longer, or again; questionnaires that have it keep it."""
    _permitted(by)
    async with transaction():
        await queries.item(code, lock=True)
        await db.execute(
            "update bank_item set retired = $2, changed_by = $3, changed_at = $4 where code = $1",
            code,
            retired,
            by.name,
            clock.now(),
        )
        await audit.record(by, "bank.retire" if retired else "bank.restore", "bank_item", None, code=code)
    return await queries.item(code)


def _permitted(by: Actor) -> None:
    if not by.can(Permission.SURVEY_DESIGN):
        raise Forbidden


def _named(group: str, subgroup: str) -> tuple[str, str]:
    group, subgroup = group.strip(), subgroup.strip()
    if not group:
        raise Invalid("请写明题目的大类", details=[Fault(field="group", label="大类", reason="不能为空")])
    for field, label, words in (("group", "大类", group), ("subgroup", "小类", subgroup)):
        if len(words) > LONGEST:
            raise Invalid(
                f"{label}太长", details=[Fault(field=field, label=label, reason=f"不能超过 {LONGEST} 个字")]
            )
    return group, subgroup


def _bare(question: Question, code: str) -> Question:
    """The question as the bank keeps it: of no questionnaire."""
    return question.model_copy(
        update={"code": "item", "bank": code, "show_if": None, "jumps": (), "step": ""}
    )

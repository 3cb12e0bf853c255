"""Questionnaires of the sample hospital: some in use, one waiting for review, one being drafted, a bank; made once.

Made by the people of the sample through the same actions as pages use, so that review shows two persons.
"""

from core import db
from core.actor import Actor, Door, system
from staff.actors import actor_of
from surveys import shipped
from surveys.bank import actions as bank
from surveys.questionnaires import actions, reviewing

IN_USE = (
    "outpatient",
    "inpatient",
    "journey",
    "staff",
    "mutual",
    "followup_hypertension",
    "followup_diabetes",
    "followup_joint",
)
WAITING, DRAFTED = "followup_stroke", "followup_copd"
BANKED = (  # template, question, class, sub-class
    ("outpatient", "doc_listen", "满意度", "医生沟通"),
    ("outpatient", "doc_explain", "满意度", "医生沟通"),
    ("outpatient", "nurse_kind", "满意度", "护士沟通"),
    ("outpatient", "env_clean", "满意度", "就医环境"),
    ("outpatient", "nps", "满意度", "总体"),
    ("inpatient", "pain_worst", "症状", "疼痛"),
    ("followup_joint", "where", "症状", "疼痛"),
    ("followup_hypertension", "systolic", "监测", "血压"),
    ("followup_hypertension", "diastolic", "监测", "血压"),
    ("followup_diabetes", "fasting", "监测", "血糖"),
    ("followup_hypertension", "smoke", "生活方式", ""),
    ("followup_stroke", "self", "康复", "日常生活"),
)


async def seed() -> None:
    """Make them, unless there is a questionnaire already."""
    if await db.fetchval("select true from questionnaire limit 1"):
        return
    author, reviewer = await _person("shejishi"), await _person("zhongxinzr")
    for key in IN_USE:
        await _made(key, author)
        await _handed_in(author)
        await reviewing.approve(await _last(), by=reviewer)
    await _made(WAITING, author)
    await _handed_in(author, "新增日常生活自理评分")
    await _made(DRAFTED, author)
    await actions.comment(await _last(), "inhale", "建议写明是哪几种吸入药，患者分不清", by=reviewer)
    for template, code, group, subgroup in BANKED:
        question = shipped.definition(template)[1].named(code)
        if question is not None:
            await bank.save(question, group=group, subgroup=subgroup, by=author)


async def _person(number: str) -> Actor:
    staff_id = await db.fetchval("select id from staff where number = $1", number)
    return (
        await actor_of(staff_id, Door.COMMAND) if staff_id is not None else system("示例数据", Door.COMMAND)
    )


async def _made(key: str, by: Actor) -> None:
    kind, definition = shipped.definition(key)
    await actions.create(kind, definition, by=by)


async def _last() -> int:
    found: int = await db.fetchval("select max(id) from questionnaire")
    return found


async def _handed_in(by: Actor, note: str = "按模板新建") -> None:
    await reviewing.hand_in(await _last(), revision=1, note=note, by=by)

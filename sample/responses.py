"""Responses of the sample hospital: doors with QR codes, patients who were asked and answered, some who still may; made once.

Made through the same actions as pages use, so that scores, facts, flags and audit lines are real.
"""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from core import clock, db
from core.actor import Actor, ActorKind, Door, system
from core.errors import Invalid, Refused
from surveys import asks
from surveys.answers import Shape
from surveys.checking import path
from surveys.logic import Value
from surveys.questionnaires.queries import Version
from surveys.questions.base import Question, parsed
from surveys.responses import entrances, knowing
from surveys.responses.drafting import Opening
from surveys.responses.judging import version_for
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission, submit

ANSWERED, WAITING = 150, 40
CHANNELS = (Channel.WECHAT,) * 5 + (Channel.SMS,) * 3 + (Channel.PHONE, Channel.KIOSK, Channel.BEDSIDE)
KINDS = {"outpatient": "outpatient", "emergency": "outpatient", "inpatient": "inpatient"}
TEXTS = ("候诊时间有点长", "护士态度很好，谢谢", "停车不方便", "希望夜间病房再安静一些", "医生讲得很清楚")
DOORS = (
    ("outpatient", Channel.QR, "门诊大厅立牌"),
    ("outpatient", Channel.KIOSK, "门诊自助机"),
    ("outpatient", Channel.WEB, "医院网站"),
    ("inpatient", Channel.BEDSIDE, "床旁屏"),
)


async def seed() -> None:
    """Make them, unless there is a response already or no questionnaire."""
    if await db.fetchval("select true from response limit 1"):
        return
    by = system("示例数据", Door.COMMAND)
    rows = await db.fetch(
        "select distinct on (kind) kind, id from questionnaire where active and kind in ('outpatient', 'inpatient', 'discharged')"
        " order by kind, id"
    )
    asked = {row["kind"]: row["id"] for row in rows}
    if "discharged" in asked:  # of a stay that is over one is asked with the form for it
        asked["inpatient"] = asked["discharged"]
    for kind, channel, label in DOORS:
        if kind in asked:
            await entrances.create(asked[kind], channel, label, by=by)
    visits = await db.fetch(
        "select id, patient_id, kind from visit where kind in ('outpatient', 'emergency', 'inpatient')"
        " and (end_on is not null or kind <> 'inpatient') order by id % 7, start_on desc, id desc limit $1",
        ANSWERED + WAITING,
    )
    dice = random.Random(20261122)
    for at, visit in enumerate(visits):
        one = asked.get(KINDS[visit["kind"]])
        if one is None:
            continue
        ask = await asks.create(one, by=by, patient_id=visit["patient_id"], visit_id=visit["id"])
        if at >= WAITING:
            await _answer(Opening(uuid4(), one, dice.choice(CHANNELS), ask=ask), dice)


async def _answer(opening: Opening, dice: random.Random) -> None:
    by = Actor(ActorKind.PATIENT, None, "填写人", Door.PORTAL)
    visit_id = opening.ask.visit_id if opening.ask else None
    version = await version_for(opening.questionnaire_id, visit_id)
    facts = await knowing.of_visit(visit_id, opening.questionnaire_id)
    given = answers(version, facts, dice)
    pace = dice.choice((600, 3500, 4500, 5500, 6500)) if dice.random() < 0.3 else dice.randint(3000, 9000)
    times = {code: dice.randint(pace // 2, pace) for code in given}
    with clock.frozen(clock.now() - timedelta(hours=dice.randint(1, 24 * 60))):
        try:
            await submit(Submission(opening.id, by, given, times, opening))
        except (Invalid, Refused):
            return  # a questionnaire whose answers cannot be invented stays unanswered


def answers(version: Version, facts: Mapping[str, Value], dice: random.Random) -> dict[str, Any]:
    """Plausible answers along the way that they open: mostly content, as patients are."""
    given: dict[str, Any] = {}
    content = dice.random() < 0.85
    for item in version.definition.questions:
        if item.code in path(version.definition, version.conditions, given, facts):
            raw = _one(item, dice, content=content)
            answer = parsed(raw)
            if raw and answer is not None and not item.complaint(answer):
                given[item.code] = raw
    return given


def _one(item: Question, dice: random.Random, *, content: bool) -> dict[str, Any]:
    match item.shape:
        case Shape.NUMBER:
            steps = list(getattr(item, "steps", range(1, 4)))
            best = steps[-max(1, len(steps) // 3) :] if content else steps
            return {"n": str(dice.choice(best))}
        case Shape.CODE | Shape.CODES:
            return {"c": [_option(item, dice, content=content)]}
        case Shape.GRID:
            return {"m": {part.code: [_option(item, dice, content=content)] for part in item.parts}}
        case Shape.TEXT if not item.private and (item.required or dice.random() < 0.3):
            return {"t": dice.choice(TEXTS)}
        case _:
            return {}


def _option(item: Question, dice: random.Random, *, content: bool) -> str:
    choices = [option for option in item.choices if not option.other]
    scored = sorted(choices, key=lambda option: item.scores.get(option.code, 0), reverse=True)
    return dice.choice(scored[: max(1, (len(scored) + 1) // 2)] if content else scored).code

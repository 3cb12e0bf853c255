"""A year of invented responses for the statistics, with a trend in them; a closed staff survey, a mutual evaluation.

Handed in by the same action as a patient's page uses, at invented times of the past year; made once.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from core import clock, db
from core.actor import Actor, ActorKind, Door, system
from staff.actors import actor_of
from surveys import asks, shipped
from surveys.anonymous import rounds
from surveys.anonymous.opening import NewRound, close_round, open_round
from surveys.anonymous.taking_part import take_part
from surveys.answers import Shape
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.queries import Version
from surveys.questions.base import Question
from surveys.responses.drafting import Opening
from surveys.responses.judging import version_for
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission, submit
from surveys.statistics import rows

SEED = 20261122
ANSWERED = 0.62  # of those who were asked
MOST = 360  # visits of each kind
PATIENT = Actor(ActorKind.PATIENT, None, "填写人", Door.PORTAL)
CHANNELS = (
    *((Channel.WECHAT,) * 5),
    *((Channel.SMS,) * 3),
    *(Channel.PHONE, Channel.QR, Channel.KIOSK, Channel.BEDSIDE),
)
GRUMBLES = (
    "候诊时间太长，预约的时间不准",
    "停车难，绕了三圈才找到车位",
    "指示牌看不懂，找化验室走了很多路",
    "医生说得太快，没听明白",
    "缴费窗口排队太久",
    "病房晚上太吵，睡不好",
    "饭菜偏凉，送得也晚",
    "候诊时间太长，座位不够",
    "希望检查报告能早点出来",
    "护士换班时叫不到人",
)
PRAISES = (
    "内科的王医生很耐心",
    "分诊台的护士热情",
    "三楼采血的护士手法好",
    "保洁师傅帮忙指路",
    "住院部护士长很负责",
)
ROUND_PEOPLE = 90
JOURNEY = shipped.definition("journey")[1].title  # put together for each visit from the steps it had


async def seed() -> None:
    """Make them, unless there is a round already."""
    if await db.fetchval("select true from survey_round limit 1"):
        return
    chance = random.Random(SEED)
    for asked, kind in (("outpatient", "outpatient"), ("discharged", "inpatient")):
        questionnaire_id = await db.fetchval(
            "select id from questionnaire where kind = $1 and active order by id limit 1", asked
        )
        if questionnaire_id is not None:
            await _answered(questionnaire_id, kind, chance)
            await rows.catch_up(questionnaire_id)
    journey = await db.fetchval(
        "select id from questionnaire where active and title = $1 order by id limit 1", JOURNEY
    )
    if journey is not None:
        for kind in ("outpatient", "inpatient"):
            await _answered(journey, kind, chance)
        await rows.catch_up(journey)
    await _round(chance)


async def _answered(questionnaire_id: int, kind: str, chance: random.Random) -> None:
    visits = await db.fetch(
        "select v.id, v.patient_id, v.unit_id, coalesce(v.end_on, v.start_on) as on_day from visit v"
        " where v.kind = $1 order by hashtext(v.number) limit $2",
        kind,
        MOST,
    )
    today = clock.today()
    for at, visit in enumerate(visits):
        day = max(visit["on_day"], today - timedelta(days=330)) + timedelta(days=chance.randrange(1, 20))
        if day >= today:  # spread what happened lately over the year, so that there is a trend to see
            day = today - timedelta(days=chance.randrange(1, 330))
        moment = datetime.combine(day, time(chance.randrange(0, 12), chance.randrange(60)), UTC)
        with clock.frozen(moment):
            ask = await asks.create(
                questionnaire_id,
                by=system("示例数据", Door.COMMAND),
                patient_id=visit["patient_id"],
                visit_id=visit["id"],
                plan=f"sample.{at}",
            )
            if chance.random() > ANSWERED:
                continue
            pleased = 0.72 + 0.1 * (visit["unit_id"] % 5 - 2) / 2 + 0.08 * (330 - (today - day).days) / 330
            version = await version_for(questionnaire_id, visit["id"])  # by steps of care: of this visit's
            given = _answers(version, pleased, chance)
            opening = Opening(
                UUID(int=chance.getrandbits(128), version=4),
                questionnaire_id,
                chance.choice(CHANNELS),
                ask=ask,
            )
            quick = chance.random() < 0.07
            times = {
                code: chance.randrange(150, 500) if quick else chance.randrange(2_000, 12_000)
                for code in given
            }
            await submit(Submission(opening.id, PATIENT, given, times, opening=opening))


def _answers(version: Version, pleased: float, chance: random.Random) -> dict[str, Any]:
    """Everything answered; what turns out hidden is dropped by the server."""
    found = {question.code: _answer(question, pleased, chance) for question in version.definition.questions}
    return {code: raw for code, raw in found.items() if raw}


def _answer(question: Question, pleased: float, chance: random.Random) -> Mapping[str, Any]:
    match question.shape:
        case Shape.CODE:
            graded = [option for option in question.choices if option.score is not None]
            if not graded:
                return {
                    "c": [
                        chance.choice([o for o in question.choices if not o.other] or question.choices).code
                    ]
                }
            graded.sort(key=lambda option: -float(option.score or 0))
            return {"c": [graded[_step(len(graded), pleased, chance)].code]}
        case Shape.CODES:
            alone = [option for option in question.choices if not option.exclusive and not option.other]
            return {"c": [chance.choice(alone).code]} if alone else {}
        case Shape.NUMBER:
            steps = sorted(getattr(question, "steps", ()), reverse=True)
            return {"n": str(steps[_step(len(steps), pleased, chance)])} if steps else {}
        case Shape.GRID:
            options = [option.code for option in question.choices]
            return {
                "m": {part.code: [options[_step(len(options), pleased, chance)]] for part in question.parts}
            }
        case Shape.RANKING:
            places = [part.code for part in question.parts]
            chance.shuffle(places)
            return {"m": {part: [str(at)] for at, part in enumerate(places[:3], 1)}}
        case Shape.TEXT:
            return _text(question, chance)
        case _:
            return {}


def _text(question: Question, chance: random.Random) -> Mapping[str, Any]:
    if question.private or chance.random() > 0.35:
        return {}
    return {"t": chance.choice(PRAISES if "表扬" in question.title else GRUMBLES)}


def _step(steps: int, pleased: float, chance: random.Random) -> int:
    """0 is the best; most people choose it or the next."""
    at = 0
    while at < steps - 1 and chance.random() > pleased:
        at += 1
    return at


async def _round(chance: random.Random) -> None:
    """Last quarter's staff survey, closed, and a mutual evaluation that is running."""
    by = system("示例数据", Door.COMMAND)
    today = clock.today()
    survey = await db.fetchval(
        "select id from questionnaire where kind = 'staff' and active order by id limit 1"
    )
    mutual = await db.fetchval(
        "select id from questionnaire where kind = 'mutual' and active order by id limit 1"
    )
    if survey is not None:
        with clock.frozen(clock.now() - timedelta(days=40)):
            begun = clock.today()
            new = NewRound(survey, "第三季度职工满意度调查", None, begun, begun + timedelta(days=14))
            round_id = await open_round(new, by=by)
            await _take_part(round_id, chance)
            await close_round(round_id, by=by)
    if mutual is not None:
        units = await db.fetch(
            "select id from org_unit where kind = 'department' and active order by id limit 6"
        )
        ratees = tuple(row["id"] for row in units)
        await open_round(
            NewRound(
                *(mutual, "第四季度科室互评", None, today, today + timedelta(days=14)),
                roles=("liaison", "department_head"),
                ratees=ratees,
            ),
            by=by,
        )


async def _take_part(round_id: int, chance: random.Random) -> None:
    found = await rounds.get(round_id)
    version = await questionnaires.version(found.version_id)
    members = await db.fetch(
        "select staff_id from survey_round_member where round_id = $1 order by hashtext(staff_id::text) limit $2",
        round_id,
        ROUND_PEOPLE,
    )
    for row in members:
        person = await actor_of(row["staff_id"], Door.COMMAND)
        given = _answers(version, chance.uniform(0.55, 0.8), chance)
        await take_part(round_id, 0, given, by=person)

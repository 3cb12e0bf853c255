"""Filling in a sheet of a round, once: that somebody took part and what was said go into separate tables at once.

Drafts are kept by nobody but the browser's own tab: a draft here would name its writer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core import audit, clock, db
from core.actor import Actor
from core.db import transaction
from core.errors import Forbidden, NotFound, Refused
from surveys.anonymous import rounds, spool
from surveys.anonymous.rounds import Round
from surveys.anonymous.spool import Spooled
from surveys.checking import check_answers
from surveys.logic import Value
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Version

DONE = "您已提交过这一份，每人每份只能提交一次"


@dataclass(frozen=True, slots=True)
class Invited:
    """A sheet somebody may fill in. `facts`: who is judged, for the words of the questions."""

    round: Round
    version: Version
    ratee_id: int
    ratee: str
    facts: Mapping[str, Value]
    done: bool


async def invited(round_id: int, ratee_id: int, *, by: Actor) -> Invited:
    """The sheet.

    Raises:
        Forbidden: not one of the staff.
        NotFound: this person takes no part, or not in judging that department.
    """
    if by.staff_id is None:
        raise Forbidden
    task = next(
        (task for task in await rounds.tasks(by.staff_id, round_id) if task.ratee_id == ratee_id), None
    )
    if task is None:
        raise NotFound("没有需要您填写的这一份，或您不在参加人员中")
    version = await questionnaires.version(task.round.version_id)
    return Invited(task.round, version, ratee_id, task.label, _facts(task.label), task.done)


def _facts(ratee: str) -> dict[str, Value]:
    today: dict[str, Value] = {"f:today": clock.today().toordinal()}
    return today | ({"f:unit.rated": ratee} if ratee else {})


async def take_part(round_id: int, ratee_id: int, given: Mapping[str, Any], *, by: Actor) -> None:
    """Hand in a sheet.

    Args:
        round_id: the round.
        ratee_id: whom it judges; 0 in a staff survey.
        given: question code → JSON of an answer.
        by: who; written beside nothing that was said.

    Raises:
        NotFound: this person takes no part.
        Refused: done before, or the round is not running.
        Invalid: `details` name each question.
    """
    sheet = await invited(round_id, ratee_id, by=by)
    taken = check_answers(sheet.version.definition, sheet.version.conditions, given, sheet.facts)
    async with transaction():
        found = await rounds.get(round_id, lock=True)
        if not found.running:
            raise Refused("这一轮调查没有开始或已经结束")
        new = await db.execute(
            "insert into survey_round_part (round_id, staff_id, ratee_id) values ($1, $2, $3) on conflict do nothing",
            found.id,
            by.staff_id,
            ratee_id,
        )
        if not new:
            raise Refused(DONE)
        await spool.put(
            found.id,
            Spooled(
                unit=await _unit(found, by),
                ratee=ratee_id,
                weight=await _weight(found, ratee_id, by),
                answers={code: answer for code, answer in taken.given.items() if not answer.f},
            ),
        )
        await spool.empty(found)
        await audit.record(by, "survey_round.take_part", "survey_round", found.id)


async def _unit(found: Round, by: Actor) -> str:
    """The department of a staff survey, if it is large enough to be told apart; of no use in mutual evaluation."""
    if found.kind is not Kind.STAFF:
        return ""
    row = await db.fetchrow(
        "select m.unit_id, (select count(*) from survey_round_member o where o.round_id = m.round_id"
        " and o.unit_id = m.unit_id) as size from survey_round_member m where m.round_id = $1 and m.staff_id = $2",
        found.id,
        by.staff_id,
    )
    return str(row["unit_id"]) if row is not None and row["size"] >= found.threshold else ""


async def _weight(found: Round, ratee_id: int, by: Actor) -> Decimal:
    if found.kind is not Kind.MUTUAL:
        return Decimal(1)
    weight: Decimal | None = await db.fetchval(
        "select p.weight from survey_round_pair p join survey_round_member m on m.round_id = p.round_id"
        " and m.unit_id = p.rater_id where p.round_id = $1 and p.ratee_id = $2 and m.staff_id = $3",
        found.id,
        ratee_id,
        by.staff_id,
    )
    if weight is None:
        raise NotFound("没有需要您填写的这一份")
    return weight

"""The narrow rows that statistics read instead of JSON: derived from the answers that count, written anew at will."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from core import db
from surveys.answers import Answer, Shape
from surveys.questionnaires import queries as questionnaires
from surveys.questions.base import Question, parsed
from surveys.responses.judging import known
from surveys.responses.rows import COLUMNS, response

REBUILT = 500  # responses in one transaction


@dataclass(frozen=True, slots=True)
class Fact:
    """One row: `num` is the number given, or the points of the option."""

    question: str
    part: str
    option: str
    num: Decimal | None


def facts(questions: Mapping[str, Question], answers: Mapping[str, Answer]) -> list[Fact]:
    """The rows of a response. Texts, files, personal answers and questions that are not counted have none."""
    found: list[Fact] = []
    for code, answer in answers.items():
        item = questions[code]
        if not item.counted or item.private:
            continue
        match item.shape:
            case Shape.NUMBER:
                found.append(Fact(code, "", "", Decimal(answer.n)))
            case Shape.CODE | Shape.CODES:
                found += [Fact(code, "", option, _points(item, option)) for option in answer.c]
            case Shape.GRID:
                found += [
                    Fact(code, part, option, _points(item, option))
                    for part, options in answer.m.items()
                    for option in options
                ]
            case Shape.RANKING:
                found += [
                    Fact(code, part, "", Decimal(places[0])) for part, places in answer.m.items() if places
                ]
            case _:
                pass
    return found


def _points(item: Question, option: str) -> Decimal | None:
    return next(
        (Decimal(one.score) for one in item.choices if one.code == option and one.score is not None), None
    )


_INSERT = """
insert into answer_fact (response_id, questionnaire_id, version_id, question, part, option, num, visit_kind, campus_id,
    unit_id, ward_id, doctor, channel, day)
select r.id, r.questionnaire_id, r.version_id, f.question, f.part, f.option, f.num, r.visit_kind, r.campus_id,
    r.unit_id, r.ward_id, r.doctor, r.channel, r.day
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[]) as f(id, question, part, option, num)
join response r on r.id = f.id
"""


async def insert(rows: Sequence[tuple[UUID, Fact]]) -> None:
    """Write the rows of responses that are completed; inside their transaction."""
    if rows:
        await db.execute(
            _INSERT,
            [key for key, _ in rows],
            [fact.question for _, fact in rows],
            [fact.part for _, fact in rows],
            [fact.option for _, fact in rows],
            [fact.num for _, fact in rows],
        )


async def rebuild(questionnaire_id: int) -> int:
    """Derive the rows of all completed responses of a questionnaire anew; how many responses there were."""
    done, after = 0, UUID(int=0)
    while True:
        async with db.transaction():
            found = await db.fetch(
                f"select {COLUMNS} from response r where r.questionnaire_id = $1 and r.state = 'completed'"  # noqa: S608
                " and r.id > $2 order by r.id limit $3 for update",
                questionnaire_id,
                after,
                REBUILT,
            )
            if not found:
                return done
            rows: list[tuple[UUID, Fact]] = []
            for row in found:
                one = response(row)
                items = known(await questionnaires.version(one.version_id)).items
                answers = {
                    code: answer
                    for code, raw in one.answers.items()
                    if code in items and (answer := parsed(raw)) is not None
                }
                rows += [(one.id, fact) for fact in facts(items, answers)]
            keys = [row["id"] for row in found]
            await db.execute("delete from answer_fact where response_id = any($1::uuid[])", keys)
            await insert(rows)
            done, after = done + len(found), keys[-1]

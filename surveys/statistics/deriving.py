"""A response made into its row of statistics and its texts: from scores and answers. Judges nothing.

Beside each code stands which department the answer is about, where its question belongs to a step of care (`served`);
`about_*` are the scores that departments were given (SV-5).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from core import db
from surveys.answers import Shape
from surveys.definition import Definition
from surveys.questionnaires import queries as questionnaires
from surveys.questions.base import Question, parsed
from surveys.responses.facts import facts
from surveys.statistics.book import Book

_RESPONSES = """
select r.id, r.version_id, r.day, r.visit_kind, r.campus_id, r.unit_id, r.ward_id, r.doctor, r.channel,
    r.flags = '{}' as clean, r.answers, coalesce(s.keys, '{}') as keys, coalesce(s.values, '{}') as values,
    coalesce(s.units, '{}') as units, w.steps, w.served
from response r
left join lateral (
    select array_agg(s.key) as keys, array_agg(s.value::float8) as values, array_agg(s.unit_id) as units
    from response_score s where s.response_id = r.id
) s on true
left join lateral (
    select array_agg(w.step) as steps, array_agg(w.unit_id) as served
    from visit_serving w where w.visit_id = r.visit_id and w.questionnaire_id = r.questionnaire_id
) w on true
where r.id = any($1::uuid[]) and r.state = 'completed'
"""
_INSERT = """
insert into survey_row (response_id, questionnaire_id, version_id, day, visit_kind, campus_id, unit_id, ward_id, doctor,
    channel, clean, codes, scores, served, about_scores, about_units, about_values)
select s.id, $1, s.version, s.day, s.kind, s.campus, s.unit, s.ward, s.doctor, s.channel, s.clean,
    s.codes::smallint[], s.scores::float8[], s.served::bigint[], s.about::smallint[], s.whom::bigint[], s.said::float8[]
from unnest($2::uuid[], $3::bigint[], $4::date[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[],
    $10::text[], $11::bool[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[])
    as s(id, version, day, kind, campus, unit, ward, doctor, channel, clean, codes, scores, served, about, whom, said)
"""
_TEXTS = """
insert into survey_text (response_id, questionnaire_id, question, part, day, campus_id, unit_id, ward_id, body)
select s.id, $1, s.question, s.part, s.day, s.campus, s.unit, s.ward, s.body
from unnest($2::uuid[], $3::text[], $4::text[], $5::date[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])
    as s(id, question, part, day, campus, unit, ward, body)
"""


async def derive(questionnaire_id: int, ids: Sequence[UUID]) -> None:
    """Write the rows and texts of these responses anew; inside the transaction that holds the questionnaire's lock."""
    for table in ("survey_row", "survey_text"):
        await db.execute(f"delete from {table} where response_id = any($1::uuid[])", ids)  # noqa: S608
    responses = await db.fetch(_RESPONSES, ids)
    book = await Book(questionnaire_id).read()
    shapes: dict[int, Definition] = {}
    rows: list[tuple[Any, ...]] = []
    texts: list[tuple[Any, ...]] = []
    for one in responses:
        version = one["version_id"]
        if version not in shapes:
            shapes[version] = (await questionnaires.version(version)).definition
        asked = shapes[version].by_code
        answers = orjson.loads(one["answers"])
        codes = _codes(book, asked, answers)
        codes |= _background(book, asked, answers)
        units = _units(asked, one)
        place = (one["campus_id"], one["unit_id"], one["ward_id"])
        rows.append(
            (
                *(one["id"], version, one["day"], one["visit_kind"], *place, one["doctor"], one["channel"]),
                *(one["clean"], _array(codes, "0"), _scores(book, one)),
                *(_served(book, codes, units), *_about(book, shapes[version], one)),
            )
        )
        texts += [
            (one["id"], question, part, one["day"], *_where(units.get(question), place), body)
            for question, part, body in _texts(asked, answers)
        ]
    await book.write()
    if rows:
        await db.execute(_INSERT, questionnaire_id, *map(list, zip(*rows, strict=True)))
    if texts:
        await db.execute(_TEXTS, questionnaire_id, *map(list, zip(*texts, strict=True)))


def _codes(book: Book, questions: Mapping[str, Question], answers: Mapping[str, Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    given = {
        code: answer
        for code, raw in answers.items()
        if code in questions and (answer := parsed(raw)) is not None
    }
    for fact in facts(questions, given):
        several = questions[fact.question].shape is Shape.CODES
        slot = book.slot((fact.question, fact.part, fact.option if several else ""))
        text = fact.option or (format(fact.num.normalize(), "f") if fact.num is not None else "")
        if text and (code := book.code(slot, text, fact.num)):
            found[slot] = str(code)
    return found


def _background(book: Book, questions: Mapping[str, Question], answers: Mapping[str, Any]) -> dict[int, str]:
    """Choices that are not counted (age, schooling …) have no facts; they are there to group by."""
    found: dict[int, str] = {}
    for code, raw in answers.items():
        asked = questions.get(code)
        if asked is None or asked.counted or asked.private or asked.shape not in (Shape.CODE, Shape.CODES):
            continue
        for option in raw.get("c", ()):
            slot = book.slot((code, "", option if asked.shape is Shape.CODES else ""))
            found[slot] = str(book.code(slot, option, None))
    return found


def _scores(book: Book, row: "asyncpg.Record") -> str:
    """The scores of a response; of one that is worked out by department, the mean of the departments."""
    found: dict[str, list[float]] = {}
    for key, value in zip(row["keys"], row["values"], strict=True):
        found.setdefault(key, []).append(value)
    return _array({book.score(key): repr(sum(them) / len(them)) for key, them in found.items()}, "null")


def _units(questions: Mapping[str, Question], row: "asyncpg.Record") -> dict[str, int]:
    """Question → the department that served in its step, as it was when the visit's questionnaire was put together."""
    served = dict(zip(row["steps"] or (), row["served"] or (), strict=True))
    return {code: served[asked.step] for code, asked in questions.items() if asked.step in served}


def _served(book: Book, codes: Mapping[int, str], units: Mapping[str, int]) -> str:
    """Beside the codes: whom the answer is about; nothing at all where no question belongs to a step."""
    if not units:
        return "{}"
    return _array(
        {
            slot: str(units[question])
            for (question, _, _), slot in book.slots.items()
            if slot in codes and question in units
        },
        "null",
    )


def _about(book: Book, definition: Definition, row: "asyncpg.Record") -> tuple[str, str, str]:
    """The scores by department: places, departments, values. Where nobody knows who served it is the visit's own."""
    apart = {rule.key for rule in definition.scores if rule.by_unit}
    found = [
        (str(book.score(key)), str(unit or row["unit_id"] or "null"), repr(value))
        for key, unit, value in zip(row["keys"], row["units"], row["values"], strict=True)
        if key in apart
    ]
    slots, units, values = (
        (",".join(column) for column in zip(*found, strict=True)) if found else ("", "", "")
    )
    return f"{{{slots}}}", f"{{{units}}}", f"{{{values}}}"


def _where(unit: int | None, place: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Where a text belongs: to the department its question is about, else to where the visit was."""
    return place if unit is None else (place[0], unit, None)


def _array(values: Mapping[int, str], empty: str) -> str:
    """ "{1,0,3}": what is beyond the last value is left out, the array reads as null there."""
    return "{" + ",".join(values.get(at, empty) for at in range(1, max(values, default=0) + 1)) + "}"


def _texts(questions: Mapping[str, Question], answers: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What was written and is not personal: texts, blanks, and what stands beside "other"."""
    found: list[tuple[str, str, str]] = []
    for code, raw in answers.items():
        asked = questions.get(code)
        if asked is None or asked.private:
            continue
        if asked.shape is Shape.TEXT and raw.get("t"):
            found.append((code, "", raw["t"]))
        elif asked.shape is Shape.BLANKS:
            found += [(code, part, body) for part, body in raw.get("b", {}).items() if body]
        elif raw.get("o"):
            found.append((code, "", raw["o"]))
    return found

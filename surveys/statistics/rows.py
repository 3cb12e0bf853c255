"""The narrow rows statistics count by: derived from facts, scores and texts whenever a response is new or has changed.

A place of `codes` belongs to a question (a row of a matrix, an option of a multiple choice) and holds a small number:
so a cross-table of a million responses reads one table and joins nothing. What is due stands in `survey_row_due`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from core import db
from core.db import transaction
from surveys.answers import Shape
from surveys.questionnaires import queries as questionnaires
from surveys.questions.base import Question

BATCH = 2_000
AT_ONCE = 10_000  # so many a page takes care of by itself; the clock does the rest
MOST_CODES = 400  # different values in one place: more is not a category
LOCK = "survey.rows"
Name = tuple[str, str, str]  # question, part, option (of a multiple choice)


@dataclass
class Book:
    """The places of a questionnaire and the numbers in them, as the database knows them; grows with what is new."""

    questionnaire_id: int
    slots: dict[Name, int] = field(default_factory=dict)
    codes: dict[tuple[int, str], int] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    _sizes: dict[int, int] = field(default_factory=dict)
    _new_slots: list[tuple[int, Name]] = field(default_factory=list)
    _new_codes: list[tuple[int, int, str, Decimal | None]] = field(default_factory=list)
    _new_scores: list[tuple[int, str]] = field(default_factory=list)

    def slot(self, name: Name) -> int:
        """The place of a name."""
        if name not in self.slots:
            self.slots[name] = len(self.slots) + 1
            self._new_slots.append((self.slots[name], name))
        return self.slots[name]

    def code(self, slot: int, option: str, num: Decimal | None) -> int:
        """The number of an option in a place; 0 when the place holds too many different ones already."""
        key = (slot, option)
        if key not in self.codes:
            size = self._sizes.get(slot, 0) + 1
            if size > MOST_CODES:
                return 0
            self._sizes[slot] = size
            self.codes[key] = size
            self._new_codes.append((slot, size, option, num))
        return self.codes[key]

    def score(self, key: str) -> int:
        """The place of a score."""
        if key not in self.scores:
            self.scores[key] = len(self.scores) + 1
            self._new_scores.append((self.scores[key], key))
        return self.scores[key]

    async def read(self) -> "Book":
        """What is there."""
        of = self.questionnaire_id
        for row in await db.fetch("select * from survey_slot where questionnaire_id = $1", of):
            self.slots[row["question"], row["part"], row["option"]] = row["slot"]
        for row in await db.fetch("select * from survey_code where questionnaire_id = $1", of):
            self.codes[row["slot"], row["option"]] = row["code"]
            self._sizes[row["slot"]] = max(self._sizes.get(row["slot"], 0), row["code"])
        for row in await db.fetch("select * from survey_score_slot where questionnaire_id = $1", of):
            self.scores[row["key"]] = row["slot"]
        return self

    async def write(self) -> None:
        """What is new."""
        of = self.questionnaire_id
        await db.executemany(
            "insert into survey_slot (questionnaire_id, slot, question, part, option) values ($1, $2, $3, $4, $5)",
            [(of, slot, *name) for slot, name in self._new_slots],
        )
        await db.executemany(
            "insert into survey_code (questionnaire_id, slot, code, option, num) values ($1, $2, $3, $4, $5)",
            [(of, *one) for one in self._new_codes],
        )
        await db.executemany(
            "insert into survey_score_slot (questionnaire_id, slot, key) values ($1, $2, $3)",
            [(of, *one) for one in self._new_scores],
        )
        self._new_slots.clear()
        self._new_codes.clear()
        self._new_scores.clear()


async def catch_up(questionnaire_id: int, most: int = AT_ONCE) -> int:
    """Derive what is due of a questionnaire; how many are due still (another process may be at it)."""
    done = 0
    while done < most:
        taken = await _batch(questionnaire_id)
        done += taken
        if taken < BATCH:
            break
    waiting: int = await db.fetchval(
        "select count(*) from survey_row_due where questionnaire_id = $1", questionnaire_id
    )
    return waiting


async def catch_up_all() -> str:
    """By the clock: every questionnaire of which something is due."""
    waiting = await db.fetch("select distinct questionnaire_id as id from survey_row_due")
    for row in waiting:
        await catch_up(row["id"], 200_000)
    return f"{len(waiting)} 份问卷的统计已更新" if waiting else ""


async def rebuild(questionnaire_id: int) -> None:
    """Forget all rows of a questionnaire and derive them anew, after facts or scores were rebuilt."""
    async with transaction():
        await _locked(questionnaire_id)
        for table in (
            "survey_row",
            "survey_text",
            "survey_code",
            "survey_slot",
            "survey_score_slot",
            "survey_row_due",
        ):
            await db.execute(f"delete from {table} where questionnaire_id = $1", questionnaire_id)  # noqa: S608
        await db.execute(
            "insert into survey_row_due (response_id, questionnaire_id)"
            " select id, questionnaire_id from response where questionnaire_id = $1 and state = 'completed'",
            questionnaire_id,
        )
    while await catch_up(questionnaire_id, 100 * BATCH):
        pass


async def _locked(questionnaire_id: int) -> None:
    await db.execute("select pg_advisory_xact_lock(hashtext($1), $2::int)", LOCK, questionnaire_id % 2**31)


async def _batch(questionnaire_id: int) -> int:
    async with transaction():
        await _locked(questionnaire_id)
        due = await db.fetch(
            "select id, response_id from survey_row_due where questionnaire_id = $1 order by id limit $2",
            questionnaire_id,
            BATCH,
        )
        if not due:
            return 0
        ids = list({row["response_id"] for row in due})
        await _derive(questionnaire_id, ids)
        await db.execute(
            "delete from survey_row_due where id = any($1::bigint[])", [row["id"] for row in due]
        )
        return len(due)


_RESPONSES = """
select r.id, r.version_id, r.day, r.visit_kind, r.campus_id, r.unit_id, r.ward_id, r.doctor, r.channel,
    r.flags = '{}' as clean, r.answers,
    (select array_agg(s.key) from response_score s where s.response_id = r.id) as keys,
    (select array_agg(s.value::float8) from response_score s where s.response_id = r.id) as values
from response r where r.id = any($1::uuid[]) and r.state = 'completed'
"""
_FACTS = """
select response_id, array_agg(question) as questions, array_agg(part) as parts, array_agg(option) as options,
    array_agg(num) as nums
from answer_fact where response_id = any($1::uuid[]) group by response_id
"""
_INSERT = """
insert into survey_row (response_id, questionnaire_id, version_id, day, visit_kind, campus_id, unit_id, ward_id, doctor,
    channel, clean, codes, scores)
select s.id, $1, s.version, s.day, s.kind, s.campus, s.unit, s.ward, s.doctor, s.channel, s.clean,
    s.codes::smallint[], s.scores::float8[]
from unnest($2::uuid[], $3::bigint[], $4::date[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[],
    $10::text[], $11::bool[], $12::text[], $13::text[])
    as s(id, version, day, kind, campus, unit, ward, doctor, channel, clean, codes, scores)
"""
_TEXTS = """
insert into survey_text (response_id, questionnaire_id, question, part, day, campus_id, unit_id, ward_id, body)
select s.id, $1, s.question, s.part, s.day, s.campus, s.unit, s.ward, s.body
from unnest($2::uuid[], $3::text[], $4::text[], $5::date[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])
    as s(id, question, part, day, campus, unit, ward, body)
"""


async def _derive(questionnaire_id: int, ids: Sequence[UUID]) -> None:
    for table in ("survey_row", "survey_text"):
        await db.execute(f"delete from {table} where response_id = any($1::uuid[])", ids)  # noqa: S608
    responses = await db.fetch(_RESPONSES, ids)
    facts = {row["response_id"]: row for row in await db.fetch(_FACTS, ids)}
    book = await Book(questionnaire_id).read()
    shapes: dict[int, Mapping[str, Question]] = {}
    rows: list[tuple[Any, ...]] = []
    texts: list[tuple[Any, ...]] = []
    for one in responses:
        version = one["version_id"]
        if version not in shapes:
            shapes[version] = (await questionnaires.version(version)).definition.by_code
        answers = orjson.loads(one["answers"])
        codes = _codes(book, facts.get(one["id"]), shapes[version])
        codes |= _background(book, shapes[version], answers)
        place = (one["campus_id"], one["unit_id"], one["ward_id"])
        rows.append(
            (
                *(one["id"], version, one["day"], one["visit_kind"], *place, one["doctor"], one["channel"]),
                *(one["clean"], _array(codes, "0"), _scores(book, one)),
            )
        )
        texts += [
            (one["id"], question, part, one["day"], *place, body)
            for question, part, body in _texts(shapes[version], answers)
        ]
    await book.write()
    if rows:
        await db.execute(_INSERT, questionnaire_id, *map(list, zip(*rows, strict=True)))
    if texts:
        await db.execute(_TEXTS, questionnaire_id, *map(list, zip(*texts, strict=True)))


def _codes(book: Book, row: "asyncpg.Record | None", questions: Mapping[str, Question]) -> dict[int, str]:
    found: dict[int, str] = {}
    if row is None:
        return found
    for question, part, option, num in zip(
        row["questions"], row["parts"], row["options"], row["nums"], strict=True
    ):
        asked = questions.get(question)
        several = asked is not None and asked.shape is Shape.CODES
        slot = book.slot((question, part, option if several else ""))
        text = option or (format(num.normalize(), "f") if num is not None else "")
        if text and (code := book.code(slot, text, num)):
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
    for key, value in zip(row["keys"] or (), row["values"] or (), strict=True):
        found.setdefault(key, []).append(value)
    return _array({book.score(key): repr(sum(them) / len(them)) for key, them in found.items()}, "null")


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

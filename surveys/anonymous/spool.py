"""From the sealed spool into counters: in batches, shuffled, and with every row of the round written anew.

Whoever reads the whole database finds of a round: who took part (in order of their number, all rows of one
transaction), counters (of nobody), and texts in order of a random key (all rows of one transaction). Times, sequences
and the order of insertion are in none of them. What remains: decision 0033.
"""

import secrets
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from core import db
from core.crypto import key_ring
from surveys.anonymous.counters import Sheet, taken_apart
from surveys.anonymous.rounds import Round
from surveys.answers import Answer
from surveys.questionnaires import queries as questionnaires
from surveys.responses.judging import known

PLACE = "survey_round_spool.body"
BLOCK = 2048  # a sealed sheet is as long as any other, up to whole blocks


class Spooled(BaseModel):
    """A sheet that waits: what was answered, whose department, whom it is about, how much it counts."""

    model_config = ConfigDict(frozen=True)

    unit: str
    ratee: int
    weight: Decimal
    answers: dict[str, Answer]


def sealed(sheet: Spooled) -> bytes:
    """The sheet as it waits: encrypted with the key of the house, padded."""
    text = sheet.model_dump_json(exclude_defaults=True)
    short = -len(text.encode()) % BLOCK
    return key_ring().encrypt(text + " " * short, PLACE)


async def put(round_id: int, sheet: Spooled) -> None:
    """One sheet more; inside the transaction that writes who took part."""
    await db.execute(
        "insert into survey_round_spool (id, round_id, body) values ($1, $2, $3)",
        uuid4(),
        round_id,
        sealed(sheet),
    )


async def empty(found: Round, *, whole: bool = False) -> int:
    """Count what waits, if it is enough to hide everyone in it (`whole`: however little); how many sheets it was.

    Inside a transaction that holds the row of the round. With a large round batches grow, so that writing all its rows
    anew stays cheap.
    """
    waiting: int = await db.fetchval("select count(*) from survey_round_spool where round_id = $1", found.id)
    done: int = await db.fetchval("select count(*) from survey_round_part where round_id = $1", found.id)
    # Nobody knows whose sheets wait; but so many cannot be of fewer people than the threshold.
    enough = (found.threshold - 1) * await _most_of_one(found.id) + 1
    if not waiting or (not whole and waiting < max(enough, done // 20)):
        return 0
    rows = await db.fetch("delete from survey_round_spool where round_id = $1 returning body", found.id)
    sheets = [Spooled.model_validate_json(key_ring().decrypt(row["body"], PLACE)) for row in rows]
    secrets.SystemRandom().shuffle(sheets)
    version = await questionnaires.version(found.version_id)
    about = known(version)
    apart = [(one, taken_apart(about.items, about.rules, one.answers, one.unit)) for one in sheets]
    await _count(found.id, apart)
    await _texts(found.id, [(one.ratee, *text) for one, sheet in apart for text in sheet.texts])
    await _parts(found.id)
    return len(sheets)


async def _most_of_one(round_id: int) -> int:
    """How many sheets one person may hand in: one, or as many as there are departments to judge."""
    most: int | None = await db.fetchval(
        "select max(n) from (select count(*) as n from survey_round_pair where round_id = $1 group by rater_id) p",
        round_id,
    )
    return most or 1


_COUNT = """
insert into survey_round_count (round_id, ratee_id, aspect, key, question, part, option, n, weight)
select $1, ratee, aspect, key, question, part, option, count(*), sum(weight)
from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::numeric[])
    as s(ratee, aspect, key, question, part, option, weight)
group by ratee, aspect, key, question, part, option order by ratee, aspect, key, question, part, option
on conflict (round_id, ratee_id, aspect, key, question, part, option)
do update set n = survey_round_count.n + excluded.n, weight = survey_round_count.weight + excluded.weight
"""
_SCORE = """
insert into survey_round_score (round_id, ratee_id, aspect, key, score, n, weight, weight2, total, squares)
select $1, ratee, aspect, key, score, count(*), sum(w), sum(w * w), sum(w * x), sum(w * x * x)
from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[])
    as s(ratee, aspect, key, score, w, x)
group by ratee, aspect, key, score order by ratee, aspect, key, score
on conflict (round_id, ratee_id, aspect, key, score)
do update set n = survey_round_score.n + excluded.n, weight = survey_round_score.weight + excluded.weight,
    weight2 = survey_round_score.weight2 + excluded.weight2, total = survey_round_score.total + excluded.total,
    squares = survey_round_score.squares + excluded.squares
"""


async def _count(round_id: int, apart: Iterable[tuple[Spooled, Sheet]]) -> None:
    apart = list(apart)
    counts = [
        (one.ratee, c.aspect, c.key, c.question, c.part, c.option, one.weight)
        for one, sheet in apart
        for c in sheet.counts
    ]
    scores = [
        (one.ratee, s.aspect, s.key, s.score, float(one.weight), s.value)
        for one, sheet in apart
        for s in sheet.scores
    ]
    if counts:
        await db.execute(_COUNT, round_id, *map(list, zip(*counts, strict=True)))
    if scores:
        await db.execute(_SCORE, round_id, *map(list, zip(*scores, strict=True)))


async def _texts(round_id: int, new: list[tuple[int, str, str]]) -> None:
    rows = await db.fetch(
        "delete from survey_round_text where round_id = $1 returning id, ratee_id, question, body", round_id
    )
    texts: list[tuple[UUID, int, int, str, str]] = [
        (row["id"], round_id, row["ratee_id"], row["question"], row["body"]) for row in rows
    ]
    texts += [(uuid4(), round_id, *one) for one in new]
    await db.executemany(
        "insert into survey_round_text (id, round_id, ratee_id, question, body) values ($1, $2, $3, $4, $5)",
        sorted(texts),
    )


async def _parts(round_id: int) -> None:
    rows = await db.fetch(
        "delete from survey_round_part where round_id = $1 returning staff_id, ratee_id", round_id
    )
    await db.executemany(
        "insert into survey_round_part (round_id, staff_id, ratee_id) values ($1, $2, $3)",
        sorted((round_id, row["staff_id"], row["ratee_id"]) for row in rows),
    )


async def forget_small(found: Round) -> None:
    """With the close: counters of groups too small to be shown are deleted; that they took part stays counted."""
    small = await db.fetch(
        "select ratee_id, aspect, key from survey_round_score where round_id = $1 and aspect <> '' and score = ''"
        " and n < $2",
        found.id,
        found.threshold,
    )
    for row in small:
        place = (found.id, row["ratee_id"], row["aspect"], row["key"])
        for table, more in (("survey_round_count", ""), ("survey_round_score", " and score <> ''")):
            await db.execute(
                f"delete from {table} where round_id = $1 and ratee_id = $2 and aspect = $3 and key = $4{more}",  # noqa: S608
                *place,
            )

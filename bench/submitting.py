"""Whole responses of a 25-question form handed in to one web process, beside the bare endpoint of the same run.

Each is one request with everything answered: the server begins it, judges every answer, scores, writes audit and
event, and answers after the commit. Required (the project's figures): at least half the bare rate, no error.
"""

import asyncio
import random
import statistics
import sys
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import orjson
import uvloop

from bench.filling import QUESTIONS, answer, definition, furnish, share
from bench.load import Outcome, drive, request
from bench.stage import Row, Stage, stage
from surveys.responses import keys

LINES = 64
WARM_UP, SECONDS = 2.0, 6.0


def bodies(door: str, *, questions: int = QUESTIONS) -> Iterator[tuple[str, str, bytes]]:
    """Id, key and body of responses without end."""
    while True:
        one = uuid4()
        key = keys.key_of(one)
        yield (
            str(one),
            key,
            orjson.dumps(
                {
                    "begin": {"id": str(one), "key": key, "via": "s", "token": door},
                    "answers": {f"q{at}": answer(at, questions) for at in range(questions)},
                    "times": {f"q{at}": random.randint(2000, 9000) for at in range(questions)},
                }
            ),
        )


def ours(door: str, *, questions: int = QUESTIONS) -> Iterator[bytes]:
    """Requests to our door."""
    for one, key, body in bodies(door, questions=questions):
        yield request(
            f"/p/api/responses/{one}/end", body, {"Content-Type": "application/json", "X-Response-Key": key}
        )


def bare(door: str) -> Iterator[bytes]:
    """The same bodies for the bare endpoint."""
    for _, key, body in bodies(door):
        yield request("/insert", body, {"Content-Type": "application/json", "X-Response-Key": key})


async def _measure(port: int, requests: Iterator[bytes], seconds: float) -> Outcome:
    await drive(port, requests, lines=LINES, seconds=WARM_UP)
    return await drive(port, requests, lines=LINES, seconds=seconds)


async def whole(place: Stage) -> int:
    """Responses that stand there complete: a score, all answers."""
    raw = await asyncpg.connect(place.database_url)
    try:
        return int(
            await raw.fetchval(
                "select count(*) from response r where state = 'completed'"
                " and exists (select 1 from response_score s where s.response_id = r.id)"
                " and (select count(*) from jsonb_object_keys(r.answers)) = $1",
                QUESTIONS,
            )
        )
    finally:
        await raw.close()


async def run(seconds: float = SECONDS) -> list[Row]:
    """The rows of the table."""
    async with stage() as place:
        door = await furnish(place, definition())
        async with place.web("-m", "bench.ceiling") as port:
            below = await _measure(port, bare(door), seconds)
        async with place.web("app.py") as port:
            warm = await drive(port, ours(door), lines=LINES, seconds=WARM_UP)
            above = await drive(port, ours(door), lines=LINES, seconds=seconds)
        there = await whole(place)
    answered = warm.statuses[201] + above.statuses[201]
    return [
        ("submitting: bare ceiling, one row inserted", round(below.rate, 1), "requests/s"),
        ("submitting: whole responses of 25 questions", round(above.rate, 1), "responses/s"),
        ("submitting: share of the ceiling (required: 0.5)", round(above.rate / below.rate, 3), ""),
        ("submitting: errors (required: 0)", above.errors(201), "answers"),
        ("submitting: answered and not whole in the database", answered - there, "responses"),
        ("submitting: answered p50", round(statistics.median(above.waits) * 1000, 1), "ms"),
        ("submitting: answered p99", share(above.waits, 0.99), "ms"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for what, figure, unit in runner.run(run(*(float(word) for word in sys.argv[1:]))):
            print(f"{what:<72} {figure:>12,} {unit}")

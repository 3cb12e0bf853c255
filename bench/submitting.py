"""Whole responses of a 25-question form handed in to one web process, beside the bare endpoint of the same run.

Each is one request with everything answered: the server begins it, judges every answer, scores, writes audit and
event, and answers after the commit. Required (the project's figures): at least half the bare rate, no error.
"""

import asyncio
import random
import statistics
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import orjson
import uvloop

from bench.filling import QUESTIONS, answer, definition, furnish, share
from bench.load import Outcome, drive, request
from bench.stage import Row, Stage, stage
from surveys.responses import keys

LINES = 128
WARM_UP, SECONDS, ROUNDS = 2.0, 5.0, 5


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
    """The rows of the table: medians of rounds in which both take turns, so that what else the machine does burdens both."""
    below: list[float] = []
    above: list[Outcome] = []
    shares: list[float] = []
    async with stage() as place, AsyncExitStack() as programs:
        door = await furnish(place, definition())
        ceiling = await programs.enter_async_context(place.web("-m", "bench.ceiling"))
        port = await programs.enter_async_context(place.web("app.py"))
        await drive(ceiling, bare(door), lines=LINES, seconds=WARM_UP)
        above.append(await drive(port, ours(door), lines=LINES, seconds=WARM_UP))
        for _ in range(ROUNDS):
            bare_ones = await drive(ceiling, bare(door), lines=LINES, seconds=seconds)
            whole_ones = await drive(port, ours(door), lines=LINES, seconds=seconds)
            below.append(bare_ones.rate)
            above.append(whole_ones)
            shares.append(whole_ones.rate / bare_ones.rate)
        there = await whole(place)
    counted = above[1:]
    waits = [wait for one in counted for wait in one.waits]
    return [
        ("submitting: bare ceiling, one row inserted", round(statistics.median(below), 1), "requests/s"),
        (
            "submitting: whole responses of 25 questions",
            round(statistics.median(one.rate for one in counted), 1),
            "responses/s",
        ),
        ("submitting: share of the ceiling (required: 0.5)", round(statistics.median(shares), 3), ""),
        ("submitting: least and", round(min(shares), 3), ""),
        ("submitting: largest share of a round", round(max(shares), 3), ""),
        ("submitting: errors (required: 0)", sum(one.errors(201) for one in above), "answers"),
        (
            "submitting: answered and not whole in the database",
            sum(one.statuses[201] for one in above) - there,
            "responses",
        ),
        ("submitting: answered p50", round(statistics.median(waits) * 1000, 1), "ms"),
        ("submitting: answered p99", share(waits, 0.99), "ms"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for what, figure, unit in runner.run(run(*(float(word) for word in sys.argv[1:]))):
            print(f"{what:<72} {figure:>12,} {unit}")

"""A thousand whole responses, each handed in three times at once and once more afterwards, to one web process.

What an impatient finger, a retry after a lost answer and two tabs do. Required: exactly as many rows as responses, each
said to be fresh exactly once, every other answer naming the same response.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from itertools import islice

import aiohttp
import asyncpg
import orjson
import uvloop

from bench.filling import definition, furnish
from bench.stage import Row, Stage, stage
from bench.submitting import bodies

RESPONSES = 1000
AT_ONCE = 3
LINES = 96


async def _send(
    session: aiohttp.ClientSession, port: int, given: tuple[str, str, bytes], seen: Counter[tuple[str, int]]
) -> None:
    one, key, body = given
    headers = {"Content-Type": "application/json", "Accept": "application/json", "X-Response-Key": key}
    address = f"http://127.0.0.1:{port}/p/api/responses/{one}/end"
    async with session.post(address, data=body, headers=headers) as answer:
        told = orjson.loads(await answer.read())
        seen[one, answer.status if told.get("id") == one else 0] += 1


async def _rows(place: Stage) -> int:
    raw = await asyncpg.connect(place.database_url)
    try:
        return int(await raw.fetchval("select count(*) from response"))
    finally:
        await raw.close()


async def run(responses: int = RESPONSES) -> list[Row]:
    """The rows of the table."""
    seen: Counter[tuple[str, int]] = Counter()
    async with stage() as place:
        door = await furnish(place, definition())
        whole = list(islice(bodies(door), responses))
        # Copies of one response stand close together, so that they really meet.
        rush = [
            whole[at]
            for start in range(0, responses, 32)
            for at in random.sample(
                [n for n in range(start, min(start + 32, responses)) for _ in range(AT_ONCE)],
                min(32, responses - start) * AT_ONCE,
            )
        ]
        began = time.perf_counter()
        async with (
            place.web("app.py") as port,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=LINES)) as session,
        ):
            began = time.perf_counter()
            await asyncio.gather(*(_send(session, port, one, seen) for one in rush))
            took = time.perf_counter() - began
            await asyncio.gather(*(_send(session, port, one, seen) for one in whole))
        there = await _rows(place)
    fresh = Counter(one for (one, status), amount in seen.items() if status == 201 for _ in range(amount))
    again = sum(amount for (_, status), amount in seen.items() if status == 200)
    other = sum(amount for (_, status), amount in seen.items() if status not in (200, 201))
    return [
        ("double_submits: responses, each sent three times at once and once more", responses, "responses"),
        ("double_submits: rows (required: as many as responses)", there, "rows"),
        ("double_submits: told fresh exactly once", sum(n == 1 for n in fresh.values()), "responses"),
        ("double_submits: told that it was there already", again, "answers"),
        ("double_submits: any other answer (required: 0)", other, "answers"),
        ("double_submits: rate of the rush", round(len(rush) / took, 1), "requests/s"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for what, figure, unit in runner.run(run(*(int(word) for word in sys.argv[1:]))):
            print(f"{what:<76} {figure:>12,} {unit}")

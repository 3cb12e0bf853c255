"""The web process and PostgreSQL killed at random while people answer: what was acknowledged is there, once.

Each person repeats a save or the end until it is acknowledged, as static/js/filling_outbox.js does; then every response
is compared with what was acknowledged. Required: nothing acknowledged is missing, no response is there twice.
`python -m bench.filling_kills 200 40` tries 200 people for 40 seconds.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop

from bench.filling import answer, definition, furnish, many_files
from bench.load import Line
from bench.stage import Row, Stage, answers, free_port, stage
from surveys.responses import keys

PEOPLE = 2000
SECONDS = 150.0
ANSWERS = 25
PAUSE = 1.0
# A process is up again after some seconds; killed sooner it would never be seen at work.
KILLS_EVERY = (12.0, 24.0)
AGAIN = (1.0, 5.0)  # seconds before something is sent again, as the page does


@dataclass
class Books:
    """What was acknowledged."""

    answers: dict[UUID, dict[str, object]] = field(default_factory=dict)
    done: set[UUID] = field(default_factory=set)
    kills: int = 0
    broken: int = 0


async def _insist(
    port: int, books: Books, method: str, path: str, key: str, body: object, until: float
) -> int:
    """Ask until a server answers that it is done, or the time is over; the status."""
    while time.monotonic() < until:
        status = 0
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(8):
                _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
                status = await line.ask(method, path, key, body)
                line.close()
        if 200 <= status < 500:
            return status
        books.broken += 1
        await asyncio.sleep(random.uniform(*AGAIN))
    return 0


async def person(port: int, door: str, books: Books, until: float) -> None:
    """Answers one response after another."""
    while time.monotonic() < until:
        one = uuid4()
        key = keys.key_of(one)
        begin = {"id": str(one), "key": key, "via": "s", "token": door}
        if await _insist(port, books, "POST", "/p/api/responses", key, begin, until) != 200:
            return
        for at in range(ANSWERS):
            await asyncio.sleep(random.uniform(0, 2 * PAUSE))
            given = answer(at)
            body = {"answer": given, "counter": at + 1}
            path = f"/p/api/responses/{one}/answers/q{at}"
            if await _insist(port, books, "PUT", path, key, body, until) != 200:
                return
            books.answers.setdefault(one, {})[f"q{at}"] = given
        status = await _insist(port, books, "POST", f"/p/api/responses/{one}/end", key, {}, until)
        if status in (200, 201):
            books.done.add(one)


async def _kill(place: Stage, web: "Web", books: Books, until: float) -> None:
    while time.monotonic() + KILLS_EVERY[1] < until:
        await asyncio.sleep(random.uniform(*KILLS_EVERY))
        books.kills += 1
        if random.random() < 0.5:
            await web.kill()
        else:
            pid = place.postgres.pid
            if pid is not None:
                os.kill(pid, signal.SIGQUIT)  # an immediate shutdown: what was not written must be recovered
            await asyncio.to_thread(place.postgres.stop)
            await asyncio.to_thread(place.postgres.start)


class Web:
    """Our web process on a fixed port, begun anew after each kill."""

    def __init__(self, place: Stage) -> None:
        self.place, self.port = place, free_port()
        self.child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin it."""
        more = {"HUIYIN_PORT": str(self.port), "HUIYIN_PUBLIC_URL": f"http://127.0.0.1:{self.port}"}
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "app.py", env={**os.environ, **self.place.environment, **more}
        )

    async def kill(self) -> None:
        """Kill it without a word, and begin it again."""
        if self.child is not None and self.child.returncode is None:
            self.child.kill()
            await self.child.wait()
        await self.start()

    async def stop(self) -> None:
        """End it."""
        if self.child is not None and self.child.returncode is None:
            self.child.terminate()
            await asyncio.wait_for(self.child.wait(), 30)


async def _compared(place: Stage, books: Books) -> tuple[int, int, int]:
    """Acknowledged answers that are not there, completions that are not there, completions there twice."""
    raw = await asyncpg.connect(place.database_url)
    try:
        rows = await raw.fetch("select id, state, answers from response")
        twice = await raw.fetchval(
            "select count(*) from (select response_id from response_score group by response_id, key"
            " having count(*) > 1) as t"
        )
    finally:
        await raw.close()
    there = {row["id"]: (row["state"], orjson.loads(row["answers"])) for row in rows}
    missing = sum(
        there.get(one, ("", {}))[1].get(code) != given
        for one, told in books.answers.items()
        for code, given in told.items()
    )
    return missing, sum(there.get(one, ("", {}))[0] != "completed" for one in books.done), int(twice)


async def run(people: int = PEOPLE, seconds: float = SECONDS) -> list[Row]:
    """The rows of the table."""
    many_files()
    books = Books()
    async with stage() as place:
        door = await furnish(place, definition())
        web = Web(place)
        await web.start()
        await answers(f"http://127.0.0.1:{web.port}/healthz")
        until = time.monotonic() + seconds
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(people):
                    group.create_task(person(web.port, door, books, until))
                group.create_task(_kill(place, web, books, until))
        finally:
            await web.stop()
        missing, gone, twice = await _compared(place, books)
    return [
        (f"filling and kills: {people:,} people, kills", books.kills, "kills"),
        ("filling and kills: answers acknowledged", sum(map(len, books.answers.values())), "answers"),
        ("filling and kills: responses handed in", len(books.done), "responses"),
        ("filling and kills: requests cut off and repeated", books.broken, "requests"),
        ("filling and kills: acknowledged and not there (required: 0)", missing, "answers"),
        ("filling and kills: handed in and not there (required: 0)", gone, "responses"),
        ("filling and kills: scored twice (required: 0)", twice, "responses"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for what, figure, unit in runner.run(run(*(int(word) for word in sys.argv[1:]))):
            print(f"{what:<72} {figure:>12,} {unit}")

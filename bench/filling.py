"""So many people filling in at once: each opens a session, gives an answer every 3 to 8 seconds, drafts saved, then hands in.

Required (the project's figures): 10,000 people on 2 cores with the generator beside them, no error, no loss, p95 of a
draft save below 500 ms. `python -m bench filling` does that; `python -m bench.filling 500` fewer people for a short try.
As many web processes as there are processors share the people; the connections stay open, as a browser's do.
"""

import asyncio
import os
import random
import resource
import statistics
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg
import uvloop

from bench.load import Line
from bench.stage import Row, Stage, stage
from core import db
from core.actor import system
from surveys.definition import Definition
from surveys.questionnaires import rows
from surveys.questionnaires.kinds import Kind
from surveys.responses import entrances, keys
from surveys.responses.rows import Channel

PEOPLE = 10_000
ANSWERS = 24  # two minutes each: more than a minute long all of them are there
LOW, HIGH = 3.0, 8.0
RAMP = 60.0  # seconds over which people come in: the first answers are spread as the later ones are
QUESTIONS = 25


def definition(questions: int = QUESTIONS) -> Definition:
    """Questions as a satisfaction survey has them: scales, choices, a matrix, a text."""
    items: list[dict[str, object]] = []
    for at in range(questions):
        code, title = f"q{at}", f"第 {at + 1} 个问题"
        if at % 5 == 3:
            options = [{"code": f"o{n}", "label": f"选项 {n}", "score": str(n)} for n in range(1, 6)]
            items.append({"kind": "single", "code": code, "title": title, "options": options})
        elif at == questions - 1:
            items.append({"kind": "long_text", "code": code, "title": title})
        else:
            items.append({"kind": "scale", "code": code, "title": title, "required": at < 3})
    asked = [f"q{at}" for at in range(questions - 1)]
    scores = [{"key": "all", "label": "总分", "questions": asked, "to_100": {"low": "1", "high": "5"}}]
    return Definition.model_validate({"title": "压测问卷", "pages": [{"items": items}], "scores": scores})


def answer(at: int, questions: int = QUESTIONS) -> dict[str, object]:
    """An answer to question number `at`."""
    if at % 5 == 3:
        return {"c": [f"o{random.randint(1, 5)}"]}
    if at == questions - 1:
        return {"t": "整体满意，候诊时间再短一些就更好了。"}
    return {"n": str(random.randint(1, 5))}


async def furnish(place: Stage, asked: Definition) -> str:
    """The questionnaire with a door; the door's code."""
    await db.open_db(place.database_url)
    try:
        by = system("压测")
        for name in ("answers", "beginnings", "asks"):
            await db.execute("insert into parameter (name, value) values ($1, '1000000')", f"limit.{name}")
        async with db.transaction():
            one = await rows.insert(Kind.OUTPATIENT, asked, by)
            await rows.put_in_force(one, await rows.insert_version(one, asked, by))
        return (await entrances.create(one, Channel.QR, "压测", by=by, unit_id=3)).code
    finally:
        await db.close_db()


@dataclass
class Seen:
    """What came back."""

    statuses: Counter[str] = field(default_factory=Counter)
    saves: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    acknowledged: dict[UUID, int] = field(default_factory=dict)
    done: set[UUID] = field(default_factory=set)


async def person(port: int, door: str, seen: Seen, wait: float, answers: int) -> None:
    """One person: comes, answers, hands in."""
    await asyncio.sleep(wait)
    _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
    one = uuid4()
    key = keys.key_of(one)
    begin = {"id": str(one), "key": key, "via": "s", "token": door}
    seen.statuses[f"begin {await line.ask('POST', '/p/api/responses', key, begin)}"] += 1
    for at in range(answers):
        await asyncio.sleep(random.uniform(LOW, HIGH))
        body = {"answer": answer(at), "counter": at + 1, "ms": 4000}
        began = time.perf_counter()
        status = await line.ask("PUT", f"/p/api/responses/{one}/answers/q{at}", key, body)
        seen.saves.append(time.perf_counter() - began)
        seen.statuses[f"save {status}"] += 1
        if status == 200:
            seen.acknowledged[one] = seen.acknowledged.get(one, 0) + 1
    await asyncio.sleep(random.uniform(LOW, HIGH))
    began = time.perf_counter()
    status = await line.ask("POST", f"/p/api/responses/{one}/end", key, {})
    seen.ends.append(time.perf_counter() - began)
    seen.statuses[f"end {status}"] += 1
    if status == 201:
        seen.done.add(one)
    line.close()


async def lost(place: Stage, seen: Seen) -> tuple[int, int]:
    """Acknowledged saves that are not in the database, and completions that are not there exactly once."""
    raw = await asyncpg.connect(place.database_url)
    try:
        rows = await raw.fetch(
            "select id, state, (select count(*) from jsonb_object_keys(answers)) as answers from response"
        )
    finally:
        await raw.close()
    there = {row["id"]: (row["answers"], row["state"]) for row in rows}
    missing = sum(max(0, many - there.get(one, (0, ""))[0]) for one, many in seen.acknowledged.items())
    return missing, sum(there.get(one, (0, ""))[1] != "completed" for one in seen.done)


def many_files() -> None:
    """As many open connections as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def share(values: list[float], part: float) -> float:
    """Milliseconds below which this part lies."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000, 1) if values else 0.0


async def run(people: int = PEOPLE, answers: int = ANSWERS) -> list[Row]:
    """The rows of the table."""
    many_files()
    seen = Seen()
    ramp = min(RAMP, people / 100)
    async with stage() as place:
        door = await furnish(place, definition())
        async with AsyncExitStack() as programs:
            cores = len(os.sched_getaffinity(0))
            ports = [await programs.enter_async_context(place.web("app.py")) for _ in range(cores)]
            began = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for at in range(people):
                    group.create_task(person(ports[at % cores], door, seen, ramp * at / people, answers))
            seconds = time.perf_counter() - began
        saves, ends = await lost(place, seen)
    wrong = sum(
        count for name, count in seen.statuses.items() if name not in ("begin 200", "save 200", "end 201")
    )
    return [
        (
            f"filling: {people:,} people at once, drafts saved a second",
            round(len(seen.saves) / seconds),
            "saves/s",
        ),
        ("filling: errors (required: 0)", wrong, "answers"),
        ("filling: acknowledged saves that are not there (required: 0)", saves, "answers"),
        ("filling: completions that are not there (required: 0)", ends, "responses"),
        ("filling: draft save p50", round(statistics.median(seen.saves) * 1000, 1), "ms"),
        ("filling: draft save p95 (required: 500)", share(seen.saves, 0.95), "ms"),
        ("filling: draft save p99", share(seen.saves, 0.99), "ms"),
        ("filling: handed in p95", share(seen.ends, 0.95), "ms"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for what, figure, unit in runner.run(run(*(int(word) for word in sys.argv[1:]))):
            print(f"{what:<72} {figure:>12,} {unit}")

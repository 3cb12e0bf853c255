"""Opening the pages of statistics over a million cases: month, quarter, year, by campus and by department.

`run()` fills a database (bench/fill.py), gives its cases rounds, call-backs and the steps that statistics read,
derives all facts and cubes from them, and asks for the pages through the web process as a browser gets them: with
every cube up to date, and with the present month out of date, as it is for seconds after each step of a case.
Visits are not filled: their count comes from a cube of a row for each month and department.

Required of the pages (the project's figures): p95 below 500 ms.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
import asyncpg

from bench.case_list import p95
from bench.fill import Filled, fill
from bench.stage import Row, Stage, stage
from core import clock, db
from core.migrations import migrate
from reports import cubes
from staff import queries as staff
from staff import sessions
from tests.servers import with_database

SIZE = 1_000_000
TIMES = 10
PAGES = (
    ("this month", "span=month"),
    ("this quarter", "span=quarter"),
    ("this year", "span=year"),
    ("last year", "span=year&at={last_year}"),
    ("a month two years ago", "span=month&at={then}"),
    ("ninety days", "span=days&since={since}&until={until}"),
    ("this year, one campus", "span=year&place={campus}"),
    ("this year, one department", "span=year&place={department}"),
    ("this year, complaints", "span=year&type=投诉"),
)
LISTS = (
    ("received this year", "span=year&of=case.received"),
    ("on time this quarter", "span=quarter&of=clock.met"),
    ("busy department, this year", "span=year&of=case.received&by=place&key={department}"),
    ("waiting now", "of=running.waiting"),
)
# What `fill` leaves out, because lists of cases do not read it.
_ROUNDS = """
insert into case_round (case_id, no, opened_at, frozen_at, verified, replied_at, called_back_at, callback_solved,
    callback_satisfied)
select c.id, g, c.received_at + (g - 1) * interval '3 days', case when g < c.round then c.received_at end,
    (array['属实', '部分属实', '不属实'])[1 + c.id % 3],
    case when c.closed_at is not null then c.received_at + interval '4 days' end,
    case when c.closed_at is not null and c.id % 5 > 0 then c.received_at + interval '5 days' end,
    case when c.closed_at is not null and c.id % 5 > 0 then (array['已解决', '部分解决', '未解决'])[1 + c.id % 3] else '' end,
    case when c.closed_at is not null and c.id % 5 > 0 then (array['满意', '基本满意', '不满意'])[1 + c.id % 3] else '' end
from cases c, generate_series(1, c.round) g
"""
_CLOCKS = """
insert into clock (case_id, kind, start_at, due_at, reason, state, ended_at)
select c.id, k.kind, c.received_at, c.received_at + interval '5 days', '压测', 'met',
    c.received_at + (c.id % 60) * interval '2 hours'
from cases c, unnest(array['upstream', 'hospital', 'department']) k(kind) where c.closed_at is not null
"""
_STEPS = """
insert into history (case_id, ticket_id, round, verb, actor_name, door, at)
select t.case_id, t.id, t.round, 'sign', '压测', 'web', t.assigned_at + (t.id % 40) * interval '1 hour' from ticket t
"""


async def filled_stage(servers: Stage, size: int) -> tuple[Stage, Filled]:
    """A database of its own on the same servers."""
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"create database statistics_{size}")
    await admin.close()
    url = with_database(servers.database_url, f"statistics_{size}")
    await migrate(url)
    filled = await fill(url, size)
    raw = await asyncpg.connect(url)
    await raw.execute("set session_replication_role = replica; set synchronous_commit = off")
    for statement in (_ROUNDS, _CLOCKS, _STEPS):
        await raw.execute(statement)
    for table in ("case_round", "clock", "history"):  # else autovacuum does it while pages are opened
        await raw.execute(f"vacuum (analyze) {table}")
    await raw.execute("checkpoint")
    await raw.close()
    return replace(servers, environment={**servers.environment, "HUIYIN_DATABASE_URL": url}), filled


async def _derived(own: Stage, filled: Filled) -> tuple[float, str]:
    """Seconds that all facts and cubes took, and the cookie of the reader."""
    await db.open_db(own.database_url)
    try:
        await staff.forget_tree()
        began = time.perf_counter()
        await cubes.rebuild()
        took = time.perf_counter() - began
        raw = await asyncpg.connect(own.database_url)  # without the time limit of our own statements
        await raw.execute("analyze")
        await raw.close()
        token = await sessions.begin(filled.head, address="127.0.0.1", agent="bench")
        return took, f"{sessions.COOKIE}={token}"
    finally:
        await db.close_db()


def _queries(filled: Filled) -> list[tuple[str, str]]:
    today = clock.today()
    words = {
        "campus": filled.campus,
        "department": filled.department,
        "last_year": today.replace(year=today.year - 1, month=1, day=1),
        "then": today.replace(year=today.year - 2, day=1),
        "since": today.replace(month=max(1, today.month - 3), day=11),
        "until": today,
    }
    pages = [(f"page, {name}", f"/statistics?{query.format_map(words)}") for name, query in PAGES]
    lists = [(f"list, {name}", f"/statistics/cases?{query.format_map(words)}") for name, query in LISTS]
    return pages + lists


async def _times(port: int, cookie: str, queries: list[tuple[str, str]]) -> dict[str, list[float]]:
    """Milliseconds by page; the first of each does not count."""
    found: dict[str, list[float]] = {name: [] for name, _ in queries}
    async with aiohttp.ClientSession(headers={"Cookie": cookie}) as http:
        for turn in range(TIMES + 1):
            for name, path in queries:
                began = time.perf_counter()
                async with http.get(f"http://127.0.0.1:{port}{path}") as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"{path}: {answer.status}")
                if turn:
                    found[name].append((time.perf_counter() - began) * 1000)
    return found


async def run(size: int = SIZE) -> list[Row]:
    """The rows of the table."""
    rows: list[Row] = []
    async with stage() as servers, AsyncExitStack() as programs:
        own, filled = await filled_stage(servers, size)
        took, cookie = await _derived(own, filled)
        rows.append((f"statistics {size:,}: deriving all facts and cubes", round(took, 1), "s"))
        port = await programs.enter_async_context(own.web("app.py"))
        queries = _queries(filled)
        for state in ("cubes up to date", "present month out of date"):
            if state.startswith("present"):
                raw = await asyncpg.connect(own.database_url)
                await raw.execute("insert into cube_touch (month) values ($1)", clock.today().replace(day=1))
                await raw.close()
            found = await _times(port, cookie, queries)
            pages = [value for name, values in found.items() if name.startswith("page") for value in values]
            rows.append((f"statistics {size:,}: {state}, pages p95", round(p95(pages), 1), "ms"))
            slowest = sorted(((p95(values), name) for name, values in found.items()), reverse=True)
            rows += [
                (f"statistics {size:,}: {state}, {name} p95", round(value, 1), "ms")
                for value, name in slowest
            ]
    return rows


if __name__ == "__main__":
    for what, figure, unit in asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE)):
        print(f"{what:<90} {figure:>10,.1f} {unit}")

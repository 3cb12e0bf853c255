"""Two hundred people open their saved views of the list of cases at once, while orders arrive and the worker works.

Each person has a session and thirty saved views, a mixture of the lists of bench/case_list.py in an order of their
own, and opens them one after another with one to two seconds of thought between: about 130 pages a second in all.
A third of the people are of a department, a few of the centre, the others supervise the whole group (what the centre
is told by message goes to few, as in a hospital). As many web processes as there are processors
share them; one worker runs beside; `ORDERS` orders a second are pushed to the first process. Lag is how long rows
of the outbox and jobs that came due in that time waited until they were done; what never got done counts as late.
The programs are warm: thirty people's views are opened once before it counts.

Required (the project's figures): p99 of the pages below 1 s, lag below 5 s, over 1,000,000 cases.
"""

import asyncio
import os
import random
import sys
import time
from contextlib import AsyncExitStack
from urllib.parse import parse_qsl, urlencode

import aiohttp

from bench.case_list import LISTS, filters
from bench.fill import Filled
from bench.intake import order
from bench.load import Line
from bench.outside import wecom
from bench.stage import SECRET, Row, Stage, stage
from bench.statistics import filled_stage
from core import clock, db
from integrations.signing import signed
from staff import sessions
from staff.roles import Role
from tickets.auditing import rounds
from tickets.queries import spans

SIZE = 1_000_000
PEOPLE, VIEWS = 200, 30
THINKING = (1.0, 2.0)  # seconds
ORDERS = 2  # a second
MOST_RUNGS = 20
WARMING = 30  # people whose pages warm the programs and do not count
PATIENCE = 30.0  # seconds in which the last rows may still be done
Waits = list[float]


def _of_the_group(number: int) -> Role:
    return Role.CENTRE_STAFF if number % 30 == 1 else Role.SUPERVISOR


async def _people(filled: Filled) -> list[str]:
    """Posts, views and sessions; the cookies."""
    wanted = filters(filled)
    cookies = []
    for number in range(PEOPLE):
        staff_id = 1000 + number
        await db.execute(
            "insert into staff (id, number, name) values ($1, $2, $3)",
            staff_id,
            f"view{number}",
            f"压测视图{number}",
        )
        post = (filled.department, Role.LIAISON) if number % 3 == 0 else (1, _of_the_group(number))
        await db.execute(
            "insert into post (id, staff_id, unit_id, role) values ($1, $1, $2, $3)",
            staff_id,
            *post,
        )
        names = random.Random(number).sample([name for name, _ in LISTS], VIEWS)
        await db.executemany(
            "insert into saved_view (staff_id, page, name, query) values ($1, 'cases', $2, $3)",
            [(staff_id, name[:40], wanted[name].query() or "all=1") for name in names],
        )
        token = await sessions.begin(staff_id, address="127.0.0.1", agent="bench")
        cookies.append(f"{sessions.COOKIE}={token}")
    await db.execute(
        "update staff set wecom_userid = number where wecom_userid is null"
    )  # all can be reached
    return cookies


async def _reminded() -> None:
    """Every clock as far up its ladder as its age, with the next reminder waiting: a hospital that has run all the time.

    Filled in without them, the auditor would find twenty thousand missing, and the worker would send them all while
    pages are measured.
    """
    for _ in range(MOST_RUNGS):
        await db.execute("update auditor_round set started_at = started_at - interval '1 day'")
        await rounds.take()
        climbed = await db.execute(
            "with past as (update due set state = 'done', done_at = due_at"
            " where state = 'due' and kind = 'clock.step' and due_at < now() returning ref, step)"
            " update clock set level = past.step from past where clock.id = past.ref"
        )
        if not climbed:
            break
    await db.execute("vacuum (analyze) due")
    await db.execute("vacuum (analyze) clock")


async def _prepared(own: Stage, filled: Filled) -> tuple[list[str], list[list[str]]]:
    """Cookies, and the queries of each person's views as they were kept."""
    await db.open_db(own.database_url)
    try:
        for _ in range(2):
            await spans.seal("0")
        await _reminded()
        cookies = await _people(filled)
        rows = await db.fetch(
            "select array_agg(v.query order by v.id) as queries from saved_view v join staff s on s.id = v.staff_id"
            " where s.number like 'view%' group by s.id order by s.id"
        )
        return cookies, [list(row["queries"]) for row in rows]
    finally:
        await db.close_db()


async def _person(
    port: int,
    cookie: str,
    queries: list[str],
    waits: Waits,
    failed: list[int],
    thinking: tuple[float, float] = THINKING,
) -> None:
    chance = random.Random(cookie)
    _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
    await asyncio.sleep(chance.uniform(0, thinking[0]))
    for query in queries:
        began = time.perf_counter()
        status = await line.get(f"/cases?{urlencode(parse_qsl(query))}", cookie)
        if status != 200:
            failed.append(status)
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(chance.uniform(*thinking))
    line.close()


async def _warmed(ports: list[int], cookies: list[str], views: list[list[str]]) -> None:
    """The pages of the first people, uncounted: the programs have run since the morning, as in bench/case_list.py."""
    for at in range(0, WARMING, len(ports) * 5):
        async with asyncio.TaskGroup() as group:
            for number in range(at, at + len(ports) * 5):
                port = ports[number % len(ports)]
                group.create_task(_person(port, cookies[number], views[number], [], [], (0.0, 0.0)))


async def _arriving(http: aiohttp.ClientSession, port: int, taken: list[int]) -> None:
    """Orders at a steady pace until cancelled."""
    while True:
        body = order(f"V-{len(taken):07d}", len(taken))
        url = f"http://127.0.0.1:{port}/api/v1/hotline/orders"
        async with http.post(url, data=body, headers=signed(SECRET, body)) as answer:
            taken.append(answer.status)
        await asyncio.sleep(1 / ORDERS)


async def _lags(own: Stage, since: object) -> tuple[Waits, int]:
    """Seconds that rows of the outbox and jobs waited, and how many never got done."""
    await db.open_db(own.database_url)
    try:
        sql = (
            "select extract(epoch from done_at - due_at)::float as lag, state from {} where due_at >= $1"
            " and due_at < $2"
        )
        until = clock.now()
        end = time.perf_counter() + PATIENCE
        while True:
            rows = [
                row for table in ("outbox", "job") for row in await db.fetch(sql.format(table), since, until)
            ]
            if all(row["lag"] is not None for row in rows) or time.perf_counter() > end:
                break
            await asyncio.sleep(1)
        return [max(0.0, row["lag"]) for row in rows if row["lag"] is not None], sum(
            row["lag"] is None for row in rows
        )
    finally:
        await db.close_db()


def share(values: Waits, part: float) -> float:
    """The value below which this part of all lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


async def run(size: int = SIZE) -> list[Row]:
    """The rows of the table."""
    waits: Waits = []
    failed: list[int] = []
    taken: list[int] = []
    async with stage() as servers, AsyncExitStack() as programs:
        os.environ.update(await programs.enter_async_context(wecom()))  # what the programs send is taken
        own, filled = await filled_stage(servers, size)
        cookies, views = await _prepared(own, filled)
        cores = len(os.sched_getaffinity(0))
        ports = [await programs.enter_async_context(own.web("app.py")) for _ in range(cores)]
        await programs.enter_async_context(own.program("worker.py"))
        http = await programs.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        await _warmed(ports, cookies, views)
        await asyncio.sleep(5)  # the worker has begun, and what it began with is done
        since = clock.now()
        arriving = asyncio.create_task(_arriving(http, ports[0], taken))
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for at, (cookie, queries) in enumerate(zip(cookies, views, strict=True)):
                group.create_task(_person(ports[at % cores], cookie, queries, waits, failed))
        seconds = time.perf_counter() - began
        arriving.cancel()
        lags, undone = await _lags(own, since)
    head = f"saved views {size:,}"
    return [
        (f"{head}: web processes", cores, ""),
        (f"{head}: pages opened", len(waits), "pages"),
        (f"{head}: pages a second", round(len(waits) / seconds, 1), "pages/s"),
        (f"{head}: page p50", round(share(waits, 0.5) * 1000, 1), "ms"),
        (f"{head}: page p99 (required: 1000)", round(share(waits, 0.99) * 1000, 1), "ms"),
        (f"{head}: pages not answered", len(failed), "pages"),
        (f"{head}: orders taken meanwhile", taken.count(201), "orders"),
        (f"{head}: orders not taken", len(taken) - taken.count(201), "orders"),
        (f"{head}: rows of outbox and jobs, lag p99", round(share(lags, 0.99), 2), "s"),
        (
            f"{head}: rows of outbox and jobs, longest lag (required: 5)",
            round(max(lags, default=0.0), 2),
            "s",
        ),
        (f"{head}: rows never done", undone, "rows"),
    ]


if __name__ == "__main__":
    for what, figure, unit in asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE)):
        print(f"{what:<80} {figure:>10,.2f} {unit}")

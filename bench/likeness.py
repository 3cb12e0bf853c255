"""Proposals that a new case is the same matter as another, among 100,000 open cases.

`run()` fills a database (bench/fill.py), leaves every case open and received within half a year, and has the
proposals of `TIMES` of them worked out and written, each as if it had just come. Their texts come from 4,000
different ones, so that each has about 25 twins; the share of those whose best proposals hold a twin is told too.

Required (the project's figures): below 300 ms.
"""

import statistics
import time
from dataclasses import replace

import asyncpg

from bench.fill import fill
from bench.stage import Row, Stage, stage
from core import db
from core.migrations import migrate
from staff import queries as staff
from tests.servers import with_database
from tickets.matters import candidates, proposing
from tickets.models import Case
from tickets.queries import spans

SIZE = 100_000
TIMES = 200

_OPEN = """
update cases set state = 'in_progress', closed_at = null, archived_at = null,
    received_at = now() - (now() - received_at) / 6, dispatched_at = now() - (now() - received_at) / 6;
insert into case_key (case_id, kind, key) select id, 'phone', caller_phone_hash from cases;
"""


async def run() -> list[Row]:
    """The rows of the table."""
    async with stage() as servers:
        own = await _filled(servers)
        await db.open_db(own.database_url)
        try:
            await staff.forget_tree()
            await spans.seal("0")
            await spans.seal("0")
            return await _measured()
        finally:
            await db.close_db()


async def _filled(servers: Stage) -> Stage:
    """A database of its own on the same servers, with every case open."""
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute("create database bench_likeness")
    await admin.close()
    url = with_database(servers.database_url, "bench_likeness")
    await migrate(url)
    await fill(url, SIZE)
    raw = await asyncpg.connect(url)
    await raw.execute(_OPEN)
    await raw.execute("vacuum analyze cases")
    await raw.execute("vacuum analyze case_key")
    await raw.close()
    return replace(servers, environment={**servers.environment, "HUIYIN_DATABASE_URL": url})


async def _measured() -> list[Row]:
    whole, compared, twins = [], [], 0
    for turn in range(TIMES + 1):
        case = await Case.get(id=1 + (turn * 7_919) % SIZE)
        began = time.perf_counter()
        found = await proposing.propose(case)
        took = (time.perf_counter() - began) * 1000
        if turn == 0:
            continue  # the first warms
        whole.append(took)
        compared.append(len((await candidates.of(case)).ids))
        contents = {other.content for other in await Case.filter(id__in=[each.case_id for each in found])}
        twins += case.content in contents
    whole.sort()
    name = f"likeness among {SIZE:,} open cases"
    return [
        (f"{name}: proposals of a new case, p50", round(statistics.median(whole), 1), "ms"),
        (f"{name}: p95", round(whole[int(len(whole) * 0.95)], 1), "ms"),
        (f"{name}: longest", round(whole[-1], 1), "ms"),
        (f"{name}: cases compared, mean", round(statistics.mean(compared), 0), ""),
        (f"{name}: a case of the same words is proposed", round(100 * twins / TIMES, 1), "%"),
    ]

"""The first page of the list of cases, with 10,000 and with 1,000,000 of them: any filter, any search, two readers.

`run()` starts PostgreSQL in a temporary folder, fills it (bench/fill.py) and asks for each list of `LISTS` as
somebody who sees the whole group and as a department's liaison; what is timed is the whole query with its
rows, masked and ready to be drawn. Each list is asked for once before it counts, so the figures are of warm
caches.

Required (the project's figures): p95 below 100 ms, and at most 1.5 times that with 10,000.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

import asyncpg

from bench.fill import COMMON, RARE, Filled, fill
from core import clock, db
from core.actor import Actor, ActorKind, Door
from core.embedded import EmbeddedPostgres
from core.migrations import migrate
from staff import queries as staff
from staff.actors import grants
from staff.roles import Role
from tests.servers import with_database
from tickets.queries import cases, spans
from tickets.queries.case_filter import CaseFilter, read

SIZES = (10_000, 1_000_000)
TIMES = 15

Row = tuple[str, float, str]

# The query of the address; {…} is filled from `Filled`, dates are counted back from today.
LISTS: tuple[tuple[str, str], ...] = (
    ("everything", ""),
    ("state received", "state=received"),
    ("state under review", "state=under_review"),
    ("all open states", "state=received&state=accepted&state=in_progress&state=under_review"),
    ("state archived", "state=archived"),
    ("state returned", "state=returned"),
    ("type complaint", "type=投诉"),
    ("type praise", "type=表扬"),
    ("urgency highest", "urgency=特急"),
    ("praise and highest urgency", "type=表扬&urgency=特急"),
    ("campus", "campus={campus}"),
    ("busy department", "unit={department}"),
    ("quiet department", "unit={quiet}"),
    ("quiet department, praise", "unit={quiet}&type=表扬"),
    ("department, archived complaints", "unit={department}&type=投诉&state=archived"),
    ("late", "due=late"),
    ("due today", "due=today"),
    ("due within 3 days, campus", "due=3&campus={campus}"),
    ("handled by one person", "handler={handler}"),
    ("one person, praise, archived", "handler={handler}&type=表扬&state=archived"),
    ("nobody's, received", "handler=none&state=received"),
    ("opened again", "again=1"),
    ("opened again, quiet department", "again=1&unit={quiet}"),
    ("a month two years ago", "since={then}&until={then_end}"),
    ("a month two years ago, praise", "since={then}&until={then_end}&type=表扬"),
    ("category", "category=医疗卫生->医疗质量"),
    ("category, praise, quiet department", "category=医疗卫生->药品管理&type=表扬&unit={quiet}"),
    ("word in 28 of 100", "q={common}"),
    ("word in 20 cases", "q={rare}"),
    ("one character", "q=漏"),
    ("word nobody wrote", "q=无中生有"),
    ("two common words", "q={common} 凭证"),
    ("common word, praise, quiet department", "q={common}&type=表扬&unit={quiet}"),
    ("common word, received", "q={common}&state=received"),
    ("rare word, archived", "q={rare}&state=archived"),
    ("phone", "q={phone}"),
    ("end of an order number", "q=0001234"),
    ("ticket number", "q=%23777"),
)


def _filters(filled: Filled) -> Mapping[str, CaseFilter]:
    today = clock.today()
    then = today.replace(year=today.year - 2, day=1)
    words = {
        "campus": filled.campus,
        "department": filled.department,
        "quiet": filled.quiet_department,
        "handler": filled.handler,
        "phone": filled.phone,
        "common": COMMON,
        "rare": RARE,
        "then": then,
        "then_end": then.replace(day=28),
    }
    found = {}
    for name, query in LISTS:
        wanted, faults = read(parse_qsl(query.format_map(words)))
        if faults:
            raise ValueError(f"{name}: {faults}")
        found[name] = wanted
    return found


async def readers(filled: Filled) -> dict[str, Actor]:
    """Who asks: one of the centre, and a liaison."""
    tree = await staff.tree()
    path = tree.unit(filled.department).path
    return {
        "group": Actor(ActorKind.STAFF, 3, "压测03", Door.WEB, grants([(Role.CENTRE_HEAD, "/")])),
        "department": Actor(ActorKind.STAFF, 4, "压测04", Door.WEB, grants([(Role.LIAISON, path)])),
    }


async def measure(filled: Filled) -> dict[tuple[str, str], list[float]]:
    """Milliseconds of each list by reader and name, in the order they were taken."""
    times: dict[tuple[str, str], list[float]] = {}
    filters = _filters(filled)
    for who, by in (await readers(filled)).items():
        for name, wanted in filters.items():
            await cases.page(wanted, by=by)
            for _ in range(TIMES):
                began = time.perf_counter()
                await cases.page(wanted, by=by)
                times.setdefault((who, name), []).append((time.perf_counter() - began) * 1000)
    return times


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[94]


async def run() -> list[Row]:
    """The rows of the table: each reader at each size, the ratio, and the slowest lists."""
    folder = Path(tempfile.mkdtemp(prefix="huiyin-bench-"))
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(folder / "postgres", fsync=False)
    rows: list[Row] = []
    try:
        url = await asyncio.to_thread(postgres.start)
        overall = []
        for size in SIZES:
            times, seconds = await _at(url, size)
            rows.append((f"case list: filling {size:,} cases", round(seconds, 1), "s"))
            overall.append(_report(rows, size, times))
        rows.append(("case list: p95 with 1,000,000 / with 10,000", round(overall[1] / overall[0], 2), "×"))
    finally:
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)
    return rows


async def _at(url: str, size: int) -> tuple[dict[tuple[str, str], list[float]], float]:
    admin = await asyncpg.connect(url)
    await admin.execute(f"create database bench_{size}")
    await admin.close()
    own = with_database(url, f"bench_{size}")
    await migrate(own)
    began = time.perf_counter()
    filled = await fill(own, size)
    seconds = time.perf_counter() - began
    await db.open_db(own)
    await staff.forget_tree()
    try:
        await spans.seal("0")
        await spans.seal("0")
        return await measure(filled), seconds
    finally:
        await db.close_db()


def _report(rows: list[Row], size: int, times: dict[tuple[str, str], list[float]]) -> float:
    """Add the figures of one size; the p95 of all lists of both readers."""
    for who in ("group", "department"):
        of_reader = [value for (reader, _), values in times.items() if reader == who for value in values]
        rows.append((f"case list {size:,}, {who}: p50", round(statistics.median(of_reader), 2), "ms"))
        rows.append((f"case list {size:,}, {who}: p95", round(p95(of_reader), 2), "ms"))
    for (who, name), values in sorted(times.items(), key=lambda entry: -p95(entry[1]))[:3]:
        rows.append((f"case list {size:,}, slow: {name} ({who}) p95", round(p95(values), 2), "ms"))
    return p95([value for values in times.values() for value in values])

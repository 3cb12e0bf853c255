"""The first page of the list of cases, with 10,000 and with 1,000,000 of them: any filter, any search, two readers.

`run()` fills a database of each size (bench/fill.py) and asks for each list of `LISTS` as the head of the centre,
who sees the whole group, and as a department's liaison: through the web process (`app.py`), as a browser gets the
page, and beside it the bare query with its rows. Each list is asked for once before it counts, so the figures
are of warm caches; `/healthz` through the same client is the ceiling of the same machine.

Required of the page (the project's figures): p95 below 100 ms, and at most 1.5 times that with 10,000.
"""

import statistics
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import aiohttp
import asyncpg

from bench.fill import COMMON, RARE, Filled, fill
from bench.stage import Row, Stage, stage
from core import clock, db
from core.actor import Door
from core.migrations import migrate
from staff import queries as staff
from staff import sessions
from staff.actors import actor_of
from tests.servers import with_database
from tickets.queries import cases, spans
from tickets.queries.case_filter import CaseFilter, read

SIZES = (10_000, 1_000_000)
TIMES = 12

Times = dict[tuple[str, str], list[float]]  # milliseconds by reader and list

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


def filters(filled: Filled) -> Mapping[str, CaseFilter]:
    """The lists by name."""
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


def readers(filled: Filled) -> dict[str, int]:
    """Who asks."""
    return {"group": filled.head, "department": filled.liaison}


async def queried(filled: Filled) -> Times:
    """The bare query of each list with its rows, in this process."""
    times: Times = {}
    for who, staff_id in readers(filled).items():
        by = await actor_of(staff_id, Door.WEB)
        for name, wanted in filters(filled).items():
            for turn in range(TIMES + 1):
                began = time.perf_counter()
                await cases.page(wanted, by=by)
                if turn:  # the first warms
                    times.setdefault((who, name), []).append((time.perf_counter() - began) * 1000)
    return times


@dataclass(frozen=True, slots=True)
class Seat:
    """A web process over a database of one size, and the cookies of its readers."""

    port: int
    cookies: Mapping[str, str]
    filters: Mapping[str, CaseFilter]


async def paged(seats: Mapping[int, Seat]) -> dict[int, Times]:
    """The whole page of each list, as a browser gets it, by size; and the ceiling under "bare".

    The sizes take turns with each request, so that whatever else the machine does burdens both alike.
    """
    times: dict[int, Times] = {size: {} for size in seats}
    async with aiohttp.ClientSession() as http:

        async def get(seat: Seat, path: str, cookie: str = "") -> float:
            began = time.perf_counter()
            async with http.get(f"http://127.0.0.1:{seat.port}{path}", headers={"Cookie": cookie}) as answer:
                await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{path}: {answer.status}")
            return (time.perf_counter() - began) * 1000

        for turn in range(TIMES + 1):
            for size, seat in seats.items():
                value = await get(seat, "/healthz")
                if turn:
                    times[size].setdefault(("", "bare"), []).append(value)
        for who in ("group", "department"):
            for name, _ in LISTS:
                for turn in range(TIMES + 1):
                    for size, seat in seats.items():
                        path = f"/cases?{seat.filters[name].query() or 'all=1'}"
                        value = await get(seat, path, seat.cookies[who])
                        if turn:  # the first warms
                            times[size].setdefault((who, name), []).append(value)
    return times


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[94]


def _all(times: Times, of: str = "") -> list[float]:
    return [value for (who, _), values in times.items() if who and who.startswith(of) for value in values]


async def run() -> list[Row]:
    """The rows of the table: the page and the query at each size, the ratio, and the slowest lists."""
    rows: list[Row] = []
    queries: dict[int, Times] = {}
    async with stage() as servers, AsyncExitStack() as programs:
        seats = {}
        for size in SIZES:
            began = time.perf_counter()
            own, filled = await _filled(servers, size)
            rows.append((f"case list: filling {size:,} cases", round(time.perf_counter() - began, 1), "s"))
            queries[size], cookies = await _prepared(own, filled)
            port = await programs.enter_async_context(own.web("app.py"))
            seats[size] = Seat(port, cookies, filters(filled))
        pages = await paged(seats)
    for size in SIZES:
        _report(rows, size, pages[size], queries[size])
    small, large = (p95(_all(pages[size])) for size in SIZES)
    rows.append(("case list: p95 of the page with 1,000,000 / with 10,000", round(large / small, 2), "×"))
    return rows


async def _filled(servers: Stage, size: int) -> tuple[Stage, Filled]:
    """A database of its own on the same servers."""
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"create database bench_{size}")
    await admin.close()
    url = with_database(servers.database_url, f"bench_{size}")
    await migrate(url)
    filled = await fill(url, size)
    return replace(servers, environment={**servers.environment, "HUIYIN_DATABASE_URL": url}), filled


async def _prepared(own: Stage, filled: Filled) -> tuple[Times, dict[str, str]]:
    """The bare queries, and the readers' cookies."""
    await db.open_db(own.database_url)
    try:
        await staff.forget_tree()
        await spans.seal("0")
        await spans.seal("0")
        cookies = {
            who: f"{sessions.COOKIE}={await sessions.begin(staff_id, address='127.0.0.1', agent='bench')}"
            for who, staff_id in readers(filled).items()
        }
        return await queried(filled), cookies
    finally:
        await db.close_db()


def _report(rows: list[Row], size: int, pages: Times, queries: Times) -> None:
    """Add the figures of one size."""
    rows.append((f"case list {size:,}: bare answer p95", round(p95(pages["", "bare"]), 2), "ms"))
    for name, times in (("page", pages), ("query", queries)):
        for who in ("group", "department"):
            values = _all(times, who)
            rows.append(
                (f"case list {size:,}: {name}, {who}, p50", round(statistics.median(values), 2), "ms")
            )
            rows.append((f"case list {size:,}: {name}, {who}, p95", round(p95(values), 2), "ms"))
    slowest = sorted(((p95(values), who, name) for (who, name), values in pages.items() if who), reverse=True)
    for value, who, name in slowest[:3]:
        rows.append((f"case list {size:,}: slow page, {name} ({who}), p95", round(value, 2), "ms"))

"""What asking for permission costs on a page of 50 rows: the list as a person sees it against the list nobody is asked for.

`run()` fills a database with 10,000 cases and asks, turn about, for the first 50 cases of one department: as the house
itself, whose scope is everything (no condition), and as a liaison of that department. Rows and filter are the same, so
the difference is what scope costs. Beside it: reading the person's grants (each request does it once), and asking of
each of the 50 rows whether the person may act on it. Medians of warm turns. Required of all together: below 2 ms.
"""

import statistics
import time

import asyncpg

from bench.fill import fill
from bench.stage import Row, stage
from core import db
from core.actor import Actor, Door, Permission, system
from core.migrations import migrate
from staff import queries as staff
from staff.actors import actor_of
from tests.servers import with_database
from tickets.queries import cases, spans
from tickets.queries.case_filter import CaseFilter

SIZE = 10_000
ROWS = 50
TURNS = 100
ACTING = (
    Permission.TICKET_HANDLE,
    Permission.TICKET_ENDORSE,
    Permission.TICKET_MANAGE,
    Permission.CASE_HANDLE,
)


async def run() -> list[Row]:
    """The rows of the table."""
    async with stage() as servers:
        admin = await asyncpg.connect(servers.database_url)
        await admin.execute("create database bench_permissions")
        await admin.close()
        url = with_database(servers.database_url, "bench_permissions")
        await migrate(url)
        filled = await fill(url, SIZE)
        await db.open_db(url)
        try:
            await staff.forget_tree()
            await spans.seal("0")
            return await _measured(filled.liaison, CaseFilter(unit=filled.department))
        finally:
            await db.close_db()


async def _measured(liaison: int, wanted: CaseFilter) -> list[Row]:
    house, person = system(), await actor_of(liaison, Door.WEB)
    path = (await staff.tree()).unit(wanted.unit or 0).path
    times: dict[str, list[float]] = {"house": [], "person": [], "grants": [], "rows": []}
    ids: dict[str, list[int]] = {}
    for turn in range(TURNS + 5):
        for name, by in (("house", house), ("person", person)):
            began = time.perf_counter()
            found = await cases.page(wanted, by=by, limit=ROWS)
            if turn >= 5:  # the first ones warm
                times[name].append((time.perf_counter() - began) * 1000)
            ids[name] = [row.id for row in found.rows]
        began = time.perf_counter()
        person = await actor_of(liaison, Door.WEB)
        times["grants"].append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        _asked_of_rows(person, path)
        times["rows"].append((time.perf_counter() - began) * 1000)
    if ids["house"] != ids["person"] or len(ids["person"]) != ROWS:
        raise RuntimeError("the two lists are not the same 50 rows")
    middle = {name: statistics.median(found) for name, found in times.items()}
    scope = middle["person"] - middle["house"]
    return [
        ("permissions: page of 50 rows, nobody asked", round(middle["house"], 2), "ms"),
        ("permissions: the same page within a person's scope", round(middle["person"], 2), "ms"),
        ("permissions: grants of the person, once a request", round(middle["grants"], 3), "ms"),
        ("permissions: asked of each of 50 rows", round(middle["rows"], 3), "ms"),
        (
            "permissions: added to the page, all together",
            round(scope + middle["grants"] + middle["rows"], 2),
            "ms",
        ),
    ]


def _asked_of_rows(by: Actor, path: str) -> int:
    """Whether each row may be acted on, as the page asks it."""
    return sum(any(by.can(permission, path) for permission in ACTING) for _ in range(ROWS))

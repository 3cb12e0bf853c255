"""What the audit line costs an action: the same action on the same database, with its line and without, turn by turn.

The action is a liaison signing for a ticket: lock, state and permission, ticket, history, clock, events, audit, commit.
Tickets are opened first; then each is signed once, with the line or without by the toss of a coin, so that what else
the machine does falls on both alike. Without means that `core.audit.record` and `beside` write nothing; all else is the same.

Required (the project's figures): the line adds less than 10 % to an action, by the median.
"""

import asyncio
import random
import statistics
import sys
import time
from typing import Any

from bench.intake import order
from bench.stage import Row, stage
from core import audit, db
from core.actions import Nothing
from core.actor import Actor, Door, system
from core.audit import Beside
from intake.hotline import read_order
from staff.actors import actor_of
from tickets.actions import ticket_verbs
from tickets.receiving import receive
from wiring import wire

TICKETS = 1_500
WARM_UP = 100
_record, _beside = audit.record, audit.beside


async def _nothing(*_: Any, **__: Any) -> None:
    """The audit line left out."""


def _beside_nothing(*_: Any, **__: Any) -> Beside:
    """The audit line left out of the statement that would write it."""
    return Beside("", ())


async def _opened(most: int) -> list[int]:
    platform = system("压测热线平台", Door.API)
    for at in range(most):
        await receive(read_order(order(f"A-{at:06d}", at)), by=platform)
    rows = await db.fetch("select id from ticket where state = 'assigned' order by id")
    return [row["id"] for row in rows]


async def _sign(ticket_id: int, by: Actor, *, with_line: bool) -> float:
    audit.record = _record if with_line else _nothing  # the verbs look both up at each call
    audit.beside = _beside if with_line else _beside_nothing
    began = time.perf_counter()
    await ticket_verbs.sign(ticket_id, Nothing(), by=by)
    return time.perf_counter() - began


async def _bare(by: Actor) -> list[float]:
    """A line alone in a transaction of its own, for whoever only wants to know what one costs."""
    audit.record = _record
    waits = []
    for at in range(200):
        async with db.transaction():
            await db.fetchval("select 1")
            began = time.perf_counter()
            await audit.record(by, "bench.line", "thing", at, before="1", after="2")
            waits.append(time.perf_counter() - began)
    return waits


async def run(most: int = TICKETS) -> list[Row]:
    """The rows of the table."""
    async with stage() as servers:
        wire()
        await db.open_db(servers.database_url)
        try:
            liaison = await db.fetchval("select id from staff where number = 'bench'")
            by = await actor_of(liaison, Door.WEB, "127.0.0.1")
            tickets = await _opened(most + WARM_UP)
            for number in tickets[:WARM_UP]:
                await _sign(number, by, with_line=True)
            coin = random.Random(2026)
            waits: dict[bool, list[float]] = {True: [], False: []}
            for number in tickets[WARM_UP:]:
                with_line = coin.random() < 0.5
                waits[with_line].append(await _sign(number, by, with_line=with_line))
            line = await _bare(by)
        finally:
            audit.record, audit.beside = _record, _beside
            await db.close_db()
    medians = {with_line: statistics.median(found) * 1000 for with_line, found in waits.items()}
    means = {with_line: _trimmed(found) * 1000 for with_line, found in waits.items()}
    return [
        ("signing for a ticket without the line, median", round(medians[False], 3), "ms"),
        ("signing for a ticket with the line, median", round(medians[True], 3), "ms"),
        (
            "the line adds, by the median (required: < 10)",
            round((medians[True] / medians[False] - 1) * 100, 1),
            "%",
        ),
        (
            "the line adds, by the mean of the middle 90 %",
            round((means[True] / means[False] - 1) * 100, 1),
            "%",
        ),
        ("one line, median", round(statistics.median(line) * 1000, 3), "ms"),
        ("tickets signed with and without", len(waits[True]) + len(waits[False]), "tickets"),
    ]


def _trimmed(values: list[float]) -> float:
    """The mean without the outermost twentieth on either side."""
    cut = len(values) // 20
    return statistics.fmean(sorted(values)[cut : len(values) - cut])


if __name__ == "__main__":
    print(*asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS)), sep="\n")

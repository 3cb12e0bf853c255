"""One loop for every queue that is a table: claim due rows, run each in a savepoint, mark them, commit.

A row that fails rolls back alone, keeps its error and comes again later; after `MOST_ATTEMPTS` it is parked
for an operator. A row is run at least once and marked in the transaction that ran it, so what it wrote to
this database happens exactly once. What a row has locked stays locked until its batch commits: a batch is
therefore short in time, and two batches that wait for each other are nobody's failure.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from core import audit, bell, clock, db
from core.actor import system
from core.error_words import told
from core.errors import GiveUp
from core.logs import begin_trace, logger
from core.metrics import LAG, PUMPED

log = logger(__name__)

MOST_ATTEMPTS = 8
BACK_OFF = (1, 5, 15, 60, 300, 900, 3600)  # seconds before the next attempt
REST = 1.0  # seconds between looks when nobody rings
CROSSED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)  # the row is simply run again
LONGEST = 0.2  # seconds after which a batch is committed; the rows it did not get to stay due

Row = Mapping[str, Any]
Outcome = tuple[str, str]  # note and state


@dataclass(frozen=True, slots=True)
class Queue:
    """A table with columns id, state, due_at, attempts, error, done_at, trace_id, and what to do with a row.

    `run` returns a note ("" when there is nothing to say) and the state to leave the row in. With `run_all` a batch is
    run as one, in one savepoint; when it fails it is halved until the row at fault stands alone.
    """

    table: str
    run: Callable[[Row], Awaitable[Outcome]]
    batch: int = 100
    run_all: Callable[[Sequence[Row]], Awaitable[Sequence[Outcome]]] | None = None


def back_off(attempts: int) -> timedelta:
    """How long to wait after the attempt of this number (1 is the first)."""
    return timedelta(seconds=BACK_OFF[min(attempts, len(BACK_OFF)) - 1])


async def drain(queue: Queue, longest: float = math.inf) -> int:
    """Run one batch of due rows, for `longest` seconds; how many were run."""
    taken = 0
    async with db.transaction():
        rows = await db.fetch(
            f"select * from {queue.table} where state = 'due' and due_at <= $1"  # noqa: S608 - our own table name
            " order by due_at, id limit $2 for update skip locked",
            clock.now(),
            queue.batch,
        )
        if not rows:
            return 0
        if queue.run_all is not None:
            await _run_all(queue, rows, queue.run_all)
            return len(rows)
        finished: list[tuple[int, str, str]] = []
        began = time.monotonic()
        for row in rows:
            if time.monotonic() - began > longest:
                break
            taken += 1
            begin_trace(row["trace_id"])
            try:
                async with db.transaction():
                    note, state = await queue.run(row)
                finished.append((row["id"], state, note))
                PUMPED.labels(queue.table, state).inc()
            except CROSSED:
                log.info("rows_crossed", table=queue.table, id=row["id"])
                PUMPED.labels(queue.table, "crossed").inc()
            except Exception as error:  # noqa: BLE001 - the outermost loop: whatever a reaction does must not stop the pump
                await _failed(queue, row, error)
        await _finish(queue, finished)
    LAG.labels(queue.table).observe(max(0.0, (clock.now() - rows[0]["due_at"]).total_seconds()))
    return taken


async def _run_all(
    queue: Queue, rows: Sequence[Row], run_all: Callable[[Sequence[Row]], Awaitable[Sequence[Outcome]]]
) -> None:
    """Run these rows as one; when that fails, the halves, down to the row at fault."""
    begin_trace(rows[0]["trace_id"] if len(rows) == 1 else "")
    try:
        async with db.transaction():
            outcomes = await run_all(rows)
            found = [(row["id"], state, note) for row, (note, state) in zip(rows, outcomes, strict=True)]
            await _finish(queue, found)
    except CROSSED:  # all of them are simply run again
        log.info("rows_crossed", table=queue.table, rows=len(rows))
        PUMPED.labels(queue.table, "crossed").inc(len(rows))
    except Exception as error:
        if db.is_away(error):
            raise
        if len(rows) == 1:
            await _failed(queue, rows[0], error)
            return
        log.info("rows_halved", table=queue.table, rows=len(rows), error=told(error)[:300])
        middle = len(rows) // 2
        await _run_all(queue, rows[:middle], run_all)
        await _run_all(queue, rows[middle:], run_all)
    else:
        for _, state, _ in found:
            PUMPED.labels(queue.table, state).inc()
        LAG.labels(queue.table).observe(max(0.0, (clock.now() - rows[0]["due_at"]).total_seconds()))


async def _finish(queue: Queue, finished: list[tuple[int, str, str]]) -> None:
    if finished:
        ids, states, notes = zip(*finished, strict=True)
        await db.execute(
            f"update {queue.table} q set state = f.state, error = f.note, done_at = $4,"  # noqa: S608
            " attempts = attempts + 1"
            " from unnest($1::bigint[], $2::text[], $3::text[]) as f(id, state, note) where q.id = f.id",
            list(ids),
            list(states),
            list(notes),
            clock.now(),
        )


async def _failed(queue: Queue, row: Row, error: Exception) -> None:
    attempts = row["attempts"] + 1
    parked = isinstance(error, GiveUp) or attempts >= MOST_ATTEMPTS
    log.warning(
        "row_failed", table=queue.table, id=row["id"], attempts=attempts, parked=parked, exc_info=error
    )
    PUMPED.labels(queue.table, "parked" if parked else "failed").inc()
    await db.execute(
        f"update {queue.table} set state = $2, attempts = $3, error = $4, due_at = $5 where id = $1",  # noqa: S608
        row["id"],
        "parked" if parked else "due",
        attempts,
        told(error)[:2000],
        row["due_at"] if parked else clock.now() + back_off(attempts),
    )
    if parked:
        words = told(error)[:300]
        await audit.record(system("后台"), "system.parked", queue.table, row["id"], error=words)


async def keep_draining(queue: Queue, stopping: asyncio.Event) -> None:
    """Drain until told to stop; the batch in hand is finished first."""
    while not stopping.is_set():
        try:
            taken = await drain(queue, LONGEST)
        except Exception as error:
            if db.is_away(error):  # everybody says so once a second: a line each, no traceback
                log.warning("database_away", table=queue.table, error=told(error)[:300])
            else:
                log.error("pump_failed", table=queue.table, exc_info=error)
            await asyncio.sleep(REST)
            continue
        if not taken and not stopping.is_set():
            await bell.wait(queue.table, REST)

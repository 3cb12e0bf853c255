"""Jobs: slow or outward work. The truth is a row; arq only runs it soon, and the sweeper finds what it missed.

A job may run twice and starts by looking whether its work is done. It runs outside of any transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.exceptions import RedisError

from core import audit, clock, db
from core.actor import system
from core.error_words import told
from core.errors import GiveUp, TryLater
from core.logs import begin_trace, logger, trace_id
from core.metrics import JOBS
from core.pump import MOST_ATTEMPTS, back_off
from core.settings import settings

log = logger(__name__)

QUEUE = "huiyin:jobs"

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A job in hand: `payload` is what it was asked with; how far it is, is told with `report`."""

    id: int
    kind: str
    payload: Payload
    attempts: int

    async def report(self, done: int, total: int, note: str = "") -> None:
        """Tell how far it is; a page shows it."""
        await db.execute(
            "update job set progress = $2::jsonb where id = $1",
            self.id,
            orjson.dumps({"done": done, "total": total, "note": note}).decode(),
        )


Work = Callable[[Job], Awaitable[None]]

KINDS: dict[str, Work] = {}
_arq: ArqRedis | None = None


def on_job(kind: str, work: Work) -> None:
    """Have jobs of this kind done by `work`."""
    if kind in KINDS:
        raise ValueError(f"job kind {kind} is wired twice")
    KINDS[kind] = work


async def open_jobs(redis_url: str) -> None:
    """Connect to the bell of jobs; without it they are found by the sweeper."""
    global _arq
    try:
        _arq = await create_pool(RedisSettings.from_dsn(redis_url), default_queue_name=QUEUE)
    except (RedisError, OSError) as error:
        log.warning("jobs_bell_away", error=str(error))


async def close_jobs() -> None:
    """Close the connection."""
    global _arq
    if _arq is not None:
        await _arq.aclose()
        _arq = None


async def enqueue(
    kind: str, payload: Payload, *, key: str | None = None, at: datetime | None = None
) -> int | None:
    """Ask for a job; it begins once the present transaction has committed.

    Args:
        kind: a kind listed in wiring.py.
        payload: what it needs, JSON.
        key: when given, only one job of this key is ever made; None is returned for a second.
        at: not before this instant.
    """
    number: int | None = await db.fetchval(
        "insert into job (kind, payload, key, due_at, trace_id) values ($1, $2::jsonb, $3, $4, $5)"
        " on conflict (key) do nothing returning id",
        kind,
        orjson.dumps(payload).decode(),
        key,
        at or clock.now(),
        trace_id(),
    )
    if number is not None and at is None:
        await db.after_commit(lambda: _ring(number))
    return number


async def _ring(number: int) -> None:
    if _arq is None:
        return
    try:
        await _arq.enqueue_job("run_job", number, _job_id=f"{number}:{uuid4().hex[:8]}")
    except (RedisError, OSError) as error:
        log.warning("job_bell_lost", job=number, error=str(error))


async def sweep() -> int:
    """Ring for jobs that are due and in nobody's hands; how many there were."""
    rows = await db.fetch(
        "select id from job where state = 'due' and due_at <= $1 and (lease_until is null or lease_until < $1)"
        " order by due_at limit 500",
        clock.now(),
    )
    for row in rows:
        await _ring(row["id"])
    return len(rows)


async def run_job(number: int) -> str:
    """Take the job if it is free and due, do it, write down what came of it; the outcome in a word."""
    row = await db.fetchrow(
        "update job set attempts = attempts + 1, lease_until = $2 where id = $1 and state = 'due' and due_at <= $3"
        " and (lease_until is null or lease_until < $3) returning *",
        number,
        clock.now() + _lease(),
        clock.now(),
    )
    if row is None:
        return "taken"
    begin_trace(row["trace_id"])
    job = Job(row["id"], row["kind"], orjson.loads(row["payload"]), row["attempts"])
    holding = asyncio.create_task(_hold(job), name=f"lease of job {job.id}")
    try:
        outcome = await _attempt(job)
    finally:
        holding.cancel()
    JOBS.labels(job.kind, outcome).inc()
    return outcome


def _lease() -> timedelta:
    return timedelta(seconds=settings().job_lease)


async def _hold(job: Job) -> None:
    while True:
        await asyncio.sleep(_lease().total_seconds() / 3)
        await db.execute("update job set lease_until = $2 where id = $1", job.id, clock.now() + _lease())


async def _attempt(job: Job) -> str:
    try:
        work = KINDS.get(job.kind)
        if work is None:
            raise GiveUp(f"nobody is wired for job kind {job.kind}")
        await work(job)
    except TryLater as later:
        wait = timedelta(seconds=later.after) if later.after is not None else back_off(job.attempts)
        return await _again(job, str(later), wait)
    except GiveUp as reason:
        return await _park(job, str(reason))
    except Exception as error:
        log.warning("job_failed", kind=job.kind, job=job.id, exc_info=error)
        return await _again(job, told(error), back_off(job.attempts))
    await db.execute(
        "update job set state = 'done', done_at = $2, lease_until = null, error = '' where id = $1",
        job.id,
        clock.now(),
    )
    return "done"


async def _again(job: Job, error: str, wait: timedelta) -> str:
    if job.attempts >= MOST_ATTEMPTS:
        return await _park(job, error)
    await db.execute(
        "update job set lease_until = null, due_at = $2, error = $3 where id = $1",
        job.id,
        clock.now() + wait,
        error[:2000],
    )
    return "again"


async def _park(job: Job, error: str) -> str:
    async with db.transaction():
        await db.execute(
            "update job set state = 'parked', lease_until = null, error = $2 where id = $1",
            job.id,
            error[:2000],
        )
        await audit.record(system("后台"), "system.parked", "job", job.id, kind=job.kind, error=error[:300])
    return "parked"

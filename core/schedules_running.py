"""Runs the schedules that are due: one process at a time takes one, by a lease it renews while it works.

A process that dies leaves its lease to run out; whoever takes over writes down that the run was lost. Knows nothing of
what a schedule does.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day

from core import audit, bell, clock, db, schedules
from core.actor import system
from core.db import transaction
from core.error_words import told
from core.events import announce
from core.logs import begin_trace, logger
from core.pump import back_off
from core.schedules import BELL, REGISTER, Schedule, ScheduleFailed, ScheduleRecovered
from core.settings import settings

log = logger(__name__)

LEASE = timedelta(seconds=30)
LOOK = 1.0  # seconds between two looks when nobody rings
OFTEN = 60  # seconds: what runs more often has its quiet runs folded into a row an hour
STUBBORN = 3  # failures in a row of one that runs often, before somebody is told
SELDOM = 600  # seconds: what runs as seldom as this is told of at its first failure

# A clock that was wrong and was set back must stop nothing: a next run or a lease further ahead than any can be counts as over.
_CLAIM = """
with mine as (
    select name, leased_by, started_at, leased_until, asked_by from schedule
    where name = any($1::text[])
        and (leased_until is null or leased_until < $2 or leased_until > $3::timestamptz + interval '1 hour')
        and (asked_at is not null
            or (paused_at is null and (next_at <= $2 or next_at > $2::timestamptz + interval '25 hours')))
    for update skip locked
)
update schedule s set leased_until = $3, leased_by = $4, started_at = $2, asked_at = null, asked_by = ''
from mine where s.name = mine.name
returning s.name, s.every_seconds, s.daily_at, mine.asked_by, mine.leased_until as lost_until, mine.leased_by as lost_by,
    mine.started_at as lost_at
"""
_FOLD = """
with folded as (
    update schedule_run set runs = runs + 1, ended_at = $3, took_ms = greatest(took_ms, $4),
        result = case when $5 = '' then result else $5 end, process = $6
    where id = (select max(id) from schedule_run where name = $1)
        and folded and date_trunc('hour', started_at) = date_trunc('hour', $2::timestamptz)
    returning id
)
insert into schedule_run (name, started_at, ended_at, took_ms, folded, outcome, result, process)
select $1, $2, $3, $4, true, 'done', $5, $6 where not exists (select from folded)
"""
_WRITE = (
    "insert into schedule_run (name, started_at, ended_at, took_ms, outcome, result, error, process, asked_by)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run this process has taken; `next` is computed from when it ends."""

    schedule: Schedule
    started_at: datetime
    every: int | None
    at: time_of_day | None
    asked_by: str


def process() -> str:
    """This process, as it is called in the table."""
    return f"{settings().process_id or 'worker'}:{os.getpid()}"


async def open_schedules() -> None:
    """A row for each declared schedule; what runs in intervals is due at once, what runs daily at its time."""
    now = clock.now()
    await db.executemany(
        "insert into schedule (name, next_at) values ($1, $2) on conflict (name) do nothing",
        [(one.name, now if one.at is None else one.after(now)) for one in REGISTER.values()],
    )
    guarded = [one.name for one in REGISTER.values() if one.guard]
    resumed = await db.fetch(  # what rested before a rule forbade it
        "update schedule set paused_at = null, paused_by = '', paused_reason = '', next_at = least(next_at, $2)"
        " where name = any($1::text[]) and paused_at is not null returning name",
        guarded,
        now,
    )
    for row in resumed:
        await audit.record(
            system("计划任务"), "schedule.resume", "schedule", None, name=row["name"], was="guard"
        )


async def claim() -> list[Claim]:
    """Take all that are due and in nobody's hands."""
    now = clock.now()
    rows = await db.fetch(_CLAIM, list(REGISTER), now, now + LEASE, process())
    for row in rows:
        if row["lost_until"] is not None:
            await db.fetchval(
                _WRITE,
                row["name"],
                row["lost_at"],
                row["lost_until"],
                int((row["lost_until"] - row["lost_at"]).total_seconds() * 1000),
                "lost",
                "",
                "运行它的进程没有结束这次运行（被终止或失去联系），已由其他进程接着运行",
                row["lost_by"],
                "",
            )
    return [
        Claim(REGISTER[row["name"]], now, row["every_seconds"], row["daily_at"], row["asked_by"])
        for row in rows
    ]


async def run(taken: Claim) -> str:
    """Do it and write down what came of it: "done" or "failed"."""
    begin_trace("")
    one, began, error, said = taken.schedule, time.perf_counter(), "", ""
    holding = asyncio.create_task(_hold(one.name), name=f"lease of {one.name}")
    try:
        async with asyncio.timeout(one.longest):
            said = one.said(await one.work())
    except TimeoutError:
        error = f"超过 {schedules.span(int(one.longest))} 没有完成，已中断"
        log.error("schedule_too_long", schedule=one.name)
    except Exception as failure:
        error = told(failure)[:2000]
        log.error("schedule_failed", schedule=one.name, exc_info=failure)
    finally:
        holding.cancel()
    took = int((time.perf_counter() - began) * 1000)
    await (_failed(taken, took, error) if error else _done(taken, took, said))
    return "failed" if error else "done"


async def _hold(name: str) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        await db.execute(
            "update schedule set leased_until = $3 where name = $1 and leased_by = $2",
            name,
            process(),
            clock.now() + LEASE,
        )


async def _done(taken: Claim, took: int, said: str) -> None:
    one, now = taken.schedule, clock.now()
    told = await _release(taken, one.after(now, taken.every, taken.at), failed=False)
    if not told and not taken.asked_by and one.at is None and (taken.every or one.every) < OFTEN:
        await db.execute(_FOLD, one.name, taken.started_at, now, took, said, process())
        return
    async with transaction():
        number: int = await db.fetchval(
            _WRITE, one.name, taken.started_at, now, took, "done", said, "", process(), taken.asked_by
        )
        if told:
            await audit.record(system("计划任务"), "schedule.recovered", "schedule", None, name=one.name)
            await announce(ScheduleRecovered(run_id=number))


async def _failed(taken: Claim, took: int, error: str) -> None:
    one, now = taken.schedule, clock.now()
    async with transaction():
        fails = 1 + (
            await db.fetchval("select fails from schedule where name = $1 for update", one.name) or 0
        )
        again = min(one.after(now, taken.every, taken.at), now + max(back_off(fails), timedelta(seconds=2)))
        await _release(taken, again, failed=True)
        number: int = await db.fetchval(
            _WRITE, one.name, taken.started_at, now, took, "failed", "", error, process(), taken.asked_by
        )
        often = one.at is None and (taken.every or one.every) < SELDOM
        if fails < STUBBORN and often:
            return
        alarmed = await db.execute(
            "update schedule set alarmed_at = $2 where name = $1 and alarmed_at is null", one.name, now
        )
        if alarmed:
            await audit.record(
                system("计划任务"), "schedule.failed", "schedule", None, name=one.name, error=error[:500]
            )
            await announce(ScheduleFailed(run_id=number))


async def _release(taken: Claim, next_at: datetime, *, failed: bool) -> bool:
    """Give it back with its next time; whether somebody had been told that it fails."""
    now = clock.now()
    row = await db.fetchrow(
        "with was as (select name, alarmed_at from schedule where name = $1 for update)"
        " update schedule s set leased_until = null, next_at = $2,"
        " fails = case when $3 then fails + 1 else 0 end,"
        " failing_since = case when $3 then coalesce(failing_since, $4) end,"
        " alarmed_at = case when $3 then s.alarmed_at end"
        " from was where s.name = was.name and s.leased_by = $5 returning was.alarmed_at",
        taken.schedule.name,
        next_at,
        failed,
        now,
        process(),
    )
    return row is not None and row["alarmed_at"] is not None and not failed


async def keep_running(stopping: asyncio.Event) -> None:
    """Run whatever is due until told to stop; runs in hand are finished first."""
    running: set[asyncio.Task[str]] = set()
    while not stopping.is_set():
        try:
            for taken in await claim():
                task = asyncio.create_task(run(taken), name=f"schedule {taken.schedule.name}")
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(_ended)
        except Exception as error:
            if db.is_away(error):
                log.warning("database_away", error=told(error)[:300])
            else:
                log.error("schedules_failed", exc_info=error)
        await bell.wait(BELL, LOOK)
    try:
        if running:
            await asyncio.wait(running)
    finally:
        for (
            task
        ) in running:  # those that took too long: their lease runs out, and another process begins anew
            task.cancel()


def _ended(task: asyncio.Task[str]) -> None:
    """What could not even be written down is told in the log; the lease runs out and the run comes again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("schedule_not_written", task=task.get_name(), exc_info=error)

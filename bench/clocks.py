"""A hundred thousand open clocks: counted again after a new holiday, and proved by a round of the auditor.

Three clocks for each of 33,334 cases (upstream, hospital, department), each case with a start of its own, so that
nothing can be counted for two of them at once but by chance. The job and the round run in this process as a worker
runs them. Required (the project's figures): counting again below 60 s, a round of the auditor below 10 s.
"""

import asyncio
import time
from datetime import date, timedelta

import uvloop

from bench.stage import Row, stage
from core import bell, clock, db, jobs
from core.actor import system
from core.calendar import Day
from core.outbox import OUTBOX
from core.pump import drain
from core.settings import settings
from staff import working_days
from tickets.auditing import rounds
from wiring import wire

CASES = 33_334
GONE = 1_000  # reminders deleted behind the auditor's back
BY = system("压测")

_CASES = """
insert into cases (id, source, external_no, state, title, content, appeal_type, received_at, unit_ids, campus_id)
select n, 'hotline', 'B-' || n, 'in_progress', '压测诉求 ' || n, '压测', (array['投诉', '咨询', '求助'])[1 + n % 3],
    date_trunc('minute', now()) - n * interval '61 seconds', '{1,2,3}', 2
from generate_series(1, $1::int) n
"""
_TICKETS = """
insert into ticket (id, case_id, unit_id, path, state, assigned_at, due_at)
select id, id, 3, '/1/2/3/', 'in_progress', received_at, received_at from cases
"""
_CLOCKS = """
insert into clock (case_id, ticket_id, kind, start_at, due_at, reason, rule)
select c.id, case when r.kind = 'department' then c.id end, r.kind, c.received_at, c.received_at, '',
    jsonb_build_object('amount', r.amount, 'unit', r.unit, 'basis', r.basis)
        || case when r.kind = 'upstream' then '{}'::jsonb else '{"lead": 1}'::jsonb end
from cases c
cross join (values ('upstream'), ('hospital'), ('department')) k(kind)
join lateral (
    select * from deadline_rule r where r.source = 'hotline' and r.kind = k.kind and r.appeal_type in ('', c.appeal_type)
    order by r.appeal_type desc limit 1
) r on true
"""


async def _fill() -> int:
    """Cases, tickets and clocks; how many clocks. Their limits are counted by the first recount."""
    await db.execute(_CASES, CASES)
    await db.execute(_TICKETS)
    await db.execute(_CLOCKS)
    for table in ("cases", "ticket", "clock"):
        await db.execute(f"analyze {table}")
    count: int = await db.fetchval("select count(*) from clock")
    return count


async def _recount() -> float:
    """Run the recount that waits; seconds."""
    while await drain(OUTBOX):
        pass
    number = await db.fetchval("select max(id) from job where kind = 'clocks.recount'")
    began = time.perf_counter()
    outcome = await jobs.run_job(number)
    took = time.perf_counter() - began
    if outcome != "done":
        raise RuntimeError(f"the recount came to {outcome}")
    return took


async def _round() -> tuple[float, int, int]:
    """A round of the auditor: seconds, found, repaired."""
    await db.execute("update auditor_round set started_at = started_at - interval '1 day'")
    began = time.perf_counter()
    done = await rounds.take()
    took = time.perf_counter() - began
    if done is None:
        raise RuntimeError("another auditor is at work")
    return took, len(done.seen.findings), done.repaired


def _workday(days: int) -> date:
    """A working day, so many days from now or soon after; on tomorrow's nearly every running limit leans."""
    day = clock.today() + timedelta(days=days)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


async def _figures() -> list[Row]:
    count = await _fill()
    await working_days.set_day(Day(_workday(180), "压测节", is_off=True), by=BY)
    first = await _recount()
    await db.execute("vacuum (analyze) clock, due, ticket, cases, history")
    await working_days.set_day(Day(_workday(1), "压测节", is_off=True), by=BY)
    again = await _recount()
    moved = await db.fetchval("select moved from recount order by id desc limit 1")
    began = time.perf_counter()
    while await drain(OUTBOX):
        pass
    told = time.perf_counter() - began
    messages = await db.fetchval("select count(*) from message where purpose = 'ticket.limit'")
    quiet, found, _ = await _round()
    await db.execute(
        "delete from due where id in (select id from due where kind = 'clock.step' and state = 'due' order by id desc limit $1)",
        GONE,
    )
    busy, lost, mended = await _round()
    left = (await _round())[1]
    return [
        (f"first count of {count:,} clocks, each of which moves", round(first, 1), "s"),
        (f"a new holiday: {count:,} open clocks counted again (required: below 60)", round(again, 1), "s"),
        ("limits that moved by it", moved, "clocks"),
        ("telling those concerned", round(told, 1), f"s, {messages} messages"),
        (f"auditor over {count:,} open clocks (required: below 10)", round(quiet, 1), f"s, {found} found"),
        (f"auditor, {GONE} reminders deleted", round(busy, 1), f"s, {lost} found, {mended} mended"),
        ("auditor, the round after", left, "found"),
    ]


async def run() -> list[Row]:
    """The figures of the clocks."""
    async with stage() as place:
        wire()
        await db.open_db(place.database_url)
        bell.open_redis(settings().redis_url)
        try:
            return await _figures()
        finally:
            await bell.close_redis()
            await db.close_db()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run()):
            print(*line)

"""Looks by sets whether every open clock is guarded as it should be; reads only.

A rung is proved by its row: of this clock, in its present version, of the step that comes next, at the instant the
ladder says, counted anew. Merged cases are not reminded (their main case is), so their clocks are left out here and
looked at by themselves. While limits are being counted again after a change of the working days, instants are not compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from core import clock, db
from core.calendar import Calendar
from core.due import Ask
from staff import working_days
from tickets import clock_kinds
from tickets.auditing.findings import Finding, Seen, Wrong
from tickets.auditing.guards import GUARDS
from tickets.clocks import STEP
from tickets.deadlines import instant_of_rung
from tickets.states import OPEN_CASE, CaseState, TicketState

CHUNK = 20_000
SLACK = timedelta(seconds=1)
LATE = timedelta(seconds=90)  # a row that waits longer than this past its time was not taken
WORKED_ON = (TicketState.ASSIGNED, TicketState.IN_PROGRESS, TicketState.PAUSED)
CLOSED = tuple(sorted(frozenset(CaseState) - OPEN_CASE))

_RUNGS = """
select k.id, k.kind, k.start_at, k.due_at, k.level, k.version, k.paused_seconds, d.step, d.due_at as rung_at, d.attempts
from (select * from clock where state = 'running' and id > $1 order by id limit $2) k
join cases c on c.id = k.case_id
left join due d on d.kind = 'clock.step' and d.ref = k.id and d.ref_version = k.version and d.state = 'due'
where c.merged_into is null
order by k.id
"""
_LAST = (
    "select max(id) from (select id from clock where state = 'running' and id > $1 order by id limit $2) k"
)
_GONE = """
select d.ref, d.step, d.state, d.error
from unnest($1::bigint[], $2::int[]) as f(ref, version)
join due d on d.kind = 'clock.step' and d.ref = f.ref and d.ref_version = f.version and d.state <> 'due'
"""
_RECOUNTING = "select exists(select from job where kind = 'clocks.recount' and state = 'due')"
_LATEST = """
select min(due_at) from due where state = 'due' and due_at < $1
"""
_UNTIMED = """
select t.id from ticket t join cases c on c.id = t.case_id
where t.state = any($1::text[]) and t.due_at is not null and t.round = c.round
    and c.merged_into is null and c.state <> all($2::text[])
    and not exists (select from clock k where k.ticket_id = t.id and k.state in ('running', 'paused'))
order by t.id
"""
_TICKETS = "select count(*) from ticket where state = any($1::text[])"
_ASTRAY = """
select k.id, k.kind, c.state from clock k join cases c on c.id = k.case_id
where k.state in ('running', 'paused') and c.merged_into is null and k.kind = any($1::text[])
    and c.state = any($2::text[])
union all
select k.id, k.kind, t.state from clock k join cases c on c.id = k.case_id join ticket t on t.id = k.ticket_id
where k.state in ('running', 'paused') and c.merged_into is null and c.state <> all($2::text[])
    and t.state <> all($3::text[])
order by 1
"""
_APART = """
select t.id, t.state, k.state as clock_state from ticket t join cases c on c.id = t.case_id
join clock k on k.ticket_id = t.id and k.state in ('running', 'paused')
where t.state = any($1::text[]) and c.merged_into is null and (t.state = 'paused') <> (k.state = 'paused')
order by t.id
"""
_REMINDED = """
select k.id from cases c join clock k on k.case_id = c.id
join due d on d.kind = 'clock.step' and d.ref = k.id and d.state = 'done' and d.done_at > c.merged_at
where c.merged_into is not null and c.merged_at > $1
order by k.id
"""


async def look() -> Seen:
    """Everything that is wrong now."""
    calendar = await working_days.calendar()
    findings: list[Finding] = []
    clocks, after = 0, 0
    timed = not await db.fetchval(_RECOUNTING)
    while (last := await db.fetchval(_LAST, after, CHUNK)) is not None:
        rows = await db.fetch(_RUNGS, after, CHUNK)
        found = _rungs(rows, calendar, timed=timed)
        findings += await _judged(found, calendar)
        clocks, after = clocks + len({row["id"] for row in rows}), last
    findings += await _of_tickets()
    findings += await _contradictions()
    for guard in GUARDS:
        findings += await guard.look()
    tickets: int = await db.fetchval(_TICKETS, list(WORKED_ON))
    return Seen(clocks, tickets, tuple(findings), await _late())


@dataclass(frozen=True, slots=True)
class _Unguarded:
    """A clock whose next rung does not wait."""

    row: asyncpg.Record
    ask: Ask


def _ask(row: asyncpg.Record, step: int, calendar: Calendar) -> Ask | None:
    rung = clock_kinds.rung(row["kind"], step)
    if rung is None:
        return None
    at = instant_of_rung(row["start_at"], row["due_at"], rung.share, row["paused_seconds"], calendar)
    return Ask(at, STEP, row["id"], row["version"], rung.step)


def _rungs(
    rows: Sequence[asyncpg.Record], calendar: Calendar, *, timed: bool
) -> tuple[list[_Unguarded], list[Finding]]:
    """Clocks without the row of their next rung, and rows that wait for another instant than the ladder says."""
    waiting: dict[int, asyncpg.Record] = {}
    for row in rows:  # a clock has a row for each of its waiting rungs; the one that comes next counts
        if row["id"] not in waiting or row["step"] == row["level"] + 1:
            waiting[row["id"]] = row
    unguarded: list[_Unguarded] = []
    shifted: list[Finding] = []
    for row in waiting.values():
        ask = _ask(row, row["level"] + 1, calendar)
        if ask is None:
            continue
        if row["step"] != ask.step:
            unguarded.append(_Unguarded(row, ask))
        elif timed and row["attempts"] == 0 and abs(row["rung_at"] - ask.due_at) > SLACK:
            note = f"应在 {_when(ask.due_at)}，实为 {_when(row['rung_at'])}"
            shifted.append(Finding(Wrong.RUNG_SHIFTED, f"clock:{row['id']}", note, ask))
    return unguarded, shifted


def _when(instant: datetime) -> str:
    return f"{clock.local(instant):%m-%d %H:%M}"


async def _judged(found: tuple[list[_Unguarded], list[Finding]], calendar: Calendar) -> list[Finding]:
    """Why the rows do not wait: gone, void, parked; what an operator gave up is passed over, not what follows it."""
    unguarded, findings = found
    if not unguarded:
        return findings
    refs = [one.row["id"] for one in unguarded]
    rows = await db.fetch(_GONE, refs, [one.row["version"] for one in unguarded])
    there = {(row["ref"], row["step"]): row for row in rows}
    for one in unguarded:
        ask: Ask | None = one.ask
        while ask is not None and (row := there.get((ask.ref, ask.step))) and row["state"] == "dropped":
            ask = _ask(one.row, ask.step + 1, calendar)
        if ask is None or one.row["step"] == ask.step:
            continue
        subject = f"clock:{ask.ref}"
        row = there.get((ask.ref, ask.step))
        if row is not None and row["state"] == "parked":
            findings.append(Finding(Wrong.RUNG_PARKED, subject, row["error"][:200]))
            continue
        state = f"条目为 {row['state']}" if row is not None else "没有条目"
        note = f"第 {ask.step} 级应在 {_when(ask.due_at)}，{state}"
        findings.append(Finding(Wrong.RUNG_MISSING, subject, note, ask))
    return findings


async def _of_tickets() -> list[Finding]:
    rows = await db.fetch(_UNTIMED, [state.value for state in WORKED_ON], list(CLOSED))
    return [
        Finding(
            Wrong.TICKET_UNTIMED, f"ticket:{row['id']}", "有时限，没有正在计时的时钟", ticket_id=row["id"]
        )
        for row in rows
    ]


async def _contradictions() -> list[Finding]:
    states = [state.value for state in WORKED_ON]
    astray = await db.fetch(_ASTRAY, clock_kinds.ours(), list(CLOSED), states)
    apart = await db.fetch(_APART, states)
    reminded = await db.fetch(_REMINDED, clock.now() - timedelta(days=30))
    return [
        *(
            Finding(
                Wrong.CLOCK_ASTRAY,
                f"clock:{row['id']}",
                f"{clock_kinds.label(row['kind'])}在计时，状态已是 {row['state']}",
            )
            for row in astray
        ),
        *(
            Finding(
                Wrong.STATE_ASTRAY, f"ticket:{row['id']}", f"工单 {row['state']}，时钟 {row['clock_state']}"
            )
            for row in apart
        ),
        *(Finding(Wrong.MERGED_REMINDED, f"clock:{row['id']}", "合并之后仍发出提醒") for row in reminded),
    ]


async def _late() -> int:
    """How late the oldest row is that should have been taken, in seconds; 0 when none is."""
    now = clock.now()
    oldest: datetime | None = await db.fetchval(_LATEST, now - LATE)
    return int((now - oldest).total_seconds()) if oldest is not None else 0

"""What pages show of the schedules: how each is, its next run, its past runs; and old runs are forgotten here.

Changes nothing but the history's length.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

import asyncpg

from core import clock, db
from core.metrics import SCHEDULES
from core.schedules import REGISTER, Schedule, span

KEPT = timedelta(days=30)
FAILED_KEPT = timedelta(days=180)
SLACK = timedelta(seconds=60)  # so late may one be before it is said that nobody runs it


class Health(StrEnum):
    """How one is, the gravest first."""

    PAUSED_IMPORTANT = "paused_important"
    FAILING = "failing"
    LATE = "late"
    PAUSED = "paused"
    RUNNING = "running"
    GOOD = "good"


ALARMING = frozenset({Health.PAUSED_IMPORTANT, Health.FAILING, Health.LATE})


@dataclass(frozen=True, slots=True)
class Run:
    """A past run; `runs` quiet ones of an hour together."""

    id: int
    name: str
    started_at: datetime
    ended_at: datetime
    took_ms: int
    runs: int
    outcome: str
    result: str
    error: str
    process: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class Line:
    """A schedule as it stands. `every` and `at` are in force; `own` tells that an operator set them."""

    schedule: Schedule
    every: int
    at: time | None
    own: bool
    next_at: datetime | None
    paused_at: datetime | None
    paused_by: str
    paused_reason: str
    asked: bool
    running_since: datetime | None
    fails: int
    failing_since: datetime | None
    changed_by: str
    changed_at: datetime | None
    last: Run | None
    health: Health

    @property
    def when(self) -> str:
        """ "每 3 分钟", "每天 03:10"."""
        return f"每天 {self.at:%H:%M}" if self.at is not None else f"每 {span(self.every)}"


_RUN = "id, name, started_at, ended_at, took_ms, runs, outcome, result, error, process, asked_by"
_LAST = f"""
select r.* from unnest($1::text[]) n(name)
cross join lateral (select {_RUN} from schedule_run where name = n.name order by id desc limit 1) r
"""  # noqa: S608 - our own words
_ROWS = (
    "select s.* from unnest($1::text[]) with ordinality n(name, place)"
    " left join schedule s on s.name = n.name order by n.place"
)


async def lines() -> list[Line]:
    """Every declared schedule, in the order of their declaration."""
    rows = await db.fetch(_ROWS, list(REGISTER))
    last = {row["name"]: Run(**dict(row)) for row in await db.fetch(_LAST, list(REGISTER))}
    return [_line(one, row, last.get(one.name)) for one, row in zip(REGISTER.values(), rows, strict=True)]


async def line(name: str) -> Line | None:
    """One of them; None when none is declared by this name."""
    return next((one for one in await lines() if one.schedule.name == name), None)


def _line(one: Schedule, row: asyncpg.Record, last: Run | None) -> Line:
    known = row["name"] is not None
    running = known and row["leased_until"] is not None and row["leased_until"] > clock.now()
    return Line(
        schedule=one,
        every=row["every_seconds"] or one.every,
        at=row["daily_at"] or one.at,
        own=row["every_seconds"] is not None or row["daily_at"] is not None,
        next_at=row["next_at"],
        paused_at=row["paused_at"],
        paused_by=row["paused_by"] or "",
        paused_reason=row["paused_reason"] or "",
        asked=row["asked_at"] is not None,
        running_since=row["started_at"] if running else None,
        fails=row["fails"] or 0,
        failing_since=row["failing_since"],
        changed_by=row["changed_by"] or "",
        changed_at=row["changed_at"],
        last=last,
        health=_health(one, row, running=running),
    )


def _health(one: Schedule, row: asyncpg.Record, *, running: bool) -> Health:
    if row["paused_at"] is not None:
        return Health.PAUSED_IMPORTANT if one.important else Health.PAUSED
    if row["fails"]:
        return Health.FAILING
    if running:
        return Health.RUNNING
    every = timedelta(seconds=row["every_seconds"] or one.every)
    if row["next_at"] is None or clock.now() - row["next_at"] > max(SLACK, every):
        return Health.LATE
    return Health.GOOD


@dataclass(frozen=True, slots=True)
class Standing:
    """All of them in figures, and those an operator must look at."""

    total: int
    paused: int
    alarming: tuple[Line, ...]


async def standing() -> Standing:
    """For the operator page and the home page."""
    found = await lines()
    return Standing(
        len(found),
        sum(one.paused_at is not None for one in found),
        tuple(one for one in found if one.health in ALARMING),
    )


async def runs(name: str, *, failed: bool = False, before: int | None = None, limit: int = 30) -> list[Run]:
    """Past runs, the newest first; only those that failed or were lost, when asked; `before` is the id to go on from."""
    rows = await db.fetch(
        f"select {_RUN} from schedule_run where name = $1 and ($2::bigint is null or id < $2)"  # noqa: S608
        " and (not $3 or outcome <> 'done') order by id desc limit $4",
        name,
        before,
        failed,
        limit,
    )
    return [Run(**dict(row)) for row in rows]


async def run(number: int) -> Run | None:
    """A run by its id."""
    row = await db.fetchrow(f"select {_RUN} from schedule_run where id = $1", number)  # noqa: S608
    return Run(**dict(row)) if row else None


async def forget_old() -> int:
    """Runs older than a month leave, failed ones after half a year; how many went."""
    now = clock.now()
    return await db.execute(
        "delete from schedule_run where id in (select id from schedule_run"
        " where started_at < $1 and (outcome = 'done' or started_at < $2) order by started_at limit 50000)",
        now - KEPT,
        now - FAILED_KEPT,
    )


async def gauge() -> None:
    """Set the Prometheus gauges, from the table: any process may be asked."""
    found = Counter(one.health for one in await lines())
    for health in Health:
        SCHEDULES.labels(health.value).set(found[health])

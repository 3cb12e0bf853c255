"""Reads sums of facts: from the cubes where they are up to date, from the facts where they are not. Changes nothing."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
from asyncpg.exceptions import QueryCanceledError

from core import clock, db
from core.errors import Refused
from reports import parameters
from reports.asking import Asked
from reports.grains import RUNNING, Grain
from reports.parameters import Measures
from reports.period import Period
from reports.reach import Reach, conditions, secret_seen, visible
from tickets.queries.values import Values

PATIENCE = 10_000  # ms; statistics that take longer hold up others
Key = tuple[Any, ...]
Sums = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """One snapshot of all that is read: the months that are out of date, and the parameters of the cubes."""

    stale: frozenset[date]
    using: Measures
    now: datetime = field(default_factory=clock.now)


@asynccontextmanager
async def reading() -> AsyncIterator[Reading]:
    """One snapshot for a whole page, and a limit of time.

    Raises:
        Refused: it took too long.
    """
    try:
        async with db.transaction():
            await db.execute("set transaction isolation level repeatable read read only")
            await db.execute(
                "select set_config('statement_timeout', $1, true), set_config('work_mem', '32MB', true),"
                " set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)",
                str(PATIENCE),
            )
            stale = frozenset(row["month"] for row in await db.fetch("select distinct month from cube_touch"))
            mark = await db.fetchrow("select response_hours, repeat_days from cube_mark")
            yield Reading(stale, Measures(*mark) if mark else await parameters.in_force())
    except QueryCanceledError:
        raise Refused("统计没能及时算完，请缩短期间或减少条件后再试") from None


async def sums(
    grain: Grain,
    sets: Sequence[tuple[str, ...]],
    asked: Asked,
    period: Period,
    reach: Reach,
    using: Reading,
) -> dict[tuple[str, ...], dict[Key, Sums]]:
    """For each set of dimensions ("month" among them, () for all together) the sums by the values of those."""
    values = Values()
    source = " union all ".join(_sources(grain, asked, period, reach, using, values))
    wanted = sorted({name for names in sets for name in names})
    mask = ", ".join(f"grouping({name})" for name in wanted)
    rows = await db.fetch(
        f"with f as materialized ({source})"  # noqa: S608 - our own names, values are parameters
        f" select {''.join(f'{name}, ' for name in wanted)}"
        f" {f'array[{mask}]' if wanted else 'array[]::int[]'} as rolled,"
        f" {', '.join(f'sum({name})::bigint as {name}' for name in grain.columns)}"
        f" from f group by grouping sets ({', '.join('(' + ', '.join(names) + ')' for names in sets)})",
        *values,
    )
    found: dict[tuple[str, ...], dict[Key, Sums]] = {tuple(names): {} for names in sets}
    for row in rows:
        kept = {name for name, rolled in zip(wanted, row["rolled"], strict=True) if not rolled}
        names = next(names for names in sets if set(names) == kept)
        amounts = _amounts(grain, row)
        if not names or any(amounts.values()):  # what lies in the days taken off again is no line of its own
            found[names][tuple(row[name] for name in names)] = amounts
    return found


def _amounts(grain: Grain, row: "asyncpg.Record") -> Sums:
    return {f"{grain.name}.{name}": int(row[name] or 0) for name in grain.columns}


def _sources(
    grain: Grain, asked: Asked, period: Period, reach: Reach, using: Reading, values: Values
) -> list[str]:
    months, rests = period.parts()
    clean = [month for month in months if month not in using.stale]
    live = [(month, _next(month)) for month in months if month in using.stale]
    less = []
    for start, end in rests:
        month, gap = start.replace(day=1), _gap(start, end)
        if gap is not None and month not in using.stale:
            clean.append(month)
            less.append(gap)
        else:
            live.append((start, end))
    limits = " and ".join(["true", *conditions(asked, reach, values)])
    dimensions = ", ".join(("month", *grain.dimensions))
    within = f"month = any({values.arg(clean)}::date[]) and {limits}"
    found = [f"select {dimensions}, {', '.join(grain.columns)} from {grain.cube} f where {within}"]  # noqa: S608
    sums = ", ".join(grain.summed(using.using.response_hours, using.using.repeat_days))
    for start, end in live:
        found.append(
            f"select {dimensions}, {sums} from {grain.fact} f where day >= {values.arg(start)}"  # noqa: S608
            f" and day < {values.arg(end)} and not secret and {limits} group by {dimensions}"
        )
    taken_off = ", ".join(f"-{name}" for name in grain.columns)
    for start, end in less:
        found.append(
            f"select {dimensions}, {taken_off} from (select {dimensions}, {sums} from {grain.fact} f"  # noqa: S608
            f" where day >= {values.arg(start)} and day < {values.arg(end)} and not secret and {limits}"
            f" group by {dimensions}) f"
        )
    if reach.secret:
        found.append(
            f"select {dimensions}, {sums} from {grain.fact} f where month >= {values.arg(period.start.replace(day=1))}"  # noqa: S608
            f" and day >= {values.arg(period.start)} and day < {values.arg(period.end)} and secret"
            f" and {secret_seen(reach, values)} and {limits} group by {dimensions}"
        )
    return found


def _gap(start: date, end: date) -> tuple[date, date] | None:
    """The days that such days lack of their whole month, when it is fewer to take these off than to add those up."""
    month = start.replace(day=1)
    after = _next(month)
    if end == after:
        gap = (month, start)
    elif start == month and end < after:
        gap = (end, after)
    else:
        return None
    return gap if gap[1] - gap[0] < end - start else None


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


async def running(
    name: str, by: tuple[str, ...], asked: Asked, period: Period | None, reach: Reach, using: Reading
) -> dict[Key, int]:
    """How many running facts meet a condition of the wall clock, by columns (none: all together)."""
    grain, _ = RUNNING[name]
    values = Values()
    limits = " and ".join(running_conditions(name, asked, period, reach, using, values))
    rows = await db.fetch(
        f"select count(*) as amount{''.join(f', f.{column}' for column in by)} from {grain.fact} f where {limits}"  # noqa: S608
        f"{' group by ' + ', '.join(f'f.{column}' for column in by) if by else ''}",
        *values,
    )
    return {tuple(row[column] for column in by): row["amount"] for row in rows}


def running_conditions(
    name: str, asked: Asked, period: Period | None, reach: Reach, using: Reading, values: Values
) -> list[str]:
    """Of the facts that still run; `period` None means whenever they began."""
    parts = [
        running_condition(name, using, values),
        visible(reach, values),
        *conditions(asked, reach, values),
    ]
    if period is not None:
        parts += [f"f.day >= {values.arg(period.start)}", f"f.day < {values.arg(period.end)}"]
    return parts


def running_condition(name: str, using: Reading, values: Values) -> str:
    """What the clock on the wall says of a fact `f` at this moment."""
    _, text = RUNNING[name]
    late = using.now - timedelta(hours=using.using.response_hours)
    marks = {
        "now": values.arg(using.now) if "{now}" in text else "",
        "late": values.arg(late) if "{late}" in text else "",
    }
    return text.format(**marks)


async def visits(period: Period, reach: Reach) -> int:
    """How many visits there were in these places."""
    months, rests = period.parts()
    values = Values()
    within = reach.among(values, "place_id", "month")
    total: int = await db.fetchval(
        f"select coalesce(sum(visits), 0) from visit_cube where month = any({values.arg(months)}::date[])"  # noqa: S608
        f" and {within}",
        *values,
    )
    for start, end in rests:
        values = Values()
        within = reach.among(values, "unit_id", "date_trunc('month', start_on)::date")
        total += await db.fetchval(
            f"select count(*) from visit where state not in ('planned', 'cancelled') and start_on >= {values.arg(start)} and start_on < {values.arg(end)}"  # noqa: S608
            f" and {within}",
            *values,
        )
    return total

"""The cubes: sums of the facts by month, made anew month by month after facts have changed. Derives no fact.

A month with rows in `cube_touch` is out of date; readers then sum its facts themselves (reports/reading.py), so a
number is never behind the list that stands behind it. Secret cases are in no cube.
"""

from datetime import date

from core import clock, db
from reports import facts, parameters
from reports.grains import GRAINS, Grain
from reports.parameters import Measures

MOST_MONTHS = 24  # in one go


async def seal() -> int:
    """Derive the facts of what was touched, then make the cubes of the months that changed; how many months."""
    while await facts.take() == facts.CHUNK:
        pass
    return await make()


async def make() -> int:
    """Make the cubes of the months that are out of date; how many. One process does it at a time."""
    wanted = await parameters.in_force()
    async with db.transaction():
        if not await db.fetchval("select pg_try_advisory_xact_lock(hashtext('statistics-cubes'))"):
            return 0
        await _mark(wanted)
        rows = await db.fetch(
            "delete from cube_touch where month in (select month from cube_touch group by month order by month desc"
            " limit $1) returning month",
            MOST_MONTHS,
        )
        months = sorted({row["month"] for row in rows})
        for grain in GRAINS.values():
            await _make(grain, months, wanted)
    return len(months)


async def _mark(wanted: Measures) -> None:
    """Other parameters make every month out of date."""
    before = await db.fetchrow("select response_hours, repeat_days from cube_mark")
    if before is not None and tuple(before) == (wanted.response_hours, wanted.repeat_days):
        return
    await db.execute(
        "insert into cube_mark (response_hours, repeat_days) values ($1, $2) on conflict (single)"
        " do update set response_hours = $1, repeat_days = $2",
        wanted.response_hours,
        wanted.repeat_days,
    )
    await db.execute(
        "insert into cube_touch (month) select distinct month from case_fact"
        " union select distinct month from ticket_fact union select distinct month from clock_fact"
    )


async def _make(grain: Grain, months: list[date], using: Measures) -> None:
    if not months:
        return
    await db.execute(f"delete from {grain.cube} where month = any($1::date[])", months)  # noqa: S608 - our own names
    dimensions = ", ".join(grain.dimensions)
    sums = ", ".join(grain.summed(using.response_hours, using.repeat_days))
    await db.execute(
        f"insert into {grain.cube} (month, {dimensions}, {', '.join(grain.columns)})"  # noqa: S608 - our own names
        f" select month, {dimensions}, {sums} from {grain.fact} f"
        f" where day >= $1 and day < ($2::date + interval '1 month')::date and month = any($3::date[]) and not secret"
        f" group by month, {dimensions}",
        months[0],
        months[-1],
        months,
    )


async def count_visits(*, all_of_them: bool = False) -> None:
    """Count the visits of this month and the last two anew, or of all months; those of a day are booked late."""
    since = None if all_of_them else clock.today().replace(day=1)
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('statistics-visits'))")
        await db.execute(
            "delete from visit_cube where $1::date is null or month >= ($1::date - interval '2 months')::date",
            since,
        )
        await db.execute(
            "insert into visit_cube (month, place_id, visits) select date_trunc('month', start_on)::date, unit_id,"
            " count(*) from visit where state not in ('planned', 'cancelled')"
            " and ($1::date is null or start_on >= ($1::date - interval '2 months')::date)"
            " group by 1, 2",
            since,
        )


async def rebuild() -> int:
    """Derive every fact from history and make every cube of it; how many cases were read."""
    done = await facts.rebuild()
    while await make():
        pass
    await count_visits(all_of_them=True)
    return done

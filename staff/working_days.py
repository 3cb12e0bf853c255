"""The hospital's working days: the `holiday` table as a `core.calendar.Calendar`, and what changes it.

Reading never fails for any date: a year that is not published is guessed and said to be unknown. Changes are
shown before they are made, and announced, so that deadlines are computed anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core import audit, clock, db
from core.actor import Actor, Permission
from core.calendar import WEEKDAYS, Calendar, Day, HolidayFile, from_chinesecalendar, parse_holiday_cn
from core.errors import Fault, Forbidden, Invalid, NotFound
from core.events import announce
from staff.events import CalendarChanged
from staff.stamped import Stamped

BY_HAND = "手工"
FIRST, LAST = 2000, 2199


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one date: the announced day before and after, None where nothing is announced."""

    date: date
    before: Day | None
    after: Day | None
    moves: bool  # whether the date changes between worked and off

    @property
    def words(self) -> str:
        """ "2026-02-14（六） 春节调休上班 ← 周末"."""
        old = Calendar({self.date: self.before} if self.before else {}).why(self.date)
        new = Calendar({self.date: self.after} if self.after else {}).why(self.date)
        return f"{self.date}（{WEEKDAYS[self.date.weekday()]}） {new} ← {old}"


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would change, in date order, and whether it makes its year known."""

    year: int
    changes: tuple[Change, ...]
    publishes: bool


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """An announced day with where it came from, for the page of holidays."""

    day: Day
    source: str
    changed_by: str


async def _load() -> Calendar:
    """As the table has it in this transaction, not as it is cached."""
    days = await db.fetch("select day, name, is_off from holiday")
    years = await db.fetch("select year from holiday_year")
    return Calendar(
        {row["day"]: Day(row["day"], row["name"], row["is_off"]) for row in days},
        frozenset(row["year"] for row in years),
    )


_calendar = Stamped("calendar", _load)


async def calendar(*, fresh: bool = False) -> Calendar:
    """The working days, cached; a change by any process is seen within a second or so.

    `fresh` reads past the cache: for whoever reacts to `CalendarChanged`, which may come within that second.
    """
    if fresh:
        await _calendar.forget()
    return await _calendar.get()


async def of_year(year: int) -> list[HolidayRow]:
    """The announced days of a year, in date order."""
    rows = await db.fetch(
        "select day, name, is_off, source, changed_by from holiday where day between $1 and $2 order by day",
        date(year, 1, 1),
        date(year, 12, 31),
    )
    return [
        HolidayRow(Day(row["day"], row["name"], row["is_off"]), row["source"], row["changed_by"])
        for row in rows
    ]


async def set_day(day: Day, *, by: Actor) -> None:
    """Announce a day by hand: off, or worked although it is a weekend; replaces what was announced for it.

    Raises:
        Invalid: no name, or a year out of range.
    """
    _may(by)
    name = day.name.strip()
    if not 1 <= len(name) <= 40 or not FIRST <= day.date.year <= LAST:
        raise Invalid(
            "日期或名称有误",
            details=[Fault(field="name", label="名称", reason=f"名称 1 至 40 个字，年份 {FIRST} 至 {LAST}")],
        )
    await _write([Day(day.date, name, day.is_off)], (), None, source=BY_HAND, by=by)


async def clear_day(day: date, *, by: Actor) -> None:
    """Take back what was announced for a date; it is then an ordinary weekday or weekend day.

    Raises:
        NotFound: nothing was announced.
    """
    _may(by)
    if day not in (await _load()).days:
        raise NotFound("这一天没有放假或调休安排")
    await _write([], (day,), None, source=BY_HAND, by=by)


async def preview(file: HolidayFile) -> Preview:
    """What importing this year's announcement would change; writes nothing."""
    present = await _load()
    wanted, gone = await _plan(file)
    after = {day.date: day for day in wanted}
    moved = set(present.changes(_with(present, wanted, gone, None)))
    changes = tuple(
        Change(at, present.days.get(at), after.get(at), at in moved)
        for at in sorted(after.keys() | gone)
        if present.days.get(at) != after.get(at)
    )
    return Preview(file.year, changes, file.year not in present.published_years)


async def import_file(file: HolidayFile, *, by: Actor, source: str = "") -> Preview:
    """Take over a year's announcement; what it changed. Days entered by hand stay unless the file names them."""
    _may(by)
    async with db.transaction():
        await _lock()
        found = await preview(file)
        wanted, gone = await _plan(file)
        changed = {change.date for change in found.changes}
        await _write(
            [day for day in wanted if day.date in changed],
            gone,
            file.year,
            source=source or (file.papers[0] if file.papers else "导入"),
            by=by,
        )
    return found


async def import_holiday_cn(text: str | bytes, *, by: Actor) -> Preview:
    """Import a holiday-cn year file.

    Raises:
        Invalid: with each fault of the file.
    """
    return await import_file(parse_holiday_cn(text), by=by)


async def seed(years: Iterable[int], *, by: Actor) -> None:
    """Fill in published years that the table lacks, from the `chinesecalendar` package; others are left alone."""
    _may(by)
    async with db.transaction():
        await _lock()
        known = (await _load()).published_years
        for year in sorted(set(years) - known):
            found = from_chinesecalendar([year])
            if year in found.published_years:
                await _write(
                    sorted(found.days.values(), key=lambda day: day.date),
                    (),
                    year,
                    source="chinesecalendar",
                    by=by,
                )


async def _plan(file: HolidayFile) -> tuple[tuple[Day, ...], frozenset[date]]:
    """The days to be, and the dates of this year announced before that the file no longer names."""
    named = {day.date for day in file.days}
    before = await db.fetch(
        "select day from holiday where day between $1 and $2 and source <> $3",
        date(file.year, 1, 1),
        date(file.year, 12, 31),
        BY_HAND,
    )
    return file.days, frozenset(row["day"] for row in before) - named


def _with(present: Calendar, days: Iterable[Day], gone: Iterable[date], year: int | None) -> Calendar:
    dropped = set(gone)
    kept = {at: day for at, day in present.days.items() if at not in dropped}
    years = present.published_years | ({year} if year is not None else set())
    return Calendar(kept, years).merged(days)


async def _lock() -> None:
    await db.execute("select pg_advisory_xact_lock(hashtext('staff.working_days'))")


def _may(by: Actor) -> None:
    if not by.can(Permission.CALENDAR_MANAGE):
        raise Forbidden


async def _write(
    days: Iterable[Day], gone: Iterable[date], published: int | None, *, source: str, by: Actor
) -> None:
    """Write, with audit line and event; nothing at all when nothing differs."""
    written, dropped = list(days), sorted(gone)
    async with db.transaction():
        await _lock()
        before = await _load()
        await db.executemany(
            "insert into holiday (day, name, is_off, source, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6)"
            " on conflict (day) do update set name = $2, is_off = $3, source = $4, changed_by = $5, changed_at = $6",
            [(day.date, day.name, day.is_off, source, by.name, clock.now()) for day in written],
        )
        await db.execute("delete from holiday where day = any($1::date[])", dropped)
        newly = published is not None and published not in before.published_years
        if newly:
            await db.execute("insert into holiday_year (year, source) values ($1, $2)", published, source)
        after = _with(before, written, dropped, published)
        if after == before:
            return
        moved = before.changes(after)
        await audit.record(
            by,
            "calendar.change",
            "calendar",
            None,
            source=source,
            days=[f"{day.date} {day.name}{'休' if day.is_off else '班'}" for day in written],
            cleared=[str(day) for day in dropped],
            published=published if newly else None,
        )
        years = {day.year for day in moved} | ({published} if newly and published is not None else set())
        if years:
            await announce(CalendarChanged(years=tuple(sorted(years))))
        await _calendar.forget()

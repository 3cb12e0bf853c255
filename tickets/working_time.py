"""Time on working days, counted at once instead of day by day: for whoever counts a hundred thousand clocks.

The same answers as `core.working_hours.worked` and `after_worked` in the hospital's zone (a test compares them).
Days are counted once for each calendar, from FIRST to LAST; beyond that the slow way is taken. Pure.
"""

from array import array
from datetime import UTC, date, datetime, time, timedelta

from core.calendar import Calendar
from core.clock import SHANGHAI
from core.working_hours import after_worked as after_worked_slowly
from core.working_hours import worked as worked_slowly

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
_ZERO = datetime.combine(FIRST, time(), SHANGHAI).astimezone(UTC)
_DAY = timedelta(days=1)  # Shanghai has had no summer time since 1991: every day is as long
_DAYS = (LAST - FIRST).days + 1
MOST_KEPT = 4


class WorkingTime:
    """The working days of one calendar as sums: how many lie before each day, and which is the n-th."""

    def __init__(self, calendar: Calendar) -> None:
        self.before = array("l", bytes(8 * (_DAYS + 1)))
        self.nth = array("l")
        first = FIRST.toordinal()
        for at in range(_DAYS):
            self.before[at] = len(self.nth)
            if calendar.is_workday(date.fromordinal(first + at)):
                self.nth.append(at)
        self.before[_DAYS] = len(self.nth)

    def until(self, instant: datetime) -> timedelta | None:
        """The working time from FIRST to `instant`; None when it lies outside of what is counted."""
        day, rest = divmod(instant - _ZERO, _DAY)
        if not 0 <= day < _DAYS:
            return None
        here = rest if self.before[day + 1] > self.before[day] else timedelta()
        return self.before[day] * _DAY + here

    def at(self, total: timedelta) -> datetime | None:
        """The first instant (UTC) at which so much working time has passed; None when that lies outside."""
        whole, rest = divmod(total, _DAY)
        place = whole if rest else whole - 1  # the end of a day belongs to it
        if not 0 <= place < len(self.nth):
            return None
        return _ZERO + self.nth[place] * _DAY + (rest or _DAY)


_kept: list[tuple[Calendar, WorkingTime]] = []


def of(calendar: Calendar) -> WorkingTime:
    """The sums of a calendar, kept for the few that are in use."""
    for known, found in _kept:
        if known is calendar:
            return found
    made = next((found for known, found in _kept if known == calendar), None) or WorkingTime(calendar)
    _kept.append((calendar, made))
    del _kept[:-MOST_KEPT]
    return made


def worked(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The time from `start` to `end` that falls on working days."""
    if end <= start:
        return timedelta()
    sums = of(calendar)
    begun, ended = sums.until(start), sums.until(end)
    if begun is None or ended is None:
        return worked_slowly(start, end, calendar)
    return ended - begun


def after_worked(start: datetime, span: timedelta, calendar: Calendar) -> datetime:
    """The instant (UTC) at which `span` of working time has passed since `start`."""
    if span <= timedelta():
        return start.astimezone(UTC)
    sums = of(calendar)
    begun = sums.until(start)
    found = sums.at(begun + span) if begun is not None else None
    return after_worked_slowly(start, span, calendar) if found is None else found

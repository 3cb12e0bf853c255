"""Hours of the day in which something may happen: quiet hours, daily windows, time that counts as worked.

Values in, values out; sends nothing, and knows neither receivers nor messages. Instants are aware; what comes
back is in UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core.calendar import Calendar
from core.clock import SHANGHAI

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No messages from `start` until `end` on the wall clock; may cross midnight; equal means never quiet."""

    start: time
    end: time

    def covers(self, clock: time) -> bool:
        """True when `clock` lies in the quiet span; `start` is quiet, `end` is not."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True)
class Window:
    """A span within one day on the wall clock, `start` before `end`."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("a window must start before it ends")


def next_allowed(instant: datetime, quiet: QuietHours, zone: tzinfo = SHANGHAI) -> datetime:
    """`instant` itself, or the end of the quiet span it falls into (UTC)."""
    local = instant.astimezone(zone)
    if not quiet.covers(local.time()):
        return instant.astimezone(UTC)
    day = local.date() + _DAY if quiet.end <= local.time() else local.date()
    return datetime.combine(day, quiet.end, zone).astimezone(UTC)


def clip(day: date, window: Window, zone: tzinfo = SHANGHAI) -> tuple[datetime, datetime]:
    """The instants (UTC) at which `window` opens and closes on `day`; a plan's day becomes an instant here."""
    return (
        datetime.combine(day, window.start, zone).astimezone(UTC),
        datetime.combine(day, window.end, zone).astimezone(UTC),
    )


def clip_instant(instant: datetime, window: Window, zone: tzinfo = SHANGHAI) -> datetime:
    """The first instant (UTC) not before `instant` that lies in the daily `window` (its end is outside)."""
    local = instant.astimezone(zone)
    if local.time() < window.start:
        return clip(local.date(), window, zone)[0]
    if local.time() >= window.end:
        return clip(local.date() + _DAY, window, zone)[0]
    return instant.astimezone(UTC)


def worked(start: datetime, end: datetime, calendar: Calendar, zone: tzinfo = SHANGHAI) -> timedelta:
    """The time from `start` to `end` that falls on working days (whole days, midnight to midnight)."""
    total = timedelta()
    here = start.astimezone(UTC)
    until = end.astimezone(UTC)
    while here < until:
        midnight = _midnight_after(here, zone)
        if calendar.is_workday(here.astimezone(zone).date()):
            total += min(midnight, until) - here
        here = midnight
    return total


def after_worked(start: datetime, span: timedelta, calendar: Calendar, zone: tzinfo = SHANGHAI) -> datetime:
    """The instant (UTC) at which `span` of working-day time has passed since `start`; inverse of `worked`."""
    here = start.astimezone(UTC)
    left = span
    while left > timedelta():
        midnight = _midnight_after(here, zone)
        if calendar.is_workday(here.astimezone(zone).date()):
            if left <= midnight - here:
                return here + left
            left -= midnight - here
        here = midnight
    return here


def _midnight_after(instant: datetime, zone: tzinfo) -> datetime:
    return datetime.combine(instant.astimezone(zone).date() + _DAY, time(), zone).astimezone(UTC)

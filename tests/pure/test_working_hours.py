"""Quiet hours, daily windows, and time that counts as worked."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.working_hours import QuietHours, Window, after_worked, clip, clip_instant, next_allowed, worked
from tests.pure.calendars import INSTANTS, announced, at

DAY, NEXT = date(2026, 3, 6), date(2026, 3, 7)
NIGHT = QuietHours(time(21), time(8))
NOON = QuietHours(time(12), time(14))


@pytest.mark.parametrize(
    ("quiet", "instant", "allowed"),
    [
        (NIGHT, at(DAY, 20, 59), at(DAY, 20, 59)),
        (NIGHT, at(DAY, 21), at(NEXT, 8)),
        (NIGHT, at(DAY, 23, 59), at(NEXT, 8)),
        (NIGHT, at(DAY, 0), at(DAY, 8)),
        (NIGHT, at(DAY, 7, 59), at(DAY, 8)),
        (NIGHT, at(DAY, 8), at(DAY, 8)),
        (NOON, at(DAY, 13), at(DAY, 14)),
        (NOON, at(DAY, 14), at(DAY, 14)),
        (NOON, at(DAY, 11, 59), at(DAY, 11, 59)),
        (QuietHours(time(9), time(9)), at(DAY, 9), at(DAY, 9)),
        (QuietHours(time(22), time(0)), at(DAY, 22, 30), at(NEXT, 0)),
    ],
)
def test_what_falls_into_quiet_hours_waits_until_they_end(
    quiet: QuietHours, instant: datetime, allowed: datetime
) -> None:
    assert next_allowed(instant, quiet) == allowed


@given(st.times(), st.times(), INSTANTS)
def test_the_next_allowed_instant_is_allowed_and_less_than_a_day_away(
    start: time, end: time, instant: datetime
) -> None:
    quiet = QuietHours(start, end)
    allowed = next_allowed(instant, quiet)
    assert next_allowed(allowed, quiet) == allowed
    assert timedelta() <= allowed - instant < timedelta(days=1)


def test_a_day_becomes_instants_in_the_zone_of_the_hospital() -> None:
    window = Window(time(9), time(11, 30))
    assert clip(DAY, window) == (at(DAY, 9), at(DAY, 11, 30))
    assert clip(DAY, window, ZoneInfo("Asia/Urumqi")) == (at(DAY, 11), at(DAY, 13, 30))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (at(DAY, 7), at(DAY, 9)),
        (at(DAY, 9), at(DAY, 9)),
        (at(DAY, 11, 29), at(DAY, 11, 29)),
        (at(DAY, 11, 30), at(NEXT, 9)),
    ],
)
def test_an_instant_outside_the_window_waits_for_the_next_opening(
    instant: datetime, expected: datetime
) -> None:
    assert clip_instant(instant, Window(time(9), time(11, 30))) == expected


def test_a_window_ends_after_it_starts() -> None:
    with pytest.raises(ValueError, match="must start before it ends"):
        Window(time(18), time(9))


def test_days_off_add_nothing_to_worked_time_and_made_up_saturdays_do() -> None:
    # from Friday 13 February 12:00: half of Friday, the made-up Saturday, nine days off, 12 hours of the 24th
    span = worked(at(date(2026, 2, 13), 12), at(date(2026, 2, 24), 12), announced())
    assert span == timedelta(days=2)
    assert after_worked(at(date(2026, 2, 13), 12), span, announced()) == at(date(2026, 2, 24), 12)
    assert worked(at(NEXT), at(DAY), announced()) == timedelta()

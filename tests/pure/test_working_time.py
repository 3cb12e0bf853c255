"""Working time by sums is working time counted day by day."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core import working_hours
from core.calendar import Calendar
from tests.pure.calendars import INSTANTS, announced
from tickets import working_time

GUESSED = Calendar()


@given(start=INSTANTS, seconds=st.integers(-86400, 90 * 86400), known=st.booleans())
def test_sums_and_days_agree(start: datetime, seconds: int, known: bool) -> None:
    calendar, span = announced() if known else GUESSED, timedelta(seconds=seconds)
    end = start + span
    assert working_time.worked(start, end, calendar) == working_hours.worked(start, end, calendar)
    found = working_time.after_worked(start, span, calendar)
    assert found == working_hours.after_worked(start, span, calendar)


def test_what_lies_outside_of_the_sums_is_counted_day_by_day() -> None:
    for start in (datetime(1999, 12, 30, tzinfo=UTC), datetime(2099, 12, 30, tzinfo=UTC)):
        end = start + timedelta(days=9)
        assert working_time.worked(start, end, GUESSED) == working_hours.worked(start, end, GUESSED)
        span = timedelta(days=5)
        found = working_time.after_worked(start, span, GUESSED)
        assert found == working_hours.after_worked(start, span, GUESSED)

"""The calendars the tests count with: the announced years of `chinesecalendar`, and wall-clock short-hands."""

from datetime import UTC, date, datetime, time
from functools import cache

from hypothesis import strategies as st

from core.calendar import Calendar, from_chinesecalendar
from core.clock import SHANGHAI

INSTANTS = st.integers(1_577_836_800, 2_082_758_400).map(lambda second: datetime.fromtimestamp(second, UTC))
"""Instants of 2020 to 2035, whole seconds."""


@cache
def announced() -> Calendar:
    """2024 to 2026, as announced."""
    return from_chinesecalendar(range(2024, 2027))


def at(day: date, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    """An instant (UTC) by the hospital's wall clock."""
    return datetime.combine(day, time(hour, minute, second), SHANGHAI).astimezone(UTC)

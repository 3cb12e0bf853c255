"""The time of day, in one place, so that a test can hold it still; never sleeps and never schedules."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_frozen: datetime | None = None


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def today() -> date:
    """The present day in the hospital."""
    return now().astimezone(SHANGHAI).date()


def local(instant: datetime) -> datetime:
    """The same instant on the hospital's wall clock."""
    return instant.astimezone(SHANGHAI)


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Hold the clock at `instant` (aware) for the length of the block; for tests and replays."""
    global _frozen
    before, _frozen = _frozen, instant
    try:
        yield
    finally:
        _frozen = before

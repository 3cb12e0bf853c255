"""Which turns of duty (值班) are running at an instant; pure, reads no roster and names nobody.

A day of duty begins in the morning and lasts until the next morning: at 02:00 the night of the day before is on.
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from core import clock

MORNING = time(8, 0)
EVENING = time(17, 30)


class Shift(StrEnum):
    """A part of a day of duty."""

    DAY = "day"
    NIGHT = "night"
    ALL = "all"


SHIFTS = {Shift.DAY: "白班", Shift.NIGHT: "夜班", Shift.ALL: "全天"}
HOURS = {Shift.DAY: "08:00—17:30", Shift.NIGHT: "17:30—次日 08:00", Shift.ALL: "08:00—次日 08:00"}


def turns(instant: datetime) -> tuple[list[date], list[str]]:
    """Days and shifts, side by side, of the turns that are running at `instant` (aware)."""
    wall = clock.local(instant)
    day = wall.date() if wall.time() >= MORNING else wall.date() - timedelta(days=1)
    part = Shift.DAY if MORNING <= wall.time() < EVENING else Shift.NIGHT
    return [day, day], [part, Shift.ALL]

"""What is done by the clock again and again: declared in code, its times and its rest kept in a table.

`schedules_running` runs what is due, `schedules_acts` is what an operator does, `schedules_queries` what is shown.
A schedule is no promise of a deadline: what must happen at one instant is a row of `core.due`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from core import clock
from core.events import Event


class Weight(StrEnum):
    """What is lost while it rests: nothing that cannot wait, or the safety of the house."""

    PLAIN = "plain"
    IMPORTANT = "important"


class ScheduleFailed(Event):
    """One fails again and again; told once, until it runs well again."""

    run_id: int


class ScheduleRecovered(Event):
    """One that had been told of runs well again."""

    run_id: int


def counted(result: object) -> str:
    """What a run did, in words: a number of things, or the words it gave; "" when there was nothing to do."""
    if isinstance(result, bool) or result is None:
        return ""
    if isinstance(result, int):
        return f"处理 {result} 项" if result else ""
    return str(result)[:200]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. Either every `every` seconds, counted from the end of a run and changeable between `low` and
    `high`, or daily at `at` (Asia/Shanghai).

    A run that takes longer than `longest` seconds is broken off and counts as failed. One with a `guard`, the rule that
    asks for it, is paused by nobody; by the day it runs `within` these times alone (over midnight if the first is later).
    """

    name: str
    label: str
    what: str
    work: Callable[[], Awaitable[object]]
    every: int = 0
    low: int = 1
    high: int = 86_400
    at: time | None = None
    weight: Weight = Weight.PLAIN
    guard: str = ""
    within: tuple[time, time] | None = None
    longest: float = 1800.0
    said: Callable[[Any], str] = counted

    def fits(self, at: time) -> bool:
        """Whether it may run at this time of day."""
        if self.within is None:
            return True
        first, last = self.within
        return first <= at <= last if first <= last else at >= first or at <= last

    @property
    def important(self) -> bool:
        """Whether its rest is an alarm."""
        return self.weight is Weight.IMPORTANT

    def after(self, now: datetime, every: int | None = None, at: time | None = None) -> datetime:
        """When it is next due after `now`; `every` and `at` are what an operator set instead."""
        if self.at is None:
            return now + timedelta(seconds=every or self.every)
        wanted = datetime.combine(clock.local(now).date(), at or self.at, clock.SHANGHAI)
        return wanted if wanted > now else wanted + timedelta(days=1)


REGISTER: dict[str, Schedule] = {}
BELL = "schedule"


def declare(*found: Schedule) -> None:
    """Add schedules to the register; once, by wiring.py.

    Raises:
        ValueError: one is declared twice, or its times make no sense.
    """
    for schedule in found:
        if schedule.name in REGISTER:
            raise ValueError(f"schedule {schedule.name} is declared twice")
        if schedule.at is None and not schedule.low <= schedule.every <= schedule.high:
            raise ValueError(f"schedule {schedule.name} has an interval outside of its bounds")
        if schedule.at is not None and (
            not schedule.fits(schedule.at) or (schedule.guard and schedule.within is None)
        ):
            raise ValueError(f"schedule {schedule.name} has a time of day outside of its bounds, or none")
        REGISTER[schedule.name] = schedule


def span(seconds: int) -> str:
    """ "2 秒", "3 分钟", "1 小时", "1 天"."""
    for unit, words in ((86_400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {words}"
    return f"{seconds} 秒"

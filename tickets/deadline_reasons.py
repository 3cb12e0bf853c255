"""The sentence beside a deadline: which clauses it is made of and how they are put in Chinese.

Tells why days count or do not; computes no deadline itself (`tickets.deadlines` does).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from core.calendar import WEEKDAYS, Calendar
from core.clock import local

END_OF_DAY = time(23, 59, 59)


class PartKind(StrEnum):
    """What one part of a reason tells."""

    START = "start"
    MAKE_UP = "make_up"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    ROLL_OVER = "roll_over"
    PROVISIONAL = "provisional"
    DUE = "due"
    SOURCE = "source"
    PRINTED = "printed"
    CAPPED = "capped"
    EXTENDED = "extended"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Part:
    """One clause of a reason; `first` and `last` where it speaks of a span of days."""

    kind: PartKind
    text: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """`due_at` (UTC) with its reason; `provisional` when it rests on days that are not announced yet."""

    due_at: datetime
    provisional: bool
    reason: str
    parts: tuple[Part, ...] = ()


def moment(instant: datetime) -> str:
    """`2026-02-14 17:30` on the hospital's clock; the last second of a day reads 24:00."""
    here = local(instant)
    return f"{here:%Y-%m-%d} 24:00" if here.time() >= END_OF_DAY else f"{here:%Y-%m-%d %H:%M}"


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included; empty when they stand the wrong way round."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def explain(days: list[date], calendar: Calendar) -> list[Part]:
    """Why days in between count or do not: make-up days, holidays in spans, then weekends in one word."""
    special = [
        day for day in days if day in calendar.days and calendar.is_workday(day) != (day.weekday() < 5)
    ]
    holidays = [day for day in days if day in calendar.days and calendar.days[day].is_off]
    parts: list[Part] = []
    for first, last in _runs(sorted({*special, *holidays}), calendar):
        when = short_day(first) if first == last else f"{first.month}/{first.day}—{last.month}/{last.day} "
        why = calendar.why(first)
        if calendar.is_workday(first):
            parts.append(Part(PartKind.MAKE_UP, f"{when}{why}计入", first, last))
        else:
            parts.append(Part(PartKind.HOLIDAY, f"{when}{why}不计", first, last))
    if any(day.weekday() >= 5 and day not in calendar.days for day in days):
        parts.append(Part(PartKind.WEEKEND, "周末不计"))
    return parts


def _runs(days: list[date], calendar: Calendar) -> list[tuple[date, date]]:
    """Neighbouring days of one reason as (first, last)."""
    if not days:
        return []
    breaks = [
        (before, after)
        for before, after in pairwise(days)
        if (after - before).days != 1 or calendar.why(before) != calendar.why(after)
    ]
    firsts = [days[0], *(after for _, after in breaks)]
    lasts = [*(before for before, _ in breaks), days[-1]]
    return list(zip(firsts, lasts, strict=True))


def unknown(days: list[date], calendar: Calendar) -> list[Part]:
    """The clause for days whose year is not announced; empty when all are."""
    missing = [day for day in days if not calendar.known(day)]
    if not missing:
        return []
    years = "、".join(str(year) for year in sorted({day.year for day in missing}))
    text = f"{years} 年放假安排尚未公布，暂按周一至周五推算，公布后重算"
    return [Part(PartKind.PROVISIONAL, text, missing[0], missing[-1])]


def conclude(due: datetime, parts: list[Part], source: str, *, provisional: bool) -> Deadline:
    """A deadline whose story is `parts`, then the instant, then where the rule stands."""
    parts = [*parts, Part(PartKind.DUE, f"应于 {moment(due)} 前办结")]
    reason = "；".join(part.text for part in parts) + "。"
    if source:
        parts.append(Part(PartKind.SOURCE, f"依据：{source}"))
        reason += f"依据：{source}。"
    return Deadline(due.astimezone(UTC), provisional, reason, tuple(parts))


def joined(before: Deadline, after: Deadline) -> Deadline:
    """`after`, told after the story of `before`."""
    return Deadline(
        after.due_at, after.provisional, before.reason + after.reason, (*before.parts, *after.parts)
    )


def span(length: timedelta) -> str:
    """`2 天 3 小时`; below a minute `不足 1 分钟`."""
    days, rest = divmod(int(length.total_seconds()), 86400)
    hours, rest = divmod(rest, 3600)
    parts = ((days, "天"), (hours, "小时"), (rest // 60, "分钟"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "不足 1 分钟"


def short_day(day: date) -> str:
    """`2/14（六）`."""
    return f"{day.month}/{day.day}（{WEEKDAYS[day.weekday()]}）"

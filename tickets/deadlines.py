"""When a case or ticket must be done, and the reason in Chinese that stands beside the date.

Sources: 《民法典》 Art. 201 (the starting day is not counted), Art. 203 (a last day that is a holiday moves to
the day after; the last day ends at 24:00 or at the end of business hours), Art. 204 (other rules may say
otherwise, hence the switches of `Rule`). Every 12345 rule says that the limit printed on the order wins:
`printed`. Hotline and complaint periods run on working days, petitions (《信访工作条例》 Art. 22-36) on calendar
days, message and call rules on hours. Reads no clock, no database and no settings; never asks who works.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from core.calendar import Calendar
from core.clock import SHANGHAI, local
from tickets.deadline_reasons import (
    END_OF_DAY,
    Deadline,
    Part,
    PartKind,
    conclude,
    days_between,
    explain,
    joined,
    moment,
    short_day,
    span,
    unknown,
)
from tickets.working_time import after_worked, worked

__all__ = [
    "END_OF_BUSINESS",
    "END_OF_DAY",
    "Deadline",
    "Part",
    "PartKind",
    "Recomputed",
    "Rule",
    "Unit",
    "compute",
    "derive",
    "derive_department",
    "derive_hospital",
    "earliest",
    "extend",
    "instant_of_rung",
    "instant_of_share",
    "moment",
    "paused",
    "printed",
    "recompute",
    "share_used",
]

END_OF_BUSINESS = time(17, 30)


class Unit(StrEnum):
    """What a rule counts in."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    HOURS = "hours"


_UNIT_WORDS = {Unit.WORKING_DAYS: "个工作日", Unit.CALENDAR_DAYS: "日", Unit.HOURS: "小时"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A period: `amount` (1..3660 days, or hours up to as many days) of `unit`, and how its ends are taken.

    `count_start_day`: the day of receipt is the first day (an old Guangzhou rule). `roll_over_last_day`: a
    calendar-day period ending on a day off ends on the next working day. `end_of_day`: wall clock of the last
    day; hours ignore all three. `source` is what the reader may look up.
    """

    amount: int
    unit: Unit
    count_start_day: bool = False
    roll_over_last_day: bool = True
    end_of_day: time = END_OF_BUSINESS
    source: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= 3660 * (24 if self.unit is Unit.HOURS else 1):
            raise ValueError("a period must be between 1 and 3660 days")


def compute(start: datetime, rule: Rule, calendar: Calendar, *, event: str = "收到") -> Deadline:
    """The deadline of a period that begins with `event` at `start` (aware)."""
    here = local(start)
    if rule.unit is Unit.HOURS:
        due = here.astimezone(UTC) + timedelta(hours=rule.amount)
        opening = f"{here:%Y-%m-%d %H:%M} {event}，起算 {rule.amount} 小时"
        return conclude(due, [Part(PartKind.START, opening)], rule.source, provisional=False)
    first, opening = _first_day(here, rule, event)
    if rule.unit is Unit.WORKING_DAYS:
        last = calendar.shift(first - timedelta(days=1), rule.amount)
        seen = days_between(first, last)
        parts = [Part(PartKind.START, opening), *explain(seen, calendar)]
    else:
        ends = first + timedelta(days=rule.amount - 1)
        rolls = rule.roll_over_last_day and not calendar.is_workday(ends)
        last = calendar.next_workday(ends) if rolls else ends
        seen = days_between(ends, last) if rule.roll_over_last_day else []
        parts = [Part(PartKind.START, opening)]
        if rolls:
            text = f"期满日 {short_day(ends)}为{calendar.why(ends)}，顺延至下一工作日 {short_day(last)}"
            parts.append(Part(PartKind.ROLL_OVER, text, ends, last))
    missing = unknown(seen, calendar)
    due = datetime.combine(last, rule.end_of_day, SHANGHAI)
    return conclude(due, [*parts, *missing], rule.source, provisional=bool(missing))


def printed(deadline_at: datetime, text: str) -> Deadline:
    """The limit the order itself states; it wins over any computed one. `text`: where or how it says so."""
    quoted = f"（{text}）" if text else ""
    part = Part(PartKind.PRINTED, f"工单载明的办结时限{quoted}，以工单为准")
    return conclude(deadline_at, [part], "", provisional=False)


def earliest(*deadlines: Deadline) -> Deadline:
    """The one that falls due first; at least one must be given."""
    return min(deadlines, key=lambda deadline: deadline.due_at)


def derive(
    start: datetime,
    own: Deadline | None,
    limit: Deadline,
    lead_working_days: int,
    calendar: Calendar,
    *,
    limit_name: str,
    end_of_day: time = END_OF_BUSINESS,
) -> Deadline:
    """`own` deadline, but never later than `lead_working_days` before `limit`; says when it was capped.

    Without `own` the result is that earlier instant. Where the margin would put it before `start`, the
    margin shrinks day by day, at last to nothing; it never moves a limit that is already past.
    """
    ceiling, margin = _ceiling(start, limit, lead_working_days, calendar, end_of_day)
    leaning = unknown(
        days_between(local(ceiling).date(), local(limit.due_at).date()) if margin else [], calendar
    )
    provisional = limit.provisional or bool(leaning) or (own is not None and own.provisional)
    if own is not None and own.due_at <= ceiling:
        return Deadline(own.due_at, provisional, own.reason, own.parts)
    wanted = f"{limit_name} {moment(limit.due_at)}"
    if margin == lead_working_days and margin:
        text = f"须比{wanted} 提前 {margin} 个工作日"
    elif margin:
        text = f"距{wanted} 不足 {lead_working_days} 个工作日，只能提前 {margin} 个工作日"
    elif lead_working_days:
        text = f"距{wanted} 已无提前余量，与其相同"
    else:
        text = f"不得晚于{wanted}"
    text = text if own is None else f"因{text}"
    capped = conclude(ceiling, [Part(PartKind.CAPPED, text), *leaning], "", provisional=provisional)
    return capped if own is None else joined(own, capped)


def derive_hospital(
    received_at: datetime,
    rule: Rule,
    upstream: Deadline | None,
    lead_working_days: int,
    calendar: Calendar,
) -> Deadline:
    """The hospital's limit: the rule from receipt, but ahead of the upstream limit by the margin."""
    own = compute(received_at, rule, calendar)
    if upstream is None:
        return own
    return derive(
        received_at,
        own,
        upstream,
        lead_working_days,
        calendar,
        limit_name="上级时限",
        end_of_day=rule.end_of_day,
    )


def derive_department(
    hospital: Deadline,
    lead_working_days: int,
    calendar: Calendar,
    *,
    assigned_at: datetime,
    rule: Rule | None = None,
    limit_name: str = "医院时限",
) -> Deadline:
    """The department's limit: its rule from assignment, but ahead of the limit above (`hospital`) by the margin."""
    own = None if rule is None else compute(assigned_at, rule, calendar, event="交办")
    end = END_OF_BUSINESS if rule is None else rule.end_of_day
    return derive(
        assigned_at, own, hospital, lead_working_days, calendar, limit_name=limit_name, end_of_day=end
    )


def extend(
    deadline: Deadline,
    amount: int,
    calendar: Calendar,
    *,
    unit: Unit = Unit.WORKING_DAYS,
    source: str = "",
) -> Deadline:
    """`amount` (1 or more) of `unit` later, days at the same time of day; `source` names the approval."""
    if amount < 1:
        raise ValueError("an extension is at least one day or hour")
    if unit is not Unit.WORKING_DAYS:
        longer = timedelta(days=amount) if unit is Unit.CALENDAR_DAYS else timedelta(hours=amount)
        part = Part(PartKind.EXTENDED, f"延期 {amount} {_UNIT_WORDS[unit]}")
        due = local(deadline.due_at) + longer
        return joined(deadline, conclude(due, [part], source, provisional=deadline.provisional))
    old = local(deadline.due_at)
    last = calendar.shift(old.date(), amount)
    seen = days_between(old.date() + timedelta(days=1), last)
    missing = unknown(seen, calendar)
    parts = [
        Part(PartKind.EXTENDED, f"延期 {amount} 个工作日"),
        *explain(seen, calendar),
        *missing,
    ]
    due = datetime.combine(last, old.timetz())
    added = conclude(due, parts, source, provisional=deadline.provisional or bool(missing))
    return joined(deadline, added)


def paused(
    deadline: Deadline, ground: str, since: datetime, until: datetime, rule: Rule | None, calendar: Calendar
) -> Deadline:
    """Later by as long as the clock stood still (《信访工作条例》 Art. 36: a hearing is not counted); says on what ground.

    A limit counted in days (`rule`) ends with the last day's business and not in the night or on a day off (《民法典》 Art. 203);
    one in hours, or one that was stated (None), moves by the bare time.
    """
    stood = until - since
    text = f"{moment(since)} 至 {moment(until)} {ground}，停止计时 {span(stood)}，时限顺延"
    due, parts = deadline.due_at + stood, [Part(PartKind.PAUSED, text)]
    if rule is None or rule.unit is Unit.HOURS:
        return joined(deadline, conclude(due, parts, "", provisional=deadline.provisional))
    ends = local(due).date()
    rolls = rule.unit is Unit.WORKING_DAYS or rule.roll_over_last_day
    last = calendar.next_workday(ends) if rolls and not calendar.is_workday(ends) else ends
    if last != ends:
        why = f"期满日 {short_day(ends)}为{calendar.why(ends)}，顺延至下一工作日 {short_day(last)}"
        parts.append(Part(PartKind.ROLL_OVER, why, ends, last))
    missing = unknown(days_between(ends, last) if rolls else [], calendar)
    ended = datetime.combine(last, rule.end_of_day, SHANGHAI)
    return joined(
        deadline,
        conclude(ended, [*parts, *missing], "", provisional=deadline.provisional or bool(missing)),
    )


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A deadline under a newer calendar, and whether its instant differs from the old one."""

    deadline: Deadline
    moved: bool


def recompute(
    old: Deadline, start: datetime, rule: Rule, calendar: Calendar, *, event: str = "收到"
) -> Recomputed:
    """Count again when holidays arrive or change; the reason is new even where the instant stays."""
    new = compute(start, rule, calendar, event=event)
    return Recomputed(new, new.due_at != old.due_at)


def share_used(
    start: datetime, due: datetime, now: datetime, paused: float = 0, calendar: Calendar | None = None
) -> float:
    """The part of the clock that is used, 0 or more; 1 is due, 2 is as late again as the clock was long.

    Elapsed time, nights and weekends included, less `paused` seconds. With a `calendar` only time on
    working days counts (give `paused` counted likewise), so that a long holiday does not wake the vice-president; a clock that lies wholly
    on days off is then counted by elapsed time. A clock without length is used up at once (1).
    """
    whole, counted = _span(start, due, calendar)
    if whole <= timedelta():
        return 1.0
    gone = worked(start, now, calendar) if counted and calendar else now - start
    return max(0.0, (gone - timedelta(seconds=paused)) / whole)


def instant_of_share(
    start: datetime, due: datetime, share: float, paused: float = 0, calendar: Calendar | None = None
) -> datetime:
    """The first instant (UTC) at which `share_used` reaches `share`, given `paused` seconds until then."""
    whole, counted = _span(start, due, calendar)
    span = max(whole, timedelta()) * share + timedelta(seconds=paused)
    if counted and calendar:
        return after_worked(start, span, calendar)
    return start.astimezone(UTC) + span


def instant_of_rung(
    start: datetime, due: datetime, share: float, paused: int, calendar: Calendar
) -> datetime:
    """When a rung at `share` of a clock is reached; `due` holds the `paused` seconds the clock stood still, too."""
    if share >= 1:
        return due
    stood = timedelta(seconds=paused)
    return min(instant_of_share(start, due - stood, share, paused, calendar), due)


def _span(start: datetime, due: datetime, calendar: Calendar | None) -> tuple[timedelta, bool]:
    """The length of a clock, and whether it is counted on working days."""
    on_workdays = worked(start, due, calendar) if calendar is not None else timedelta()
    return (on_workdays, True) if on_workdays else (due - start, False)


def _first_day(here: datetime, rule: Rule, event: str) -> tuple[date, str]:
    """The first day that may count, and the opening clause."""
    counts = f"起算 {rule.amount} {_UNIT_WORDS[rule.unit]}"
    if not rule.count_start_day:
        return here.date() + timedelta(days=1), f"{here:%Y-%m-%d} {event}，次日{counts}"
    if here.time() >= rule.end_of_day:  # else a one-day period would be over before it began
        late = f"{here:%Y-%m-%d %H:%M} {event}，当日已过 {rule.end_of_day:%H:%M}，次日{counts}"
        return here.date() + timedelta(days=1), late
    return here.date(), f"{here:%Y-%m-%d} {event}，当日{counts}"


def _ceiling(
    start: datetime, limit: Deadline, lead: int, calendar: Calendar, end_of_day: time
) -> tuple[datetime, int]:
    """The latest instant that keeps as much of the margin as fits after `start`, and the margin kept."""
    last = local(limit.due_at).date()
    for margin in range(lead, 0, -1):
        instant = datetime.combine(calendar.shift(last, -margin), end_of_day, SHANGHAI)
        if instant > start:
            return instant, margin
    return limit.due_at, 0

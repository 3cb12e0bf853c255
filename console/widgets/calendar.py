"""Home module: whether today is a working day, and the next holidays and make-up days."""

from datetime import date, timedelta

from console.widgets.shapes import Content, Line, Lines, Widget
from core import clock
from core.actor import Actor
from core.calendar import WEEKDAYS, Calendar
from staff import working_days

AHEAD = 120  # days
MOST = 4


async def load(_: Actor) -> Content:
    """Today first, then what differs from an ordinary week, one line for a run of days."""
    calendar = await working_days.calendar()
    today = clock.today()
    first = Line(
        f"今天 {today.month}月{today.day}日 星期{WEEKDAYS[today.weekday()]}",
        calendar.why(today),
        mark="工作日" if calendar.is_workday(today) else "休息",
        tone="good" if calendar.is_workday(today) else "soon",
    )
    unknown = today + timedelta(days=AHEAD)
    guess = (
        ()
        if calendar.known(unknown)
        else (Line(f"{unknown.year} 年", "放假安排尚未公布，时限为暂定", mark="暂定"),)
    )
    return Lines((first, *upcoming(calendar, today), *guess), "", more="/settings/holidays")


def upcoming(calendar: Calendar, today: date) -> tuple[Line, ...]:
    """The next announced runs of days after `today`."""
    lines: list[Line] = []
    day, last = today + timedelta(days=1), today + timedelta(days=AHEAD)
    while day <= last and len(lines) < MOST:
        announced = calendar.days.get(day)
        if announced is None:
            day += timedelta(days=1)
            continue
        end = day
        while (after := calendar.days.get(end + timedelta(days=1))) and (
            (after.name, after.is_off) == (announced.name, announced.is_off)
        ):
            end += timedelta(days=1)
        length = (end - day).days + 1
        lines.append(
            Line(
                calendar.why(day),
                f"{day.month}月{day.day}日"
                + (f"—{end.month}月{end.day}日，共 {length} 天" if length > 1 else ""),
                mark="休" if announced.is_off else "班",
                tone="good" if announced.is_off else "soon",
            )
        )
        day = end + timedelta(days=1)
    return tuple(lines)


WIDGET = Widget("calendar", "工作日历", "calendar-event", load)

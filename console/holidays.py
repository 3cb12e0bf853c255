"""The working calendar: a year on one page, a day changed by hand, a year's announcement imported after a preview.

Everyone may look; who holds calendar:manage may change. Counts no deadline.
"""

import calendar as months
from dataclasses import dataclass
from datetime import date
from typing import Literal

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, permit, show
from core import clock
from core.actions import Form
from core.actor import Permission
from core.calendar import WEEKDAYS, Calendar, Day, parse_holiday_cn
from core.errors import Invalid, NotFound
from staff import working_days
from tickets.queries import recounts

routes = web.RouteTableDef()
PAGE = "/settings/holidays"


class DayForm(Form):
    """What a day is to be."""

    kind: Literal["off", "work", "plain"] = Field(
        title="这一天",
        json_schema_extra={
            "labels": {"off": "放假", "work": "调休上班", "plain": "按平常（周一至周五上班）"}
        },
    )
    name: str = Field(default="", title="名称", description="例如：国庆节、院庆调休", max_length=40)


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the year's page; `look` is plain, weekend, off or work."""

    day: date
    look: str
    why: str
    today: bool


def cells(calendar: Calendar, year: int, month: int, today: date) -> list[list[Cell | None]]:
    """The weeks of a month, Monday first; None outside of it."""
    return [
        [_cell(calendar, day, today) if day.month == month else None for day in week]
        for week in months.Calendar().monthdatescalendar(year, month)
    ]


def _cell(calendar: Calendar, day: date, today: date) -> Cell:
    announced = calendar.days.get(day)
    look = "weekend" if day.weekday() >= 5 else "plain"
    if announced is not None:
        look = "off" if announced.is_off else "work"
    return Cell(day, look, calendar.why(day), day == today)


def _year(text: str) -> int:
    if not text:
        return clock.today().year
    if (
        not text.isascii()
        or not text.isdigit()
        or not working_days.FIRST <= int(text[:6]) <= working_days.LAST
    ):
        raise NotFound("没有这一年的日历")
    return int(text)


def _day(request: web.Request) -> date:
    try:
        day = date.fromisoformat(request.match_info["day"])
    except ValueError:
        raise NotFound("没有这一天") from None
    _year(str(day.year))
    return day


@routes.get(PAGE)
async def year_page(request: web.Request) -> web.Response:
    """The twelve months of `?year=`."""
    actor = permit(request)
    year = _year(request.query.get("year", ""))
    calendar = await working_days.calendar()
    today = clock.today()
    rows = await working_days.of_year(year)
    return await show(
        request,
        "console/holidays.html",
        year=year,
        first=working_days.FIRST,
        last=working_days.LAST,
        published=year in calendar.published_years,
        months=[(month, cells(calendar, year, month, today)) for month in range(1, 13)],
        weekdays=WEEKDAYS,
        rows=rows,
        recount=next(iter(await recounts.latest(1)), None),
        may_edit=actor.can(Permission.CALENDAR_MANAGE),
    )


@routes.get(PAGE + "/day/{day}")
async def day_drawer(request: web.Request) -> web.Response:
    """The drawer of one day."""
    permit(request, Permission.CALENDAR_MANAGE)
    day = _day(request)
    announced = (await working_days.calendar()).days.get(day)
    kind = "plain" if announced is None else "off" if announced.is_off else "work"
    values = {"kind": kind, "name": announced.name if announced else ""}
    return await _day_part(request, day, values)


async def _day_part(
    request: web.Request, day: date, values: dict[str, str], error: Invalid | None = None
) -> web.Response:
    calendar = await working_days.calendar()
    return await show(
        request,
        "console/holiday_day.html",
        status=error.status if error else 200,
        day=day,
        weekday=WEEKDAYS[day.weekday()],
        why=calendar.why(day),
        controls=forms.controls(DayForm, values, error.details if error else ()),
    )


@routes.post(PAGE + "/day/{day}")
async def day_set(request: web.Request) -> web.Response:
    """Make the day off, worked, or plain again."""
    actor = permit(request, Permission.CALENDAR_MANAGE)
    day = _day(request)
    given = await forms.posted(request, DayForm)
    try:
        form = forms.parse(DayForm, given)
        if form.kind != "plain":
            await working_days.set_day(Day(day, form.name, form.kind == "off"), by=actor)
        elif day in (await working_days.calendar()).days:
            await working_days.clear_day(day, by=actor)
    except Invalid as error:
        return await _day_part(request, day, given, error)
    return go(request, f"{PAGE}?year={day.year}", f"{day} 已保存，相关时限会随之重算，影响哪些见“时限变更”")


@routes.get(PAGE + "/import")
async def import_drawer(request: web.Request) -> web.Response:
    """The drawer in which a file is chosen."""
    permit(request, Permission.CALENDAR_MANAGE)
    return await show(request, "console/holiday_import.html", text="", error=None, preview=None)


@routes.post(PAGE + "/preview")
async def preview(request: web.Request) -> web.Response:
    """What the file would change; nothing is written."""
    permit(request, Permission.CALENDAR_MANAGE)
    text = await _file_text(request)
    try:
        found = await working_days.preview(parse_holiday_cn(text))
    except Invalid as error:
        return await show(
            request, "console/holiday_import.html", status=error.status, text=text, error=error, preview=None
        )
    return await show(request, "console/holiday_import.html", text=text, error=None, preview=found)


@routes.post(PAGE + "/import")
async def import_year(request: web.Request) -> web.Response:
    """Take the file over."""
    actor = permit(request, Permission.CALENDAR_MANAGE)
    text = await _file_text(request)
    try:
        done = await working_days.import_holiday_cn(text, by=actor)
    except Invalid as error:
        return await show(
            request, "console/holiday_import.html", status=error.status, text=text, error=error, preview=None
        )
    said = f"{done.year} 年放假安排已导入，{len(done.changes)} 天有变化，相关时限会随之重算，影响哪些见“时限变更”"
    return go(request, f"{PAGE}?year={done.year}", said)


async def _file_text(request: web.Request) -> str:
    data = await request.post()
    file = data.get("file")
    if isinstance(file, web.FileField) and (content := file.file.read()):
        return content.decode("utf-8-sig", errors="replace")
    return str(data.get("text", ""))

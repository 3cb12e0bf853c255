"""The page of one unit: its people, duty roster, names and codes, history, categories, forms and questionnaires, open work.

Whoever keeps the organisation changes all of it; the unit's own people look, and its head plans the roster.
"""

import calendar as months
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, permit, show
from console.units import PAGE, wanted
from core import clock
from core.actions import Form
from core.actor import Actor, Permission
from core.calendar import WEEKDAYS
from core.errors import HuiyinError, Invalid, NotFound, Refused
from staff import confirming, duty_roster, queries, units_names, units_queries
from staff.duty import HOURS, SHIFTS, Shift
from staff.duty_roster import Turn
from staff.organising_rows import BELOW, KINDS
from staff.queries import OrgTree, Unit
from staff.roles import LABELS, Role
from staff.units_names import BEGIN, SYSTEMS, NameGiven
from surveys.questionnaires import queries as questionnaires
from tickets.feedback import categories
from tickets.feedback.categories import Category
from tickets.forms import queries as form_queries
from tickets.queries import unit_load

routes = web.RouteTableDef()
LOOKING = (Permission.STAFF_MANAGE, Permission.TICKET_HANDLE, Permission.TICKET_ENDORSE)
PLANNING = (Permission.STAFF_MANAGE, Permission.TICKET_ENDORSE)


class NameForm(Form):
    """A further name or a code."""

    system: Literal[
        "", "his", "emr", "lis", "pacs", "exam", "hr", "appointment", "hotline", "wecom", "insurance"
    ] = Field(default="", title="系统", json_schema_extra={"labels": dict(SYSTEMS), "widget": "choice"})
    code: str = Field(default="", title="编码", description="该系统中的科室编码；本院别名不填", max_length=40)
    name: str = Field(default="", title="名称", description="来单或该系统里的叫法", max_length=40)
    since: date | None = Field(
        default=None, title="生效日期", description="不填即一直有效", json_schema_extra={"widget": "date"}
    )
    until: date | None = Field(
        default=None,
        title="失效日期",
        description="从这一天起不再有效，可不填",
        json_schema_extra={"widget": "date"},
    )


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the roster's month."""

    day: date
    turns: tuple[Turn, ...]
    today: bool
    open: bool


def _month(text: str) -> date:
    try:
        found = date.fromisoformat(f"{text}-01") if text else clock.today().replace(day=1)
    except ValueError:
        raise NotFound("没有这个月份") from None
    if not 2000 <= found.year <= 2199:
        raise NotFound("没有这个月份")
    return found


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


async def _roster(unit: Unit, month: date, by: Actor) -> dict[str, Any]:
    """What the month of the roster is drawn from."""
    last = _next(month) - timedelta(days=1)
    today, plans = clock.today(), duty_roster.may(by, unit.path) and unit.active
    found: dict[date, list[Turn]] = {}
    for turn in await duty_roster.turns(unit.id, month, last):
        found.setdefault(turn.day, []).append(turn)
    weeks = [
        [
            Day(day, tuple(found.get(day, ())), day == today, plans and day >= today - timedelta(days=1))
            if day.month == month.month
            else None
            for day in week
        ]
        for week in months.Calendar().monthdatescalendar(month.year, month.month)
    ]
    return {
        "month": month,
        "before": month - timedelta(days=1),
        "after": _next(month),
        "weeks": weeks,
        "weekdays": WEEKDAYS,
        "plans": plans,
        "copies": plans and last >= today,
        "shifts": SHIFTS,
        "hours": HOURS,
        "planned": bool(found),
    }


def _assigned(tree: OrgTree, unit: Unit, known: list[Category]) -> list[Category]:
    """The categories for which the unit answers: those that name it, or inherit its name."""
    return [
        one
        for one in known
        if not one.disabled
        and one.function_unit
        and (found := tree.find(one.function_unit) or tree.find(one.function_unit, _site(tree, unit)))
        is not None
        and found.id == unit.id
    ]


def _site(tree: OrgTree, unit: Unit) -> str:
    site = tree.site(unit.id)
    return site.name if site is not None else ""


@routes.get(PAGE + "/{id:\\d+}")
async def page(request: web.Request) -> web.Response:
    """One unit; `?month=2026-11` turns the roster."""
    by = permit(request, *LOOKING)
    unit = await wanted(request, by, *LOOKING)
    tree = await queries.tree()
    below = tree.within([unit.path])
    return await show(
        request,
        "console/units/one.html",
        unit=unit,
        tree=tree,
        kind=KINDS[unit.kind],
        kinds=KINDS,
        known=await units_queries.details(unit.id),
        line=list(reversed(tree.line(unit.id)[1:])),
        heir=tree.successor(unit.id) if unit.merged_into else None,
        people=await units_queries.holders(unit.id),
        asked=await confirming.of_unit(unit.id),
        inherited=await queries.holders(unit.id, Role.LIAISON),
        roles=LABELS,
        on_now=await duty_roster.on_now(unit.id),
        terms=await units_queries.terms(unit.id),
        namings=await units_queries.namings(unit.id),
        systems=SYSTEMS,
        begin=BEGIN,
        today=clock.today(),
        children=[tree.unit(other) for other in below if tree.unit(other).parent_id == unit.id],
        topics=_assigned(tree, unit, await categories.tree()),
        questionnaires=await questionnaires.in_use([other.id for other in tree.line(unit.id)]),
        forms_in_force=[one for one in await form_queries.forms() if one.active],
        load=await unit_load.of_units(below),
        may_edit=by.can(Permission.STAFF_MANAGE, unit.path),
        may_add=bool(BELOW[unit.kind]) and unit.active,
        may_people=by.can(Permission.STAFF_MANAGE),
        may_cases=by.can(Permission.TICKET_READ) or by.can(Permission.CASE_READ),
        **await _roster(unit, _month(request.query.get("month", "")), by),
    )


# --- names and codes ------------------------------------------------------------------------------------


@routes.get(PAGE + "/{id:\\d+}/names")
async def name_drawer(request: web.Request) -> web.Response:
    """The drawer for a further name."""
    by = permit(request, Permission.STAFF_MANAGE)
    return await _name(request, await wanted(request, by, Permission.STAFF_MANAGE), {})


async def _name(
    request: web.Request, unit: Unit, given: Mapping[str, Any], error: HuiyinError | None = None
) -> web.Response:
    return await show(
        request,
        "console/units/change.html",
        status=error.status if error else 200,
        title="添加名称或编码",
        note=(await queries.tree()).label(unit.id),
        to=f"{PAGE}/{unit.id}/names",
        hint="添加后，来单和其他系统用这个名称或编码时即识别为本科室；等待识别的来单会继续办理。",
        fault=error.message if error and not error.details else "",
        controls=forms.controls(NameForm, given, error.details if error else ()),
        button="添加",
    )


@routes.post(PAGE + "/{id:\\d+}/names")
async def named(request: web.Request) -> web.Response:
    """A further name or code."""
    by = permit(request, Permission.STAFF_MANAGE)
    unit = await wanted(request, by, Permission.STAFF_MANAGE)
    given = await forms.posted(request, NameForm)
    try:
        form = forms.parse(NameForm, given)
        await units_names.add_name(
            NameGiven(unit.id, form.system, form.code, form.name, form.since or BEGIN, form.until), by=by
        )
    except (Invalid, Refused) as error:
        return await _name(request, unit, given, error)
    return go(request, f"{PAGE}/{unit.id}#names", "已添加，来单写这个名称时即识别为本科室")


@routes.post(PAGE + "/{id:\\d+}/names/{name:\\d+}/{how:end|remove}")
async def name_ended(request: web.Request) -> web.Response:
    """A name holds from today on no more, or was a mistake."""
    by = permit(request, Permission.STAFF_MANAGE)
    unit = await wanted(request, by, Permission.STAFF_MANAGE)
    name_id = number(request.match_info["name"]) or 0
    if name_id not in {row.id for row in await units_queries.namings(unit.id)}:
        raise NotFound("没有这个名称，可能已被他人删除")
    if request.match_info["how"] == "end":
        await units_names.end_name(name_id, clock.today(), by=by)
        return go(request, f"{PAGE}/{unit.id}#names", "已停用")
    await units_names.take_away(name_id, by=by)
    return go(request, f"{PAGE}/{unit.id}#names", "已删除，审计日志中保留记录")


# --- the duty roster ------------------------------------------------------------------------------------


def _day(request: web.Request) -> date:
    try:
        return date.fromisoformat(request.match_info["day"])
    except ValueError:
        raise NotFound("没有这一天") from None


@routes.get(PAGE + "/{id:\\d+}/duty/{day:[0-9-]{10}}")
async def duty_drawer(request: web.Request) -> web.Response:
    """The drawer of one day of the roster."""
    by = permit(request, *PLANNING)
    unit = await wanted(request, by, *PLANNING)
    day = _day(request)
    chosen = {(turn.shift, turn.staff_id) for turn in await duty_roster.turns(unit.id, day, day)}
    return await _duty(request, unit, day, chosen)


async def _duty(
    request: web.Request, unit: Unit, day: date, chosen: set[tuple[Shift, int]], error: Invalid | None = None
) -> web.Response:
    people = await units_queries.holders(unit.id)
    return await show(
        request,
        "console/units/duty_day.html",
        status=error.status if error else 200,
        unit=unit,
        day=day,
        weekday=WEEKDAYS[day.weekday()],
        liaisons=[one for one in people if one.role is Role.LIAISON and one.active],
        shifts=SHIFTS,
        hours=HOURS,
        chosen=chosen,
        error=error,
    )


@routes.post(PAGE + "/{id:\\d+}/duty/{day:[0-9-]{10}}")
async def duty_set(request: web.Request) -> web.Response:
    """Plan a day."""
    by = permit(request, *PLANNING)
    unit = await wanted(request, by, *PLANNING)
    day, data = _day(request), await request.post()
    chosen = {shift: [number(str(text)) or 0 for text in data.getall(shift, [])] for shift in Shift}
    try:
        await duty_roster.set_day(unit.id, day, chosen, by=by)
    except Invalid as error:
        marked = {(shift, staff_id) for shift, ids in chosen.items() for staff_id in ids}
        return await _duty(request, unit, day, marked, error)
    return go(request, f"{PAGE}/{unit.id}?month={day:%Y-%m}#duty", f"{day} 的值班已保存")


@routes.post(PAGE + "/{id:\\d+}/duty/copy")
async def duty_copied(request: web.Request) -> web.Response:
    """Fill the empty days of a week or month from the one before."""
    by = permit(request, *PLANNING)
    unit = await wanted(request, by, *PLANNING)
    data = await request.post()
    month, week = _month(str(data.get("month", ""))), data.get("what") == "week"
    last = _next(month) - timedelta(days=1)
    filled = 0
    if week:  # week after week, so that one planned week fills the rest of the month
        first = month - timedelta(days=month.weekday())
        while first <= last:
            days = max(first, month), min(first + timedelta(days=6), last)
            filled += await duty_roster.copy(unit.id, *days, 7, by=by)
            first += timedelta(days=7)
    else:  # by weekday: the same week of last month
        filled = await duty_roster.copy(unit.id, month, last, 28, by=by)
    said = (
        f"已排 {filled} 天，原有的排班未改动"
        if filled
        else "没有可复制的排班：之前没有安排，或这些天已经排好"
    )
    return go(request, f"{PAGE}/{unit.id}?month={month:%Y-%m}#duty", said)

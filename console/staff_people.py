"""People and their posts: the list, one person's page, a new account. What is done there is `staff_doing`."""

from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, page_query, permit, show
from console.pick import units as departments
from core import dictionaries
from core.actions import Form
from core.actor import Actor, Permission
from core.errors import Invalid
from core.identity import mask_phone
from staff import confirming, login_past, people, people_found, queries
from staff.login import second
from staff.people_found import STATE_LABELS, Line, State, Wanted
from staff.roles import LABELS, Role
from tickets import handing_over

routes = web.RouteTableDef()
PAGE = "/settings/staff"
KEEP = Permission.ACCOUNT_MANAGE
REACHES = {
    "group": "全集团",
    "campus": "本院区的全部科室和病区",
    "clinic": "本门诊部的全部科室",
    "department": "本科室及下属病区",
    "ward": "本病区",
}


class HandForm(Form):
    """To whom open work goes, and why."""

    to_id: int = Field(title="接收人", json_schema_extra={"widget": "staff"})
    reason: str = Field(title="交接原因", description="例如：调岗、离职、休假", min_length=2, max_length=200)


async def unit_options(actor: Actor) -> list[tuple[str, str]]:
    """The units in which this person may give posts: the wide ones first, then departments and wards."""
    tree = await queries.tree()
    scopes = actor.scope(KEEP)
    wide = [
        (str(unit.id), unit.short_name or unit.name)
        for unit in tree.below()
        if unit.kind not in ("department", "ward") and ("/" in scopes or unit.path.startswith(scopes))
    ]
    return wide + await departments(actor, KEEP)


def _wanted(request: web.Request) -> Wanted:
    query = request.query
    role, state = query.get("role", ""), query.get("state", "")
    return Wanted(
        words=query.get("q", "").strip()[:40],
        unit_id=number(query.get("unit", "")),
        role=Role(role) if role in set(Role) else None,
        state=State(state) if state in set(State) else None,
    )


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """The searched list."""
    actor = permit(request, KEEP)
    wanted = _wanted(request)
    await people.fill_initials()
    lines, after = await people_found.listed(wanted, by=actor, after=request.query.get("after", "")[:20])
    filters = page_query(request.query, ("q", "unit", "role", "state"))
    return await show(
        request,
        "console/people/list.html",
        lines=lines,
        wanted=wanted,
        filters=filters,
        units=await unit_options(actor),
        roles=LABELS,
        states=STATE_LABELS,
        more=str(request.rel_url.with_query({**filters, "after": after})) if after else "",
        nobody=await handing_over.without_anybody(),
    )


@routes.get(f"{PAGE}/new")
async def beginning(request: web.Request) -> web.Response:
    """The drawer of a new account."""
    return await _new(request, permit(request, KEEP), {})


async def _new(
    request: web.Request, actor: Actor, given: dict[str, Any], error: Invalid | None = None
) -> web.Response:
    order = ("number", "name", "title", "phone", "role", "unit")
    offered = await dictionaries.options_of(people.NewPerson)
    options: dict[str, forms.Options] = {"unit": await unit_options(actor), **offered}
    made = forms.controls(people.NewPerson, given, error.details if error else (), options)
    return await show(
        request,
        "console/people/drawer.html",
        status=error.status if error else 200,
        heading="新增职工",
        note="建好后在个人页面设置一次性密码",
        path=PAGE,
        controls=sorted(made, key=lambda control: order.index(control.name)),
        button="新增",
        explained="",
        danger=False,
    )


@routes.post(PAGE)
async def added(request: web.Request) -> web.Response:
    """A new account; leads to its page."""
    actor = permit(request, KEEP)
    given = await forms.posted(request, people.NewPerson)
    try:
        made = await people.add(forms.parse(people.NewPerson, given), by=actor)
    except Invalid as error:
        return await _new(request, actor, given, error)
    return go(request, f"{PAGE}/{made}", "账号已建立，请设置一次性密码或发放绑定码")


@routes.get(PAGE + "/{id:\\d+}")
async def one(request: web.Request) -> web.Response:
    """All about one person."""
    actor = permit(request, KEEP)
    return await page_of(request, actor, number(request.match_info["id"]) or 0)


async def page_of(request: web.Request, actor: Actor, staff_id: int, **more: Any) -> web.Response:
    """The person's page; `more` may carry what is shown once (a password, a code)."""
    line = await people_found.one(staff_id, by=actor)
    tree, person = await queries.tree(), await queries.person(staff_id)
    card = await login_past.card(line.id, line.number)
    return await show(
        request,
        "console/people/page.html",
        line=line,
        person=person,
        phone=mask_phone(person.phone) if person.phone else "",
        planned=await people_found.planned(staff_id),
        asked=await confirming.of_person(staff_id, by=actor),
        stretches=await people_found.stretches(staff_id),
        reaches={post.unit_id: REACHES[tree.unit(post.unit_id).kind] for post in line.posts},
        second=await second.standing(staff_id),
        sessions=[one for one in card.entries if one.live],
        card=card,
        work=await handing_over.open_of(staff_id),
        tone=tone(line),
        own=actor.staff_id == staff_id,
        **{"password": "", "code": "", **more},
    )


def tone(line: Line) -> tuple[str, str]:
    """The state of an account in one word, and its tone."""
    if not line.active:
        return "已停用", "wait"
    if line.held:
        return "已冻结", "late"
    if line.locked:
        return "已锁定", "late"
    return ("未设密码", "todo") if not line.has_password else ("在用", "good")

"""Names of departments in orders and in messages of other systems that lead to no unit: mapped with one press, or set
aside.
"""

from dataclasses import dataclass

from aiohttp import web

from console import pick
from console.page import go, number, permit, show
from console.units import PAGE
from core.actor import Actor, Permission
from core.errors import Invalid, NotFound, Refused
from patients.feeds import unknown_units as lost_names
from staff import queries, units_names, units_queries
from staff.units_names import BEGIN, OWN, NameGiven
from tickets import unknown_units
from tickets.sources import SOURCES

routes = web.RouteTableDef()
UNKNOWN = f"{PAGE}/unknown"


@routes.get(UNKNOWN)
async def unknown(request: web.Request) -> web.Response:
    """The list; `?ignored=1` shows what was set aside."""
    return await _unknown(request, permit(request, Permission.STAFF_MANAGE))


@dataclass(frozen=True, slots=True)
class Lost:
    """A name at a campus that leads to no unit, with what uses it and the units it may mean as (id, label)."""

    name: str
    site: str
    orders: unknown_units.Unknown | None
    messages: lost_names.Unknown | None
    likely: tuple[tuple[int, str], ...]

    @property
    def uses(self) -> int:
        """Orders that use it and messages that wait for it."""
        return (self.orders.count if self.orders else 0) + (self.messages.waiting if self.messages else 0)


async def lost(*, ignored: bool = False) -> list[Lost]:
    """The names that lead to no unit, those used most first. What is ignored is ignored in orders: a message waits on."""
    orders = {(one.name, one.site): one for one in await unknown_units.listed(ignored=ignored)}
    messages = {} if ignored else {(one.name, one.site): one for one in await lost_names.listed()}
    tree = await queries.tree()
    found = [
        Lost(
            *key,
            orders.get(key),
            messages.get(key),
            tuple((unit_id, tree.label(unit_id)) for unit_id in units_queries.likely(tree, *key)),
        )
        for key in orders.keys() | messages.keys()
    ]
    return sorted(found, key=lambda one: (-one.uses, one.name, one.site))


async def _unknown(request: web.Request, by: Actor, fault: str = "", at: str = "") -> web.Response:
    ignored = "ignored" in request.query
    return await show(
        request,
        "console/units/unknown.html",
        status=422 if fault else 200,
        found=await lost(ignored=ignored),
        ignored=ignored,
        units=await pick.units(by, Permission.STAFF_MANAGE),
        sources={name: source.label for name, source in SOURCES.items()},
        may_cases=by.can(Permission.CASE_READ),
        may_feeds=by.can(Permission.MACHINE_OPERATE),
        fault=fault,
        at=at,
    )


@routes.post(UNKNOWN)
async def mapped(request: web.Request) -> web.Response:
    """Have a name lead to a unit; what waits for it goes on by the event."""
    by = permit(request, Permission.STAFF_MANAGE)
    data = await request.post()
    name, site = str(data.get("name", "")), str(data.get("site", ""))
    unit_id = number(str(data.get("unit", "")))
    orders, messages = await unknown_units.seen(name, site), await lost_names.waiting(name, site)
    if not orders and not messages:
        raise NotFound("没有这个名称，可能已由他人处理")
    try:
        if unit_id is None:
            raise Invalid("请选择科室")
        await units_names.add_name(NameGiven(unit_id, OWN, "", name, BEGIN), by=by)
    except (Invalid, Refused) as error:
        return await _unknown(request, by, error.message, f"{site}\n{name}")
    said = [
        *([f"涉及 {orders} 件来单，未派单的将自动派单"] if orders else []),
        *([f"{messages} 条搁置的接口消息正在重放"] if messages else []),
    ]
    label = (await queries.tree()).label(unit_id)
    return go(request, UNKNOWN, f"“{name}”已对应到“{label}”，{'；'.join(said)}")


@routes.post(UNKNOWN + "/{how:ignore|restore}")
async def ignored(request: web.Request) -> web.Response:
    """Set a name aside, or take that back."""
    by = permit(request, Permission.STAFF_MANAGE)
    data = await request.post()
    on = request.match_info["how"] == "ignore"
    await unknown_units.ignore(str(data.get("name", "")), str(data.get("site", "")), on=on, by=by)
    return go(request, UNKNOWN if on else f"{UNKNOWN}?ignored=1", "已忽略" if on else "已恢复到待对应名单")

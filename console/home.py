"""The home page: a person's modules in their own order; each module is loaded by itself."""

from dataclasses import dataclass

from aiohttp import web

from console.page import go, permit, show
from console.widgets import WIDGETS
from console.widgets.shapes import Widget
from core import clock, db
from core.actor import Actor
from core.errors import NotFound

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Placed:
    """A widget as this person has it."""

    widget: Widget
    hidden: bool


async def placed(actor: Actor) -> list[Placed]:
    """The widgets this person is offered, in their order; those they never moved stand last, in ours."""
    rows = await db.fetch(
        "select widget, position, hidden from home_module where staff_id = $1", actor.staff_id
    )
    kept = {row["widget"]: (row["position"], row["hidden"]) for row in rows}
    offered = [widget for widget in WIDGETS.values() if widget.offered(actor)]
    last = len(kept) + 1
    offered.sort(key=lambda widget: kept.get(widget.name, (last, False))[0])
    return [Placed(widget, kept.get(widget.name, (0, False))[1]) for widget in offered]


async def arrange(names: list[str], shown: set[str], *, by: Actor) -> None:
    """Keep the order `names` and show those in `shown`; a name that is no module of theirs is passed over."""
    offered = {widget.name for widget in WIDGETS.values() if widget.offered(by)}
    order = [name for name in dict.fromkeys(names) if name in offered]
    async with db.transaction():
        await db.execute("delete from home_module where staff_id = $1", by.staff_id)
        await db.executemany(
            "insert into home_module (staff_id, widget, position, hidden) values ($1, $2, $3, $4)",
            [(by.staff_id, name, at, name not in shown) for at, name in enumerate(order)],
        )


def greeting(hour: int) -> str:
    """What one says at this hour of the hospital's day."""
    if hour < 5:
        return "夜深了"
    if hour < 11:
        return "早上好"
    if hour < 13:
        return "中午好"
    return "下午好" if hour < 18 else "晚上好"


@routes.get("/")
async def home(request: web.Request) -> web.Response:
    """The modules this person has chosen."""
    actor = permit(request)
    at = clock.local(clock.now())
    return await show(
        request,
        "console/home.html",
        modules=[place.widget for place in await placed(actor) if not place.hidden],
        greeting=greeting(at.hour),
        today=at.date(),
    )


@routes.get("/home/arrange")
async def arranging(request: web.Request) -> web.Response:
    """The drawer in which modules are shown, hidden and moved."""
    actor = permit(request)
    return await show(request, "console/arrange.html", placed=await placed(actor))


@routes.post("/home/arrange")
async def arranged(request: web.Request) -> web.Response:
    """Keep the order in which `order` came, and which were ticked."""
    actor = permit(request)
    data = await request.post()
    await arrange(
        [str(name) for name in data.getall("order", [])],
        {str(name) for name in data.getall("shown", [])},
        by=actor,
    )
    return go(request, "/", "首页已保存")


@routes.get("/home/{name}")
async def module(request: web.Request) -> web.Response:
    """The content of one module."""
    actor = permit(request)
    widget = WIDGETS.get(request.match_info["name"])
    if widget is None or not widget.offered(actor):
        raise NotFound
    content = await widget.load(actor)
    return await show(request, content.template, content=content, widget=widget)

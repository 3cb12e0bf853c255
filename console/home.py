"""The home page: a person's modules in their own order and sizes; each module is loaded by itself."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiohttp import web

from console.page import go, is_part, permit, show
from console.widgets import WIDGETS
from console.widgets.shapes import SIZES, Size, Widget
from core import clock, db
from core.actor import Actor
from core.errors import Fault, Invalid, NotFound
from core.web import json_answer
from im import queries as rooms

routes = web.RouteTableDef()
SIZE = "size."  # before a module's name: how large it is


@dataclass(frozen=True, slots=True)
class Placed:
    """A widget as this person has it."""

    widget: Widget
    hidden: bool
    size: Size


async def offered(actor: Actor) -> list[Widget]:
    """The widgets this person may have, in our order."""
    return [widget for widget in WIDGETS.values() if await widget.offered(actor)]


async def placed(actor: Actor) -> list[Placed]:
    """The widgets this person is offered, in their order; those they never moved stand last, in ours."""
    rows = await db.fetch(
        "select widget, position, hidden, size from home_module where staff_id = $1", actor.staff_id
    )
    kept = {row["widget"]: row for row in rows}
    found = await offered(actor)
    found.sort(key=lambda widget: kept[widget.name]["position"] if widget.name in kept else len(kept) + 1)
    return [
        Placed(widget, kept[widget.name]["hidden"], kept[widget.name]["size"] or widget.size)
        if widget.name in kept
        else Placed(widget, hidden=False, size=widget.size)
        for widget in found
    ]


async def arrange(
    names: Collection[str], shown: Collection[str], sizes: Mapping[str, str], *, by: Actor
) -> None:
    """Keep the order `names`, show those in `shown`, in these sizes; a name that is no module of theirs is passed over.

    Raises:
        Invalid: a size that does not exist.
    """
    for name, size in sizes.items():
        if size not in SIZES:
            reason = f"只能是{'、'.join(SIZES.values())}"
            raise Invalid(
                reason, details=[Fault(field=f"{SIZE}{name}", label="大小", reason=reason, value=size[:20])]
            )
    own = {widget.name: widget for widget in await offered(by)}
    order = [own[name] for name in dict.fromkeys(names) if name in own]
    async with db.transaction():
        await db.execute("select 1 from staff where id = $1 for update", by.staff_id)
        await db.execute("delete from home_module where staff_id = $1", by.staff_id)
        await db.executemany(
            "insert into home_module (staff_id, widget, position, hidden, size) values ($1, $2, $3, $4, $5)",
            [
                (
                    by.staff_id,
                    widget.name,
                    at,
                    widget.name not in shown,
                    "" if (size := sizes.get(widget.name, "")) == widget.size else size,
                )
                for at, widget in enumerate(order)
            ],
        )


async def reset(*, by: Actor) -> None:
    """Back to how everybody begins."""
    await db.execute("delete from home_module where staff_id = $1", by.staff_id)


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
    """The modules this person has chosen; with `?arrange=1` they can be moved, sized, hidden and shown."""
    actor = permit(request)
    at = clock.local(clock.now())
    found = await placed(actor)
    return await show(
        request,
        "console/home_arrange.html" if request.query.get("arrange") == "1" else "console/home.html",
        modules=[place for place in found if not place.hidden],
        hidden=[place for place in found if place.hidden],
        sizes=SIZES,
        greeting=greeting(at.hour),
        today=at,
    )


@routes.post("/home/arrange")
async def arranged(request: web.Request) -> web.Response:
    """Keep the order in which `order` came, which are shown, and their sizes; asked by the page itself it answers nothing."""
    actor = permit(request)
    data = await request.post()
    await arrange(
        [str(name) for name in data.getall("order", [])],
        {str(name) for name in data.getall("shown", [])},
        {name.removeprefix(SIZE): str(value) for name, value in data.items() if name.startswith(SIZE)},
        by=actor,
    )
    return web.Response(status=204) if is_part(request) else go(request, "/", "首页已保存")


@routes.post("/home/reset")
async def resetting(request: web.Request) -> web.Response:
    """Everything as it was in the beginning."""
    await reset(by=permit(request))
    return go(request, "/?arrange=1", "首页已恢复默认")


@routes.get("/menu/unread")
async def unread(request: web.Request) -> web.Response:
    """How many chat messages are unread, for the menu; asked every minute without keeping the session alive."""
    total, _ = await rooms.waiting(by=permit(request))
    return json_answer({"unread": total})


@routes.get("/home/{name}")
async def module(request: web.Request) -> web.Response:
    """The content of one module."""
    actor = permit(request)
    widget = WIDGETS.get(request.match_info["name"])
    if widget is None or not await widget.offered(actor):
        raise NotFound
    content = await widget.load(actor)
    return await show(request, content.template, content=content, widget=widget)

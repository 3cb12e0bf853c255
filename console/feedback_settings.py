"""The tree of categories of feedback with who answers for each.

Added to, renamed, disabled; never deleted.
"""

from aiohttp import web

from console.page import go, number, permit, show
from core.actor import Permission
from core.errors import Invalid
from tickets.feedback import categories
from tickets.feedback.categories import Category

routes = web.RouteTableDef()
PATH = "/settings/categories"


@routes.get(PATH)
async def listed(request: web.Request) -> web.Response:
    """The tree."""
    permit(request, Permission.FORM_MANAGE)
    tree = await categories.tree()
    return await show(
        request,
        "console/feedback/categories.html",
        tree=_in_order(tree),
    )


def _in_order(tree: list[Category]) -> list[Category]:
    """Each category right before those below it."""
    below: dict[int | None, list[Category]] = {}
    for one in tree:
        below.setdefault(one.parent_id, []).append(one)

    def walk(parent: int | None) -> list[Category]:
        return [each for one in below.get(parent, ()) for each in (one, *walk(one.id))]

    return walk(None)


@routes.get(f"{PATH}/edit")
async def editing(request: web.Request) -> web.Response:
    """The drawer for a new category (`?parent=`) or a known one (`?id=`)."""
    permit(request, Permission.FORM_MANAGE)
    return await _drawer(request, "")


async def _drawer(request: web.Request, fault: str, status: int = 200) -> web.Response:
    known = {one.id: one for one in await categories.tree()}
    chosen = known.get(number(request.query.get("id", "")) or 0)
    parent = known.get(number(request.query.get("parent", "")) or 0)
    return await show(
        request, "console/feedback/category.html", status=status, one=chosen, parent=parent, fault=fault
    )


@routes.post(f"{PATH}/edit")
async def edited(request: web.Request) -> web.Response:
    """Add or change one; what does not fit is told in the drawer."""
    actor = permit(request, Permission.FORM_MANAGE)
    data = await request.post()
    name, unit = str(data.get("name", "")), str(data.get("function_unit", ""))
    known = number(request.query.get("id", ""))
    try:
        if known is None:
            await categories.add(name, number(request.query.get("parent", "")), unit, by=actor)
        else:
            await categories.change(known, name, unit, by=actor)
    except Invalid as error:
        return await _drawer(request, error.message, error.status)
    return go(request, PATH, f"已保存：{' '.join(name.split())}")


@routes.post(f"{PATH}/{{id:\\d+}}/{{on:on|off}}")
async def switched(request: web.Request) -> web.Response:
    """Offer a category, or no longer."""
    actor = permit(request, Permission.FORM_MANAGE)
    on = request.match_info["on"] == "on"
    await categories.enable(number(request.match_info["id"]) or 0, on=on, by=actor)
    return go(request, PATH, "已启用" if on else "已停用，旧诉求仍保留此分类")

"""What a form lets one choose from: units by site, and people found as one types; changes nothing."""

from aiohttp import web

from console.page import permit, show
from core.actor import Actor, Permission
from staff import queries

routes = web.RouteTableDef()
MOST = 12


async def units(by: Actor, permission: Permission | None = None) -> list[tuple[str, str]]:
    """Departments and wards as (id, "东院区 · 心内科"); of the whole group, or where the permission is held."""
    tree = await queries.tree()
    scopes = ("/",) if permission is None else by.scope(permission)
    return [
        (str(unit.id), tree.label(unit.id))
        for unit in tree.below()
        if unit.kind in ("department", "ward") and unit.path.startswith(scopes)
    ]


@routes.get("/pick/people")
async def people(request: web.Request) -> web.Response:
    """Staff whose name or number begins with `q`, as radio buttons named `name`; at most a dozen."""
    permit(request)
    words = request.query.get("q", "").strip()[:40]
    found = await queries.find_people(words, limit=MOST) if words else []
    tree = await queries.tree()
    rows = []
    for person in found:
        posts = await queries.posts(person.id)
        rows.append((person, tree.label(posts[0].unit_id) if posts else ""))
    name = "".join(sign for sign in request.query.get("name", "staff_id") if sign.isalnum() or sign == "_")
    return await show(request, "components/people.html", people=rows, name=name, words=words)

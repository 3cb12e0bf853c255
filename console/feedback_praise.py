"""The praise wall: what patients said of the departments in one's reach."""

from aiohttp import web

from console.page import number, permit, show
from core.actor import Permission
from tickets.feedback import queries

routes = web.RouteTableDef()


@routes.get("/praise")
async def wall(request: web.Request) -> web.Response:
    """The latest praise; of one department with `?unit=`."""
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    found = await queries.praise(actor, number(request.query.get("unit", "")))
    return await show(request, "console/feedback/praise.html", found=found)

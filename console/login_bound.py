"""A person's certificates as who keeps their account sees them; they are bound by nobody but the person."""

from aiohttp import web

from console.page import go, number, permit, show
from core.actor import Actor, Permission
from core.errors import NotFound
from staff import queries
from staff.actions import manages
from staff.login import certificate_binding

routes = web.RouteTableDef()
PAGE = r"/settings/staff/{id:\d+}/certificates"


async def _person(request: web.Request) -> tuple[Actor, queries.Person]:
    actor = permit(request, Permission.ACCOUNT_MANAGE)
    staff_id = number(request.match_info["id"])
    if staff_id is None:
        raise NotFound
    await manages(actor, staff_id)
    return actor, await queries.person(staff_id)


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """The page."""
    _, person = await _person(request)
    bound = await certificate_binding.of_staff(person.id)
    return await show(request, "console/login_bound.html", person=person, certificates=bound)


@routes.post(PAGE + r"/{certificate:\d+}/unbind")
async def unbind(request: web.Request) -> web.Response:
    """Untie one of them: the phone is lost, or the person has left."""
    actor, person = await _person(request)
    wanted = number(request.match_info["certificate"])
    if wanted is None:
        raise NotFound
    await certificate_binding.unbind(person.id, wanted, by=actor)
    return go(request, f"/settings/staff/{person.id}/certificates", "证书已解除绑定")

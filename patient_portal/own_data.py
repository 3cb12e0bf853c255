"""The copy of one's own data, fetched once by a link of one's own after a second proof. Packs and decides nothing."""

from aiohttp import web

from core.actor import Actor, ActorKind, Door
from core.downloads import attachment
from core.errors import Invalid
from core.web import client_address
from patient_portal.forms import told, typed
from patient_portal.page import show
from tickets.privacy import delivering

routes = web.RouteTableDef()


async def _page(request: web.Request, error: Invalid | None = None) -> web.Response:
    token = request.match_info["token"]
    offer = await delivering.offered(token)
    return await show(
        request,
        "portal/own_data.html",
        status=error.status if error else 200,
        token=token,
        by_birth=offer.by_birth,
        **told(error),
    )


@routes.get("/p/d/{token}")
async def asked(request: web.Request) -> web.Response:
    """The page that asks for the proof."""
    return await _page(request)


@routes.post("/p/d/{token}")
async def taken(request: web.Request) -> web.Response:
    """The package, once."""
    given = await typed(request)
    by = Actor(ActorKind.PATIENT, None, "申请人本人", Door.PORTAL, (), client_address(request))
    try:
        file, data = await delivering.take(request.match_info["token"], given.get("proof", ""), by=by)
    except Invalid as error:
        return await _page(request, error)
    return attachment(file.name, data, "application/zip")

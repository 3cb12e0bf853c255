"""What stands before every address of the patients' side: its own errors, its own headers, the name of the device.

Pages of other packages never come through here. Asks for no log-in by itself: `visitor.require` is each page's word.
"""

from collections.abc import Iterable
from urllib.parse import quote

from aiohttp import hdrs, web

from core.errors import HuiyinError, NotFound, Unauthenticated
from core.settings import settings
from core.web import Handler, wants_json
from patient_portal.agreeing import asked_first
from patient_portal.page import go, refused
from patient_portal.sitting import START
from patient_portal.visitor import load, name_device


def guarded(handler: Handler, *, signed_in: bool) -> Handler:
    """`handler` with errors told in the look of this side. `signed_in`: load the session first, and check its token."""

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            if signed_in and asked_first(await load(request), _here(request).partition("?")[0]):
                response: web.StreamResponse = _agree(request)
            else:
                response = await handler(request)
        except HuiyinError as error:
            if wants_json(request):
                raise
            response = (
                _sign_in(request) if isinstance(error, Unauthenticated) else await refused(request, error)
            )
        if not wants_json(request) and not response.prepared:
            name_device(request, response)
        return response

    return answered


async def nowhere(_: web.Request) -> web.StreamResponse:
    """An address of this side that leads nowhere; the last of the routes.

    Raises:
        NotFound: always.
    """
    raise NotFound("没有这个页面")


def _here(request: web.Request) -> str:
    return request.path_qs.removeprefix(settings().path_prefix)


def _agree(request: web.Request) -> web.Response:
    """To the text that is agreed to first, and from there on to the page that was wanted."""
    return go(
        f"/p/agree?next={quote(_here(request), safe='/')}" if request.method == hdrs.METH_GET else "/p/agree"
    )


def _sign_in(request: web.Request) -> web.Response:
    here = _here(request)
    if here.startswith("/kiosk/"):
        return go(START)
    wanted = f"?next={quote(here, safe='/')}" if request.method == hdrs.METH_GET and here != "/p/" else ""
    return go(f"/p/sign-in{wanted}")


def behind(routes: Iterable[web.AbstractRouteDef], *, signed_in: bool = True) -> list[web.RouteDef]:
    """The routes with what stands before them."""
    return [
        web.RouteDef(one.method, one.path, guarded(one.handler, signed_in=signed_in), one.kwargs)
        for one in routes
        if isinstance(one, web.RouteDef)
    ]

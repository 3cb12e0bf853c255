"""Proving again that it is oneself before what must not be done from a screen that was left open (ASVS 4.0 3.7.1).

`asking_again` stands before the addresses of gates.GUARDED: a session whose owner gave no password, code or certificate
for some minutes is led here, gets a new token, and goes back to the page it came from. Checks nothing itself.
"""

from collections.abc import Sequence
from re import Pattern
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from yarl import URL

from console.login_page import safe_next
from console.page import go, is_part, permit, show
from core.actor import Actor
from core.errors import Forbidden, Invalid, TooMany, Unauthenticated
from core.settings import settings
from core.web import Handler, wants_json
from staff import proving, sessions
from staff.sessions import COOKIE, set_cookie

routes = web.RouteTableDef()
PAGE = "/account/prove"
FIRST = "这一步须先确认是您本人，确认后请再操作一次"


def asking_again(paths: Sequence[tuple[frozenset[str], Pattern[str]]]) -> Middleware:
    """The middleware; it stands within that of the sessions."""

    @web.middleware
    async def asked(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix(settings().path_prefix)
        if any(request.method in methods and pattern.match(path) for methods, pattern in paths):
            at = sessions.proven_at(request)
            if at is not None and not await proving.fresh(at):
                if wants_json(request):
                    raise Forbidden(FIRST)
                return go(request, f"{PAGE}?next={quote(_from(request), safe='/')}", FIRST)
        return await handler(request)

    return asked


def _from(request: web.Request) -> str:
    """The page on which it was pressed."""
    if request.method == hdrs.METH_GET and not is_part(request):
        return safe_next(request.path_qs)
    given = request.headers.get("HX-Current-URL") or request.headers.get(hdrs.REFERER, "")
    try:
        return safe_next(URL(given).path_qs) if given else "/"
    except ValueError:
        return "/"


def _me(request: web.Request) -> tuple[Actor, int]:
    actor = permit(request)
    if actor.staff_id is None:
        raise Forbidden
    return actor, actor.staff_id


@routes.get(PAGE)
async def page(request: web.Request) -> web.Response:
    """The form."""
    return await _page(request, request.query.get("next", "/"))


async def _page(request: web.Request, wanted: str, fault: str = "", status: int = 200) -> web.Response:
    _, staff_id = _me(request)
    asks = await proving.asks(staff_id)
    return await show(
        request,
        "console/prove.html",
        status=status,
        asks=asks.value,
        next=safe_next(wanted),
        fault=fault,
        minutes=await proving.minutes(),
    )


@routes.post(PAGE)
async def proven(request: web.Request) -> web.Response:
    """A code or the password; the session goes on under a new token."""
    actor, _ = _me(request)
    data = await request.post()
    wanted, typed = str(data.get("next", "/")), str(data.get("typed", ""))[:200]
    try:
        token = await proving.prove(typed, request.cookies.get(COOKIE, ""), by=actor)
    except (Invalid, Unauthenticated, TooMany) as error:
        return await _page(request, wanted, error.message, 422)
    response = go(request, safe_next(wanted), "已确认是您本人，请继续")
    set_cookie(response, token)
    return response

"""The door: log-in by staff number and password, log-out. Proves nobody (staff.login does) and locks nobody."""

from aiohttp import web

from console.page import go, show
from core.errors import Invalid, TooMany, Unauthenticated
from core.settings import settings
from core.web import client_address
from staff.actions import sign_in, sign_out
from staff.sessions import COOKIE, clear_cookie, present, require, set_cookie

routes = web.RouteTableDef()


def safe_next(wanted: str) -> str:
    """Where to go after log-in: a page of ours (without the prefix), "/" for anything else."""
    prefix = settings().path_prefix
    path = wanted.removeprefix(prefix) if prefix and wanted.startswith(f"{prefix}/") else wanted
    plain = path.isprintable() and "\\" not in path and not path.startswith("//")
    return path if plain and path.startswith("/") and not path.startswith("/login") else "/"


@routes.get("/login")
async def form(request: web.Request) -> web.StreamResponse:
    """The log-in page; who is signed in already goes on."""
    wanted = safe_next(request.query.get("next", "/"))
    if present(request) is not None:
        return go(request, wanted)
    return await show(request, "console/login.html", number="", next=wanted, error=None, faults={})


@routes.post("/login")
async def enter(request: web.Request) -> web.StreamResponse:
    """Prove who one is; what was wrong is told on the same page, the password is never sent back."""
    data = await request.post()
    given = {name: value for name, value in data.items() if isinstance(value, str)}
    wanted = safe_next(given.get("next", "/"))
    agent = request.headers.get("User-Agent", "")
    try:
        entered = await sign_in(given, address=client_address(request), agent=agent)
    except (Invalid, Unauthenticated, TooMany) as error:
        return await show(
            request,
            "console/login.html",
            status=error.status,
            number=given.get("number", "")[:40],
            next=wanted,
            error=error,
            faults={
                fault.field: fault.reason if given.get(fault.field) else "请填写" for fault in error.details
            },
        )
    response = go(request, wanted)
    set_cookie(response, entered.token)
    return response


@routes.post("/logout")
async def leave(request: web.Request) -> web.StreamResponse:
    """End the session."""
    actor = require(request)
    await sign_out(request.cookies.get(COOKIE, ""), by=actor)
    response = go(request, "/login", "您已安全退出")
    clear_cookie(response)
    return response

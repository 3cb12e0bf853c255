"""What every way of logging in shares: the page of the door, the second step, the cookies, the way on.

Proves nobody; each way's own addresses lie in `login*.py` beside it.
"""

from urllib.parse import quote

from aiohttp import web

from console.page import go, show
from core.errors import Fault, HuiyinError, TooMany
from core.settings import settings
from core.web import client_address
from integrations import ca, wecom
from staff import sessions
from staff.entering import PENDING_LIVES, Pending, SignedIn
from staff.login import captcha
from staff.login.asking import Asks
from staff.sessions import COOKIE, SETTLE, set_cookie

PENDING = "huiyin_pending"
NOTICES = "/account/notices"


def safe_next(wanted: str) -> str:
    """Where to go after log-in: a page of ours (without the prefix), "/" for anything else."""
    prefix = settings().path_prefix
    path = wanted.removeprefix(prefix) if prefix and wanted.startswith(f"{prefix}/") else wanted
    plain = path.isprintable() and "\\" not in path and not path.startswith("//")
    return path if plain and path.startswith("/") and not path.startswith("/login") else "/"


def quoted(path: str) -> str:
    """A path as the value of `next` in an address."""
    return quote(path, safe="/")


def inside_wecom(request: web.Request) -> bool:
    """Whether the browser is the one of the WeCom client."""
    return "wxwork" in request.headers.get("User-Agent", "").lower()


def keep(response: web.Response, name: str, value: str, seconds: int) -> None:
    """Give the browser a cookie of the door."""
    response.set_cookie(
        name,
        value,
        path=settings().path_prefix or "/",
        max_age=seconds,
        httponly=True,
        samesite="Lax",  # WeCom leads back from its own site
        secure=settings().public_url.startswith("https://"),
    )


def forget(response: web.Response, name: str) -> None:
    """Take a cookie of the door away."""
    response.del_cookie(name, path=settings().path_prefix or "/")


async def door(
    request: web.Request,
    wanted: str,
    *,
    number: str = "",
    error: HuiyinError | None = None,
    typed: frozenset[str] = frozenset(),
    note: str = "",
) -> web.Response:
    """The page with all ways; `note` is said calmly, `error` is not. Asks a captcha where failures ask for one."""
    asked = None
    if await captcha.needed(number, client_address(request)):
        try:
            asked = await captcha.ask(client_address(request))
        except TooMany as many:
            error = many
    return await show(
        request,
        "console/login.html",
        status=error.status if error else 200,
        number=number,
        next=wanted,
        error=error,
        note=note,
        captcha=asked,
        faults=_faults(error.details if error else (), typed),
        by_wecom=wecom.configured(),
        inside=inside_wecom(request),
        by_ca=ca.configured(),
    )


def _faults(details: tuple[Fault, ...], typed: frozenset[str]) -> dict[str, str]:
    return {
        fault.field: fault.reason if fault.field in typed or fault.field == captcha.FIELD else "请填写"
        for fault in details
    }


async def on(request: web.Request, entered: SignedIn | Pending, wanted: str) -> web.Response:
    """The way on: to the second step, to what must be put right, to what happened with the account, or to the page that
    was wanted. The session that this browser had before ends: two people at one computer are two sessions."""
    if isinstance(entered, Pending):
        response = go(request, f"/login/second?next={quoted(wanted)}")
        keep(response, PENDING, entered.token, int(PENDING_LIVES.total_seconds()))
        return response
    if before := request.cookies.get(COOKIE, ""):
        await sessions.end(before)
    response = go(request, SETTLE if entered.limited else NOTICES if entered.noticed else wanted)
    set_cookie(response, entered.token)
    forget(response, PENDING)
    return response


async def second(
    request: web.Request, wanted: str, asks: Asks, error: HuiyinError | None = None
) -> web.Response:
    """The page that asks for a code or for the password."""
    return await show(
        request,
        "console/login_second.html",
        status=error.status if error else 200,
        next=wanted,
        error=error,
        password=asks is Asks.PASSWORD,
    )

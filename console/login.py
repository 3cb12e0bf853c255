"""The door: log-in by staff number and password, the captcha, the second step, log-out. Proves and locks nobody itself."""

from aiohttp import web

from console.page import go, show
from core.errors import HuiyinError, Invalid, TooMany, Unauthenticated
from core.settings import settings
from core.web import client_address
from staff.entering import PENDING_LIVES, Pending, SignedIn, finish, sign_in, sign_out
from staff.login import captcha
from staff.sessions import COOKIE, SETTLE, clear_cookie, present, require, set_cookie

routes = web.RouteTableDef()
PENDING = "huiyin_pending"


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
    return await _door(request, "", wanted)


async def _door(
    request: web.Request,
    number: str,
    wanted: str,
    error: HuiyinError | None = None,
    typed: frozenset[str] = frozenset(),
) -> web.Response:
    """The form, with a captcha where failures ask for one."""
    asked = await captcha.ask() if await captcha.needed(number, client_address(request)) else None
    return await show(
        request,
        "console/login.html",
        status=error.status if error else 200,
        number=number,
        next=wanted,
        error=error,
        captcha=asked,
        faults={
            fault.field: fault.reason if fault.field in typed or fault.field == captcha.FIELD else "请填写"
            for fault in (error.details if error else ())
        },
    )


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
        typed = frozenset(name for name, text in given.items() if text)
        return await _door(request, given.get("number", "").strip()[:40], wanted, error, typed)
    if isinstance(entered, Pending):
        return await _second(request, wanted, entered.token)
    return _in(request, entered, wanted)


def _in(request: web.Request, entered: SignedIn, wanted: str) -> web.Response:
    response = go(request, SETTLE if entered.limited else wanted)
    set_cookie(response, entered.token)
    response.del_cookie(PENDING, path=settings().path_prefix or "/")
    return response


async def _second(
    request: web.Request, wanted: str, token: str = "", error: HuiyinError | None = None
) -> web.Response:
    """The page that asks for a code; the proof of the first step travels in a cookie, not in the page."""
    response = await show(
        request, "console/login_second.html", status=error.status if error else 200, next=wanted, error=error
    )
    if token:
        response.set_cookie(
            PENDING,
            token,
            path=settings().path_prefix or "/",
            max_age=int(PENDING_LIVES.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=settings().public_url.startswith("https://"),
        )
    return response


@routes.post("/login/second")
async def second_step(request: web.Request) -> web.StreamResponse:
    """A code of the app or a recovery code opens the session."""
    data = await request.post()
    wanted = safe_next(str(data.get("next", "/")))
    token = request.cookies.get(PENDING, "")
    if not token:
        return go(request, "/login", "登录已超时，请重新输入工号和密码")
    agent = request.headers.get("User-Agent", "")
    try:
        entered = await finish(
            token, str(data.get("code", ""))[:40], address=client_address(request), agent=agent
        )
    except (Unauthenticated, TooMany) as error:
        return await _second(request, wanted, error=error)
    return _in(request, entered, wanted)


@routes.get("/login/captcha/{token}.png")
async def picture(request: web.Request) -> web.Response:
    """The digits to be read."""
    drawn = await captcha.picture(request.match_info["token"])
    return web.Response(body=drawn, content_type="image/png", headers={"Cache-Control": "no-store"})


@routes.get("/login/captcha/{token}.wav")
async def sound(request: web.Request) -> web.Response:
    """The digits to be heard."""
    spoken = await captcha.sound(request.match_info["token"])
    return web.Response(body=spoken, content_type="audio/wav", headers={"Cache-Control": "no-store"})


@routes.get("/login/captcha")
async def another(request: web.Request) -> web.Response:
    """Another captcha, as a part of the page."""
    return await show(request, "console/login_captcha.html", captcha=await captcha.ask(), faults={})


@routes.post("/logout")
async def leave(request: web.Request) -> web.StreamResponse:
    """End the session."""
    actor = require(request)
    await sign_out(request.cookies.get(COOKIE, ""), by=actor)
    response = go(request, "/login", "您已安全退出")
    clear_cookie(response)
    return response

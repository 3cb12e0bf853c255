"""The door: log-in by staff number and password, the captcha, the second step, log-out. Proves and locks nobody itself."""

from aiohttp import web

from console import login_page as page
from console.login_page import PENDING, safe_next
from console.page import SAID, go, show
from core.errors import Invalid, TooMany, Unauthenticated
from core.web import client_address
from integrations import wecom
from staff.entering import TOO_LATE, asked, finish, sign_in, sign_out
from staff.login import captcha
from staff.sessions import COOKIE, clear_cookie, present, require

routes = web.RouteTableDef()


@routes.get("/login")
async def form(request: web.Request) -> web.StreamResponse:
    """The log-in page; who is signed in already goes on, and who is in WeCom is asked nothing (unless ?by=…)."""
    wanted = safe_next(request.query.get("next", "/"))
    if present(request) is not None:
        return go(request, wanted)
    asks_nothing = page.inside_wecom(request) and wecom.configured() and "by" not in request.query
    if asks_nothing and SAID not in request.cookies:  # who has just left does not come in again
        return go(request, f"/login/wecom?next={page.quoted(wanted)}")
    return await page.door(request, wanted)


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
        number = given.get("number", "").strip()[:40]
        return await page.door(request, wanted, number=number, error=error, typed=typed)
    return await page.on(request, entered, wanted)


@routes.get("/login/second")
async def second_page(request: web.Request) -> web.StreamResponse:
    """What is asked beside the first step; the proof of that travels in a cookie, not in the page."""
    wanted = safe_next(request.query.get("next", "/"))
    asks = await asked(request.cookies.get(PENDING, ""))
    return await page.second(request, wanted, asks) if asks else go(request, "/login?by=1", TOO_LATE)


@routes.post("/login/second")
async def second_step(request: web.Request) -> web.StreamResponse:
    """A code of the app, a recovery code, or the password opens the session."""
    data = await request.post()
    wanted = safe_next(str(data.get("next", "/")))
    token = request.cookies.get(PENDING, "")
    asks = await asked(token)
    if not asks:
        return go(request, "/login?by=1", TOO_LATE)
    agent = request.headers.get("User-Agent", "")
    try:
        entered = await finish(
            token, str(data.get("code", ""))[:200], address=client_address(request), agent=agent
        )
    except (Invalid, Unauthenticated, TooMany) as error:
        return await page.second(request, wanted, asks, error)
    return await page.on(request, entered, wanted)


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


@routes.post("/login/captcha")
async def another(request: web.Request) -> web.Response:
    """Another captcha, as a part of the page."""
    asked_for = await captcha.ask(client_address(request))
    return await show(request, "console/login_captcha.html", captcha=asked_for, faults={})


@routes.post("/logout")
async def leave(request: web.Request) -> web.StreamResponse:
    """End the session."""
    actor = require(request)
    await sign_out(request.cookies.get(COOKIE, ""), by=actor)
    response = go(request, "/login", "您已安全退出")
    clear_cookie(response)
    return response

"""The pages of signing in and out. Proves nobody: `entering` does. A session's token is always a new one."""

from urllib.parse import quote, unquote

from aiohttp import web

from core import audit
from core.errors import HuiyinError, Invalid, Refused, TooMany, Unauthenticated
from core.masks import mask_phone
from core.parameters import value
from integrations import wechat
from patient_portal import codes, entering, terminals, visitor
from patient_portal.codes import Purpose
from patient_portal.entering import From, origin
from patient_portal.forms import captcha_for, told, typed
from patient_portal.look import forget, keep
from patient_portal.page import FRAMES, go, safe_next, show
from patient_portal.sitting import START
from staff.login import captcha

routes = web.RouteTableDef()
CODE, BROWSER = "huiyin_code", "huiyin_wechat"
CODE_LIVES = int(codes.LIVES.total_seconds())
WAYS = ("phone", "identity")
PICTURE = {"Cache-Control": "no-store"}


def inside_wechat(request: web.Request) -> bool:
    """Whether the browser is WeChat's own (not WeCom's)."""
    agent = request.headers.get("User-Agent", "").lower()
    return "micromessenger" in agent and "wxwork" not in agent


async def come_from(request: web.Request) -> From:
    """Whence: with the terminal, where the screen is one of the hospital."""
    terminal = await terminals.here(request)
    return origin(request, terminal.id if terminal else None)


@routes.get("/p/sign-in")
async def door(request: web.Request) -> web.StreamResponse:
    """The ways in; who is in already goes on, and who is in WeChat is asked nothing (unless ?by=…)."""
    wanted = safe_next(request.query.get("next", ""))
    if visitor.present(request) is not None:
        return go(wanted)
    if inside_wechat(request) and wechat.configured() and "by" not in request.query:
        return go(f"/p/wechat?next={quote(wanted, safe='/')}")
    way = request.query.get("way", "")
    return await _door(request, way if way in WAYS else "phone", wanted)


async def _door(
    request: web.Request,
    way: str,
    wanted: str,
    *,
    given: dict[str, str] | None = None,
    error: HuiyinError | None = None,
) -> web.Response:
    come = await come_from(request)
    return await show(
        request,
        "portal/sign_in.html",
        status=error.status if error else 200,
        way=way,
        next=wanted,
        given=given or {},
        captcha_asked=await captcha_for(come),
        by_wechat=wechat.configured() and not come.terminal_id,
        tail=await value(entering.SECOND) == entering.TAIL,
        **told(error),
    )


@routes.post("/p/sign-in/phone")
async def ask_phone(request: web.Request) -> web.StreamResponse:
    """Send a code to the number typed, and go on to where it is typed."""
    given = await typed(request)
    wanted = safe_next(given.get("next", ""))
    if given.get("again"):
        return await _door(request, "phone", wanted, given=given)
    try:
        token = await entering.ask_for_phone(
            given.get("phone", ""), Purpose.ENTER, given, await come_from(request)
        )
    except (Invalid, TooMany) as error:
        return await _door(request, "phone", wanted, given=given, error=error)
    return _to_code(Purpose.ENTER, token, wanted)


@routes.post("/p/sign-in/identity")
async def ask_identity(request: web.Request) -> web.StreamResponse:
    """By ID number: a code to the registered phone, or its last digits, as the hospital has chosen."""
    given = await typed(request)
    wanted = safe_next(given.get("next", ""))
    if given.get("again"):
        return await _door(request, "identity", wanted, given=given)
    come = await come_from(request)
    try:
        if await value(entering.SECOND) == entering.TAIL:
            return await entered(request, await entering.by_identity_tail(given, come), wanted)
        token = await entering.ask_for_identity(given, come)
    except (Invalid, TooMany, Refused) as error:
        return await _door(request, "identity", wanted, given=given, error=error)
    return _to_code(Purpose.IDENTITY, token, wanted)


def _to_code(purpose: Purpose, token: str, wanted: str) -> web.Response:
    response = go(f"/p/sign-in/code?next={quote(wanted, safe='/')}")
    keep(response, CODE, f"{purpose}.{token}", seconds=CODE_LIVES)
    return response


def waited_for(request: web.Request) -> tuple[str, str]:
    """Purpose and token of the code this browser waits for; ("", "") for none."""
    purpose, _, token = request.cookies.get(CODE, "").partition(".")
    return (purpose, token) if purpose in list(Purpose) and token else ("", "")


@routes.get("/p/sign-in/code")
async def code_page(request: web.Request) -> web.StreamResponse:
    """Where the code is typed."""
    return await _code(request, safe_next(request.query.get("next", "")))


async def _code(request: web.Request, wanted: str, error: HuiyinError | None = None) -> web.Response:
    purpose, token = waited_for(request)
    if not purpose or not await codes.waits(token, Purpose(purpose)):
        return go(f"/p/sign-in?by=1&next={quote(wanted, safe='/')}", "验证码已失效，请重新获取")
    phone = await codes.sent_to(token) if purpose == Purpose.ENTER else ""
    return await show(
        request,
        "portal/sign_in_code.html",
        status=error.status if error else 200,
        next=wanted,
        phone=mask_phone(phone) if phone else "",
        way="phone" if purpose == Purpose.ENTER else "identity",
        **told(error),
    )


@routes.post("/p/sign-in/code")
async def enter_code(request: web.Request) -> web.StreamResponse:
    """The code opens the session."""
    given = await typed(request)
    wanted = safe_next(given.get("next", ""))
    purpose, token = waited_for(request)
    come = await come_from(request)
    try:
        if purpose == Purpose.ENTER:
            session = await entering.by_phone(token, given.get("code", ""), come)
        elif purpose == Purpose.IDENTITY:
            session = await entering.by_identity_code(token, given.get("code", ""), come)
        else:
            raise codes.wrong()
    except (Invalid, TooMany) as error:
        return await _code(request, wanted, error)
    response = await entered(request, session, wanted)
    forget(response, CODE)
    return response


async def entered(request: web.Request, session: str, wanted: str) -> web.Response:
    """The way on with a new session; the one before, if there was any, ends."""
    before = visitor.present(request)
    if before is not None:
        await visitor.end(before.session)
    come = await come_from(request)
    response = go("/kiosk/home" if come.terminal_id else wanted)
    framed = request.headers.get("Sec-Fetch-Dest") == "iframe" and bool(await value(FRAMES))
    visitor.set_cookie(response, session, framed=framed)
    return response


@routes.get("/p/captcha/{token}.png")
async def picture(request: web.Request) -> web.Response:
    """The digits to be read."""
    drawn = await captcha.picture(request.match_info["token"])
    return web.Response(body=drawn, content_type="image/png", headers=PICTURE)


@routes.get("/p/captcha/{token}.wav")
async def sound(request: web.Request) -> web.Response:
    """The digits to be heard."""
    spoken = await captcha.sound(request.match_info["token"])
    return web.Response(body=spoken, content_type="audio/wav", headers=PICTURE)


@routes.get("/p/wechat")
async def away(request: web.Request) -> web.StreamResponse:
    """To WeChat, to be known there without a word. Writes nothing."""
    wanted, browser = safe_next(request.query.get("next", "")), entering.new_browser()
    response = web.Response(
        status=303, headers={"Location": entering.wechat_address(browser), "Cache-Control": "no-store"}
    )
    seconds = int(entering.WECHAT_LIVES.total_seconds())
    keep(response, BROWSER, f"{browser}|{quote(wanted, safe='')}", seconds=seconds)
    return response


@routes.get(entering.WECHAT_BACK)
async def back(request: web.Request) -> web.StreamResponse:
    """From WeChat, with a code; without one it was not confirmed there."""
    browser, _, kept = request.cookies.get(BROWSER, "").partition("|")
    wanted = safe_next(unquote(kept))
    try:
        session = await entering.by_wechat(
            request.query.get("code", ""), request.query.get("state", ""), browser, await come_from(request)
        )
        response = await entered(request, session, wanted)
    except Unauthenticated as error:
        response = go(f"/p/sign-in?by=1&next={quote(wanted, safe='/')}", error.message)
    forget(response, BROWSER)
    return response


@routes.post("/p/sign-out")
async def leave(request: web.Request) -> web.StreamResponse:
    """End this session, or with `everywhere` every one of the account."""
    who = visitor.present(request)
    response = go(START if who and who.terminal_id else "/p/", "已安全退出")
    if who is not None:
        given = await typed(request)
        many = bool(given.get("everywhere")) and who.account_id is not None
        if many and who.account_id is not None:
            await visitor.end_everywhere(who.account_id)
        await visitor.end(who.session)
        await audit.record(who.actor, "portal.leave", "account", who.account_id, everywhere=many)
        visitor.clear_cookie(response)
    return response


@routes.post("/p/sign-in/again")
async def again(request: web.Request) -> web.StreamResponse:
    """Back to the first step, for another number or another code."""
    given = await typed(request)
    way = given.get("way") if given.get("way") in WAYS else "phone"
    response = go(f"/p/sign-in?by=1&way={way}&next={quote(safe_next(given.get('next', '')), safe='/')}")
    forget(response, CODE)
    return response

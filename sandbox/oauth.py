"""The log-in pages of WeCom and WeChat: choose who you are, go back with a one-use code.

In a real client the app knows who holds the phone; here a cast member is chosen, or remembered for a
minute when the page was opened from that person's phone in the sandbox. The desktop's page shows a QR code
that a phone scans: its own page (``/wecom/wwlogin/phone/…``) chooses or cancels, the desktop follows.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import segno
from aiohttp import web

from sandbox.page import render
from sandbox.state import OAuthCode
from sandbox.wire import token
from sandbox.world import WORLD, World

COOKIES: dict[str, str] = {"wecom": "sandbox_wecom", "wechat": "sandbox_wechat"}
MAX_STATE = 128
REMEMBERED_SECONDS = 60
SCAN_SECONDS = 300
KEPT_SCANS = 200


@dataclass
class Scan:
    """A QR code on a desktop: where its browser goes back to, and who has scanned it ("" nobody yet)."""

    target: str
    state: str
    until: float
    person: str = ""
    cancelled: bool = False


SCANS = web.AppKey("scans", dict[str, Scan])


async def wecom(request: web.Request) -> web.StreamResponse:
    """``oauth2/authorize`` of WeCom."""
    return _authorize(request, "wecom")


async def wecom_qr(request: web.Request) -> web.StreamResponse:
    """The desktop's ``wwlogin/sso/login``: a page of its own for each QR code; ``as`` answers at once."""
    world, scans, query = request.app[WORLD], request.app[SCANS], request.query
    if query.get("as"):
        return _authorize(request, "wecom")
    if query.get("login_type") != "CorpApp" or query.get("appid") != world.config.wecom_corp_id:
        raise web.HTTPBadRequest(text="login_type 或 appid 不正确")
    target, state = query.get("redirect_uri", ""), query.get("state", "")
    if urlsplit(target).scheme not in {"http", "https"} or len(state.encode()) > MAX_STATE:
        raise web.HTTPBadRequest(text="redirect_uri 或 state 参数错误")
    key = token()
    scans[key] = Scan(target, state, world.clock.now() + SCAN_SECONDS)
    while len(scans) > KEPT_SCANS:
        scans.pop(next(iter(scans)))
    raise web.HTTPFound(f"/wecom/wwlogin/scan/{key}")


def _scan(request: web.Request) -> Scan:
    scan = request.app[SCANS].get(request.match_info["key"])
    if scan is None or scan.until <= request.app[WORLD].clock.now():
        raise web.HTTPNotFound(text="二维码已过期，请返回重新获取")
    return scan


async def wecom_scan(request: web.Request) -> web.StreamResponse:
    """The desktop's page: asks itself again until somebody has scanned."""
    scan, world = _scan(request), request.app[WORLD]
    if scan.person:
        raise web.HTTPFound(_back(world, "wecom", scan.person, scan.target, scan.state, "snsapi_base"))
    if scan.cancelled:
        raise web.HTTPFound(_joined(scan.target, ("state", scan.state)))
    phone = f"{request.url.origin()}/wecom/wwlogin/phone/{request.match_info['key']}"
    picture = segno.make(phone, error="m").svg_data_uri(scale=5, border=2)
    return render("wecom_qr.html", phone=phone, picture=picture)


async def wecom_phone(request: web.Request) -> web.StreamResponse:
    """What the phone shows that has scanned the code."""
    scan, world = _scan(request), request.app[WORLD]
    person = request.query.get("as", "")
    if request.query.get("cancel"):
        scan.cancelled = True
        return render("wecom_scanned.html", words="已取消，电脑上没有登录。")
    if _known(world, "wecom", person):
        scan.person = person
        return render("wecom_scanned.html", words="已确认，请看电脑上的页面。")
    return _choose(world, "wecom", {}, cancel="?cancel=1")


async def wechat(request: web.Request) -> web.StreamResponse:
    """``connect/oauth2/authorize`` of the service account."""
    return _authorize(request, "wechat")


def _authorize(request: web.Request, system: Literal["wecom", "wechat"]) -> web.StreamResponse:
    world = request.app[WORLD]
    query = request.query
    expected = world.config.wecom_corp_id if system == "wecom" else world.config.wechat_app_id
    target, state = query.get("redirect_uri", ""), query.get("state", "")
    if query.get("appid") != expected:
        raise web.HTTPBadRequest(text="appid 不正确")
    if urlsplit(target).scheme not in {"http", "https"} or len(state.encode()) > MAX_STATE:
        raise web.HTTPBadRequest(text="redirect_uri 或 state 参数错误")
    person = query.get("as") or request.cookies.get(COOKIES[system], "")
    if _known(world, system, person):
        raise web.HTTPFound(_back(world, system, person, target, state, query.get("scope", "snsapi_base")))
    return _choose(world, system, dict(query))


def _choose(
    world: World, system: Literal["wecom", "wechat"], query: dict[str, str], cancel: str = ""
) -> web.Response:
    people = (
        [(m.userid, m.name, f"{m.department} {m.title}") for m in world.state.members.values() if m.active]
        if system == "wecom"
        else [(p.openid, p.name, p.phone) for p in world.state.patients.values()]
    )
    choices = [(f"?{urlencode({**query, 'as': key})}", name, detail) for key, name, detail in sorted(people)]
    title = "企业微信登录" if system == "wecom" else "微信授权登录"
    return render("authorize.html", title=title, system=system, choices=choices, cancel=cancel)


def _known(world: World, system: str, person: str) -> bool:
    return (world.member(person) if system == "wecom" else world.patient(person)) is not None


def _back(
    world: World, system: Literal["wecom", "wechat"], person: str, target: str, state: str, scope: str
) -> str:
    code = token("code")
    expires_at = world.clock.now() + world.config.oauth_code_seconds
    world.state.oauth_codes[code] = OAuthCode(
        system=system, person=person, expires_at=expires_at, scope=scope
    )
    return _joined(target, ("code", code), ("state", state))


def _joined(target: str, *more: tuple[str, str]) -> str:
    parts = urlsplit(target)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more])
    return urlunsplit(parts._replace(query=query))


async def open_as(request: web.Request) -> web.StreamResponse:
    """A link tapped on a phone of the sandbox: remember whose phone it was and go there."""
    world = request.app[WORLD]
    system, person, target = (request.query.get(name, "") for name in ("system", "person", "url"))
    if urlsplit(target).scheme not in {"http", "https"}:
        raise web.HTTPBadRequest(text="只能打开网页链接")
    response = web.HTTPFound(target)
    if system in COOKIES and _known(world, system, person):
        response.set_cookie(
            COOKIES[system], person, max_age=REMEMBERED_SECONDS, httponly=True, samesite="Lax"
        )
    raise response

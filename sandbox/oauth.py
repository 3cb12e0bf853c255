"""The log-in pages of WeCom and WeChat: choose who you are, go back with a one-use code.

In a real client the app knows who holds the phone; here a cast member is chosen, or remembered for a
minute when the page was opened from that person's phone in the sandbox.
"""

from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from sandbox.page import render
from sandbox.state import OAuthCode
from sandbox.wire import token
from sandbox.world import WORLD, World

COOKIES: dict[str, str] = {"wecom": "sandbox_wecom", "wechat": "sandbox_wechat"}
MAX_STATE = 128
REMEMBERED_SECONDS = 60


async def wecom(request: web.Request) -> web.StreamResponse:
    """``oauth2/authorize`` and the desktop's ``wwlogin/sso/login`` of WeCom."""
    return _authorize(request, "wecom")


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
    people = (
        [(m.userid, m.name, f"{m.department} {m.title}") for m in world.state.members.values() if m.active]
        if system == "wecom"
        else [(p.openid, p.name, p.phone) for p in world.state.patients.values()]
    )
    choices = [
        (f"?{urlencode({**dict(query), 'as': key})}", name, detail) for key, name, detail in sorted(people)
    ]
    title = "企业微信登录" if system == "wecom" else "微信授权登录"
    return render("authorize.html", title=title, system=system, choices=choices)


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
    parts = urlsplit(target)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("code", code), ("state", state)])
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

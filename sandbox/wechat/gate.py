"""The door of the service account's API: tokens and answers in the vendor's shape.

Sources: 获取稳定版接口调用凭据 (api_getstableaccesstoken), 获取 Access token. The plain call makes the
token before it invalid; the stable one does not.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic import BaseModel

from sandbox.state import Token
from sandbox.wecom.gate import Route, refuse
from sandbox.wire import Refusal, Reply, read, token
from sandbox.world import WORLD, World

FORCED_EVERY, FORCED_PER_DAY = 30.0, 20


class StableToken(BaseModel):
    """``stable_token``."""

    grant_type: str
    appid: str
    secret: str
    force_refresh: bool = False


def api(
    handler: Callable[[World, web.Request], Awaitable[Reply]], *, free: bool = False, bare: bool = False
) -> Route:
    """Wrap a handler: check the token unless ``free``; ``bare`` answers carry no errcode on success."""

    async def run(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        try:
            if not free:
                check_token(world, request.query.get("access_token", ""))
            reply = await handler(world, request)
        except Refusal as refusal:
            return refuse(refusal.errcode, f"{refusal.errmsg} rid: sandbox-{int(world.clock.now())}")
        return web.json_response(reply if bare else {"errcode": 0, "errmsg": "ok", **reply})

    return run


def check_token(world: World, given: str) -> None:
    """Raises 41001, 40001 (unknown, replaced or dead) or 42001 (expired)."""
    if not given:
        raise Refusal(41001, "access_token missing")
    known = world.state.tokens.get(given)
    if known is None or known.system != "wechat" or known.dead:
        raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
    if known.expires_at <= world.clock.now():
        raise Refusal(42001, "access_token expired")


def check_account(world: World, appid: str, secret: str, grant_type: str) -> None:
    """Raises 40002, 40013 or 40125."""
    if grant_type != "client_credential":
        raise Refusal(40002, "invalid grant_type")
    if appid != world.config.wechat_app_id:
        raise Refusal(40013, "invalid appid")
    if secret != world.config.wechat_secret:
        raise Refusal(40125, "invalid appsecret")


async def stable_token(world: World, request: web.Request) -> Reply:
    """The current token, or a new one when asked by force (20 a day, 30 s apart) or expired."""
    wanted = await read(request, StableToken)
    check_account(world, wanted.appid, wanted.secret, wanted.grant_type)
    current = world.state.current.get("wechat", "")
    known = world.state.tokens.get(current)
    now = world.clock.now()
    if known is not None and not known.dead and known.expires_at > now and not wanted.force_refresh:
        return {"access_token": current, "expires_in": int(known.expires_at - now)}
    if wanted.force_refresh:
        rules = ((FORCED_EVERY, 1), (86400.0, FORCED_PER_DAY))
        if not world.windows.allow("wechat-forced-token", *rules):
            raise Refusal(45009, "reach max api daily quota limit")
    return _fresh(world)


async def plain_token(world: World, request: web.Request) -> Reply:
    """A new token; the one before it stops working."""
    query = request.query
    check_account(world, query.get("appid", ""), query.get("secret", ""), query.get("grant_type", ""))
    old = world.state.tokens.get(world.state.current.get("wechat", ""))
    if old is not None:
        old.dead = True
    return _fresh(world)


def _fresh(world: World) -> Reply:
    value = token()
    seconds = world.config.token_seconds
    world.state.tokens[value] = Token(system="wechat", expires_at=world.clock.now() + seconds)
    world.state.current["wechat"] = value
    return {"access_token": value, "expires_in": seconds}

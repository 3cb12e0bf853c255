"""The door of WeCom's API: tokens, the corporation's quota, and answers in the vendor's shape.

Sources: 获取access_token (path 91039), 访问频率限制 (path 90454), 全局错误码 (path 90313).
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic import ValidationError

from sandbox.state import Token
from sandbox.wire import Refusal, Reply, describe, token
from sandbox.world import WORLD, World

Handler = Callable[[World, web.Request], Awaitable[Reply | web.StreamResponse]]
Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


def hint(world: World, request: web.Request) -> str:
    """The tail of every error message, as the vendor writes it."""
    return f"hint: [sandbox-{int(world.clock.now())}], from ip: {request.remote}"


def api(handler: Handler, *, free: bool = False) -> Route:
    """Wrap a handler: check token and quota first unless ``free``, answer refusals with HTTP 200."""

    async def run(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        try:
            count_call(world)
            if not free:
                check_token(world, request.query.get("access_token", ""))
            reply = await handler(world, request)
        except Refusal as refusal:
            return refuse(refusal.errcode, f"{refusal.errmsg}, {hint(world, request)}")
        except ValidationError as error:
            return refuse(*describe(error))
        if isinstance(reply, web.StreamResponse):
            return reply
        return web.json_response({"errcode": 0, "errmsg": "ok", **reply})

    return run


def refuse(errcode: int | str, errmsg: str) -> web.Response:
    """A refusal in WeCom's and WeChat's shape."""
    return web.json_response({"errcode": errcode, "errmsg": errmsg})


def count_call(world: World) -> None:
    """Spend one call of the corporation's quota; raises 45009 when there is none left."""
    rules = ((60.0, world.config.corp_per_minute), (3600.0, world.config.corp_per_hour))
    if not world.windows.admit("wecom-corp", *rules):
        world.feed.count("wecom.quota_refused")
        raise Refusal(45009, "api freq out of limit")


def check_token(world: World, given: str) -> None:
    """Raises 41001 without a token, 40014 for an unknown one, 42001 for one that has expired."""
    if not given:
        raise Refusal(41001, "access_token missing")
    known = world.state.tokens.get(given)
    if known is None or known.system != "wecom" or known.dead:
        raise Refusal(40014, "invalid access_token")
    if known.expires_at <= world.clock.now():
        raise Refusal(42001, "access_token expired")


async def gettoken(world: World, request: web.Request) -> Reply:
    """``GET gettoken?corpid&corpsecret``: the same token while it is good, else a new one."""
    config = world.config
    if request.query.get("corpid") != config.wecom_corp_id:
        raise Refusal(40013, "invalid corpid")
    if request.query.get("corpsecret") != config.wecom_secret:
        raise Refusal(40001, "invalid credential")
    now = world.clock.now()
    current = world.state.current.get("wecom", "")
    known = world.state.tokens.get(current)
    if known is None or known.dead or known.expires_at <= now:
        current = token()
        known = Token(system="wecom", expires_at=now + config.token_seconds)
        world.state.tokens[current] = known
        world.state.current["wecom"] = current
    return {"access_token": current, "expires_in": int(known.expires_at - now)}


def expire_tokens(world: World, system: str) -> int:
    """Let every token of ``system`` die now (they answer "invalid"); returns how many did."""
    living = [t for t in world.state.tokens.values() if t.system == system and not t.dead]
    for known in living:
        known.dead = True
    return len(living)

"""The web application of the sandbox: routes, the watcher of traffic, start and stop."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox import control, hotline, oauth, page, sms
from sandbox.bridge import routes as bridge
from sandbox.ca import routes as ca
from sandbox.config import Config
from sandbox.control.his import HIS
from sandbox.faults import Fault
from sandbox.his import fhir
from sandbox.his.player import Player
from sandbox.wechat import routes as wechat_routes
from sandbox.wecom import routes as wecom_routes
from sandbox.wecom.bot import BOT, BotLine
from sandbox.world import WORLD, World

SYSTEMS = ("wecom", "wechat", "sms", "hotline", "ca")
UNWATCHED = ("oauth2", "wwlogin", "aibot", "bot-media", "app/", "roots.pem")
CSP = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'self'"
MAX_BODY = 64 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(config: Config) -> web.Application:
    """A sandbox with its own state; several may run in one process."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=[harden, watch])
    world = World(config)
    app[WORLD] = world
    app[BOT] = BotLine(world)
    app[HIS] = Player(config.mllp_host, config.mllp_port)
    app[oauth.SCANS] = {}
    app.router.add_routes(wecom_routes.ROUTES)
    app.router.add_routes(wechat_routes.ROUTES)
    app.router.add_post("/sms/send", sms.send)
    app.router.add_post("/hotline/results", hotline.results)
    app.router.add_post("/hotline/returns", hotline.returns)
    app.router.add_post("/hotline/extensions", hotline.extensions)
    app.router.add_get("/open", oauth.open_as)
    app.router.add_routes(control.ROUTES)
    ca.attach(app)
    bridge.attach(app)
    fhir.attach(app)
    page.attach(app)
    app.on_shutdown.append(_hang_up)
    app.on_cleanup.append(_stop)
    return app


async def _hang_up(app: web.Application) -> None:
    """End the connections that would otherwise keep the server waiting."""
    app[WORLD].feed.end()
    socket = app[BOT].socket
    if socket is not None and not socket.closed:
        await socket.close()


async def _stop(app: web.Application) -> None:
    await app[HIS].stop()
    await app[WORLD].close()


@web.middleware
async def harden(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No inline script or style, no foreign frame, no guessing of content types."""
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


@web.middleware
async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log calls to the outside systems and let faults on demand befall them."""
    world = request.app[WORLD]
    system, _, rest = request.path.strip("/").partition("/")
    if not world.config.public_url and system in (*SYSTEMS, "control"):
        world.origin = str(request.url.origin())
    if system not in SYSTEMS or rest.startswith(UNWATCHED) or "/oauth2/authorize" in request.path:
        return await handler(request)
    api = rest.removeprefix("cgi-bin/")
    begun = time.monotonic()
    multipart = (request.content_type or "").startswith("multipart/")
    asked = "(multipart)" if multipart else (await request.read()).decode("utf-8", "replace")
    fault = world.faults.take(system, api)
    if fault is not None:
        await asyncio.sleep(fault.delay_ms / 1000)
    failing = _failing(request, system, fault) if fault is not None else None
    response = failing if failing is not None else await handler(request)
    world.feed.count(f"{system}.calls")
    world.feed.log(
        at=world.clock.now(),
        direction="in",
        system=system,
        api=api,
        status=str(response.status) if fault is None or not fault.drop else "断开",
        asked=f"{request.method} {request.path_qs}\n{asked}",
        answered=_text(response),
        seconds=time.monotonic() - begun,
    )
    if fault is not None and fault.drop and request.transport is not None:
        request.transport.abort()
    return response


def _text(response: web.StreamResponse) -> str:
    if isinstance(response, web.Response) and response.content_type == "application/json":
        return response.text or ""
    return f"({response.content_type})"


def _failing(request: web.Request, system: str, fault: Fault) -> web.Response | None:
    """The failing answer, or None when the call is worked on after all."""
    if fault.http is not None:
        return web.Response(status=fault.http, text="fault on demand")
    if fault.drop in {True, "before"}:
        return web.Response()
    if fault.vanish:
        return web.json_response(_success(system))
    if fault.errcode is None:
        return None
    message = fault.message(request.remote or "")
    if system in {"wecom", "wechat"}:
        return web.json_response({"errcode": fault.errcode, "errmsg": message})
    return web.json_response(
        {"code": fault.errcode, "message": message}, status=503 if fault.errcode == 5000 else 200
    )


def _success(system: str) -> dict[str, object]:
    if system in {"wecom", "wechat"}:
        return {"errcode": 0, "errmsg": "ok", "msgid": "vanished", "response_code": "vanished"}
    return {"code": 0, "receipt": "Rvanished"} if system == "hotline" else {"code": "OK", "results": []}

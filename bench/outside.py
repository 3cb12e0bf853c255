"""A WeCom that takes every message at once, for benchmarks in which messages are sent but are not what is measured.

The real limits and faults are the sandbox's; this one costs next to nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from aiohttp import web

from bench.callback import SETTINGS
from bench.stage import free_port


@asynccontextmanager
async def wecom() -> AsyncIterator[dict[str, str]]:
    """The environment with which our programs reach it, while the block lasts."""
    numbers = count(1)

    async def answered(request: web.Request) -> web.Response:
        found: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
        if request.path.endswith("/gettoken"):
            found |= {"access_token": "bench", "expires_in": 7200}
        else:
            found |= {"msgid": f"m{next(numbers)}", "response_code": "r"}
        return web.json_response(found)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answered)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield {
            **SETTINGS,
            "HUIYIN_WECOM_API": f"http://127.0.0.1:{port}",
            "HUIYIN_WECOM_AGENT_ID": "1000002",
            "HUIYIN_WECOM_SECRET": "bench",
        }
    finally:
        await runner.cleanup()

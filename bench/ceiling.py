"""The bare ceiling beside bench/intake.py: aiohttp and asyncpg, one endpoint that inserts one row, in a process of its own."""

import os
from collections.abc import AsyncIterator

import asyncpg
import uvloop
from aiohttp import web

POOL = web.AppKey("pool", asyncpg.Pool)


async def _pool(app: web.Application) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["HUIYIN_DATABASE_URL"], min_size=2, max_size=16) as pool:
        await pool.execute(
            "create table if not exists bare (id bigint generated always as identity primary key,"
            " body bytea not null, at timestamptz not null default now())"
        )
        app[POOL] = pool
        yield


async def insert(request: web.Request) -> web.Response:
    """One row."""
    number = await request.app[POOL].fetchval(
        "insert into bare (body) values ($1) returning id", await request.read()
    )
    return web.json_response({"id": number}, status=201)


async def healthz(_: web.Request) -> web.Response:
    """Live."""
    return web.Response(text="ok")


def main() -> None:
    """Serve until told to stop."""
    app = web.Application()
    app.cleanup_ctx.append(_pool)
    app.router.add_post("/insert", insert)
    app.router.add_get("/healthz", healthz)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(os.environ["HUIYIN_PORT"]),
        print=None,
        access_log=None,
        handler_cancellation=False,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()

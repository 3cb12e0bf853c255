"""The web process: pages, doors for machines, chat. Any number may run side by side; knows no page's content.

On SIGTERM it takes no new requests, finishes those in hand and closes sockets, within seconds.
"""

import asyncio
import errno
import gc
import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterable

import uvloop
from aiohttp import web

from bot.web import routes as bot_routes
from console.proving import asking_again
from console.routes import furnish
from console.routes import routes as console_routes
from core import assets, audit, audit_errors, audit_stalling, audit_web, bell, clock, db, edge, jobs, limits
from core.actor import Door, system
from core.logs import logger, set_up
from core.settings import Settings, SettingsError, settings
from core.turns import taking_turns
from core.web import make_app
from gates import BOUNDS, FILES, GUARDED, RULES, TURNS
from im.server import attach
from im.web import routes as im_routes
from intake.routes import routes as intake_routes
from patient_portal.routes import routes as patient_routes
from staff.sessions import middleware
from surveys.web import routes as survey_routes
from wiring import wire

log = logger(__name__)

GRACE = 5.0  # seconds; aiohttp grants them twice, so requests in hand have ten before they are cancelled
BEAT = 5.0  # seconds between two heartbeats
LOOK = 12  # heartbeats between two looks at whether the audit log is sealed: the worker may be dead
ROUND = (
    10_000  # things made between two rounds of the collector: some pages, where Python's 700 is part of one
)
DOORS: tuple[Iterable[web.AbstractRouteDef], ...] = (
    console_routes,
    im_routes,
    intake_routes,
    bot_routes,
    patient_routes,
    survey_routes,
)  # every package with addresses


class PortTaken(Exception):
    """Another program listens where we should; the message is the sentence for the person who started us."""


def make() -> web.Application:
    """The whole application; the database and Redis open when it starts and close when it stops."""
    wire()
    app = make_app(
        edge.bounding(BOUNDS, FILES),
        taking_turns(TURNS),
        middleware,
        limits.limiting(RULES),
        asking_again(GUARDED),
    )
    app.middlewares.insert(
        1, audit_web.middleware
    )  # within the trace, outside of what turns errors into answers
    app.cleanup_ctx.append(_machine)
    prefix = settings().path_prefix
    app.router.add_get(f"{prefix}/static/{{path:.+}}", assets.serve)
    for door in DOORS:
        for route in door:
            if isinstance(route, web.RouteDef):
                web.RouteDef(route.method, f"{prefix}{route.path}", route.handler, route.kwargs).register(
                    app.router
                )
    attach(app)
    furnish(app)
    return app


async def _machine(_: web.Application) -> AsyncIterator[None]:
    """The database, the bell, the jobs and the heartbeat, for as long as the application runs."""
    using = settings()
    await db.open_db(using.database_url, pool_min=using.pool_min, pool_max=using.web_pool_max)
    bell.open_redis(using.redis_url)
    await jobs.open_jobs(using.redis_url)
    beating = asyncio.create_task(_beat(), name="heartbeat")
    async with bell.listening():
        yield
    beating.cancel()
    await asyncio.wait({beating}, timeout=1)
    await jobs.close_jobs()
    await bell.close_redis()
    await db.close_db()


async def _told(_: web.Application) -> AsyncIterator[None]:
    """That this process began and ended, as lines of the audit log."""
    by, name = system("网页进程", Door.COMMAND), settings().process_id or "web"
    await audit.record(by, "system.start", "process", None, process=name, pid=os.getpid())
    yield
    await audit_errors.flush()
    await audit.record(by, "system.stop", "process", None, process=name, pid=os.getpid())


async def _beat() -> None:
    process, began = f"{settings().process_id or 'web'}:{os.getpid()}", clock.now()
    for beat in itertools.count():
        try:
            await db.execute(
                "insert into heartbeat (process, kind, started_at, seen_at) values ($1, 'web', $2, $3)"
                " on conflict (process) do update set started_at = $2, seen_at = $3",
                process,
                began,
                clock.now(),
            )
            await audit_errors.flush()
            if beat % LOOK == LOOK - 1:
                await audit_stalling.look()
        except Exception as error:  # noqa: BLE001 - the outermost loop of the heartbeat: the database may be away
            log.warning("heartbeat_lost", error=str(error))
        await asyncio.sleep(BEAT)


async def _settled(_: web.Application) -> None:
    """What was made at the start stays: the collector need not walk over half a million things with each round."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ROUND, 10, 10)


def main() -> None:
    """Serve until told to stop.

    Raises:
        PortTaken: the port is in use.
    """
    using = settings()
    set_up(using.log_level, using.log_format, using.process_id or "web")
    try:
        made = make()
        made.cleanup_ctx.append(_told)
        made.on_startup.append(_settled)
        web.run_app(
            made,
            host=using.host,
            port=using.port,
            shutdown_timeout=GRACE,
            print=None,
            access_log=None,
            handler_cancellation=False,
            loop=uvloop.new_event_loop(),
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(_taken(using)) from None


def _taken(using: Settings) -> str:
    return f"端口 {using.port} 已被其他程序占用，请停止该程序，或用 HUIYIN_PORT 换一个端口。"


if __name__ == "__main__":
    try:
        main()
    except SettingsError as error:
        sys.exit(f"设置有误：{error}")
    except PortTaken as error:
        sys.exit(str(error))

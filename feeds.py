"""The process of the hospital's own systems: takes HL7 messages at the MLLP port and works on those that were kept.

Any number may run, each at a port of its own (or behind a balancer): messages may be taken by one and worked on by
another. On SIGTERM no new messages are taken, those in hand are answered, the one being worked on is finished.
"""

import asyncio
import errno
import os
import signal
import ssl
import sys

import uvloop

from core import bell, clock, db
from core.logs import logger, set_up
from core.pump import keep_draining
from core.settings import Settings, SettingsError, settings
from intake.hl7.door import Door
from integrations.mllp import MllpServer
from patients.feeds.processing import FEED
from wiring import wire

log = logger(__name__)

GRACE = 7.0
BEAT = 5.0


def tls_context(using: Settings) -> ssl.SSLContext | None:
    """TLS for the MLLP port, when a certificate is given; with a CA senders must show theirs."""
    if using.mllp_certificate is None:
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(using.mllp_certificate, using.mllp_key)
        if using.mllp_client_ca is not None:
            context.load_verify_locations(using.mllp_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"HUIYIN_MLLP_CERTIFICATE, HUIYIN_MLLP_KEY, HUIYIN_MLLP_CLIENT_CA: {error}"
        ) from None
    return context


async def _beat(stopping: asyncio.Event) -> None:
    """The heartbeat. The links are watched by the worker (`timetable.py`), so that a dead process of ours is noticed."""
    name, began = f"{settings().process_id or 'feeds'}:{os.getpid()}", clock.now()
    while not stopping.is_set():
        try:
            await db.execute(
                "insert into heartbeat (process, kind, started_at, seen_at) values ($1, 'feeds', $2, $3)"
                " on conflict (process) do update set seen_at = $3",
                name,
                began,
                clock.now(),
            )
        except Exception as error:  # noqa: BLE001 - the outermost loop: the database may be away
            log.warning("feeds_housekeeping_failed", error=str(error))
        try:
            await asyncio.wait_for(stopping.wait(), BEAT)
        except TimeoutError:
            continue


async def main() -> None:
    """Run until told to stop."""
    using = settings()
    set_up(using.log_level, using.log_format, using.process_id or "feeds")
    wire()
    context = tls_context(using)
    await db.open_db(using.database_url, pool_min=using.pool_min, pool_max=using.pool_max)
    bell.open_redis(using.redis_url)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    server = MllpServer(Door().take)
    async with bell.listening():
        await server.start(using.mllp_host, using.mllp_port, context)
        log.info("feeds_ready", port=server.port, tls=context is not None)
        tasks = [asyncio.create_task(keep_draining(FEED, stopping)) for _ in range(using.feeds_loops)]
        tasks.append(asyncio.create_task(_beat(stopping)))
        await stopping.wait()
        await server.stop()
        await bell.ring(FEED.table)
        _, late = await asyncio.wait(tasks, timeout=GRACE)
        for task in late:
            task.cancel()
    await bell.close_redis()
    await db.close_db()
    log.info("feeds_stopped")


if __name__ == "__main__":
    try:
        uvloop.run(main())
    except SettingsError as error:
        sys.exit(f"设置有误：{error}")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.exit(f"端口 {settings().mllp_port} 已被其他程序占用，请用 HUIYIN_MLLP_PORT 换一个端口。")

"""The worker process: drains outbox, clock and inbound, runs jobs, keeps house. Any number may run side by side.

On SIGTERM it finishes the batch and the jobs in hand, or hands them back when they take too long.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import uvloop
from arq.connections import RedisSettings
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.exceptions import RedisError

from core import audit, audit_errors, bell, clock, db, jobs, schedules_running
from core.actor import Door, system
from core.due import DUE
from core.inbound import INBOUND
from core.logs import logger, set_up
from core.outbox import OUTBOX
from core.pump import keep_draining
from core.settings import Settings, SettingsError, settings
from wiring import started, stopped, wire

log = logger(__name__)

MOST_JOBS = 10  # at once in one process; more would only wait for the database
# Two loops share the outbox: while one waits for the database the other works. Rows are claimed, so none runs twice.
QUEUES = (OUTBOX, OUTBOX, DUE, INBOUND)
GRACE = 7.0  # seconds for the work in hand


async def _run_job(_: dict[str, Any], number: int) -> str:
    return await jobs.run_job(number)


async def _keep_running_jobs(using: Settings, stopping: asyncio.Event) -> None:
    """arq takes what is rung; when Redis is away, wait for it (the sweeper works meanwhile)."""
    while not stopping.is_set():
        worker = Worker(
            functions=[func(cast("WorkerCoroutine", _run_job), name="run_job", max_tries=1, timeout=3600)],
            queue_name=jobs.QUEUE,
            redis_settings=RedisSettings.from_dsn(using.redis_url),
            max_jobs=MOST_JOBS,
            handle_signals=False,
            poll_delay=0.1,
            keep_result=0,
            health_check_interval=60,
        )
        running = asyncio.create_task(worker.async_run())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        running.cancel()
        try:
            await asyncio.wait_for(worker.close(), GRACE)
            await running
        except asyncio.CancelledError:
            continue
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("arq_away", error=str(error))
            await asyncio.sleep(1)


async def _every(seconds: float, work: Callable[[], Awaitable[object]], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await work()
        except Exception as error:
            log.error("housekeeping_failed", work=getattr(work, "__qualname__", str(work)), exc_info=error)
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            continue


async def _beat() -> None:
    await db.execute(
        "insert into heartbeat (process, kind, started_at, seen_at) values ($1, 'worker', $2, $2)"
        " on conflict (process) do update set seen_at = $2",
        f"{settings().process_id or 'worker'}:{os.getpid()}",
        clock.now(),
    )
    await audit_errors.flush()


async def _tell(action: str) -> None:
    """That this process began or ended, as a line of the audit log."""
    name = settings().process_id or "worker"
    await audit.record(
        system("后台进程", Door.COMMAND), action, "process", None, process=name, pid=os.getpid()
    )


async def main() -> None:
    """Run until told to stop."""
    using = settings()
    set_up(using.log_level, using.log_format, using.process_id or "worker")
    wire()
    await db.open_db(using.database_url, pool_min=using.pool_min, pool_max=using.pool_max)
    bell.open_redis(using.redis_url)
    await jobs.open_jobs(using.redis_url)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await started()
    await _tell("system.start")
    loops: list[Coroutine[Any, Any, None]] = [
        *(keep_draining(queue, stopping) for queue in QUEUES),
        _keep_running_jobs(using, stopping),
        _every(5, _beat, stopping),
        schedules_running.keep_running(stopping),
    ]
    async with bell.listening():
        tasks = [asyncio.create_task(loop) for loop in loops]
        log.info("worker_ready")
        await stopping.wait()
        for table in ("outbox", "due", "inbound"):
            await bell.ring(table)
        _, late = await asyncio.wait(tasks, timeout=GRACE)
        for task in late:
            task.cancel()
    await stopped()
    await _tell("system.stop")
    await jobs.close_jobs()
    await bell.close_redis()
    await db.close_db()
    log.info("worker_stopped")


if __name__ == "__main__":
    try:
        uvloop.run(main())
    except SettingsError as error:
        sys.exit(f"设置有误：{error}")

"""The bell: wakes the loops that wait for work. Redis carries it; when Redis is away the loops look by themselves.

Nothing that is rung is a promise: the work is a row in PostgreSQL, and a lost ring only costs a second.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio as redis
from redis.exceptions import RedisError

from core.logs import logger

log = logger(__name__)

_redis: "redis.Redis | None" = None
_local: dict[str, asyncio.Event] = {}


def open_redis(url: str) -> "redis.Redis":
    """Connect lazily; used by bells, rate counters and caches."""
    global _redis
    _redis = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=15)
    return _redis


async def close_redis() -> None:
    """Close the connections."""
    global _redis
    if _redis is not None:
        await _redis.aclose()
        _redis = None


def client() -> "redis.Redis":
    """The process's Redis client.

    Raises:
        RuntimeError: `open_redis` was not called.
    """
    if _redis is None:
        raise RuntimeError("Redis is not open")
    return _redis


async def ring(name: str) -> None:
    """Wake whoever waits for `name`, here and in other processes; silent when Redis is away."""
    if event := _local.get(name):
        event.set()
    if _redis is None:
        return
    try:
        await _redis.publish("huiyin:bell", name)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("bell_lost", bell=name, error=str(error))


async def ring_outbox() -> None:
    """Wake the outbox pump."""
    await ring("outbox")


async def wait(name: str, timeout: float) -> None:
    """Until `name` is rung or `timeout` seconds have passed."""
    event = _local.setdefault(name, asyncio.Event())
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except TimeoutError:
        return
    finally:
        event.clear()


@asynccontextmanager
async def listening() -> AsyncIterator[None]:
    """Hear the bells of other processes for the length of the block."""
    task = asyncio.create_task(_listen(), name="bell")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=5)


async def _listen() -> None:
    while True:
        try:
            async with client().pubsub() as heard:
                await heard.subscribe("huiyin:bell")
                while True:
                    message = await heard.get_message(ignore_subscribe_messages=True, timeout=30)
                    if message and (event := _local.get(message["data"].decode())):
                        event.set()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("bell_silent", error=str(error))
            await asyncio.sleep(1)

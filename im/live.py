"""Tells the people of a room what has just been committed, from any process; never the only carrier of anything.

The web process emits through its own Socket.IO server, others through Redis. What is lost here (Redis
away, a socket just broken) the client fetches by sequence. Each message names its receivers, read in the
transaction that wrote it, so that nobody hears what was said after they left.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import socketio
from redis.exceptions import RedisError

from core import db
from core.logs import logger

log = logger(__name__)

CHANNEL = "huiyin:chat"
PATIENCE = 5.0  # seconds a broadcast may take; the sender's acknowledgement waits for it


class Emitter(Protocol):
    """What can emit: the Socket.IO server, or a write-only Redis manager."""

    async def emit(self, event: str, data: Any, *, room: Any) -> None:
        """Send `data` to all sockets in these Socket.IO rooms, in every process."""
        ...


_emitter: Emitter | None = None


def personal(staff_id: int) -> str:
    """The Socket.IO room of all sockets of one person."""
    return f"staff:{staff_id}"


def use(emitter: Emitter | None) -> None:
    """Emit through this from now on; None: say nothing."""
    global _emitter
    _emitter = emitter


def current() -> Emitter | None:
    """What is emitted through now."""
    return _emitter


def manager(redis_url: str, *, write_only: bool) -> socketio.AsyncRedisManager:
    """The fan-out between processes. No read time-out: a quiet channel is not a broken one."""
    return socketio.AsyncRedisManager(
        redis_url,
        channel=CHANNEL,
        write_only=write_only,
        redis_options={"socket_connect_timeout": 2, "health_check_interval": 15},
    )


def open_live(redis_url: str) -> None:
    """For processes without a Socket.IO server (worker, commands): emit through Redis; connects at first use."""
    use(manager(redis_url, write_only=True))


async def close_live() -> None:
    """Stop emitting."""
    emitter = _emitter
    use(None)
    if isinstance(emitter, socketio.AsyncRedisManager) and emitter.redis is not None:
        await emitter.redis.aclose()


async def tell(event: str, data: Mapping[str, Any], to: Sequence[int]) -> None:
    """Emit `event` to these members of staff once the present transaction has committed."""
    await db.after_commit(partial(_emit, event, data, to))


async def _emit(event: str, data: Mapping[str, Any], to: Sequence[int]) -> None:
    if _emitter is None or not to:
        return
    try:
        await asyncio.wait_for(_emitter.emit(event, dict(data), room=[personal(who) for who in to]), PATIENCE)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("chat_broadcast_lost", chat_event=event, error=str(error))

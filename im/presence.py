"""Who is at a screen and who is typing: held in Redis for a minute or passed on at once, never stored, never needed.

When Redis is away nobody seems to be there; nothing else changes.
"""

import time
from collections.abc import Iterable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.logs import logger
from im import live, queries

log = logger(__name__)

KEY = "huiyin:chat:online"
LASTS = 60.0  # seconds after the last sign of life
BEAT = 20.0


class Presence:
    """This process's part of it."""

    def __init__(self, redis_url: str) -> None:
        self.redis: Redis = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1)

    async def here(self, staff_ids: Iterable[int]) -> None:
        """These people are connected to this process now."""
        seen = dict.fromkeys((str(who) for who in staff_ids), time.time())
        if not seen:
            return
        try:
            await self.redis.zadd(KEY, seen)
            await self.redis.zremrangebyscore(KEY, "-inf", time.time() - LASTS)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("chat_presence_lost", error=type(error).__name__)

    async def among(self, staff_ids: Sequence[int]) -> list[int]:
        """Those of these people who are connected anywhere."""
        if not staff_ids:
            return []
        try:
            scores = await self.redis.zmscore(KEY, [str(who) for who in staff_ids])
        except (RedisError, OSError, TimeoutError):
            return []
        since = time.time() - LASTS
        return [
            who for who, at in zip(staff_ids, scores, strict=True) if at is not None and float(at) > since
        ]

    async def typing(self, room_id: int, staff_id: int) -> None:
        """Tell the others in the room that this person is typing; nobody, when the person is not in it."""
        inside = await queries.audience(room_id)
        if staff_id in inside:
            others = [who for who in inside if who != staff_id]
            await live.tell("typing", {"room": room_id, "staff_id": staff_id}, others)

    async def close(self) -> None:
        """Let go of Redis."""
        await self.redis.aclose()

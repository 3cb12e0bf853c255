"""Values read often and changed seldom, cached in each process and checked against a stamp in the database.

A trigger renews the stamp with every change, whoever makes it, so all processes see a change within
`LOOK_AGAIN` seconds. Never holds what an uncommitted transaction wrote.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from tortoise.connection import get_connections

from core import db

T = TypeVar("T")
LOOK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """A value, its stamp, the database it came from, and when the stamp was last compared."""

    value: T
    stamp: UUID
    source: object
    looked_at: float


class Stamped(Generic[T]):
    """One cached value: `name` is its row in `staff_stamp`, `load` reads it afresh."""

    def __init__(self, name: str, load: Callable[[], Awaitable[T]]) -> None:
        self.name = name
        self._load = load
        self._kept: _Kept[T] | None = None

    async def get(self) -> T:
        """The value, at most `LOOK_AGAIN` seconds behind the database."""
        source, kept = get_connections(), self._kept
        if kept is not None and kept.source is not source:  # another database was opened (restart, test)
            kept = None
        if kept is not None and time.monotonic() - kept.looked_at < LOOK_AGAIN:
            return kept.value
        stamp = await db.fetchval("select value from staff_stamp where name = $1", self.name)
        value = kept.value if kept is not None and kept.stamp == stamp else await self._load()
        fresh = _Kept(value, stamp, source, time.monotonic())

        async def keep() -> None:
            self._kept = fresh

        await db.after_commit(keep)  # what a transaction wrote and then rolled back is never kept
        return value

    async def forget(self) -> None:
        """Look again at the next `get`, in this process; called by whoever changed the rows."""

        async def drop() -> None:
            self._kept = None

        self._kept = None
        await db.after_commit(drop)

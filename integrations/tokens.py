"""Access tokens shared by all processes: one row each, encrypted, refreshed by one process at a time.

Vendors punish those who ask for tokens often, so a refresh happens under the row's lock, whoever waited takes
what the other one got, and after a failure nobody asks again for a while. Knows no vendor; the caller brings
the call that fetches.
"""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core import clock, db
from core.crypto import key_ring
from integrations.http import CallFailed, Kind

PLACE = "integration_token.value"
MARGIN = timedelta(seconds=60)  # a token this close to its end is replaced before it is used
BACK_OFF = (2.0, 5.0, 15.0, 60.0)  # seconds after the first, second … failed refresh
FORCED_PER_DAY = 20  # WeChat stable_token with force_refresh
FORCED_APART = timedelta(seconds=30)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A token as it was fetched, with its life in seconds."""

    value: str
    seconds: int


class Fetch(Protocol):
    """Fetches a token; by force: one that differs from the last."""

    def __call__(self, *, force: bool) -> Awaitable[Fresh]: ...


@dataclass(slots=True)
class _Trouble:
    times: int
    until: float
    error: CallFailed


class TokenKeeper:
    """The token of one application.

    Args:
        name: of the row, for example "wecom:corp:agent".
        fetch: the vendor's call.
        forcible: the vendor hands out the same token until it is asked by force (WeChat stable_token).
    """

    def __init__(self, name: str, fetch: Fetch, *, forcible: bool = False) -> None:
        self.name = name
        self._fetch = fetch
        self._forcible = forcible
        self._lock = asyncio.Lock()
        self._known: tuple[str, datetime] | None = None
        self._trouble: _Trouble | None = None

    async def get(self) -> str:
        """A token that should be good.

        Raises:
            CallFailed: it could not be fetched, now or a moment ago.
        """
        if self._known is not None and self._known[1] - MARGIN > clock.now():
            return self._known[0]
        async with self._lock:
            if self._known is not None and self._known[1] - MARGIN > clock.now():
                return self._known[0]
            return await self._renew("")

    async def renew(self, bad: str) -> str:
        """Another token than `bad`, which the vendor has just refused; at most one process fetches it.

        Raises:
            CallFailed: as `get`; kind retry with a wait when the vendor allows no other token yet.
        """
        async with self._lock:
            if self._known is not None and self._known[0] != bad and self._known[1] > clock.now():
                return self._known[0]
            return await self._renew(bad)

    async def _renew(self, bad: str) -> str:
        if self._trouble is not None and self._trouble.until > time.monotonic():
            raise self._trouble.error
        try:
            self._known = await self._under_lock(bad)
        except CallFailed as error:
            times = self._trouble.times if self._trouble else 0
            wait = max(error.wait, BACK_OFF[min(times, len(BACK_OFF) - 1)])
            error.wait = wait
            self._trouble = _Trouble(times + 1, time.monotonic() + wait, error)
            raise
        self._trouble = None
        return self._known[0]

    async def _under_lock(self, bad: str) -> tuple[str, datetime]:
        """The row's token if it is good, else a fetched one; the row stays locked over this one call.

        The only place where an outward call happens inside a transaction: the lock *is* the single flight.
        """
        async with db.transaction():
            await db.execute(
                "insert into integration_token (name, value, expires_at, refreshed_at) values ($1, $2, $3, $3)"
                " on conflict (name) do nothing",
                self.name,
                key_ring().encrypt("-", PLACE, self.name),
                clock.now() - DAY,
            )
            row = await db.fetchrow("select * from integration_token where name = $1 for update", self.name)
            assert row is not None  # noqa: S101 - inserted above
            value = key_ring().decrypt(row["value"], PLACE, self.name)
            if value != bad and row["expires_at"] - MARGIN > clock.now():
                return value, row["expires_at"]
            fresh = await self._fetch(force=False)
            if fresh.value == bad and self._forcible:
                await self._may_force()
                fresh = await self._fetch(force=True)
            expires_at = clock.now() + timedelta(seconds=fresh.seconds)
            await db.execute(
                "update integration_token set value = $2, expires_at = $3, refreshed_at = $4 where name = $1",
                self.name,
                key_ring().encrypt(fresh.value, PLACE, self.name),
                expires_at,
                clock.now(),
            )
            return fresh.value, expires_at

    async def _may_force(self) -> None:
        """Count a forced refresh: 20 a day and 30 s apart (接口 getStableAccessToken)."""
        name = f"{self.name}:forced"
        sealed = await db.fetchval("select value from integration_token where name = $1", name)
        now = clock.now()
        times = [
            datetime.fromisoformat(text)
            for text in (key_ring().decrypt(sealed, PLACE, name).split(",") if sealed else [])
            if datetime.fromisoformat(text) > now - DAY
        ]
        if times and (len(times) >= FORCED_PER_DAY or times[-1] > now - FORCED_APART):
            until = times[0] + DAY if len(times) >= FORCED_PER_DAY else times[-1] + FORCED_APART
            wait = (until - now).total_seconds()
            raise CallFailed(
                self.name.split(":")[0],
                "token",
                "forced_limit",
                "强制刷新凭证已达上限",
                Kind.RETRY,
                wait=wait,
            )
        listed = ",".join(at.isoformat() for at in [*times, now])
        await db.execute(
            "insert into integration_token (name, value, expires_at) values ($1, $2, $3)"
            " on conflict (name) do update set value = $2, expires_at = $3, refreshed_at = now()",
            name,
            key_ring().encrypt(listed, PLACE, name),
            now + DAY,
        )

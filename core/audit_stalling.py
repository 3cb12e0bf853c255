"""Whether the audit log is sealed in time: lines that wait for ten minutes are an alarm, told once, and its end too.

Asked by a schedule of the worker and by the heartbeat of each web process: with the worker dead it would ask nobody.
Seals nothing and sends nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import audit, clock, db
from core.actor import system
from core.events import Event, announce

LONGEST = timedelta(minutes=10)


class AuditStalled(Event):
    """Lines wait for their seal for too long: a row of `audit_stall`."""

    stall_id: int


class AuditSealedAgain(Event):
    """What waited is sealed."""

    stall_id: int


@dataclass(frozen=True, slots=True)
class Stall:
    """A time without seals; `since` is the time of the oldest line that waited."""

    id: int
    since: datetime
    noticed_at: datetime
    ended_at: datetime | None


async def waiting_since() -> datetime | None:
    """The time of the oldest line under no seal; None when there is none."""
    at: datetime | None = await db.fetchval(
        "select at from audit where id = (select min(audit_id) from audit_unsealed)"
    )
    return at


async def late_since() -> datetime | None:
    """As `waiting_since`, when that is too long ago; pages ask this, so that no process need live to tell it."""
    since = await waiting_since()
    return since if since is not None and clock.now() - since > LONGEST else None


async def find(stall_id: int) -> Stall | None:
    """One of them."""
    row = await db.fetchrow("select id, since, noticed_at, ended_at from audit_stall where id = $1", stall_id)
    return Stall(**dict(row)) if row else None


async def look() -> str:
    """Write down that it began or ended, and announce it; what was found, in words."""
    since, now = await late_since(), clock.now()
    by = system("审计日志封印")
    async with db.transaction():
        if since is not None:
            begun = await db.fetchval(
                "insert into audit_stall (since, noticed_at) values ($1, $2)"
                " on conflict ((true)) where ended_at is null do nothing returning id",
                since,
                now,
            )
            if begun is not None:
                await audit.record(by, "audit.stalled", "audit", None, since=since)
                await announce(AuditStalled(stall_id=begun))
            return f"{clock.local(since):%m-%d %H:%M} 起的审计记录没有封印"
        ended = await db.fetchval(
            "update audit_stall set ended_at = $1 where ended_at is null returning id", now
        )
        if ended is not None:
            await audit.record(by, "audit.sealed_again", "audit", None)
            await announce(AuditSealedAgain(stall_id=ended))
    return ""

"""Links that open one thing without signing in: a random token of 160 bits, kept as a keyed hash only.

A token belongs to a kind ("ask", "feedback" …) and opens what `ref` names in that kind, nothing else; it ends by
itself, may be revoked, and its uses are counted. Decides nothing about what it opens. OWASP ASVS 4.0 2.6, 3.5.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, crypto, db
from core.errors import NotFound

BYTES = 20
LONGEST = 64  # characters of what may be a token
GONE = "链接无效或已过期"
KEPT = timedelta(days=30)  # a link that is over is still known to have been


@dataclass(frozen=True, slots=True)
class Link:
    """A live link: what it opens, and until when (UTC)."""

    id: int
    kind: str
    ref: str
    until: datetime


def _hash(kind: str, token: str) -> bytes:
    return crypto.search_hash(f"link|{kind}|{token}")


async def open_link(kind: str, ref: str | int, until: datetime, *, by: str = "") -> str:
    """A new link to `ref` of `kind`; the token, which is kept nowhere here. Inside the caller's transaction if any."""
    token = secrets.token_urlsafe(BYTES)
    await db.execute(
        "insert into link (kind, ref, token_hash, until, created_by, created_at) values ($1, $2, $3, $4, $5, $6)",
        kind,
        str(ref),
        _hash(kind, token),
        until,
        by,
        clock.now(),
    )
    return token


async def resolve(kind: str, token: str) -> Link:
    """What the token opens. Counts nothing: see `used`.

    Raises:
        NotFound: unknown, of another kind, over or revoked; all told alike.
    """
    row = None
    if 0 < len(token) <= LONGEST and token.isascii():
        row = await db.fetchrow(
            "select id, kind, ref, until from link where token_hash = $1 and until > $2 and revoked_at is null",
            _hash(kind, token),
            clock.now(),
        )
    if row is None:
        raise NotFound(GONE)
    return Link(row["id"], row["kind"], row["ref"], row["until"])


async def used(link: Link) -> None:
    """Count one use: a page opened, not each of its saves."""
    await db.execute("update link set used = used + 1, used_at = $2 where id = $1", link.id, clock.now())


async def revoke(kind: str, ref: str | int) -> int:
    """End every live link to `ref`; how many."""
    return await db.execute(
        "update link set revoked_at = $3 where kind = $1 and ref = $2 and revoked_at is null and until > $3",
        kind,
        str(ref),
        clock.now(),
    )


async def tidy() -> int:
    """Forget links that have been over for a month; how many."""
    return await db.execute("delete from link where until < $1", clock.now() - KEPT)

"""Tokens that senders show at the web doors: made on the page, shown once, kept as hashes, taken back there.

A token opens one link and nothing else.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import audit, clock, db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound, Refused, Unauthenticated
from patients.feeds import links
from patients.feeds.links import Link

MOST = 5  # in force for one link: enough to change one without a pause
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the page shows it; `hint` are its last signs."""

    id: int
    hint: str
    made_by: str
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def make(link_id: int, *, by: Actor) -> str:
    """A new token of a link, to be shown this once.

    Raises:
        Forbidden, NotFound.
        Refused: there are enough, or nothing is pushed on such a link.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    link = await links.link(link_id)
    if link.kind not in ("fhir", "json", "soap"):
        raise Refused("这种链路不用令牌")
    async with db.transaction():
        await db.execute("select 1 from feed_link where id = $1 for update", link_id)
        there = await db.fetchval(
            "select count(*) from feed_token where link_id = $1 and revoked_at is null", link_id
        )
        if there >= MOST:
            raise Refused(f"一条链路最多 {MOST} 个有效令牌，请先停用一个")
        text = f"hy_{secrets.token_urlsafe(32)}"
        await db.execute(
            "insert into feed_token (link_id, token_hash, hint, made_by, made_at) values ($1, $2, $3, $4, $5)",
            link_id,
            _hash(text),
            text[-4:],
            by.name,
            clock.now(),
        )
        await audit.record(by, "feed.token", "feed_link", link_id, hint=text[-4:])
    return text


async def revoke(link_id: int, token_id: int, *, by: Actor) -> None:
    """Take a token back; from now on it opens nothing.

    Raises:
        Forbidden, NotFound.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    async with db.transaction():
        hint = await db.fetchval(
            "update feed_token set revoked_at = $3, revoked_by = $4"
            " where id = $2 and link_id = $1 and revoked_at is null returning hint",
            link_id,
            token_id,
            clock.now(),
            by.name,
        )
        if hint is None:
            raise NotFound("没有这个令牌，或已停用")
        await audit.record(by, "feed.revoke", "feed_link", link_id, hint=hint)


async def listed(link_id: int) -> list[Token]:
    """The tokens of a link, newest first."""
    rows = await db.fetch(
        "select id, hint, made_by, made_at, used_at, revoked_at, revoked_by from feed_token where link_id = $1"
        " order by id desc limit 20",
        link_id,
    )
    return [Token(**dict(row)) for row in rows]


async def in_force(header: str) -> bool:
    """Whether a header "Bearer …" brings a token of any link that is open."""
    scheme, _, text = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return False
    found = await db.fetchval(
        "select 1 from feed_token t join feed_link l on l.id = t.link_id"
        " where t.token_hash = $1 and t.revoked_at is null and l.active",
        _hash(text.strip()),
    )
    return found is not None


async def opened_by(header: str, kind: str, link_id: int | None = None) -> Link:
    """The link that a header "Bearer …" opens.

    Raises:
        Unauthenticated: no token in force, of another link or another kind; nothing says which of it.
    """
    scheme, _, text = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthenticated("缺少令牌：请在 Authorization 中写明 Bearer 令牌")
    row = await db.fetchrow(
        "select t.id, t.link_id, t.used_at from feed_token t join feed_link l on l.id = t.link_id"
        " where t.token_hash = $1 and t.revoked_at is null and l.kind = $2 and l.active"
        " and ($3::bigint is null or l.id = $3)",
        _hash(text.strip()),
        kind,
        link_id,
    )
    if row is None:
        raise Unauthenticated("令牌无效、已停用或不属于这条链路")
    if row["used_at"] is None or clock.now() - row["used_at"] > USED_EVERY:
        await db.execute("update feed_token set used_at = $2 where id = $1", row["id"], clock.now())
    return await links.link(row["link_id"])

"""Keeps many messages of a link at once: one statement for a bundle, a page of a server, a batch of a view.

The same rules as `store.keep`: the same id and content is the same message, an id used again for other content is kept
beside it. Says how many wait, so that the doors can hold back.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import bell, clock, db, parameters
from core.logs import trace_id
from core.parameters import Parameter
from patients.feeds import store
from patients.feeds.links import Link

MOST_WAITING = parameters.declare(
    Parameter(
        "feeds.most_waiting",
        "接口消息积压上限",
        int,
        20_000,
        low=100,
        high=1_000_000,
        unit="条",
        what="收下而还没有处理的消息达到这个数时，各接口暂缓接收：MLLP 停止读取，Web 接口应答 503，拉取暂停",
    )
)
RETRY_AFTER = 10  # seconds a sender is asked to wait
LOOK_EVERY = 200  # messages between two looks at how many wait


@dataclass(frozen=True, slots=True)
class Brought:
    """A message as it was brought; with an `error` it is parked at once, or kept as done when it is of a sort that nobody
    uses. `external_id`: "" when its sender gave none."""

    external_id: str
    kind: str
    body: bytes
    error: str = ""
    fault_at: str = ""
    unused: bool = False


async def keep_all(link: Link, brought: Sequence[Brought], received: datetime | None = None) -> int:
    """Keep messages, in the caller's transaction or one of its own; how many are new."""
    if not brought:
        return 0
    now = received or clock.now()
    rows = [(_id(one, now), one, hashlib.sha256(one.body).digest()[:16]) for one in brought]
    async with db.transaction():
        fresh = await _insert(link, rows, now)
        left = [row for row in rows if row[0] not in fresh]
        if left:
            known = await db.fetch(
                "select external_id, digest_hash from feed_message where link_id = $1 and external_id = any($2::text[])",
                link.id,
                [name for name, _, _ in left],
            )
            before = {row["external_id"]: row["digest_hash"] for row in known}
            others = [
                (f"{name}#{mark.hex()[:12]}", one, mark)
                for name, one, mark in left
                if before.get(name) != mark
            ]
            fresh |= await _insert(link, others, now)
        if fresh:
            await db.after_commit(lambda: bell.ring(store.TABLE))
    return len(fresh)


def _id(one: Brought, now: datetime) -> str:
    """Without an id of its own a message is its content at the time it came: what was said before may be said again."""
    name = one.external_id or f"(无编号) {store.digest(one.body)} {now:%Y%m%d%H%M%S%f}"
    return name.replace("\x00", "")[:200]


async def _insert(link: Link, rows: Sequence[tuple[str, Brought, bytes]], now: datetime) -> set[str]:
    if not rows:
        return set()
    found = await db.fetch(
        "insert into feed_message (link_id, external_id, kind, body, digest_hash, state, error, fault_at, trace_id,"
        " created_at, due_at) select $1, n, k, b, d, case when u then 'done' when e = '' then 'due' else 'parked' end,"
        " e, f, $2, $3, $3"
        " from unnest($4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::text[], $9::text[], $10::boolean[])"
        " as t(n, k, b, d, e, f, u) on conflict (link_id, external_id) do nothing returning external_id",
        link.id,
        trace_id(),
        now,
        [name for name, _, _ in rows],
        [one.kind.replace("\x00", "")[:20] for _, one, _ in rows],
        [store.sealed(one.body) for _, one, _ in rows],
        [mark for _, _, mark in rows],
        [one.error.replace("\x00", "")[:2000] for _, one, _ in rows],
        [one.fault_at.replace("\x00", "")[:60] for _, one, _ in rows],
        [one.unused for _, one, _ in rows],
    )
    return {row["external_id"] for row in found}


async def crowded() -> bool:
    """Whether as many wait to be worked on as an administrator allows."""
    most = await parameters.number(MOST_WAITING)
    number: int = await db.fetchval(
        "select count(*) from (select 1 from feed_message where state = 'due' limit $1) as w", most
    )
    return number >= most


class Crowd:
    """Looks how many wait once in so many messages, so that a door costs one count for many."""

    def __init__(self) -> None:
        self._since = LOOK_EVERY
        self._full = False

    async def full(self, messages: int = 1) -> bool:
        """Whether a door should hold back now; while it should, every question is looked into."""
        self._since += messages
        if self._full or self._since >= LOOK_EVERY:
            self._since, self._full = 0, await crowded()
        return self._full

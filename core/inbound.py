"""What outside systems send us: stored raw before it is acknowledged, processed once, parked when bad.

Bodies are sealed for their row: the door and the sender's own number. The handlers are listed in wiring.py; an operator
sees what they are made of, repairs and replays what is parked.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg
import orjson

from core import bell, crypto, db
from core.errors import GiveUp
from core.logs import trace_id
from core.pump import Queue, Row


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as it came: `source` names the door, `external_id` is the sender's own id of it."""

    id: int
    source: str
    external_id: str
    body: bytes
    headers: Mapping[str, str]


PLACE, ORIGINAL = "inbound.body", "inbound.original"
ROW = r"source || e'\x1f' || split_part(external_id, '#', 1)"  # `row_of` in SQL
Handler = Callable[[Inbound], Awaitable[None]]
HANDLERS: dict[str, Handler] = {}


def on_inbound(source: str, handler: Handler) -> None:
    """Have messages of this source processed by `handler`, in a transaction, once."""
    if source in HANDLERS:
        raise ValueError(f"inbound source {source} is wired twice")
    HANDLERS[source] = handler


def row_of(source: str, external_id: str) -> str:
    """For whom a body is sealed. What follows "#" tells versions of one message apart and is not always known before."""
    return f"{source}\x1f{external_id.partition('#')[0]}"


def sealed(source: str, external_id: str, body: bytes) -> bytes:
    """A body as it is kept, in a row with `sealed` true."""
    return crypto.key_ring().seal(body, PLACE, row_of(source, external_id))


def opened(row: asyncpg.Record | Row) -> bytes:
    """The body of a row with source, external_id, body and sealed."""
    body = bytes(row["body"])
    if not row["sealed"]:  # from before bodies were sealed
        return body
    return crypto.key_ring().open(body, PLACE, row_of(row["source"], row["external_id"]))


async def body_of(number: int | None) -> bytes | None:
    """The body of a message, None when there is no such message."""
    row = await db.fetchrow("select source, external_id, body, sealed from inbound where id = $1", number)
    return opened(row) if row else None


async def store(
    source: str, external_id: str, body: bytes, headers: Mapping[str, str] | None = None
) -> int | None:
    """Keep a message; its id, or None when this sender's id was kept before (a replay)."""
    number: int | None = await db.fetchval(
        "insert into inbound (source, external_id, body, sealed, headers, trace_id)"
        " values ($1, $2, $3, true, $4::jsonb, $5)"
        " on conflict (source, external_id) do nothing returning id",
        source,
        external_id,
        sealed(source, external_id, body),
        orjson.dumps(dict(headers or {})).decode(),
        trace_id(),
    )
    if number is not None:
        await db.after_commit(lambda: bell.ring("inbound"))
    return number


async def refuse(source: str, external_id: str, body: bytes, reason: str) -> None:
    """Keep a message that was refused at the door, parked with the reason, so that an operator sees it."""
    await db.execute(
        "insert into inbound (source, external_id, body, sealed, state, error, trace_id)"
        " values ($1, $2, $3, true, 'parked', $4, $5) on conflict (source, external_id)"
        " do update set error = excluded.error, body = excluded.body, sealed = true",
        source,
        external_id,
        sealed(source, external_id, body),
        reason[:2000],
        trace_id(),
    )


async def _run(row: Row) -> tuple[str, str]:
    handler = HANDLERS.get(row["source"])
    if handler is None:
        raise GiveUp(f"nobody is wired for inbound source {row['source']}")
    await handler(
        Inbound(
            row["id"], row["source"], row["external_id"], opened(row), orjson.loads(row["headers"] or "{}")
        )
    )
    return "", "done"


# One at a time: what a person did is committed, and lets go of what it locked, before the next.
INBOUND = Queue("inbound", _run, batch=1)

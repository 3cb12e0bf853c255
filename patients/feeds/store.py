"""Messages of feeds as rows: kept sealed before they are acknowledged, taken once, parked with the place of the fault.

A message is the same as one before when its sender's id and its content are; an id used again for other content is
kept beside it, so that nothing is lost. Knows no protocol.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from core import audit, bell, clock, crypto, db, looking
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from core.identity import mask_in_text
from core.logs import trace_id
from patients.feeds.links import Link

TABLE = "feed_message"
_PLACE = "feed_message.body"
STATES = {"due": "待处理", "done": "已处理", "parked": "已搁置", "dropped": "已作废"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as an operator sees it; `text` as it was read in the link's charset."""

    id: int
    link_id: int
    external_id: str
    kind: str
    state: str
    error: str
    fault_at: str
    attempts: int
    created_at: datetime
    done_at: datetime | None
    text: str = ""


def digest(body: bytes) -> str:
    """Names a body that has no id of its own."""
    return hashlib.sha256(body).hexdigest()[:24]


def sealed(body: bytes) -> bytes:
    """The bytes of a message, sealed."""
    return crypto.key_ring().encrypt(body.decode("latin-1"), _PLACE)


def opened(value: bytes) -> bytes:
    """The bytes of a sealed message."""
    return crypto.key_ring().decrypt(value, _PLACE).encode("latin-1")


async def keep(
    link: Link,
    external_id: str,
    kind: str,
    body: bytes,
    *,
    fault_at: str = "",
    error: str = "",
    state: str = "due",
) -> int | None:
    """Keep a message, committed when this returns (outside of a transaction); parked at once when it has an error.

    Returns:
        Its row, or None when the same message was kept before.
    """
    mark = hashlib.sha256(body).digest()[:16]
    standing = ("parked" if error and state == "due" else state, error, fault_at)
    number = await _insert(link, external_id, kind, body, mark, standing)
    if number is None:  # the id was used before: for the same message, or for another one
        before = await db.fetchval(
            "select digest_hash from feed_message where link_id = $1 and external_id = $2",
            link.id,
            external_id,
        )
        if before != mark:
            number = await _insert(link, f"{external_id}#{mark.hex()[:12]}", kind, body, mark, standing)
    if number is not None and standing[0] == "due":
        _ring_soon()
    return number


_ringing: set[asyncio.Task[None]] = set()


def _ring_soon() -> None:
    """Ring once for all messages of a moment: a burst needs no bell for each."""
    if not _ringing:
        task = asyncio.create_task(_ring(), name="bell of feeds")
        _ringing.add(task)
        task.add_done_callback(_ringing.discard)


async def _ring() -> None:
    await asyncio.sleep(0.02)
    _ringing.clear()  # what comes from now on needs a bell of its own
    await bell.ring(TABLE)


async def _insert(
    link: Link, external_id: str, kind: str, body: bytes, mark: bytes, standing: tuple[str, str, str]
) -> int | None:
    state, error, fault_at = standing
    number: int | None = await db.fetchval(
        "insert into feed_message (link_id, external_id, kind, body, digest_hash, state, error, fault_at, trace_id,"
        " created_at, due_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
        " on conflict (link_id, external_id) do nothing returning id",
        link.id,
        external_id.replace("\x00", "")[:200],
        kind.replace("\x00", "")[:20],
        sealed(body),
        mark,
        state,
        error.replace("\x00", "")[:2000],
        fault_at.replace("\x00", "")[:60],
        trace_id(),
        clock.now(),
    )
    return number


_SHOWN = "id, link_id, external_id, kind, state, error, fault_at, attempts, created_at, done_at"


def _permit(by: Actor) -> None:
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden


async def listed(
    link_id: int, state: str, *, by: Actor, before: int | None = None, limit: int = 50
) -> list[Stored]:
    """The messages of a link in one state ("" for all), newest first, without their text."""
    _permit(by)
    rows = await db.fetch(
        f"select {_SHOWN} from feed_message where link_id = $1 and ($2 = '' or state = $2)"  # noqa: S608
        " and ($3::bigint is null or id < $3) order by id desc limit $4",
        link_id,
        state,
        before,
        limit,
    )
    return [Stored(**{**dict(row), "error": mask_in_text(row["error"])}) for row in rows]


async def message(message_id: int, charset: str, *, by: Actor, reason: str = "") -> Stored:
    """One message with its text. That somebody looked is an audit line; the text is full of personal data, so whoever
    shows it whole says why (`reason`), and all others hide it (`patients.feeds.masking`).

    Raises:
        Forbidden, NotFound.
    """
    _permit(by)
    row = await db.fetchrow(f"select {_SHOWN}, body from feed_message where id = $1", message_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这条消息")
    if reason:
        await looking.note(by, "feed.raw", TABLE, message_id, reason=reason, fields=["消息原文"])
    else:
        await audit.record(by, "feed.look", TABLE, message_id)
    found = dict(row)
    text = opened(found.pop("body")).decode(charset, "replace").replace("\r\n", "\n").replace("\r", "\n")
    found["error"] = mask_in_text(found["error"])
    return Stored(**found, text=text)

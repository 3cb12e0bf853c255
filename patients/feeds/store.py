"""Messages of feeds as rows: kept sealed before they are acknowledged, taken once, parked with the place of the fault.

A message is the same as one before when its sender's id and its content are; an id used again for other content is
kept beside it, so that nothing is lost. Knows no protocol.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from core import audit, bell, clock, crypto, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.logs import trace_id
from patients.feeds.links import Link

TABLE = "feed_message"
_PLACE = "feed_message.body"
STATES = {"due": "待处理", "done": "已处理", "parked": "已搁置", "dropped": "已放弃"}


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
    return [Stored(**dict(row)) for row in rows]


async def message(message_id: int, charset: str, *, by: Actor) -> Stored:
    """One message with its text; that somebody looked is an audit line, since it is full of personal data.

    Raises:
        Forbidden, NotFound.
    """
    _permit(by)
    row = await db.fetchrow(f"select {_SHOWN}, body from feed_message where id = $1", message_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这条消息")
    await audit.record(by, "feed.look", TABLE, message_id)
    found = dict(row)
    text = opened(found.pop("body")).decode(charset, "replace").replace("\r\n", "\n").replace("\r", "\n")
    return Stored(**found, text=text)


async def replay(message_id: int, *, by: Actor, text: str | None = None, charset: str = "utf-8") -> None:
    """Let a parked message be taken again, with another text when one is given; the old text stays in the audit log
    as a digest only.

    Raises:
        Forbidden: not an operator.
        Invalid: the text cannot be written in the link's charset.
        Refused: it is not parked.
    """
    _permit(by)
    async with db.transaction():
        row = await _parked(message_id)
        if text is not None:
            body = _encoded(text, charset)
            await db.execute(
                "update feed_message set body = $2, digest_hash = $3 where id = $1",
                message_id,
                sealed(body),
                hashlib.sha256(body).digest()[:16],
            )
        await db.execute(
            "update feed_message set state = 'due', attempts = 0, due_at = $2, fault_at = '' where id = $1",
            message_id,
            clock.now(),
        )
        verb = "feed.replay" if text is None else "feed.repair"
        await audit.record(by, verb, TABLE, message_id, before=bytes(row["digest_hash"]).hex())
    await bell.ring(TABLE)


def _encoded(text: str, charset: str) -> bytes:
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    try:
        return ("\r".join(lines) + "\r").encode(charset)
    except UnicodeEncodeError as error:
        char = text[error.start : error.start + 1] if error.start < len(text) else ""
        fault = Fault(field="text", label="内容", reason=f"“{char}”在字符集 {charset} 中没有")
        raise Invalid("内容有误", details=[fault]) from None


async def replay_all(link_id: int, *, by: Actor) -> int:
    """Let every parked message of a link be taken again, after a mapping was mended; how many."""
    _permit(by)
    async with db.transaction():
        touched = await db.execute(
            "update feed_message set state = 'due', attempts = 0, due_at = $2, fault_at = ''"
            " where link_id = $1 and state = 'parked'",
            link_id,
            clock.now(),
        )
        await audit.record(by, "feed.replay_all", "feed_link", link_id, messages=touched)
    await bell.ring(TABLE)
    return touched


async def drop(message_id: int, reason: str, *, by: Actor) -> None:
    """Give a parked message up, with a reason; it stays to be seen.

    Raises:
        Invalid: no reason.
        Refused: it is not parked.
    """
    _permit(by)
    words = reason.strip()
    if not words:
        raise Invalid("请写明放弃的原因", details=[Fault(field="reason", label="原因", reason="必填")])
    async with db.transaction():
        await _parked(message_id)
        await db.execute(
            "update feed_message set state = 'dropped', done_at = $2, error = error || $3 where id = $1",
            message_id,
            clock.now(),
            f"｜放弃：{words[:200]}",
        )
        await audit.record(by, "feed.drop", TABLE, message_id, reason=words[:200])


async def _parked(message_id: int) -> "asyncpg.Record":
    row = await db.fetchrow(
        "select digest_hash from feed_message where id = $1 and state = 'parked' for update", message_id
    )
    if row is None:
        raise Refused("只有已搁置的消息可以处理")
    return row

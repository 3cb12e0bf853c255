"""What people do about messages that could not be taken: replayed, mended and replayed, given up; each with a reason.

Each deed is a row beside the message (before, after, why, by whom, what came of it) and an audit line. What a message
said before it was mended stays, sealed, as long as the message does.
"""

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from core import audit, bell, clock, crypto, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, Refused
from patients.feeds.reasons import reasoned
from patients.feeds.store import TABLE, opened, sealed

BEFORE, AFTER = "feed_message_change.before", "feed_message_change.after"
WHATS = {"replay": "原样重放", "repair": "修改后重放", "drop": "作废", "coded": "补对照后重放"}
PARKED = "update feed_message set state = 'due', attempts = 0, due_at = $2, fault_at = ''"


@dataclass(frozen=True, slots=True)
class Change:
    """One deed. `before` and `after` are what the message said, of a repair; `outcome` is "" while it waits."""

    what: str
    reason: str
    by: str
    at: datetime
    outcome: str
    note: str
    outcome_at: datetime | None
    before: str = ""
    after: str = ""

    @property
    def label(self) -> str:
        """What was done, in words."""
        return WHATS[self.what]


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """The lines in which two texts differ: (sign "-" or "+", line)."""
    found = difflib.ndiff(before.split("\n"), after.split("\n"))
    return [(line[0], line[2:]) for line in found if line[0] in "-+"]


def _permit(by: Actor) -> None:
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden


async def replay(
    message_id: int, reason: str, *, by: Actor, text: str | None = None, charset: str = "utf-8"
) -> None:
    """Let a parked message be taken again, with another text when one is given.

    Raises:
        Forbidden: not an operator.
        Invalid: no reason, the text is the same, or cannot be written in the link's charset.
        Refused: it is not parked.
    """
    _permit(by)
    words = reasoned(reason)
    async with db.transaction():
        row = await _parked(message_id)
        body: bytes | None = None
        if text is not None:
            before = opened(row["body"])
            body = _encoded(text, charset, before)
            await db.execute(
                "update feed_message set body = $2, digest_hash = $3 where id = $1",
                message_id,
                sealed(body),
                hashlib.sha256(body).digest()[:16],
            )
            await _note_repair(message_id, words, before, body, by)
        else:
            await note_all([message_id], "replay", words, by)
        await db.execute(f"{PARKED} where id = $1", message_id, clock.now())
        verb = "feed.replay" if text is None else "feed.repair"
        await audit.record(by, verb, TABLE, message_id, reason=words, before=bytes(row["digest_hash"]).hex())
    await bell.ring(TABLE)


def _encoded(text: str, charset: str, before: bytes) -> bytes:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        if before.lstrip()[:1] in (b"{", b"["):  # a document, not lines
            body = plain.strip().encode(charset)
        else:
            lines = [line for line in plain.split("\n") if line.strip()]
            body = ("\r".join(lines) + "\r").encode(charset)
    except UnicodeEncodeError as error:
        char = plain[error.start : error.start + 1] if error.start < len(plain) else ""
        fault = Fault(field="text", label="内容", reason=f"“{char}”在字符集 {charset} 中没有")
        raise Invalid("内容有误", details=[fault]) from None
    if body == before:
        fault = Fault(field="text", label="内容", reason="没有改动；不需要修改时请用“原样重放”")
        raise Invalid("内容没有改动", details=[fault])
    return body


async def _note_repair(message_id: int, reason: str, before: bytes, after: bytes, by: Actor) -> None:
    ring = crypto.key_ring()
    await db.execute(
        "insert into feed_message_change (message_id, what, reason, before, after, by_name, at)"
        " values ($1, 'repair', $2, $3, $4, $5, $6)",
        message_id,
        reason,
        ring.encrypt(before.decode("latin-1"), BEFORE),
        ring.encrypt(after.decode("latin-1"), AFTER),
        by.name,
        clock.now(),
    )


async def note_all(ids: Sequence[int], what: str, reason: str, by: Actor) -> None:
    """Write down what was done about several messages, in the caller's transaction."""
    await db.execute(
        "insert into feed_message_change (message_id, what, reason, by_name, at, outcome_at)"
        " select id, $2, $3, $4, $5, case when $2 = 'drop' then $5::timestamptz end from unnest($1::bigint[]) as t(id)",
        list(ids),
        what,
        reason,
        by.name,
        clock.now(),
    )


async def note_outcomes(outcomes: Sequence[tuple[int, str, str]]) -> None:
    """What came of messages that were taken again: (message, state, why it was parked)."""
    await db.execute(
        "update feed_message_change c set outcome = t.state, note = t.note, outcome_at = $4"
        " from unnest($1::bigint[], $2::text[], $3::text[]) as t(id, state, note)"
        " where c.message_id = t.id and c.outcome_at is null",
        [number for number, _, _ in outcomes],
        [state for _, state, _ in outcomes],
        [note[:500] if state == "parked" else "" for _, state, note in outcomes],
        clock.now(),
    )


async def replay_all(link_id: int, reason: str, *, by: Actor) -> int:
    """Let every parked message of a link be taken again, after a mapping was mended; how many.

    Raises:
        Forbidden, Invalid.
    """
    _permit(by)
    words = reasoned(reason)
    async with db.transaction():
        rows = await db.fetch(
            f"{PARKED} where link_id = $1 and state = 'parked' returning id",
            link_id,
            clock.now(),
        )
        await note_all([row["id"] for row in rows], "replay", words, by)
        await audit.record(by, "feed.replay_all", "feed_link", link_id, messages=len(rows), reason=words)
    await bell.ring(TABLE)
    return len(rows)


async def drop(message_id: int, reason: str, *, by: Actor) -> None:
    """Give a parked message up, with a reason; it stays to be seen.

    Raises:
        Invalid: no reason.
        Refused: it is not parked.
    """
    _permit(by)
    words = reasoned(reason)
    async with db.transaction():
        await _parked(message_id)
        await db.execute(
            "update feed_message set state = 'dropped', done_at = $2 where id = $1", message_id, clock.now()
        )
        await note_all([message_id], "drop", words, by)
        await audit.record(by, "feed.drop", TABLE, message_id, reason=words)


async def _parked(message_id: int) -> "asyncpg.Record":
    row = await db.fetchrow(
        "select digest_hash, body from feed_message where id = $1 and state = 'parked' for update", message_id
    )
    if row is None:
        raise Refused("只有已搁置的消息可以处理")
    return row


async def history(message_id: int, charset: str, *, by: Actor) -> list[Change]:
    """What was done about a message, newest first, with what it said before and after."""
    _permit(by)
    rows = await db.fetch(
        "select what, reason, by_name as by, at, outcome, note, outcome_at, before, after from feed_message_change"
        " where message_id = $1 order by id desc",
        message_id,
    )
    return [
        Change(
            **{
                **dict(row),
                "before": _text(row["before"], BEFORE, charset),
                "after": _text(row["after"], AFTER, charset),
            }
        )
        for row in rows
    ]


def _text(value: bytes | None, place: str, charset: str) -> str:
    if not value:
        return ""
    body = crypto.key_ring().decrypt(value, place).encode("latin-1")
    return body.decode(charset, "replace").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")

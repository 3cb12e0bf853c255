"""The queues as an operator sees them: how much waits, what is parked and why; repair, replay, drop.

Every change here is an audited act of a person. What a row holds is told as an outline; whole only for a reason.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

from core import audit, bell, clock, crypto, db, inbound, looking
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.identity import mask_in_text
from core.metrics import WAITING
from core.outline import MARK, outline

TABLES = {"outbox": "站内事件", "due": "定时事项", "job": "后台作业", "inbound": "外来消息"}
CUT = 4000  # characters of a content that are shown; what is longer cannot be edited
STATES = ("due", "parked", "done", "void", "missed", "dropped")
_WHAT = {
    "outbox": "event || ' → ' || reaction",
    "due": "kind || ' #' || ref",
    "job": "kind",
    "inbound": "source || ' ' || external_id",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a queue, without its content; numbers of persons in `error` are masked."""

    table: str
    id: int
    what: str
    state: str
    due_at: datetime
    created_at: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a row holds: as an outline with `hidden` values left out, or as it is. Not `whole`: its beginning only."""

    text: str
    whole: bool
    hidden: int = 0

    @property
    def open(self) -> bool:
        """Whether all of it is here, so that it may be edited."""
        return self.whole and not self.hidden


def _check(by: Actor, table: str) -> None:
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    if table not in TABLES:
        raise NotFound


async def entries(
    table: str, state: str, *, by: Actor, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """Rows of one queue in one state, newest first; `before` is the id to go on from."""
    _check(by, table)
    rows = await db.fetch(
        f"select id, {_WHAT[table]} as what, state, due_at, created_at, attempts, error"  # noqa: S608 - our own names
        f" from {table} where state = $1 and ($2::bigint is null or id < $2) order by id desc limit $3",
        state,
        before,
        limit,
    )
    return [Entry(table=table, **(dict(row) | {"error": mask_in_text(row["error"])})) for row in rows]


async def _text(table: str, number: int) -> tuple[str, bool]:
    """The content of a row, and whether it is text to the last byte."""
    if table == "due":
        return "", True
    if table != "inbound":
        return str(await db.fetchval(f"select payload::text from {table} where id = $1", number) or ""), True  # noqa: S608
    body = await inbound.body_of(number) or b""
    text = body.decode(errors="replace")
    return text, text.encode() == body


async def content(table: str, number: int, *, by: Actor) -> Content:
    """What a row is made of: fields, codes and times; no words that people wrote."""
    _check(by, table)
    text, clean = await _text(table, number)
    told = outline(text)
    return Content(told.text[:CUT], clean and max(len(text), len(told.text)) < CUT, told.hidden)


async def reveal(table: str, number: int, reason: str, *, by: Actor) -> Content:
    """What a row holds, as it is, for a reason that is written down.

    Raises:
        Invalid, TooMany: no reason, or too many looks (`core.looking`).
    """
    _check(by, table)
    await looking.note(by, "operate.reveal", table, number, reason=reason, fields=[TABLES[table]])
    text, clean = await _text(table, number)
    return Content(text[:CUT], clean and len(text) < CUT)


async def counts() -> dict[str, dict[str, int]]:
    """Rows that wait, are late (due more than a minute ago) or are parked, by queue."""
    found = {}
    for table in TABLES:
        row = await db.fetchrow(
            f"select (select count(*) from {table} where state = 'due') as due,"  # noqa: S608
            f" (select count(*) from {table} where state = 'due' and due_at < $1::timestamptz - interval '1 minute') as late,"
            f" (select count(*) from {table} where state = 'parked') as parked",
            clock.now(),
        )
        found[table] = dict(row) if row else {}
    return found


async def gauge() -> None:
    """Set the Prometheus gauges."""
    for table, figures in (await counts()).items():
        for state, number in figures.items():
            WAITING.labels(table, state).set(number)


async def replay(table: str, number: int, *, by: Actor) -> None:
    """Let a parked row run again from its first attempt."""
    _check(by, table)
    async with db.transaction():
        touched = await db.execute(
            f"update {table} set state = 'due', attempts = 0, due_at = $2 where id = $1 and state = 'parked'",  # noqa: S608
            number,
            clock.now(),
        )
        if not touched:
            raise Refused("只有已搁置的条目可以重放")
        await audit.record(by, "queue.replay", table, number)
    await bell.ring(table)


async def drop(table: str, number: int, reason: str, *, by: Actor) -> None:
    """Give a parked row up, with a reason; it stays to be seen."""
    _check(by, table)
    if not reason.strip():
        raise Invalid("请写明放弃的原因", details=[Fault(field="reason", label="原因", reason="必填")])
    async with db.transaction():
        touched = await db.execute(
            f"update {table} set state = 'dropped', error = error || $2, done_at = $3"  # noqa: S608
            " where id = $1 and state = 'parked'",
            number,
            f"｜放弃：{reason}",
            clock.now(),
        )
        if not touched:
            raise Refused("只有已搁置的条目可以放弃")
        await audit.record(by, "queue.drop", table, number, reason=reason)


async def repair(table: str, number: int, payload: str, *, by: Actor) -> None:
    """Replace the content of a parked row by `payload` (JSON, or the message's text) and let it run again."""
    _check(by, table)
    if table == "due":
        raise Refused("定时事项没有可以修改的内容")
    if MARK in payload:
        fault = Fault(field="payload", label="内容", reason="含有隐藏标记〔…〕，请先查看完整内容再修改")
        raise Invalid("内容不完整", details=[fault])
    if table != "inbound":
        try:
            orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            fault = Fault(field="payload", label="内容", reason=f"不是合法的 JSON：{error}")
            raise Invalid("内容有误", details=[fault]) from None
    async with db.transaction():
        parked = await db.fetchrow(
            f"select * from {table} where id = $1 and state = 'parked' for update",  # noqa: S608
            number,
        )
        if parked is None:
            raise Refused("只有已搁置的条目可以修改")
        before, _ = await _text(table, number)
        if table == "inbound":
            await _repair_body(parked, payload)
        else:
            await db.execute(f"update {table} set payload = $2::jsonb where id = $1", number, payload)  # noqa: S608
        told = {"before": _told(before), "after": _told(payload)}
        await audit.record(by, "queue.repair", table, number, **told)
        await replay(table, number, by=by)


async def _repair_body(row: asyncpg.Record, payload: str) -> None:
    """Another body; the one that came is kept sealed beside it, however often it is repaired."""
    source, external_id = row["source"], row["external_id"]
    whom = inbound.row_of(source, external_id)
    await db.execute(
        "update inbound set body = $2, sealed = true, original = coalesce(original, $3) where id = $1",
        row["id"],
        inbound.sealed(source, external_id, payload.encode()),
        crypto.key_ring().seal(inbound.opened(row), inbound.ORIGINAL, whom),
    )


def _told(text: str) -> str:
    """A content as the log tells it: no more than what the page shows without a reason, and its digest as proof."""
    short = " ".join(outline(text).text.split())
    return f"{short[:1000]}（SHA-256 {hashlib.sha256(text.encode()).hexdigest()}）"

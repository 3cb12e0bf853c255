"""The queues as an operator sees them: how much waits, what is parked and why; repair, replay, drop.

Every change here is an audited act of a person.
"""

from dataclasses import dataclass
from datetime import datetime

import orjson

from core import audit, bell, clock, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.metrics import WAITING

TABLES = {"outbox": "站内事件", "due": "定时事项", "job": "后台作业", "inbound": "外来消息"}
STATES = ("due", "parked", "done", "void", "missed", "dropped")
_WHAT = {
    "outbox": "event || ' → ' || reaction",
    "due": "kind || ' #' || ref",
    "job": "kind",
    "inbound": "source || ' ' || external_id",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a queue; `payload` is its content as text, cut at 4,000 characters."""

    table: str
    id: int
    what: str
    state: str
    due_at: datetime
    created_at: datetime
    attempts: int
    error: str
    payload: str


def _check(by: Actor, table: str) -> None:
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    if table not in TABLES:
        raise NotFound


def _payload(table: str) -> str:
    if table == "due":
        return "''"
    return "encode(substring(body for 4000), 'escape')" if table == "inbound" else "left(payload::text, 4000)"


async def entries(
    table: str, state: str, *, by: Actor, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """Rows of one queue in one state, newest first; `before` is the id to go on from."""
    _check(by, table)
    rows = await db.fetch(
        f"select id, {_WHAT[table]} as what, state, due_at, created_at, attempts, error,"  # noqa: S608 - our own names
        f" {_payload(table)} as payload from {table} where state = $1 and ($2::bigint is null or id < $2)"
        " order by id desc limit $3",
        state,
        before,
        limit,
    )
    return [Entry(table=table, **dict(row)) for row in rows]


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
    column = "body" if table == "inbound" else "payload"
    value: str | bytes = payload.encode() if table == "inbound" else payload
    if table != "inbound":
        try:
            orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            fault = Fault(field="payload", label="内容", reason=f"不是合法的 JSON：{error}")
            raise Invalid("内容有误", details=[fault]) from None
    async with db.transaction():
        before = await db.fetchval(
            f"select {_payload(table)} from {table} where id = $1 and state = 'parked' for update",  # noqa: S608
            number,
        )
        if before is None:
            raise Refused("只有已搁置的条目可以修改")
        cast = "" if table == "inbound" else "::jsonb"
        await db.execute(f"update {table} set {column} = $2{cast} where id = $1", number, value)  # noqa: S608
        await audit.record(by, "queue.repair", table, number, before=before, after=payload)
        await replay(table, number, by=by)

"""Frames for the bot's one long connection, handed from any process to the one that holds the line.

PostgreSQL carries them (table `bot_frame`): `push` writes a row, rings, and waits until the holder has written
the vendor's answer. The same key is one frame, so a job that runs twice finds the answer of its first run.
A frame nobody took in time is withdrawn; one that was sent and never answered is uncertain. Opens no connection.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import orjson

from core import bell, clock, db
from integrations import http
from integrations.http import CallFailed, Json, Kind
from integrations.wecom_errors import failed

SYSTEM = "wecom_bot"
DUE_BELL = "bot_frame"
ANSWER_BELL = "bot_answer"
PATIENCE = 15.0  # seconds until a frame nobody took is withdrawn


@dataclass(frozen=True, slots=True)
class Frame:
    """A row the holder has taken."""

    id: int
    cmd: str
    req_id: str
    body: Json


async def push(key: str, cmd: str, body: Json, *, req_id: str = "", patience: float = PATIENCE) -> Json:
    """Have a frame sent and wait for its answer's body.

    Args:
        key: the same key is one frame.
        cmd: "aibot_send_msg", "aibot_respond_msg" …
        body: as the vendor wants it.
        req_id: of the event that is answered; empty for a push.
        patience: seconds to wait for a holder.

    Raises:
        CallFailed: by the table of codes; kind retry when nobody holds the line.
    """
    number = await _write(key, cmd, body, req_id, patience)
    until = time.monotonic() + patience
    while True:
        row = await db.fetchrow("select state, errcode, errmsg, answer from bot_frame where id = $1", number)
        if row is None or row["state"] == "withdrawn":
            raise _nobody(cmd)
        if row["state"] == "answered":
            return _answer(cmd, row)
        if time.monotonic() >= until:
            return await _out_of_patience(number, cmd)
        await bell.wait(ANSWER_BELL, 0.5)


async def _write(key: str, cmd: str, body: Json, req_id: str, patience: float) -> int:
    """The row of this key; one that was withdrawn or refused is due again."""
    now = clock.now()
    await db.execute(
        "insert into bot_frame (key, cmd, req_id, body, created_at, expires_at) values ($1, $2, $3, $4::jsonb, $5, $6)"
        " on conflict (key) do update set expires_at = $6, state = 'due', body = $4::jsonb"
        " where bot_frame.state = 'withdrawn' or (bot_frame.state = 'answered' and bot_frame.errcode <> 0)",
        key,
        cmd,
        req_id,
        orjson.dumps(body).decode(),
        now,
        now + timedelta(seconds=patience),
    )
    number: int = await db.fetchval("select id from bot_frame where key = $1", key)
    await bell.ring(DUE_BELL)
    return number


def _answer(cmd: str, row: asyncpg.Record) -> Json:
    if row["errcode"]:
        raise failed("wecom_bot", cmd, row["errcode"], row["errmsg"])
    answer: Json = orjson.loads(row["answer"] or "{}")
    return answer


async def _out_of_patience(number: int, cmd: str) -> Json:
    row = await db.fetchrow(
        "update bot_frame set state = case when state = 'due' then 'withdrawn' else state end where id = $1"
        " returning state, errcode, errmsg, answer",
        number,
    )
    if row is not None and row["state"] == "answered":
        return _answer(cmd, row)
    if row is not None and row["state"] == "sent":
        raise CallFailed(SYSTEM, cmd, "network", "没有收到应答", Kind.RETRY, uncertain=True)
    raise _nobody(cmd)


def _nobody(cmd: str) -> CallFailed:
    http.count(SYSTEM, cmd, "no_line")
    return CallFailed(SYSTEM, cmd, "no_line", "机器人长连接未建立", Kind.RETRY, wait=5.0)


async def take() -> list[Frame]:
    """Mark the frames that are due as sent and hand them out, oldest first; expired ones are withdrawn."""
    async with db.transaction():
        await db.execute(
            "update bot_frame set state = 'withdrawn' where state = 'due' and expires_at < $1", clock.now()
        )
        rows = await db.fetch(
            "update bot_frame set state = 'sent' where id in (select id from bot_frame where state = 'due'"
            " order by id limit 20 for update skip locked) returning id, cmd, req_id, body"
        )
    return [Frame(row["id"], row["cmd"], row["req_id"], orjson.loads(row["body"])) for row in sorted(rows)]


async def give_back(frame: Frame) -> None:
    """The line broke before the frame went out: it is due again."""
    await db.execute("update bot_frame set state = 'due' where id = $1 and state = 'sent'", frame.id)


async def answered(frame: Frame, errcode: int, errmsg: str, body: Json) -> None:
    """Write the vendor's answer down and wake who waits."""
    await db.execute(
        "update bot_frame set state = 'answered', errcode = $2, errmsg = $3, answer = $4::jsonb, done_at = $5"
        " where id = $1",
        frame.id,
        errcode,
        errmsg[:500],
        orjson.dumps(body).decode(),
        clock.now(),
    )
    http.count(SYSTEM, frame.cmd, str(errcode) if errcode else "ok")
    await bell.ring(ANSWER_BELL)


async def tidy(days: int = 7) -> int:
    """Delete frames older than `days`; how many."""
    return await db.execute("delete from bot_frame where created_at < $1", clock.now() - timedelta(days=days))

"""Search of what was said, by any part of its words: in one room, or in all rooms a person is or was in.

A person finds what they may read: the whole history of rooms they are in, of others what stands before they left.
How a search is done depends on how rare its words are and how much lies in the person's rooms; the result does not.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from pydantic import Field

from core import db
from core.actions import Form
from core.actor import Actor
from core.search import like_pattern, query_tokens, terms
from im import queries, reach
from im.drafts import Number
from im.views import Hit, Hits

PAGE = 20
GATHER = 12_000  # hits of the whole house that may be gathered
SCAN = 60_000  # messages of one's rooms that may be looked at one by one
WALK = 400_000  # newest messages looked at for frequent words, before the rooms are looked at after all
MOST_GRAMS = 8
ZONE = ZoneInfo("Asia/Shanghai")
EVER = 2**53


class Wanted(Form):
    """What is looked for; days are those of the hospital, `before` is the last hit of the page before."""

    q: str = Field("", max_length=100, title="关键词")
    room: Number | None = Field(None, title="群聊")
    author: Number | None = Field(None, title="发言人")
    files: bool = Field(default=False, title="只看文件")
    since: date | None = Field(None, title="起始日期")
    until: date | None = Field(None, title="结束日期")
    before: Number | None = Field(None, title="翻页")


@dataclass(frozen=True, slots=True)
class Reach:
    """What a person may read: rooms, how much was said in them, and where those end that the person left."""

    rooms: tuple[int, ...]
    said: int
    left: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


class _Values(list[object]):
    def arg(self, value: object) -> str:
        self.append(value)
        return f"${len(self)}"


async def search(wanted: Wanted, *, by: Actor, limit: int = PAGE) -> Hits:
    """The newest messages that hold every word, at most `limit`, newest first.

    Raises:
        NotFound: a room that this person may not see.
    """
    grams = query_tokens(wanted.q)
    words = terms(wanted.q)
    if not words and not (wanted.files or wanted.author or wanted.since or wanted.until):
        return Hits(hits=(), more=False)
    reach = await _reach(wanted, by)
    if not reach.rooms:
        return Hits(hits=(), more=False)
    rows = await _found(wanted, reach, grams, words, limit + 1)
    return Hits(hits=await _hits(rows[:limit]), more=len(rows) > limit)


async def _reach(wanted: Wanted, by: Actor) -> Reach:
    if wanted.room is not None:
        seen = await queries.room(wanted.room, by=by)
        end = ((seen.id,), (seen.until,)) if seen.until is not None else ((), ())
        return Reach((seen.id,), seen.last_seq, *end)
    rows = await db.fetch(
        "select m.room_id, m.left_seq, coalesce(m.left_seq, r.last_seq) as said from room_member m"  # noqa: S608
        f" join room r on r.id = m.room_id where m.kind = 'staff' and m.staff_id = $1 and {reach.condition()}",
        by.staff_id,
    )
    left = [row for row in rows if row["left_seq"] is not None]
    return Reach(
        tuple(row["room_id"] for row in rows),
        sum(row["said"] for row in rows),
        tuple(row["room_id"] for row in left),
        tuple(row["left_seq"] for row in left),
    )


async def _found(
    wanted: Wanted, reach: Reach, grams: list[str], words: list[str], limit: int
) -> list["asyncpg.Record"]:
    """Ids and places of the hits, newest first."""
    everywhere, total = await _guess(grams)
    if everywhere <= GATHER:
        return await _gather(wanted, reach, grams, words, limit)
    if reach.said <= SCAN:
        return await _scan(wanted, reach, words, limit)
    rows = await _walk(wanted, reach, words, limit, WALK)
    if len(rows) >= limit or total <= WALK:
        return rows
    if reach.said <= total / 4:
        return await _scan(wanted, reach, words, limit)
    return await _walk(wanted, reach, words, limit, None)


async def _guess(grams: list[str]) -> tuple[float, float]:
    """How many messages hold the rarest of the grams, and how many there are, as the planner knows it."""
    asked = {f"g{at}": gram for at, gram in enumerate(grams[:MOST_GRAMS])}
    parts = ["whole as materialized (select 1 from room_said)"]
    parts += [
        f"{name} as materialized (select 1 from room_said where tokens @@ ${at}::text::tsquery)"  # noqa: S608
        for at, name in enumerate(asked, start=1)
    ]
    text = await db.fetchval(
        f"explain (format json) with {', '.join(parts)} select from whole{''.join(f', {name}' for name in asked)}",
        *(f"'{gram}'" for gram in asked.values()),
    )
    rows = {
        plan["Subplan Name"].removeprefix("CTE "): float(plan["Plan Rows"])
        for plan in orjson.loads(text)[0]["Plan"]["Plans"]
        if "Subplan Name" in plan
    }
    return min((rows[name] for name in asked), default=inf), max(1.0, rows["whole"])


async def _gather(
    wanted: Wanted, reach: Reach, grams: list[str], words: list[str], limit: int
) -> list["asyncpg.Record"]:
    """Rare words: all hits of the whole house from the index, then the newest that this person may read."""
    values = _Values()
    parts = _conditions(wanted, reach, words, values)
    asked = " & ".join(f"'{gram}'" for gram in grams)
    parts.append(f"tokens @@ {values.arg(asked)}::text::tsquery")
    parts.append(f"room_id + 0 = any({values.arg(list(reach.rooms))}::bigint[])")
    return await _newest(parts, values, limit)


async def _scan(wanted: Wanted, reach: Reach, words: list[str], limit: int) -> list["asyncpg.Record"]:
    """Few messages in the person's rooms: look at each of them."""
    values = _Values()
    parts = _conditions(wanted, reach, words, values)
    parts.append(f"room_id = any({values.arg(list(reach.rooms))}::bigint[])")
    return await _newest(parts, values, limit)


async def _newest(parts: list[str], values: _Values, limit: int) -> list["asyncpg.Record"]:
    """Materialized, so that the planner does not walk by id instead."""
    return await db.fetch(
        f"with hit as materialized (select id, room_id, seq from room_said where {' and '.join(parts)})"  # noqa: S608
        f" select id, room_id, seq from hit order by id desc limit {limit}",
        *values,
    )


async def _walk(
    wanted: Wanted, reach: Reach, words: list[str], limit: int, most: int | None
) -> list["asyncpg.Record"]:
    """Frequent words: from the newest message back until there are enough; `most`: no further than that many."""
    values = _Values()
    parts = _conditions(wanted, reach, words, values)
    parts.append(f"room_id + 0 = any({values.arg(list(reach.rooms))}::bigint[])")
    if most is not None:
        start = values.arg(wanted.before or EVER)
        parts.append(
            f"id > coalesce((select id from room_said where id < {start} order by id desc"  # noqa: S608
            f" offset {most} limit 1), 0)"
        )
    return await db.fetch(
        f"select id, room_id, seq from room_said where {' and '.join(parts)} order by id desc limit {limit}",  # noqa: S608
        *values,
    )


def _conditions(wanted: Wanted, reach: Reach, words: list[str], values: _Values) -> list[str]:
    parts = [f"body like {values.arg(like_pattern(word))}" for word in words]
    if reach.left:
        left, ends = values.arg(list(reach.left)), values.arg(list(reach.ends))
        parts.append(
            f"(room_id <> all({left}::bigint[]) or exists (select 1 from unnest({left}::bigint[], {ends}::bigint[])"  # noqa: S608
            " as l(room, ends) where l.room = room_id and seq <= l.ends))"
        )
    if wanted.author is not None:
        parts.append(f"author_id = {values.arg(wanted.author)}")
    if wanted.files:
        parts.append("file")
    if wanted.since is not None:
        parts.append(f"at >= {values.arg(_midnight(wanted.since))}")
    if wanted.until is not None:
        parts.append(f"at < {values.arg(_midnight(wanted.until + timedelta(days=1)))}")
    if wanted.before is not None:
        parts.append(f"id < {values.arg(wanted.before)}")
    return parts or ["true"]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


async def _hits(rows: list["asyncpg.Record"]) -> tuple[Hit, ...]:
    found = await db.fetch(
        "select p.id, r.title, m.* , f.name as file_name, f.mime as file_mime"
        " from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p(id, room_id, seq)"
        " join room_message m on m.room_id = p.room_id and m.seq = p.seq join room r on r.id = p.room_id"
        " left join stored_file f on f.id = m.file_id order by p.id desc",
        [row["id"] for row in rows],
        [row["room_id"] for row in rows],
        [row["seq"] for row in rows],
    )
    return tuple(
        Hit(
            id=row["id"],
            room_id=row["room_id"],
            title=row["title"],
            seq=row["seq"],
            author=row["author"],
            text=row["text"],
            file=row["file_name"] or "",
            mime=row["file_mime"] or "",
            at=row["at"],
        )
        for row in found
    )

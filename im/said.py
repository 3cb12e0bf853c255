"""The index of what was said, written in the transaction of the message: found at once, gone with a recall; asks nobody.

Grams of core.search in an index, and the text itself to be looked at again.
"""

from core import db
from core.search import normalise, tokens
from im.views import Message

OLD_AT_ONCE = 1000

_KEEP = (
    "insert into room_said (room_id, seq, author_id, file, at, tokens, body)"
    " values ($1, $2, $3, $4, $5, array_to_tsvector($6::text[]), $7) on conflict (room_id, seq) do nothing"
)
_OLD = (
    "with taken as (delete from room_said_old where (room_id, seq) in"
    " (select room_id, seq from room_said_old order by room_id, seq limit $1 for update skip locked)"
    " returning room_id, seq)"
    " select m.room_id, m.seq, m.author_id, m.file_id is not null as file, m.at, m.text, f.name from taken t"
    " join room_message m on m.room_id = t.room_id and m.seq = t.seq and m.recalled_at is null"
    " left join stored_file f on f.id = m.file_id order by m.at"
)


async def keep(message: Message) -> None:
    """Make a message findable by any part of its text or of its file's name."""
    name = message.file.name if message.file is not None else ""
    await db.execute(
        _KEEP,
        message.room_id,
        message.seq,
        message.author_id,
        message.file is not None,
        message.at,
        *_grams(message.text, name),
    )


async def forget(room_id: int, seq: int) -> None:
    """A recalled message is found by nobody."""
    await db.execute("delete from room_said where room_id = $1 and seq = $2", room_id, seq)


async def take_old() -> int:
    """Index messages from before there was a search, a thousand at a time; how many there were."""
    async with db.transaction():
        rows = await db.fetch(_OLD, OLD_AT_ONCE)
        for row in rows:
            await db.execute(
                _KEEP,
                row["room_id"],
                row["seq"],
                row["author_id"],
                row["file"],
                row["at"],
                *_grams(row["text"], row["name"] or ""),
            )
    return len(rows)


def _grams(text: str, name: str) -> tuple[list[str], str]:
    body = normalise(f"{text}\n{name}" if name else text)
    return tokens(body), body

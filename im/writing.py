"""Puts a message into a room whose lock is held: its number, its row, and word to those inside. Checks nothing."""

from collections.abc import Sequence
from uuid import uuid4

from core import clock, db
from core.errors import NotFound
from im import live, queries, said
from im.drafts import LONGEST, Draft
from im.views import HOUSE_NAME, SAID, AuthorKind, Kind, Message

Author = tuple[AuthorKind, int | None, str]

_INSERT = (
    "with next as (update room set last_seq = last_seq + 1 where id = $1 returning last_seq)"
    " insert into room_message (room_id, seq, kind, author_kind, author_id, author, client_id, text, file_id,"
    " mentions, reply_to, recalls, at, to_all, seconds, recall_reason) select $1, last_seq, $2, $3, $4, $5, $6, $7,"
    " $8, $9::bigint[], $10, $11, $12, $13, $14, $15 from next returning seq"
)


async def append(
    room_id: int,
    kind: Kind,
    draft: Draft,
    author: Author,
    *,
    recalls: int | None = None,
    reason: str = "",
    to: Sequence[int] | None = None,
) -> Message:
    """Give the message the room's next number and write it; it is told once the transaction has committed.

    Args:
        room_id: the caller holds the lock of this row.
        kind: what it is.
        draft: its words.
        author: kind, staff id and name.
        recalls: the number of the message it takes back.
        reason: why it takes it back.
        to: staff ids of those inside, when the caller knows them already.

    Raises:
        NotFound: no such room.
    """
    author_kind, author_id, name = author
    mentions, now = tuple(dict.fromkeys(draft.mentions)), clock.now()
    seq = await db.fetchval(
        _INSERT,
        room_id,
        kind,
        author_kind,
        author_id,
        name,
        draft.client_id,
        draft.text,
        draft.file_id,
        list(mentions),
        draft.reply_to,
        recalls,
        now,
        draft.to_all,
        draft.seconds,
        reason,
    )
    if seq is None:
        raise NotFound("没有这个群聊")
    if draft.file_id is None and draft.reply_to is None:
        message = Message(
            room_id=room_id,
            seq=seq,
            client_id=draft.client_id,
            kind=kind,
            author_kind=author_kind,
            author_id=author_id,
            author=name,
            text=draft.text,
            mentions=mentions,
            to_all=draft.to_all,
            recalls=recalls,
            reason=reason,
            at=now,
        )
    else:
        message = await queries.numbered(room_id, seq)
    if kind in SAID:
        await said.keep(message)
    inside = await queries.audience(room_id) if to is None else to
    await live.tell("message", {"room": room_id, "message": message.wire()}, inside)
    return message


async def notice(room_id: int, text: str) -> Message:
    """A grey line about the room itself, part of the change it tells of."""
    draft = Draft(client_id=uuid4(), text=text[:LONGEST])
    return await append(room_id, Kind.NOTICE, draft, (AuthorKind.HOUSE, None, HOUSE_NAME))

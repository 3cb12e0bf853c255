"""The only door to rooms: what a person may see of them, and what waits for them. Writes nothing.

A member sees the whole history, also what was said before they joined, since whoever takes a matter over
must be able to read it. Who left sees the history up to their leaving. Who moderates the part of the house a
room belongs to may look in by its number, unless it is sealed; by subject they find only rooms they are in. For
all others there is no such room. The house itself (`core.actor.system()`) sees every room.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core import db, storage
from core.actor import Actor, ActorKind, Permission
from core.errors import NotFound
from core.models import StoredFile
from core.search import like_pattern
from im import reach
from im.views import PAGE, QUOTED, SAID, FileView, Kind, Member, Message, Page, Quote, Role, Room, RoomLine


def _seen() -> str:
    """What is known of a room and of the reader ($2) in it; `reaches`: they have reach to what it is about, now."""
    return (
        "r.id, r.subject, r.title, r.last_seq, r.closed_at, r.hushed as silenced, r.sealed, r.path,"
        " m.id as member_id, m.left_at, m.left_seq, m.role, m.hushed,"
        f" {reach.condition('r.subject', '$2::bigint')} as reaches"
    )


def _room() -> str:
    return (
        f"select {_seen()}"  # noqa: S608 - our own words
        " from room r left join room_member m on m.room_id = r.id and m.kind = 'staff' and m.staff_id = $2"
    )


def _standing() -> str:
    return (
        f"select {_seen()},"  # noqa: S608 - our own words
        " (select seq from room_message where room_id = r.id and coalesce(author_id, 0) = $2 and client_id = $3) as sent,"
        " (select count(*) from room_message where author_kind = 'staff' and author_id = $2 and at > $4) as recent,"
        " array(select staff_id from room_member a where a.room_id = r.id and a.kind = 'staff' and a.left_at is null"
        f" and {reach.condition('r.subject', 'a.staff_id')} order by staff_id) as inside"
        " from room r left join room_member m on m.room_id = r.id and m.kind = 'staff' and m.staff_id = $2 where r.id = $1"
    )


_MESSAGE = (
    "select m.*, f.name as file_name, f.mime as file_mime, f.size as file_size, q.author as quote_author,"
    " q.kind as quote_kind, q.text as quote_text, q.recalled_at as quote_recalled, qf.name as quote_file,"
    " qf.mime as quote_mime from room_message m"
    " left join stored_file f on f.id = m.file_id"
    " left join room_message q on q.room_id = m.room_id and q.seq = m.reply_to"
    " left join stored_file qf on qf.id = q.file_id"
)
_FIRST = {
    ("staff", Role.OWNER): 0,
    ("staff", Role.ADMIN): 1,
    ("staff", Role.MEMBER): 2,
    ("bot", Role.MEMBER): 3,
}
_WAITING = (
    "u.seq > m.read_seq and u.kind in ('text', 'file', 'voice', 'announcement') and u.recalled_at is null"
    " and u.author_id is distinct from m.staff_id"
)


def _moderates(row: "asyncpg.Record", by: Actor) -> bool:
    return row["path"] is not None and not row["sealed"] and by.can(Permission.CHAT_MODERATE, row["path"])


def _seen_by(row: "asyncpg.Record | None", by: Actor, *, looking_in: bool = True) -> Room:
    if row is None or (by.kind is not ActorKind.SYSTEM and not row["reaches"]):
        raise NotFound
    moderates = _moderates(row, by)
    if row["member_id"] is None and by.kind is not ActorKind.SYSTEM and not (moderates and looking_in):
        raise NotFound
    until = None if moderates and looking_in else row["left_seq"]
    return Room(
        id=row["id"],
        subject=row["subject"],
        title=row["title"],
        last_seq=row["last_seq"] if until is None else until,
        closed=row["closed_at"] is not None,
        member=row["member_id"] is not None and row["left_at"] is None,
        until=until,
        role=Role(row["role"] or Role.MEMBER),
        hushed=bool(row["hushed"]),
        silenced=row["silenced"],
        moderates=moderates,
        sealed=row["sealed"],
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What must be known before a person may post, in one look: asked while the room's lock is held.

    `sent` is the number of the message already written under this client id, `recent` how many messages
    this person wrote since the given instant, `inside` the staff ids of those in the room.
    """

    room: Room
    sent: int | None
    recent: int
    inside: tuple[int, ...]


async def standing(room_id: int, client_id: UUID, since: datetime, *, by: Actor) -> Standing:
    """How things stand for a message of this person.

    Raises:
        NotFound: as for `room`.
    """
    row = await db.fetchrow(_standing(), room_id, by.staff_id, client_id, since)
    seen = _seen_by(row, by)
    if row is None:
        raise NotFound
    return Standing(seen, row["sent"], row["recent"], tuple(row["inside"]))


async def room(room_id: int, *, by: Actor) -> Room:
    """The room.

    Raises:
        NotFound: no such room, none this person ever was in or moderates, or its matter is theirs no more.
    """
    return _seen_by(await db.fetchrow(_room() + " where r.id = $1", room_id, by.staff_id), by)


async def room_of(subject: str, *, by: Actor) -> Room:
    """The room about `subject`.

    Raises:
        NotFound: as for `room`.
    """
    return _seen_by(
        await db.fetchrow(_room() + " where r.subject = $1", subject, by.staff_id), by, looking_in=False
    )


async def room_if_any(subject: str, *, by: Actor) -> Room | None:
    """The room about `subject` if there is one this person may see; for pages that show the chat at the side."""
    try:
        return await room_of(subject, by=by)
    except NotFound:
        return None


def shown(kind: str, text: str, file_name: str | None, mime: str | None, *, recalled: bool) -> str:
    """A message in one line, for lists and quotes; empty when it was recalled."""
    if recalled:
        return ""
    if kind == Kind.VOICE:
        return "[语音]"
    if kind == Kind.FILE:
        what = "[图片]" if (mime or "").startswith("image/") else f"[文件] {file_name}"
        return f"{what} {text}".strip()
    return " ".join(text.split())


def _message(row: "asyncpg.Record") -> Message:
    recalled = row["recalled_at"] is not None
    file, quote = None, None
    if row["file_id"] is not None and not recalled:
        file = FileView(
            id=row["file_id"], name=row["file_name"], mime=row["file_mime"], size=row["file_size"]
        )
    if row["reply_to"] is not None and not recalled:
        line = shown(
            row["quote_kind"],
            row["quote_text"],
            row["quote_file"],
            row["quote_mime"],
            recalled=row["quote_recalled"] is not None,
        )
        quote = Quote(seq=row["reply_to"], author=row["quote_author"], text=line[:QUOTED])
    return Message(
        room_id=row["room_id"],
        seq=row["seq"],
        client_id=row["client_id"],
        kind=row["kind"],
        author_kind=row["author_kind"],
        author_id=row["author_id"],
        author=row["author"],
        text="" if recalled else row["text"],
        file=file,
        seconds=None if recalled else row["seconds"],
        mentions=() if recalled else tuple(row["mentions"]),
        to_all=row["to_all"] and not recalled,
        quote=quote,
        recalls=row["recalls"],
        recalled=recalled,
        recalled_by=row["recalled_by"],
        reason=row["recall_reason"],
        at=row["at"],
    )


async def numbered(room_id: int, seq: int) -> Message:
    """The message of this number; who may see it is the caller's question.

    Raises:
        NotFound: none.
    """
    row = await db.fetchrow(_MESSAGE + " where m.room_id = $1 and m.seq = $2", room_id, seq)
    if row is None:
        raise NotFound
    return _message(row)


async def message(room_id: int, seq: int, *, by: Actor) -> Message:
    """One message.

    Raises:
        NotFound: none that this person may see.
    """
    seen = await room(room_id, by=by)
    if seq > seen.last_seq:
        raise NotFound
    return await numbered(room_id, seq)


async def sent_before(room_id: int, author_id: int | None, client_id: UUID) -> Message | None:
    """The message already written under this client id by this author."""
    row = await db.fetchrow(
        _MESSAGE + " where m.room_id = $1 and coalesce(m.author_id, 0) = $2 and m.client_id = $3",
        room_id,
        author_id or 0,
        client_id,
    )
    return _message(row) if row else None


async def since(room_id: int, seq: int, *, by: Actor, limit: int = PAGE) -> Page:
    """What was said after `seq`, oldest first."""
    seen = await room(room_id, by=by)
    rows = await db.fetch(
        _MESSAGE + " where m.room_id = $1 and m.seq > $2 and m.seq <= $3 order by m.seq limit $4",
        room_id,
        seq,
        seen.last_seq,
        limit,
    )
    more = bool(rows) and rows[-1]["seq"] < seen.last_seq
    return Page(messages=tuple(_message(row) for row in rows), more=more)


async def before(room_id: int, seq: int | None, *, by: Actor, limit: int = PAGE) -> Page:
    """What was said just before `seq` (None: the latest), oldest first."""
    seen = await room(room_id, by=by)
    rows = await db.fetch(
        _MESSAGE + " where m.room_id = $1 and m.seq < $2 order by m.seq desc limit $3",
        room_id,
        min(seen.last_seq + 1, seq) if seq is not None else seen.last_seq + 1,
        limit,
    )
    more = bool(rows) and rows[-1]["seq"] > 1
    return Page(messages=tuple(_message(row) for row in reversed(rows)), more=more)


async def around(room_id: int, seq: int, *, by: Actor, limit: int = PAGE) -> Page:
    """The message `seq` with what was said before and after it, oldest first.

    Raises:
        NotFound: as for `message`.
    """
    half = limit // 2
    old = await before(room_id, seq, by=by, limit=half)
    new = await since(room_id, seq - 1, by=by, limit=limit - half)
    if not new.messages or new.messages[0].seq != seq:
        raise NotFound
    return Page(messages=(*old.messages, *new.messages), more=old.more, newer=new.more)


async def members(room_id: int, *, by: Actor) -> tuple[Member, ...]:
    """Who is in the room now, with their read marks, the bot last; nobody for a person who left."""
    seen = await room(room_id, by=by)
    return () if seen.until is not None else await inside(room_id)


async def inside(room_id: int) -> tuple[Member, ...]:
    """Who is in the room now; who may know is the caller's question."""
    rows = await db.fetch(
        "select kind, staff_id, name, joined_seq, read_seq, role, hushed from room_member"
        " where room_id = $1 and left_at is null",
        room_id,
    )
    found = [Member(**dict(row)) for row in rows]
    return tuple(
        sorted(found, key=lambda who: (_FIRST[who.kind, who.role], who.joined_seq, who.staff_id or 0))
    )


async def audience(room_id: int) -> list[int]:
    """Staff ids of those who are to be told what happens in the room now: inside, and with reach to what it is about."""
    rows = await db.fetch(
        "select m.staff_id from room_member m join room r on r.id = m.room_id where m.room_id = $1"  # noqa: S608
        f" and m.kind = 'staff' and m.left_at is null and {reach.condition()} order by m.staff_id",
        room_id,
    )
    return [row["staff_id"] for row in rows]


async def present(room_id: int) -> list[int]:
    """Staff ids of all who stand in the room, whether or not they may still read it."""
    rows = await db.fetch(
        "select staff_id from room_member where room_id = $1 and kind = 'staff' and left_at is null order by staff_id",
        room_id,
    )
    return [row["staff_id"] for row in rows]


async def quiet(room_id: int) -> set[int]:
    """Staff ids of those who wish for no nudges from this room."""
    rows = await db.fetch(
        "select staff_id from room_member where room_id = $1 and quiet and left_at is null", room_id
    )
    return {row["staff_id"] for row in rows}


async def rooms(*, by: Actor, closed: bool = False, limit: int = 100) -> list[RoomLine]:
    """The rooms this person is in, the pinned ones and then the last spoken in first; `closed` asks for the closed ones instead."""
    rows = await db.fetch(
        "with mine as (select m.id as member_id, m.quiet, m.pinned_at, r.id, r.subject, r.title, r.closed_at, l.kind, l.author, l.text,"  # noqa: S608 - our own words
        " l.at, l.recalled_at, f.name as file_name, f.mime as file_mime"
        " from room_member m join room r on r.id = m.room_id"
        " left join room_message l on l.room_id = r.id and l.seq = r.last_seq"
        " left join stored_file f on f.id = l.file_id"
        " where m.kind = 'staff' and m.staff_id = $1 and m.left_at is null and (r.closed_at is not null) = $2"
        f" and {reach.condition()}"
        " order by m.pinned_at desc nulls last, coalesce(l.at, r.created_at) desc, r.id desc limit $3)"
        " select mine.*, w.unread, w.mentions from mine join room_member m on m.id = mine.member_id"
        " cross join lateral (select count(*) as unread, count(*) filter (where u.to_all or m.staff_id = any(u.mentions)) as mentions"
        f" from room_message u where u.room_id = m.room_id and {_WAITING}) w"
        " order by mine.pinned_at desc nulls last, mine.at desc nulls last, mine.id desc",
        by.staff_id,
        closed,
        limit,
    )
    return [_line(row) for row in rows]


async def moderated(words: str, *, by: Actor, limit: int = 100) -> list[RoomLine]:
    """Rooms this person keeps order in, not sealed, whose title holds `words`; the newest first, without counts."""
    paths = by.scope(Permission.CHAT_MODERATE)
    if not paths:
        return []
    rows = await db.fetch(
        "select r.id, r.subject, r.title, r.closed_at, l.kind, l.author, l.text, l.at, l.recalled_at,"  # noqa: S608
        " f.name as file_name, f.mime as file_mime, 0 as unread, 0 as mentions, false as quiet, null as pinned_at"
        " from room r left join room_message l on l.room_id = r.id and l.seq = r.last_seq"
        " left join stored_file f on f.id = l.file_id"
        " where r.path like any($1::text[]) and not r.sealed and r.title ilike $2"
        f" and {reach.condition('r.subject', '$4::bigint')} order by r.id desc limit $3",
        [f"{path}%" for path in paths],
        like_pattern(words.strip()),
        limit,
        by.staff_id,
    )
    return [_line(row) for row in rows]


def _line(row: "asyncpg.Record") -> RoomLine:
    last = ""
    if row["kind"] is not None:
        recalled = row["recalled_at"] is not None
        last = shown(row["kind"], row["text"], row["file_name"], row["file_mime"], recalled=recalled)
        if row["kind"] in SAID:
            last = f"{row['author']}：{last}"
    return RoomLine(
        id=row["id"],
        subject=row["subject"],
        title=row["title"],
        closed=row["closed_at"] is not None,
        unread=row["unread"],
        mentions=row["mentions"],
        last=last[: 2 * QUOTED],
        last_at=row["at"],
        quiet=row["quiet"],
        pinned=row["pinned_at"] is not None,
    )


async def waiting(*, by: Actor) -> tuple[int, int]:
    """Unread messages in all open rooms of this person, and how many of them mention them; for a badge."""
    row = await db.fetchrow(
        "select count(u.seq) as unread, count(u.seq) filter (where u.to_all or m.staff_id = any(u.mentions)) as mentions"  # noqa: S608
        " from room_member m join room r on r.id = m.room_id and r.closed_at is null"
        f" join room_message u on u.room_id = m.room_id and {_WAITING}"
        f" where m.kind = 'staff' and m.staff_id = $1 and m.left_at is null and {reach.condition()}",
        by.staff_id,
    )
    return (row["unread"], row["mentions"]) if row else (0, 0)


async def file(room_id: int, file_id: UUID, *, by: Actor) -> StoredFile:
    """A file shown in the room, or just brought to it by this very person.

    Raises:
        NotFound: none that this person may see; a recalled message no longer shows its file.
    """
    seen = await room(room_id, by=by)
    found = await db.fetchval(
        "select exists (select 1 from room_message where room_id = $1 and file_id = $2 and seq <= $3"
        " and recalled_at is null)"
        " or exists (select 1 from room_file where room_id = $1 and file_id = $2 and staff_id = $4 and not exists"
        " (select 1 from room_message where room_id = $1 and file_id = $2))",
        room_id,
        file_id,
        seen.last_seq,
        by.staff_id,
    )
    if not found:
        raise NotFound
    return await storage.find(file_id)

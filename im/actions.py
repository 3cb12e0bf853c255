"""What is done in rooms. Each verb takes the room's lock, so that numbers are given in the order of commit.

Opening, closing and membership are asked for by other packages, who know who may; posting, reading,
recalling and leaving are a member's own. A message is its own record, so only changes of rooms, members
and recalls are audited.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from core import audit, clock, db, storage
from core.actor import Actor
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.events import announce
from im import live, queries
from im.drafts import LONGEST, MOST_MENTIONS, Draft
from im.events import MessagePosted
from im.views import BOT_NAME, HOUSE_NAME, AuthorKind, FileView, Kind, Message, Room
from im.writing import append, notice
from staff.queries import people

CLOSED = "群聊已关闭，只能查看"
NOT_IN = "您已不在群聊中，只能查看离开前的消息"
BURST = 20  # messages of one person within BURST_WITHIN
BURST_WITHIN = timedelta(seconds=10)
RECALL_WITHIN = timedelta(minutes=2)  # as people know it from WeCom and WeChat


async def open_room(subject: str, title: str, members: Sequence[int], *, by: Actor) -> int:
    """The id of the room about `subject`, made with these members and the bot when there is none yet.

    A room that exists is left as it is: change its members with `follow`.

    Raises:
        NotFound: one of the members does not exist.
    """
    async with db.transaction():
        made: int | None = await db.fetchval(
            "insert into room (subject, title, created_at) values ($1, $2, $3) on conflict (subject) do nothing"
            " returning id",
            subject,
            title,
            clock.now(),
        )
        if made is None:
            return int(await db.fetchval("select id from room where subject = $1", subject))
        await db.execute(
            "insert into room_member (room_id, kind, name) values ($1, 'bot', $2)", made, BOT_NAME
        )
        await audit.record(by, "room.open", "room", made, about=subject)
        await _add(made, members, by)
        return made


async def follow(subject: str, staff_ids: Iterable[int], *, by: Actor, exactly: bool = False) -> None:
    """Have these people in the room; `exactly`: and nobody else. Who goes keeps the history up to then.

    Raises:
        NotFound: no such room, or one of the people does not exist.
    """
    wanted = set(staff_ids)
    async with db.transaction():
        room = await _lock_subject(subject)
        present = set(await queries.audience(room.id))
        if exactly and (gone := present - wanted):
            await _remove(room.id, sorted(gone), "离开了群聊", by)
        await _add(room.id, sorted(wanted - present), by)


async def leave(room_id: int, *, by: Actor) -> None:
    """Leave the room; nothing happens when one has left already."""
    async with db.transaction():
        room = await _lock(room_id, by)
        if room.member and by.staff_id is not None:
            await _remove(room.id, [by.staff_id], "退出了群聊", by)


async def close_room(subject: str, *, by: Actor) -> None:
    """From now on the room can only be read; nothing happens when it is closed already."""
    async with db.transaction():
        room = await _lock_subject(subject)
        if room.closed:
            return
        await notice(room.id, "群聊已关闭，历史消息可继续查看")
        await db.execute("update room set closed_at = $2 where id = $1", room.id, clock.now())
        await audit.record(by, "room.close", "room", room.id)
        await _tell_members(room.id)


async def reopen(subject: str, *, by: Actor) -> None:
    """Let people post again; nothing happens when the room is open."""
    async with db.transaction():
        room = await _lock_subject(subject)
        if not room.closed:
            return
        await db.execute("update room set closed_at = null where id = $1", room.id)
        await notice(room.id, "群聊已重新开放")
        await audit.record(by, "room.reopen", "room", room.id)
        await _tell_members(room.id)


async def post(room_id: int, draft: Draft, *, by: Actor) -> Message:
    """Write a person's message, numbered; the same client id gives the same message again.

    Raises:
        NotFound: no room that this person may see.
        Refused: closed, left, or too many messages at once.
        Invalid: mentions somebody outside, replies to nothing, or shows a file brought elsewhere.
    """
    if by.staff_id is None:
        raise Forbidden("只有群成员可以发言")
    async with db.transaction():
        await db.execute("select 1 from room where id = $1 for update", room_id)
        now = await queries.standing(room_id, draft.client_id, clock.now() - BURST_WITHIN, by=by)
        if now.sent is not None:
            return await queries.numbered(room_id, now.sent)
        _check_writable(now.room)
        if now.recent >= BURST:
            raise Refused("发送太快了，请稍等几秒再发")
        await _check_draft(now, draft, by.staff_id)
        message = await append(
            room_id,
            Kind.TEXT if draft.file_id is None else Kind.FILE,
            draft,
            (AuthorKind.STAFF, by.staff_id, by.name),
            to=now.inside,
        )
        await announce(MessagePosted(room_id=room_id, seq=message.seq))
    return message


async def say(
    target: int | str,
    text: str,
    *,
    key: str,
    as_bot: bool = True,
    file_id: UUID | None = None,
    mentions: Sequence[int] = (),
    reply_to: int | None = None,
) -> Message:
    """Write a line of the house's own, also into a closed room: as the bot, or as a notice.

    Args:
        target: the room's id, or its subject.
        text: cut to the length of a message.
        key: the same key in the same room gives the same line again.
        as_bot: False for a grey notice by nobody.
        file_id: a stored file the bot shows.
        mentions: members to mention; those who are not in the room are left out.
        reply_to: the message it answers.

    Raises:
        NotFound: no such room.
    """
    async with db.transaction():
        room = await (_lock_subject(target) if isinstance(target, str) else _lock_id(target))
        client_id = uuid5(NAMESPACE_URL, f"huiyin:say:{key}")
        if done := await queries.sent_before(room.id, None, client_id):
            return done
        inside = set(await queries.audience(room.id))
        short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        draft = Draft(
            client_id=client_id,
            text=short.replace("\0", ""),
            file_id=file_id,
            mentions=tuple(who for who in mentions if who in inside)[:MOST_MENTIONS],
            reply_to=reply_to if reply_to is not None and 0 < reply_to <= room.last_seq else None,
        )
        if not as_bot:
            return await append(room.id, Kind.NOTICE, draft, (AuthorKind.HOUSE, None, HOUSE_NAME))
        kind = Kind.TEXT if file_id is None else Kind.FILE
        message = await append(room.id, kind, draft, (AuthorKind.BOT, None, BOT_NAME))
        await announce(MessagePosted(room_id=room.id, seq=message.seq))
    return message


async def recall(room_id: int, seq: int, *, by: Actor) -> None:
    """Take one's own message back within two minutes; its place stays, the words are kept for the auditor only.

    Raises:
        Forbidden: another's message.
        Refused: too late, closed, or left.
    """
    async with db.transaction():
        room = await _lock(room_id, by)
        message = await queries.message(room.id, seq, by=by)
        if message.author_id is None or message.author_id != by.staff_id or message.kind is Kind.RECALL:
            raise Forbidden("只能撤回自己的消息")
        if message.recalled:
            return
        _check_writable(room)
        if clock.now() - message.at > RECALL_WITHIN:
            raise Refused("超过 2 分钟的消息不能撤回")
        await db.execute(
            "update room_message set recalled_at = $3 where room_id = $1 and seq = $2",
            room.id,
            seq,
            clock.now(),
        )
        await append(
            room.id,
            Kind.RECALL,
            Draft(client_id=uuid4(), text=f"{by.name} 撤回了一条消息"),
            (AuthorKind.STAFF, by.staff_id, by.name),
            recalls=seq,
        )
        await audit.record(by, "room.recall", "room", room.id, seq=seq)


async def mark_read(room_id: int, seq: int, *, by: Actor) -> None:
    """One has read up to `seq`; never goes back, and never past the last message.

    Raises:
        NotFound: no room that this person may see.
    """
    moved = await db.fetchval(  # one statement by itself: everybody reads everything
        "update room_member m set read_seq = least($3, r.last_seq) from room r where r.id = m.room_id"
        " and m.room_id = $1 and m.kind = 'staff' and m.staff_id = $2 and m.left_at is null"
        " and m.read_seq < least($3, r.last_seq) returning m.read_seq",
        room_id,
        by.staff_id,
        seq,
    )
    if moved is None:
        await queries.room(room_id, by=by)
    elif by.staff_id is not None:
        to = await queries.audience(room_id)
        await live.tell("read", {"room": room_id, "marks": [[by.staff_id, moved]]}, to)


async def bring_file(room_id: int, name: str, data: bytes, *, by: Actor) -> FileView:
    """Keep a file for a message that is to follow; only this person can post it, and only here.

    Raises:
        NotFound, Refused: as for `post`.
        Invalid: not a kind of file we take.
    """
    _check_writable(await queries.room(room_id, by=by))
    kept = await storage.keep(name, data, by=by.name)
    await db.execute(
        "insert into room_file (room_id, file_id, staff_id, at) values ($1, $2, $3, $4)",
        room_id,
        kept.id,
        by.staff_id,
        clock.now(),
    )
    return FileView(id=kept.id, name=kept.name, mime=kept.mime, size=kept.size)


async def _lock(room_id: int, by: Actor) -> Room:
    """The room as `by` sees it, held until the transaction ends; looked at only after the lock is ours."""
    await db.execute("select 1 from room where id = $1 for update", room_id)
    return await queries.room(room_id, by=by)


async def _lock_id(room_id: int) -> Room:
    row = await db.fetchrow("select * from room where id = $1 for update", room_id)
    if row is None:
        raise NotFound("没有这个群聊")
    return Room(
        id=row["id"],
        subject=row["subject"],
        title=row["title"],
        last_seq=row["last_seq"],
        closed=row["closed_at"] is not None,
        member=False,
    )


async def _lock_subject(subject: str) -> Room:
    found = await db.fetchval("select id from room where subject = $1", subject)
    if found is None:
        raise NotFound("没有这个群聊")
    return await _lock_id(found)


def _check_writable(room: Room) -> None:
    if not room.member:
        raise Refused(NOT_IN)
    if room.closed:
        raise Refused(CLOSED)


async def _check_draft(now: queries.Standing, draft: Draft, staff_id: int) -> None:
    if not set(draft.mentions) <= set(now.inside):
        raise _bad("mentions", "提到的人", "只能提到群里的人")
    if draft.reply_to is not None and draft.reply_to > now.room.last_seq:
        raise _bad("reply_to", "回复的消息", "没有这条消息")
    if draft.file_id is None:
        return
    brought = await db.fetchval(
        "select 1 from room_file where room_id = $1 and file_id = $2 and staff_id = $3",
        now.room.id,
        draft.file_id,
        staff_id,
    )
    if brought is None:
        raise _bad("file_id", "文件", "请先上传到本群聊")


def _bad(field: str, label: str, reason: str) -> Invalid:
    return Invalid(f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason)])


async def _add(room_id: int, staff_ids: Sequence[int], by: Actor) -> None:
    if not staff_ids:
        return
    wanted = list(dict.fromkeys(staff_ids))
    known = await people(wanted)
    if missing := [who for who in wanted if who not in known]:
        raise NotFound(f"没有编号为 {missing[0]} 的职工")
    names = [known[who].name for who in wanted]
    await db.execute(
        "insert into room_member (room_id, kind, staff_id, name, joined_seq, read_seq, joined_at)"
        " select $1, 'staff', p.id, p.name, r.last_seq, r.last_seq, $4"
        " from unnest($2::bigint[], $3::text[]) with ordinality as p(id, name, at), room r where r.id = $1"
        " order by p.at"
        " on conflict (room_id, staff_id) where kind = 'staff' do update set name = excluded.name, left_at = null,"
        " left_seq = null, joined_seq = excluded.joined_seq, read_seq = excluded.read_seq,"
        " joined_at = excluded.joined_at",
        room_id,
        wanted,
        names,
        clock.now(),
    )
    await notice(room_id, f"{'、'.join(names)} 加入了群聊")
    await audit.record(by, "room.join", "room", room_id, staff=wanted)
    await _tell_members(room_id)


async def _remove(room_id: int, staff_ids: Sequence[int], how: str, by: Actor) -> None:
    rows = await db.fetch(
        "select name from room_member where room_id = $1 and kind = 'staff' and staff_id = any($2::bigint[])"
        " and left_at is null order by id",
        room_id,
        list(staff_ids),
    )
    said = await notice(room_id, f"{'、'.join(row['name'] for row in rows)} {how}")
    await db.execute(
        "update room_member set left_at = $3, left_seq = $4 where room_id = $1 and kind = 'staff'"
        " and staff_id = any($2::bigint[]) and left_at is null",
        room_id,
        list(staff_ids),
        clock.now(),
        said.seq,
    )
    await audit.record(by, "room.leave", "room", room_id, staff=list(staff_ids))
    await _tell_members(room_id, but_also=staff_ids)


async def _tell_members(room_id: int, but_also: Sequence[int] = ()) -> None:
    """Ask those in the room, and those who just left, to look again who is in it and whether it is open."""
    to = await queries.audience(room_id)
    await live.tell("members", {"room": room_id}, [*to, *but_also])

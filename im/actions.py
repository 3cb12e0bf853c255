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
from core.errors import Fault, Forbidden, Invalid, Refused
from core.events import announce
from im import live, membership, queries, said, state
from im.drafts import LONGEST, MOST_MENTIONS, Draft
from im.events import MessagePosted, RoomChanged, RoomOpened
from im.holding import CLOSED, NOT_IN, check_writable, demand, lock, lock_id, lock_subject
from im.rights import Right
from im.views import BOT_NAME, HOUSE_NAME, SAID, AuthorKind, FileView, Kind, Message, Room
from im.writing import append, notice

VOICES = frozenset({"audio/webm", "audio/ogg", "audio/mp4", "video/mp4", "audio/amr", "audio/mpeg"})
BURST = 20  # messages of one person within BURST_WITHIN
BURST_WITHIN = timedelta(seconds=10)
LONGEST_REASON = 200
RECALL_WITHIN = timedelta(minutes=2)  # as people know it from WeCom and WeChat


async def open_room(
    subject: str, title: str, members: Sequence[int], *, by: Actor, path: str | None = None
) -> int:
    """The id of the room about `subject`, made with these members and the bot when there is none yet.

    A room that exists is left as it is: change its members with `follow`. `path` is the part of the organisation
    whose moderators may look in; None: nobody does.

    Raises:
        NotFound: one of the members does not exist.
    """
    async with db.transaction():
        made: int | None = await db.fetchval(
            "insert into room (subject, title, created_at, path) values ($1, $2, $3, $4)"
            " on conflict (subject) do nothing returning id",
            subject,
            title,
            clock.now(),
            path,
        )
        if made is None:
            return int(await db.fetchval("select id from room where subject = $1", subject))
        await db.execute(
            "insert into room_member (room_id, kind, name) values ($1, 'bot', $2)", made, BOT_NAME
        )
        await audit.record(by, "room.open", "room", made, about=subject)
        await membership.add(made, members, by)
        await announce(RoomOpened(room_id=made))
        return made


async def follow(
    subject: str, staff_ids: Iterable[int], *, by: Actor, exactly: bool = False, path: str | None = None
) -> None:
    """Have these people in the room; `exactly`: and nobody else. Who goes keeps the history up to then.

    `path`: the part of the organisation the room belongs to from now on, when that changed too.

    Raises:
        NotFound: no such room, or one of the people does not exist.
    """
    wanted = set(staff_ids)
    async with db.transaction():
        room = await lock_subject(subject)
        if path is not None:
            await db.execute(
                "update room set path = $2 where id = $1 and path is distinct from $2", room.id, path
            )
        present = set(await queries.present(room.id))
        if exactly and (gone := present - wanted):
            await membership.remove(room.id, sorted(gone), "{names} 离开了群聊", by)
        await membership.add(room.id, sorted(wanted - present), by)


async def leave(room_id: int, *, by: Actor) -> None:
    """Leave the room; nothing happens when one has left already. An owner's place goes to the next in line."""
    async with db.transaction():
        room = await lock(room_id, by)
        if room.member and by.staff_id is not None:
            await membership.remove(room.id, [by.staff_id], "{names} 退出了群聊", by)


async def close_room(subject: str, *, by: Actor) -> None:
    """From now on the room can only be read; nothing happens when it is closed already."""
    async with db.transaction():
        room = await lock_subject(subject)
        if room.closed:
            return
        await notice(room.id, "群聊已关闭，历史消息可继续查看")
        await db.execute("update room set closed_at = $2 where id = $1", room.id, clock.now())
        await audit.record(by, "room.close", "room", room.id)
        await state.changed(room.id)
        await announce(RoomChanged(room_id=room.id))


async def reopen(subject: str, *, by: Actor) -> None:
    """Let people post again; nothing happens when the room is open."""
    async with db.transaction():
        room = await lock_subject(subject)
        if not room.closed:
            return
        await db.execute("update room set closed_at = null where id = $1", room.id)
        await notice(room.id, "群聊已重新开放")
        await audit.record(by, "room.reopen", "room", room.id)
        await state.changed(room.id)
        await announce(RoomChanged(room_id=room.id))


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
        check_writable(now.room)
        if now.recent >= BURST:
            raise Refused("发送太快了，请稍等几秒再发")
        await _check_draft(now, draft, by)
        message = await append(
            room_id,
            draft.kind,
            draft,
            (AuthorKind.STAFF, by.staff_id, by.name),
            to=now.inside,
        )
        await announce(MessagePosted(room_id=room_id, seq=message.seq))
    return message


async def forward(room_id: int, seq: int, to: int, client_id: UUID, *, by: Actor) -> Message:
    """Post what was said in one room into another that one is in, in one's own name; its file goes with it.

    Raises:
        NotFound: either room or the message is not for this person.
        Refused: the room is sealed, or the message was recalled or is no text or file.
    """
    room = await queries.room(room_id, by=by)
    message = await queries.message(room_id, seq, by=by)
    if room.sealed:
        raise Refused("这个群聊的内容不能转发")
    if message.recalled or message.kind not in (Kind.TEXT, Kind.FILE, Kind.VOICE):
        raise Refused("这条消息不能转发")
    file_id = message.file.id if message.file is not None else None
    async with db.transaction():
        check_writable(await lock(to, by))
        if file_id is not None:
            await db.execute(
                "insert into room_file (room_id, file_id, staff_id, at) values ($1, $2, $3, $4)"
                " on conflict (room_id, file_id) do update set staff_id = excluded.staff_id",
                to,
                file_id,
                by.staff_id,
                clock.now(),
            )
        draft = Draft(client_id=client_id, text=message.text, file_id=file_id, seconds=message.seconds)
        return await post(to, draft, by=by)


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
        room = await (lock_subject(target) if isinstance(target, str) else lock_id(target))
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
        message = await append(room.id, draft.kind, draft, (AuthorKind.BOT, None, BOT_NAME))
        await announce(MessagePosted(room_id=room.id, seq=message.seq))
    return message


async def recall(room_id: int, seq: int, *, by: Actor, reason: str = "") -> None:
    """Take a message back; its place stays, the words are kept for the auditor only.

    One's own within two minutes; another's, at any time, who keeps order in the room, with the reason.

    Raises:
        Forbidden: another's message.
        Refused: too late, closed, or left.
        Invalid: another's message, and no reason.
    """
    async with db.transaction():
        room = await lock(room_id, by)
        message = await queries.message(room.id, seq, by=by)
        if by.staff_id is None or message.kind not in SAID:
            raise Forbidden("只能撤回自己的消息")
        own = message.author_id == by.staff_id
        if not own:
            demand(room, Right.RECALL, by)
        if message.recalled:
            return
        if own:
            _check_own_recall(room, message)
        elif not reason.strip():
            raise _bad("reason", "撤回原因", "请写明撤回他人消息的原因")
        await _take_back(room.id, seq, by, "" if own else reason.strip()[:LONGEST_REASON])


def _check_own_recall(room: Room, message: Message) -> None:
    if not room.member:
        raise Refused(NOT_IN)
    if room.closed:
        raise Refused(CLOSED)
    if clock.now() - message.at > RECALL_WITHIN:
        raise Refused("超过 2 分钟的消息不能撤回")


async def _take_back(room_id: int, seq: int, by: Actor, reason: str) -> None:
    await db.execute(
        "update room_message set recalled_at = $3, recalled_by = $4, recall_reason = $5"
        " where room_id = $1 and seq = $2",
        room_id,
        seq,
        clock.now(),
        by.name,
        reason,
    )
    await said.forget(room_id, seq)
    await append(
        room_id,
        Kind.RECALL,
        Draft(client_id=uuid4(), text=f"{by.name} 撤回了一条消息"),
        (AuthorKind.STAFF, by.staff_id, by.name),
        recalls=seq,
        reason=reason,
    )
    unpinned = await db.fetchval(
        "delete from room_pin where room_id = $1 and seq = $2 returning 1", room_id, seq
    )
    undone = await db.fetchval(
        "update room set announced_seq = null where id = $1 and announced_seq = $2 returning 1", room_id, seq
    )
    await audit.record(by, "room.recall", "room", room_id, seq=seq, reason=reason)
    if unpinned or undone:
        await state.changed(room_id)


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
    check_writable(await queries.room(room_id, by=by))
    kept = await storage.keep(name, data, by=by)
    await db.execute(
        "insert into room_file (room_id, file_id, staff_id, at) values ($1, $2, $3, $4)",
        room_id,
        kept.id,
        by.staff_id,
        clock.now(),
    )
    return FileView(id=kept.id, name=kept.name, mime=kept.mime, size=kept.size)


async def _check_draft(now: queries.Standing, draft: Draft, by: Actor) -> None:
    if not set(draft.mentions) <= set(now.inside):
        raise _bad("mentions", "提到的人", "只能提到群里的人")
    if draft.to_all:
        demand(now.room, Right.TO_ALL, by)
    if draft.reply_to is not None and draft.reply_to > now.room.last_seq:
        raise _bad("reply_to", "回复的消息", "没有这条消息")
    if draft.file_id is None:
        return
    brought = await db.fetchval(
        "select f.mime from room_file r join stored_file f on f.id = r.file_id"
        " where r.room_id = $1 and r.file_id = $2 and r.staff_id = $3",
        now.room.id,
        draft.file_id,
        by.staff_id,
    )
    if brought is None:
        raise _bad("file_id", "文件", "请先上传到本群聊")
    if draft.kind is Kind.VOICE and brought not in VOICES:
        raise _bad("file_id", "语音", "不是录音文件")


def _bad(field: str, label: str, reason: str) -> Invalid:
    return Invalid(f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason)])

"""What keeps order in a room: announcements, pinned messages, silence; and each person's own wishes for it."""

from uuid import UUID

from core import audit, clock, db
from core.actor import Actor
from core.errors import NotFound, Refused
from core.events import announce as announce_event
from im import live, queries, state
from im.drafts import Draft
from im.events import MessagePosted
from im.groups import check_above, check_open, member
from im.holding import demand, lock
from im.rights import Right
from im.views import SAID, AuthorKind, Kind, Message
from im.writing import append, notice

MOST_PINS = 10


async def announce(room_id: int, client_id: UUID, text: str, *, by: Actor) -> Message:
    """Post an announcement: a message to everybody that stays on top until the next one; twice is once."""
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.ANNOUNCE, by)
        if done := await queries.sent_before(room_id, by.staff_id, client_id):
            return done
        draft = Draft(client_id=client_id, text=text, to_all=True)
        message = await append(room_id, Kind.ANNOUNCEMENT, draft, (AuthorKind.STAFF, by.staff_id, by.name))
        await db.execute("update room set announced_seq = $2 where id = $1", room_id, message.seq)
        await audit.record(by, "room.announce", "room", room_id, seq=message.seq)
        await state.changed(room_id)
        await see(room_id, message.seq, by=by)  # who wrote it has read it
        await announce_event(MessagePosted(room_id=room_id, seq=message.seq))
    return message


async def unannounce(room_id: int, *, by: Actor) -> None:
    """Take the announcement from the top; the message stays where it was said."""
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.ANNOUNCE, by)
        taken = await db.fetchval(
            "update room set announced_seq = null where id = $1 and announced_seq is not null returning 1",
            room_id,
        )
        if taken is None:
            return
        await notice(room_id, f"{by.name} 撤下了群公告")
        await audit.record(by, "room.unannounce", "room", room_id)
        await state.changed(room_id)


async def see(room_id: int, seq: int, *, by: Actor) -> None:
    """This person has read the announcement."""
    room = await queries.room(room_id, by=by)
    if not room.member or by.staff_id is None:
        return
    new = await db.fetchval(
        "insert into room_announcement_seen (room_id, seq, staff_id, at) select $1, seq, $3, $4 from room_message"
        " where room_id = $1 and seq = $2 and kind = 'announcement' on conflict do nothing returning 1",
        room_id,
        seq,
        by.staff_id,
        clock.now(),
    )
    if new is not None:
        await live.tell(
            "seen", {"room": room_id, "seq": seq, "staff_id": by.staff_id}, await queries.audience(room_id)
        )


async def pin(room_id: int, seq: int, *, on: bool, by: Actor) -> None:
    """Put a message on top of the room for all, or take it down.

    Raises:
        NotFound: no such message.
        Refused: recalled, nothing anybody said, or too many already.
    """
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.PIN, by)
        if not on:
            gone = await db.fetchval(
                "delete from room_pin where room_id = $1 and seq = $2 returning 1", room_id, seq
            )
            if gone is not None:
                await notice(room_id, f"{by.name} 取消了一条置顶消息")
                await state.changed(room_id)
            return
        message = await queries.message(room_id, seq, by=by)
        if message.recalled or message.kind not in SAID:
            raise Refused("这条消息不能置顶")
        held = await db.fetchval(
            "select count(*) from room_pin where room_id = $1 and seq <> $2", room_id, seq
        )
        if held >= MOST_PINS:
            raise Refused(f"最多置顶 {MOST_PINS} 条消息，请先取消一条")
        new = await db.fetchval(
            "insert into room_pin (room_id, seq, by_name, at) values ($1, $2, $3, $4)"
            " on conflict do nothing returning 1",
            room_id,
            seq,
            by.name,
            clock.now(),
        )
        if new is not None:
            await notice(room_id, f"{by.name} 置顶了一条消息")
            await state.changed(room_id)


async def hush(room_id: int, *, on: bool, by: Actor) -> None:
    """Let only the owner, admins and moderators speak, or everybody again."""
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.HUSH, by)
        if room.silenced is on:
            return
        await db.execute("update room set hushed = $2 where id = $1", room_id, on)
        await notice(room_id, f"{by.name} {'开启' if on else '解除'}了全员禁言")
        await audit.record(by, "room.hush" if on else "room.unhush", "room", room_id)
        await state.changed(room_id)


async def hush_member(room_id: int, staff_id: int, *, on: bool, by: Actor) -> None:
    """Let one member be silent, or speak again.

    Raises:
        NotFound: not in the room.
        Refused: the owner, an admin by another admin, or oneself.
    """
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.HUSH, by)
        who = await member(room_id, staff_id)
        if who is None:
            raise NotFound("这位同事不在群聊中")
        if staff_id == by.staff_id:
            raise Refused("不能禁言自己")
        check_above(room, who)
        if who.hushed is on:
            return
        await db.execute(
            "update room_member set hushed = $3 where room_id = $1 and staff_id = $2", room_id, staff_id, on
        )
        await notice(room_id, f"{by.name} {'禁言了' if on else '解除了'} {who.name}{'' if on else ' 的禁言'}")
        await audit.record(by, "room.hush" if on else "room.unhush", "room", room_id, staff=staff_id)
        await state.changed(room_id, members=[staff_id])


async def wish(room_id: int, *, quiet: bool, pinned: bool, by: Actor) -> None:
    """One's own wishes: no nudges from this room; this room first in one's list."""
    done = await db.fetchval(
        "update room_member set quiet = $3, pinned_at = case when $4 then coalesce(pinned_at, $5) end"
        " where room_id = $1 and staff_id = $2 and left_at is null returning 1",
        room_id,
        by.staff_id,
        quiet,
        pinned,
        clock.now(),
    )
    if done is None:
        check_open(await queries.room(room_id, by=by))
        raise Refused("您已不在群聊中")
    if by.staff_id is not None:
        await live.tell("mine", {"room": room_id}, [by.staff_id])

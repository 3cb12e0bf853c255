"""Groups people make themselves, and members taken in or put out by hand in any room; a notice and an audit line each.

What each may do is asked of rights.py. Rooms about something else are opened and closed by those who know it.
"""

from collections.abc import Sequence
from uuid import UUID

from core import audit, clock, db
from core.actor import OWN, Actor
from core.errors import Fault, Forbidden, Invalid, Refused
from core.events import announce
from im import membership, queries, reach, state
from im.events import RoomChanged, RoomOpened
from im.holding import CLOSED, demand, lock, lock_subject
from im.rights import Right
from im.views import BOT_NAME, GROUP, Member, Role, Room
from im.writing import notice

LONGEST_TITLE = 40


async def found(key: UUID, title: str, staff_ids: Sequence[int], *, by: Actor) -> int:
    """The id of a new group of `by`, who owns it; the same key again gives the same group.

    Raises:
        Invalid: no name, or nobody else in it.
        NotFound: one of the people does not exist.
    """
    if by.staff_id is None:
        raise Forbidden("只有职工可以建群")
    name = _title(title)
    others = [who for who in dict.fromkeys(staff_ids) if who != by.staff_id]
    if not others:
        raise _bad("staff_ids", "群成员", "请至少选择一位同事")
    subject = f"{GROUP}{key}"
    async with db.transaction():
        made: int | None = await db.fetchval(
            "insert into room (subject, title, created_at, path) values ($1, $2, $3, $4)"
            " on conflict (subject) do nothing returning id",
            subject,
            name,
            clock.now(),
            _home(by),
        )
        if made is None:
            return (await queries.room_of(subject, by=by)).id
        await db.execute(
            "insert into room_member (room_id, kind, name) values ($1, 'bot', $2)", made, BOT_NAME
        )
        await audit.record(by, "room.open", "room", made, about=subject, title=name)
        await membership.add(made, [by.staff_id, *others], by, how=f"{by.name} 创建了群聊“{name}”")
        await db.execute(
            "update room_member set role = 'owner' where room_id = $1 and staff_id = $2", made, by.staff_id
        )
        await state.changed(made, members=[by.staff_id])
        await announce(RoomOpened(room_id=made))
    return made


async def rename(room_id: int, title: str, *, by: Actor) -> None:
    """Give the group another name."""
    name = _title(title)
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.RENAME, by)
        if room.title == name:
            return
        await db.execute("update room set title = $2 where id = $1", room_id, name)
        await notice(room_id, f"{by.name} 将群名改为“{name}”")
        await audit.record(by, "room.rename", "room", room_id, before=room.title, after=name)
        await state.changed(room_id)
        await announce(RoomChanged(room_id=room_id))


async def add(room_id: int, staff_ids: Sequence[int], *, by: Actor) -> None:
    """Take people in; those who are in are left as they are."""
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.ADD, by)
        present = set(await queries.present(room_id))
        new = [who for who in dict.fromkeys(staff_ids) if who not in present]
        await reach.check(room_id, new)
        await membership.add(room_id, new, by)


async def remove(room_id: int, staff_id: int, *, by: Actor) -> None:
    """Put somebody out; nothing happens when they are not in.

    Raises:
        Refused: oneself, the owner, or an admin by another admin.
    """
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.REMOVE, by)
        if staff_id == by.staff_id:
            raise Refused("要离开群聊请选择“退出群聊”")
        who = await member(room_id, staff_id)
        if who is None:
            return
        check_above(room, who)
        await membership.remove(room_id, [staff_id], f"{by.name} 将 {{names}} 移出了群聊", by)


async def set_role(room_id: int, staff_id: int, role: Role, *, by: Actor) -> None:
    """Make somebody an admin or a plain member again, or hand the group over to them.

    Raises:
        Refused: not in the group, or the owner's own place.
    """
    async with db.transaction():
        room = await lock(room_id, by)
        demand(room, Right.ROLES, by)
        who = await member(room_id, staff_id)
        if who is None:
            raise Refused("这位同事不在群聊中")
        if who.role is role:
            return
        if who.role is Role.OWNER:
            raise Refused("请先把群主转让给其他成员")
        touched = [staff_id]
        if role is Role.OWNER:
            before = await db.fetchval(
                "update room_member set role = 'admin' where room_id = $1 and role = 'owner' and left_at is null"
                " returning staff_id",
                room_id,
            )
            touched += [before] if before is not None else []
        await db.execute(
            "update room_member set role = $3 where room_id = $1 and staff_id = $2", room_id, staff_id, role
        )
        words = {
            Role.OWNER: f"{by.name} 将群主转让给 {who.name}",
            Role.ADMIN: f"{by.name} 将 {who.name} 设为管理员",
            Role.MEMBER: f"{by.name} 取消了 {who.name} 的管理员身份",
        }
        await notice(room_id, words[role])
        await audit.record(by, "room.role", "room", room_id, staff=staff_id, role=role)
        await state.changed(room_id, members=touched)


async def dissolve(room_id: int, reason: str, *, by: Actor) -> None:
    """End the room for writing: its owner dissolves a group, a moderator closes any room, with the reason."""
    async with db.transaction():
        room = await lock(room_id, by)
        if room.closed:
            return
        demand(room, Right.CLOSE, by)
        owner = room.own_group and room.role is Role.OWNER
        if not owner and not reason.strip():
            raise _bad("reason", "关闭原因", "请写明关闭群聊的原因")
        what = "解散了群聊" if owner else "关闭了群聊"
        because = f"，原因：{reason.strip()[:200]}" if reason.strip() else ""
        await notice(room_id, f"{by.name} {what}{because}。历史消息可继续查看")
        await db.execute("update room set closed_at = $2 where id = $1", room_id, clock.now())
        await audit.record(by, "room.close", "room", room_id, reason=reason.strip()[:200])
        await state.changed(room_id)
        await announce(RoomChanged(room_id=room_id))


async def seal(subject: str, *, sealed: bool, by: Actor) -> None:
    """Let nobody but the members see this room: no moderator looks in, nothing is mirrored, nobody is added by hand.

    Raises:
        NotFound: no such room.
    """
    async with db.transaction():
        room = await lock_subject(subject)
        if room.sealed is sealed:
            return
        await db.execute("update room set sealed = $2 where id = $1", room.id, sealed)
        await audit.record(by, "room.seal" if sealed else "room.unseal", "room", room.id)
        await announce(RoomChanged(room_id=room.id))


async def member(room_id: int, staff_id: int) -> Member | None:
    """Somebody who is in the room now."""
    return next((who for who in await queries.inside(room_id) if who.staff_id == staff_id), None)


def check_above(room: Room, who: Member) -> None:
    """Raises Refused unless the person of `room` may act upon `who`: the owner upon all, admins upon plain members."""
    if room.moderates or room.role is Role.OWNER or who.role is Role.MEMBER:
        return
    raise Refused("不能对群主或其他管理员进行此操作")


def check_open(room: Room) -> None:
    """Raises Refused when the room is closed."""
    if room.closed:
        raise Refused(CLOSED)


def _home(by: Actor) -> str | None:
    """The part of the organisation a person's group belongs to: the widest unit of their posts."""
    paths = sorted({grant.path for grant in by.grants}, key=lambda path: (path.count("/"), path))
    paths = [path for path in paths if not path.startswith(OWN)]
    return paths[0] if paths else None


def _title(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_TITLE:
        raise _bad("title", "群名称", f"请填写 1 到 {LONGEST_TITLE} 个字")
    return name


def _bad(field: str, label: str, reason: str) -> Invalid:
    return Invalid(f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason)])

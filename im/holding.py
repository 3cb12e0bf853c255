"""Rooms held while something is done in them: the lock from which numbers and versions get their order; changes nothing."""

from collections.abc import Iterable

from core import db
from core.actor import Actor, ActorKind
from core.errors import Forbidden, NotFound, Refused
from im import queries
from im.rights import Right, rights
from im.views import Room

CLOSED = "群聊已关闭，只能查看"
NOT_IN = "您已不在群聊中，只能查看离开前的消息"
HUSHED = "您已被禁言，暂时不能发言"
ALL_HUSHED = "群聊已开启全员禁言，只有群主和管理员可以发言"

_WHO_MAY = {
    Right.ROLES: "只有群主可以设置管理员或转让群主",
    Right.ANNOUNCE: "只有群主、群管理员或服务中心可以发布群公告",
    Right.TO_ALL: "只有群主、群管理员或服务中心可以@所有人",
    Right.RECALL: "只能撤回自己的消息",
    Right.EXPORT: "只有群主、群管理员或服务中心可以导出聊天记录",
}


async def lock(room_id: int, by: Actor) -> Room:
    """The room as `by` sees it, held until the transaction ends; looked at only after the lock is ours.

    Raises:
        NotFound: none that this person may see.
    """
    await db.execute("select 1 from room where id = $1 for update", room_id)
    return await queries.room(room_id, by=by)


async def lock_id(room_id: int) -> Room:
    """The room as the house sees it, held until the transaction ends.

    Raises:
        NotFound: no such room.
    """
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
        sealed=row["sealed"],
    )


async def lock_subject(subject: str) -> Room:
    """As `lock_id`, by what the room is about."""
    found = await db.fetchval("select id from room where subject = $1", subject)
    if found is None:
        raise NotFound("没有这个群聊")
    return await lock_id(found)


def check_writable(room: Room) -> None:
    """Raises Refused when this person may not post now."""
    if not room.member:
        raise Refused(NOT_IN)
    if room.closed:
        raise Refused(CLOSED)
    if room.muted:
        raise Refused(HUSHED if room.hushed else ALL_HUSHED)


def demand(room: Room, right: Right, by: Actor) -> None:
    """Raises unless this person may do that in the room now; the house itself always may.

    Raises:
        Forbidden: not this person, not here.
        Refused: nobody, since the room is closed.
    """
    if by.kind is ActorKind.SYSTEM or right in rights(room):
        return
    if room.closed and right in rights(room.model_copy(update={"closed": False})):
        raise Refused(CLOSED)
    raise Forbidden(_WHO_MAY.get(right, "您在这个群聊里没有此项权限"))


def joined(names: Iterable[str]) -> str:
    """Names as a notice lists them, at most twelve."""
    found = list(names)
    return "、".join(found) if len(found) <= 12 else f"{'、'.join(found[:10])}等 {len(found)} 人"

"""Who is in a room, written under its lock: in, out, the next owner when one goes. Asks for no permission."""

from collections.abc import Sequence

from core import audit, clock, db
from core.actor import Actor
from core.errors import NotFound, Refused
from core.events import announce
from im import state
from im.events import MembersChanged
from im.holding import joined
from im.views import Role
from im.writing import notice
from staff.queries import people

MOST_MEMBERS = 2000  # as many as an application group in WeCom may have

_ADD = (
    "insert into room_member (room_id, kind, staff_id, name, joined_seq, read_seq, joined_at)"
    " select $1, 'staff', p.id, p.name, r.last_seq, r.last_seq, $4"
    " from unnest($2::bigint[], $3::text[]) with ordinality as p(id, name, at), room r where r.id = $1"
    " order by p.at"
    " on conflict (room_id, staff_id) where kind = 'staff' do update set name = excluded.name, left_at = null,"
    " left_seq = null, joined_seq = excluded.joined_seq, read_seq = excluded.read_seq,"
    " joined_at = excluded.joined_at, role = 'member', hushed = false, quiet = false, pinned_at = null"
)
_HEIR = (
    "update room_member set role = 'owner' where id = (select id from room_member where room_id = $1"
    " and kind = 'staff' and left_at is null order by role = 'admin' desc, joined_seq, staff_id limit 1)"
    " returning staff_id, name"
)


async def add(room_id: int, staff_ids: Sequence[int], by: Actor, *, how: str = "") -> None:
    """Have these people in; `how` is the notice, when it is not simply that they joined.

    Raises:
        NotFound: somebody does not exist.
        Refused: too many.
    """
    if not staff_ids:
        return
    wanted = list(dict.fromkeys(staff_ids))
    known = await people(wanted)
    if missing := [who for who in wanted if who not in known]:
        raise NotFound(f"没有编号为 {missing[0]} 的职工")
    held = await db.fetchval(
        "select count(*) from room_member where room_id = $1 and left_at is null", room_id
    )
    if held + len(wanted) > MOST_MEMBERS:
        raise Refused(f"群成员最多 {MOST_MEMBERS} 人")
    names = [known[who].name for who in wanted]
    await db.execute(_ADD, room_id, wanted, names, clock.now())
    await notice(room_id, how or f"{joined(names)} 加入了群聊")
    await audit.record(by, "room.join", "room", room_id, staff=wanted)
    await state.changed(room_id, members=wanted)
    await announce(MembersChanged(room_id=room_id))


async def remove(room_id: int, staff_ids: Sequence[int], how: str, by: Actor) -> None:
    """Have these people out: they keep the history up to now. A room without its owner gets the next one."""
    rows = await db.fetch(
        "select name, role from room_member where room_id = $1 and kind = 'staff' and staff_id = any($2::bigint[])"
        " and left_at is null order by id",
        room_id,
        list(staff_ids),
    )
    said = await notice(room_id, how.format(names=joined(row["name"] for row in rows)))
    await db.execute(
        "update room_member set left_at = $3, left_seq = $4, pinned_at = null where room_id = $1 and kind = 'staff'"
        " and staff_id = any($2::bigint[]) and left_at is null",
        room_id,
        list(staff_ids),
        clock.now(),
        said.seq,
    )
    await audit.record(by, "room.leave", "room", room_id, staff=list(staff_ids))
    heirs: list[int] = []
    if any(row["role"] == Role.OWNER for row in rows) and (heir := await db.fetchrow(_HEIR, room_id)):
        heirs = [heir["staff_id"]]
        await notice(room_id, f"{heir['name']} 成为新的群主")
        await audit.record(by, "room.owner", "room", room_id, staff=heir["staff_id"])
    await state.changed(room_id, members=heirs, gone=staff_ids)
    await announce(MembersChanged(room_id=room_id))

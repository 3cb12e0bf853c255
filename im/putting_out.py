"""Has those out of their rooms who lost what the rooms are about; their open pages are told at once.

Nothing depends on it: every look and every live event asks `im.reach` by itself. It keeps the lists of members true and
closes what stands open on a screen.
"""

from core import audit, db
from core.actor import system
from im import live, membership, reach

_LATE = "{names} 已无权查看本群事项，退出了群聊"


async def put_out(where: str, *values: object) -> int:
    """Have those out who have no reach any more; how many there were.

    Args:
        where: which rooms `r` and members `m` are looked at, as a condition of SQL.
        values: its values.
    """
    rows = await db.fetch(
        "select r.id, array_agg(m.staff_id order by m.staff_id) as late from room_member m"  # noqa: S608 - our own words
        " join room r on r.id = m.room_id where m.kind = 'staff' and m.left_at is null"
        f" and ({where}) and not {reach.condition()} group by r.id order by r.id",
        *values,
    )
    for row in rows:
        async with db.transaction():
            await db.execute("select 1 from room where id = $1 for update", row["id"])
            await membership.remove(row["id"], row["late"], _LATE, system())
            await audit.record(system(), "room.put_out", "room", row["id"], staff=row["late"])
            await live.tell("gone", {"room": row["id"]}, row["late"])
    return sum(len(row["late"]) for row in rows)

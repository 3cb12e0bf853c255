"""A room closed to some of those who were ever in it, with its history; for matters that became secret. Asks nobody.

Who was put out finds no such room any more: they left no trace in it that others could read, and no notice tells.
"""

from collections.abc import Collection

from core import audit, db
from core.actor import Actor
from im import live, state
from im.holding import lock_subject


async def people_of(room_id: int) -> list[int]:
    """The staff ids of all who are or ever were in the room."""
    rows = await db.fetch(
        "select staff_id from room_member where room_id = $1 and kind = 'staff' order by staff_id", room_id
    )
    return [row["staff_id"] for row in rows]


async def expel(subject: str, keep: Collection[int], title: str, *, by: Actor) -> None:
    """Have nobody but `keep` in the room, nor in its past, and give it another name.

    Raises:
        NotFound: no such room.
    """
    async with db.transaction():
        room = await lock_subject(subject)
        rows = await db.fetch(
            "delete from room_member where room_id = $1 and kind = 'staff' and not staff_id = any($2::bigint[])"
            " returning staff_id",
            room.id,
            list(keep),
        )
        await db.execute("update room set title = $2 where id = $1", room.id, title)
        await audit.record(by, "room.expel", "room", room.id, staff=sorted(row["staff_id"] for row in rows))
        await state.changed(room.id)
        await live.tell("gone", {"room": room.id}, [row["staff_id"] for row in rows])

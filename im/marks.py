"""Read marks of many people, written and told together: everybody reads everything, so each alone is too dear.

Marks wait here for a second or so. A process that dies loses those, and their clients send them again when
they see, at their next look at the room, that the mark is behind. Counts nothing and shows nothing.
"""

import asyncio
from collections.abc import Mapping

import asyncpg

from core import db
from core.logs import logger
from im import live, reach

log = logger(__name__)

EVERY = 1.0  # seconds

# What is locked (a membership that is just changing) is left out rather than waited for: no deadlock.
_WRITE = """
with wanted as (
    select m.id, least(w.seq, r.last_seq) as seq
    from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as w(room_id, staff_id, seq)
    join room r on r.id = w.room_id
    join room_member m on m.room_id = w.room_id and m.kind = 'staff' and m.staff_id = w.staff_id and m.left_at is null
    where m.read_seq < least(w.seq, r.last_seq)
    order by m.id
    for update of m skip locked
)
update room_member m set read_seq = wanted.seq from wanted where m.id = wanted.id
returning m.room_id, m.staff_id, m.read_seq
"""


def _inside() -> str:
    return (
        "select m.room_id, array_agg(m.staff_id) as inside from room_member m join room r on r.id = m.room_id"  # noqa: S608
        " where m.room_id = any($1::bigint[]) and m.kind = 'staff' and m.left_at is null"
        f" and {reach.condition()} group by m.room_id"
    )


class Marks:
    """The marks that wait in this process."""

    def __init__(self) -> None:
        self.waiting: dict[tuple[int, int], int] = {}

    def note(self, room_id: int, staff_id: int, seq: int) -> None:
        """This person, a member, has read up to `seq`."""
        place = (room_id, staff_id)
        self.waiting[place] = max(seq, self.waiting.get(place, 0))

    async def run(self) -> None:
        """Write and tell every second, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits, and tell those in the rooms what has moved."""
        if not self.waiting:
            return
        taken, self.waiting = self.waiting, {}
        try:
            moved = await self._write(taken)
            inside = await db.fetch(_inside(), list(moved)) if moved else []
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            log.warning("chat_marks_lost", marks=len(taken), error=str(error))
            return
        for row in inside:
            await live.tell("read", {"room": row["room_id"], "marks": moved[row["room_id"]]}, row["inside"])

    @staticmethod
    async def _write(taken: Mapping[tuple[int, int], int]) -> dict[int, list[list[int]]]:
        """Marks that moved, [staff id, number], by room."""
        rooms, people, seqs = [], [], []
        for (room_id, staff_id), seq in taken.items():
            rooms.append(room_id)
            people.append(staff_id)
            seqs.append(seq)
        moved: dict[int, list[list[int]]] = {}
        for row in await db.fetch(_WRITE, rooms, people, seqs):
            moved.setdefault(row["room_id"], []).append([row["staff_id"], row["read_seq"]])
        return moved

"""What all in a room see of it beside messages: name, announcement, pins, silence; and how a change of it is told.

Each change takes the next version under the room's lock and is told whole, so that a client which has the version
before it applies it, and one which has not looks again. Decides nothing.
"""

from collections.abc import Sequence

from core import db
from im import live, queries
from im.views import QUOTED, Announcement, Mine, Quote, RoomState

_ROOM = (
    "select r.version, r.title, r.closed_at, r.hushed, a.seq, a.author, a.text, a.at from room r"
    " left join room_message a on a.room_id = r.id and a.seq = r.announced_seq and a.recalled_at is null"
    " where r.id = $1"
)
_PINS = (
    "select m.seq, m.author, m.kind, m.text, f.name as file, f.mime from room_pin p"
    " join room_message m on m.room_id = p.room_id and m.seq = p.seq and m.recalled_at is null"
    " left join stored_file f on f.id = m.file_id where p.room_id = $1 order by p.at desc, p.seq desc"
)


async def load(room_id: int) -> RoomState:
    """The state of a room; who may see it is the caller's question."""
    row = await db.fetchrow(_ROOM, room_id)
    assert row is not None  # noqa: S101 - the caller has seen the room
    pins = await db.fetch(_PINS, room_id)
    announcement = None
    if row["seq"] is not None:
        announcement = Announcement(seq=row["seq"], author=row["author"], text=row["text"], at=row["at"])
    return RoomState(
        version=row["version"],
        title=row["title"],
        closed=row["closed_at"] is not None,
        hushed=row["hushed"],
        announcement=announcement,
        pins=tuple(
            Quote(
                seq=pin["seq"],
                author=pin["author"],
                text=queries.shown(pin["kind"], pin["text"], pin["file"], pin["mime"], recalled=False)[
                    :QUOTED
                ],
            )
            for pin in pins
        ),
    )


async def mine(room_id: int, staff_id: int | None) -> Mine:
    """A person's own wishes for the room."""
    row = await db.fetchrow(
        "select quiet, pinned_at from room_member where room_id = $1 and staff_id = $2 and left_at is null",
        room_id,
        staff_id,
    )
    return Mine(quiet=row["quiet"], pinned=row["pinned_at"] is not None) if row else Mine()


async def mirror(room_id: int) -> str:
    """How its copy in WeCom stands: "" none, open, few (members without an account), failed."""
    found = await db.fetchval(
        "select state from room_mirror where room_id = $1 and state <> 'ended'", room_id
    )
    return found or ""


async def announcement_seen(room_id: int, seq: int) -> list[int]:
    """Staff ids of those who pressed "知道了"."""
    rows = await db.fetch(
        "select staff_id from room_announcement_seen where room_id = $1 and seq = $2 order by staff_id",
        room_id,
        seq,
    )
    return [row["staff_id"] for row in rows]


async def changed(room_id: int, *, members: Sequence[int] = (), gone: Sequence[int] = ()) -> None:
    """Give the room its next version and tell those inside, and those who just left.

    Args:
        room_id: the caller holds the lock of this row.
        members: staff ids of those who came or whose standing changed.
        gone: staff ids of those who left.
    """
    await db.execute("update room set version = version + 1 where id = $1", room_id)
    now = await load(room_id)
    touched = set(members)
    shown = [who for who in await queries.inside(room_id) if who.staff_id in touched]
    to = await queries.audience(room_id)
    data = {
        "room": room_id,
        "state": now.wire(),
        "members": [who.wire() for who in shown],
        "gone": list(gone),
    }
    await live.tell("change", data, [*to, *gone])

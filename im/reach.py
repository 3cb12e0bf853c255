"""Whether a person has reach to what a room is about, now: asked at every look, word, file, hit and live event.

Being a member is not enough: a post ends, a case becomes secret or moves to another department, and whoever has lost
the matter has lost its room, with its history. What a room is about others know; they declare, by the beginning of
its subject, a condition of SQL that reads today's rows. Nothing is remembered, so nothing can be out of date. Rooms
about nothing else (groups people made) are their members' alone.
"""

from collections.abc import Callable, Iterable

from core import db
from core.errors import Refused

Way = Callable[[str, str], str]

_WAYS: dict[str, Way] = {}


def declare(beginning: str, way: Way) -> None:
    """Ask `way(subject, staff)` of rooms whose subject begins so: a condition, from the SQL of a subject and of a staff id."""
    _WAYS[beginning] = way


def condition(subject: str = "r.subject", staff: str = "m.staff_id") -> str:
    """The condition that this person works here and has reach to what the room is about."""
    parts = [f"exists (select 1 from staff ra where ra.id = {staff} and ra.active)"]  # noqa: S608 - our own words
    parts += [f"({subject} not like '{start}%' or {way(subject, staff)})" for start, way in _WAYS.items()]
    return f"({' and '.join(parts)})"


async def lacking(room_id: int, staff_ids: Iterable[int]) -> set[int]:
    """Those of the people who have no reach to what the room is about."""
    rows = await db.fetch(
        "select s.id from room r, unnest($2::bigint[]) as s (id)"  # noqa: S608 - our own words
        f" where r.id = $1 and not ({condition('r.subject', 's.id')})",
        room_id,
        list(staff_ids),
    )
    return {row["id"] for row in rows}


async def check(room_id: int, staff_ids: Iterable[int]) -> None:
    """Refuse to take in people who could read nothing there.

    Raises:
        Refused: naming them.
    """
    late = await lacking(room_id, staff_ids)
    if not late:
        return
    rows = await db.fetch("select name from staff where id = any($1::bigint[]) order by id", sorted(late))
    names = "、".join(row["name"] for row in rows)
    raise Refused(f"{names} 无权查看本群事项，不能加入；需要其参与时，请先派单给其科室（可作协办）")

"""Names of departments in messages that lead to no unit: noted when a message is parked for one, shown with how many
wait, and once the name leads to a unit everything that waited for it is taken again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import audit, bell, clock, db
from core.actor import system
from patients.feeds.store import TABLE
from staff import queries as staff
from staff.events import UnitNamed

MOST = 500
LONGEST = 200


@dataclass(frozen=True, slots=True)
class LostName:
    """What a message calls a department, at which campus ("" for none said)."""

    name: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that leads to no unit: how many messages wait for it, when the last came, of which links (id, name)."""

    name: str
    site: str
    waiting: int
    last_at: datetime
    links: tuple[tuple[int, str], ...]


async def note(parked: Sequence[tuple[int, LostName | None]]) -> None:
    """Keep why messages are parked: (message, the name that leads nowhere; None when something else is wrong)."""
    await db.execute(
        "delete from feed_lost_name where message_id = any($1::bigint[])", [number for number, _ in parked]
    )
    lost = [(number, one.name[:LONGEST], one.site[:LONGEST]) for number, one in parked if one is not None]
    if lost:
        await db.executemany("insert into feed_lost_name (message_id, name, site) values ($1, $2, $3)", lost)


async def listed() -> list[Unknown]:
    """The names that lead to no unit at this moment, those most wait for first; at most `MOST`."""
    rows = await db.fetch(
        "select n.name, n.site, count(*)::int as waiting, max(m.created_at) as last_at,"
        " array_agg(distinct l.id order by l.id) as ids from feed_lost_name n"
        " join feed_message m on m.id = n.message_id and m.state = 'parked' join feed_link l on l.id = m.link_id"
        " group by n.name, n.site order by count(*) desc, n.name, n.site limit $1",
        MOST,
    )
    names = {row["id"]: row["name"] for row in await db.fetch("select id, name from feed_link")}
    tree = await staff.tree()
    return [
        Unknown(
            row["name"],
            row["site"],
            row["waiting"],
            row["last_at"],
            tuple((one, names[one]) for one in row["ids"]),
        )
        for row in rows
        if tree.find(row["name"], row["site"]) is None
    ]


async def of_link(link_id: int) -> int:
    """How many messages of a link are parked for names of departments."""
    count: int = await db.fetchval(
        "select count(*) from feed_message m join feed_lost_name n on n.message_id = m.id"
        " where m.link_id = $1 and m.state = 'parked'",
        link_id,
    )
    return count


async def waiting(name: str, site: str) -> int:
    """How many messages are parked for a name."""
    count: int = await db.fetchval(
        "select count(*) from feed_lost_name n join feed_message m on m.id = n.message_id and m.state = 'parked'"
        " where n.name = $1 and n.site = $2",
        name,
        site,
    )
    return count


async def go_on(_: UnitNamed) -> None:
    """Take again what was parked for a name that leads to a unit now."""
    await staff.forget_tree()
    tree = await staff.tree()
    rows = await db.fetch("select distinct name, site from feed_lost_name order by name, site")
    known = [row for row in rows if tree.find(row["name"], row["site"]) is not None]
    taken = await db.fetch(
        "with known as (delete from feed_lost_name where (name, site) in"
        " (select * from unnest($1::text[], $2::text[])) returning message_id),"
        " again as (update feed_message m set state = 'due', attempts = 0, due_at = $3, fault_at = '' from known"
        " where m.id = known.message_id and m.state = 'parked' returning m.link_id)"
        " select link_id, count(*)::int as messages from again group by link_id order by link_id",
        [row["name"] for row in known],
        [row["site"] for row in known],
        clock.now(),
    )
    by = system("科室名称对照")
    for row in taken:
        await audit.record(by, "feed.replay_all", "feed_link", row["link_id"], messages=row["messages"])
    if taken:
        await bell.ring(TABLE)

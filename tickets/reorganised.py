"""What follows when units move or merge: tickets, their rooms and the units concerned with cases stand where they do now.

Rows keep their unit; only where that unit stands in the organisation is written anew. Whoever was concerned with a case
before the move stays so, so that the numbers of past years can still be opened.
"""

from core import db, jobs
from core.jobs import Job
from staff import queries as staff
from staff.events import UnitsMoved
from tickets import leaving_rooms
from tickets.queries.access import unit_ids_of

FOLLOW = "units.follow"
CHUNK = 1_000

_TICKETS = """
with late as (
    select t.id, u.path from ticket t join org_unit u on u.id = t.unit_id
    where t.unit_id = any($1::bigint[]) and t.path <> u.path order by t.id desc limit $2 for update of t
), moved as (
    update ticket t set path = late.path from late where t.id = late.id returning t.id, late.path
), rooms as (
    update room r set path = moved.path from moved where r.subject = 'ticket:' || moved.id
)
select count(*) from moved
"""
_CASES = """
with late as (
    select id from cases where unit_ids @> array[$1::bigint] and not unit_ids @> $2::bigint[]
    order by id desc limit $3 for update
)
update cases c set unit_ids = (select array_agg(distinct x order by x) from unnest(c.unit_ids || $2::bigint[]) as t (x))
from late where c.id = late.id
"""


async def moved(event: UnitsMoved) -> None:
    """Have a job follow; a department may have many thousands of tickets."""
    await jobs.enqueue(FOLLOW, {"units": list(event.unit_ids)})


async def follow(job: Job) -> None:
    """Write anew where tickets, rooms and cases of these units, and of all below them, stand; the newest first."""
    await staff.forget_tree()
    tree = await staff.tree()
    tops = [tree.unit(unit_id) for unit_id in job.payload["units"]]
    ids = list(tree.within(unit.path for unit in tops))
    while await db.fetchval(_TICKETS, ids, CHUNK):
        pass
    for unit in tops:
        for below in tree.within([unit.path]):
            concerned = unit_ids_of(tree.unit(below).path)
            while await db.execute(_CASES, below, concerned, CHUNK):
                pass
    await leaving_rooms.units_moved(ids)

"""What waits for a person, as cases: tickets to sign, answer or endorse, cases to go on with, limits that press.

Follows the permissions of the state table. For whoever works inside the centre a limit is the case's, for a
department it is that of its own tickets. Reads only.
"""

from datetime import datetime

from core import db
from core.actor import Actor, ActorKind, Permission, own_path
from staff import queries as staff
from staff.queries import OrgTree
from tickets.queries.access import scope, unit_ids_of

MOST = 5_000
_INSIDE = (Permission.CASE_HANDLE, Permission.CASE_REVIEW, Permission.CASE_EXPORT)


def inside(by: Actor) -> bool:
    """Whether this person sees cases as the centre does, with all their departments and the limits of the whole."""
    return by.kind is not ActorKind.STAFF or any(map(by.can, _INSIDE))


async def todo(by: Actor) -> set[int]:
    """The cases in which the next step is this person's; at most `MOST`, newest first."""
    tree = await staff.tree()
    handled = _departments(by, Permission.TICKET_HANDLE, tree)
    endorsed = _departments(by, Permission.TICKET_ENDORSE, tree)
    rows = await db.fetch(
        "select distinct case_id from ("
        " (select t.case_id from ticket t join cases c on c.id = t.case_id and c.round = t.round"
        "  where (t.unit_id = any($1::bigint[]) or $7 and t.holder_id = $5) and t.state in ('assigned', 'in_progress')"
        "  order by t.id desc limit $6)"
        " union all"
        " (select t.case_id from ticket t join cases c on c.id = t.case_id and c.round = t.round"
        "  where t.unit_id = any($2::bigint[]) and t.state = 'answered' order by t.id desc limit $6)"
        " union all"
        " (select c.id from cases c where $3 and c.handler_id = $5 and c.state in ('received', 'accepted', 'replied',"
        "  'called_back') and (c.merged_into is null or c.state in ('replied', 'called_back')) order by c.id desc limit $6)"
        " union all"
        " (select c.id from cases c where $3 and c.handler_id = $5 and c.state = 'in_progress' and c.merged_into is null and not exists"
        "  (select 1 from ticket t where t.case_id = c.id and t.round = c.round and t.state in"
        "  ('assigned', 'in_progress', 'paused', 'answered')) order by c.id desc limit $6)"
        " union all"
        " (select c.id from cases c join case_round r on r.case_id = c.id and r.no = c.round"
        "  where $4 and c.state = 'under_review' and r.drafted_by_id is distinct from $5 order by c.id desc limit $6)"
        ") w",
        handled,
        endorsed,
        by.can(Permission.CASE_HANDLE),
        by.can(Permission.CASE_REVIEW),
        by.staff_id,
        MOST,
        by.staff_id is not None and own_path(by.staff_id) in by.scope(Permission.TICKET_HANDLE),
    )
    return {row["case_id"] for row in rows}


def _departments(by: Actor, permission: Permission, tree: OrgTree) -> list[int]:
    """The departments and wards for which a person answers; who stands above them all only looks on."""
    tops = [
        path
        for path in by.scope(permission)
        if (ids := unit_ids_of(path)) and ids[-1] > 0 and tree.unit(ids[-1]).kind not in ("group", "campus")
    ]
    return list(tree.within(tops)) if tops else []


async def due(by: Actor, start: datetime | None, end: datetime) -> set[int]:
    """The cases in which a ticket of this person's units, still worked on, is due in this time; at most `MOST`."""
    units = scope(by)
    tree = await staff.tree()
    paths = ["/"] if units is None else [tree.unit(unit).path for unit in units if unit > 0]
    rows = await db.fetch(
        "select distinct t.case_id from ticket t join cases c on c.id = t.case_id and c.round = t.round"
        " where (t.unit_id = any($1::bigint[]) or t.holder_id = $5 and -$5 = any($6::bigint[])) and t.state in ('assigned', 'in_progress') and t.due_at < $2"
        " and ($3::timestamptz is null or t.due_at >= $3) limit $4",
        list(tree.within(paths)),
        end,
        start,
        MOST,
        by.staff_id,
        units or [],
    )
    return {row["case_id"] for row in rows}

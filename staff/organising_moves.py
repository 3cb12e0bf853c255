"""Units that move or merge: where they stand changes, what they did does not; audited with before and after.

Tickets and rooms follow by the event (`tickets.reorganised`); statistics read the terms (`staff.units_past`).
"""

from datetime import date

from core import audit, db
from core.actor import Actor
from core.errors import Refused
from core.events import announce
from staff import queries, units_past
from staff.events import UnitsMoved
from staff.guarded_posts import How, Terms, ask, guarded
from staff.holding import holds
from staff.organising_rows import BELOW, KINDS, Row, effective, end_term, free_name, in_use, lock, place, turn
from staff.roles import Role


async def move(unit_id: int, parent_id: int, *, on: date | None = None, by: Actor) -> None:
    """Have a unit, with all below it, stand below another parent; rights and work follow it at once.

    Raises:
        Refused: it cannot stand there, the name is taken there, or it would stand below itself.
    """
    async with db.transaction():
        row = await lock(unit_id, by)
        parent = await lock(parent_id, by)
        if row.parent_id == parent_id:
            return
        in_use(row)
        if row.parent_id is None:
            raise Refused("集团不能移动")
        if parent.path.startswith(row.path):
            raise Refused("不能移到自己或自己的下属之下")
        if not parent.active:
            raise Refused(f"“{parent.name}”已停用，不能移到其下")
        if row.kind not in BELOW[parent.kind]:
            raise Refused(f"{KINDS[parent.kind]}下不能设{KINDS[row.kind]}")
        await free_name(row.name, parent_id, unit_id)
        day = effective(on, row)
        await turn(row, day, parent_id, row.name, row.short_name)
        await place(row, parent)
        await audit.record(
            by,
            "unit.move",
            "org_unit",
            unit_id,
            before=row.parent_id,
            after=parent_id,
            name=row.name,
            on=day,
            reached_by=await _reach_it_now(row.path, parent.path),
        )
        await announce(UnitsMoved(unit_ids=(unit_id,)))
        await units_past.forget()


async def merge(
    unit_id: int, into_id: int, *, with_posts: bool = True, on: date | None = None, by: Actor
) -> None:
    """Merge a unit into another of its kind: it closes, stands below its successor, and points to it.

    Its rows keep it, so the past is counted as it was; its names and codes lead to the successor, whose people answer
    for its work from now on. What stood below it stands below the successor.

    Args:
        with_posts: its people are to have their posts in the successor; each waits for whoever keeps the accounts.

    Raises:
        Refused: different kinds, one of them closed, or one stands below the other.
    """
    async with db.transaction():
        row, into = await lock(unit_id, by), await lock(into_id, by)
        in_use(row)
        in_use(into)
        if row.id == into.id:
            raise Refused("不能并入自己")
        if row.kind != into.kind or row.kind == "group":
            raise Refused("只能并入同级机构（院区并入院区、科室并入科室、病区并入病区）")
        if into.path.startswith(row.path) or row.path.startswith(into.path):
            raise Refused("上下级之间不能合并，请先移动")
        day = effective(on, row)
        children = await db.fetch(
            "select id from org_unit where parent_id = $1 and (active or merged_into is null) order by id",
            unit_id,
        )
        for child in children:
            await _adopt(child["id"], into, day, by)
        await end_term(row, day)
        await place(row, into)
        await db.execute(
            "update org_unit set active = false, valid_to = $2, merged_into = $3, merged_on = $2 where id = $1",
            unit_id,
            day,
            into_id,
        )
        waits = await _ask_posts(row, into, by) if with_posts else []
        await audit.record(
            by,
            "unit.merge",
            "org_unit",
            unit_id,
            name=row.name,
            before=row.parent_id,
            into=into_id,
            into_name=into.name,
            children=[child["id"] for child in children],
            posts_waiting=waits,
            on=day,
        )
        await announce(UnitsMoved(unit_ids=(unit_id, *(child["id"] for child in children))))
        await units_past.forget()


async def _adopt(child_id: int, into: Row, day: date, by: Actor) -> None:
    child = await lock(child_id, by)
    if child.active:
        await free_name(child.name, into.id, child.id)
        await turn(child, max(day, child.since or day), into.id, child.name, child.short_name)
    await place(child, into)


async def _ask_posts(row: Row, into: Row, by: Actor) -> list[dict[str, object]]:
    """Have the posts of a merged unit wait for whoever keeps the accounts: in its successor they would reach further.

    Until then its people keep the posts they have, which reach the merged unit's own work.
    """
    posts = await db.fetch(
        "select p.id, p.staff_id, p.role, p.own, p.until_on, least(9, p.rank + coalesce("  # noqa: S608
        "(select max(o.rank) from post o where o.unit_id = $2 and o.role = p.role), 0)) as rank"
        " from post p join staff s on s.id = p.staff_id and s.active"
        f" where p.unit_id = $1 and p.staff_id is distinct from $3 and {holds()} and not exists"
        " (select 1 from post o where o.unit_id = $2 and o.staff_id = p.staff_id and o.role = p.role)"
        " order by p.rank, p.id",
        row.id,
        into.id,
        by.staff_id,
    )
    for post in posts:
        wanted = Terms(
            post["staff_id"],
            into.id,
            Role(post["role"]),
            post["rank"],
            post["own"],
            None,
            post["until_on"],
            post["id"],
        )
        await ask(wanted, How.MERGE, f"{row.name}并入{into.name}", by=by)
    return [{"staff": post["staff_id"], "role": post["role"]} for post in posts]


async def _reach_it_now(path_before: str, path_after: str) -> list[dict[str, object]]:
    """Whose guarded posts reach a unit only since it moved: told in the audit line, so that it is no secret."""
    tree = await queries.tree()
    above = [
        unit
        for unit in tree.units
        if path_after.startswith(unit.path) and not path_before.startswith(unit.path)
    ]
    rows = await db.fetch(
        f"select p.staff_id, p.role, p.unit_id, p.own from post p where p.unit_id = any($1::bigint[]) and {holds()}"  # noqa: S608
        " order by p.id",
        [unit.id for unit in above],
    )
    return [
        {"staff": row["staff_id"], "role": row["role"]}
        for row in rows
        if guarded(Role(row["role"]), tree.unit(row["unit_id"]), own=row["own"])
    ]

"""Posts over time: the ones that begin later, and the ones whose last day is over. Giving and taking is `staff.actions`.

The days are those of the hospital. A post whose last day is over gives no rights even while nobody has taken it away
yet (`staff.actors`); the clock only tidies up and tells those who react.
"""

from datetime import date, datetime, time

from core import audit, clock, db
from core.actor import Actor, system
from core.due import Ask, Came, Due, schedule
from core.errors import Fault, HuiyinError, Invalid, NotFound
from core.events import announce
from staff import actions
from staff.events import PostsChanged
from staff.roles import LABELS, Role

BEGINS = "staff.post_begins"


async def give(
    staff_id: int,
    unit_id: int,
    role: Role,
    *,
    rank: int = 1,
    from_on: date | None = None,
    until_on: date | None = None,
    own: bool = False,
    by: Actor,
) -> None:
    """Give a post from today or from a day to come on, without end or until the end of a day.

    Raises:
        Invalid: the days are the wrong way round; else as `actions.give_post`.
    """
    if from_on is not None and until_on is not None and until_on < from_on:
        words = "截止日期不能早于起始日期"
        raise Invalid(words, details=[Fault(field="until_on", label="截止日期", reason=words)])
    if from_on is None or from_on <= clock.today():
        await actions.give_post(staff_id, unit_id, role, rank=rank, until_on=until_on, own=own, by=by)
        return
    await actions.may_give(staff_id, unit_id, role, rank=rank, by=by)
    async with db.transaction():
        number: int = await db.fetchval(
            "insert into post_planned (staff_id, unit_id, role, rank, from_on, until_on, given_by, own)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (staff_id, unit_id, role) do update"
            " set rank = $4, from_on = $5, until_on = $6, given_by = $7, own = $8 returning id",
            staff_id,
            unit_id,
            role,
            rank,
            from_on,
            until_on,
            by.name,
            own,
        )
        await schedule(
            Ask(datetime.combine(from_on, time(), clock.SHANGHAI), BEGINS, number, from_on.toordinal())
        )
        await audit.record(
            by, "staff.plan_post", "staff", staff_id, unit=unit_id, role=role, begins=from_on, until=until_on
        )


async def drop_planned(staff_id: int, planned_id: int, *, by: Actor) -> None:
    """Give up a post that has not begun.

    Raises:
        NotFound: there is none.
    """
    row = await db.fetchrow(
        "select unit_id, role from post_planned where id = $1 and staff_id = $2", planned_id, staff_id
    )
    if row is None:
        raise NotFound("没有这个待生效的岗位")
    await actions.changes_posts(by, staff_id, row["unit_id"])
    async with db.transaction():
        if await db.execute("delete from post_planned where id = $1", planned_id):
            await audit.record(
                by, "staff.drop_planned", "staff", staff_id, unit=row["unit_id"], role=row["role"]
            )


async def begin(due: Due) -> tuple[Came, str]:
    """The day has come: the planned post is given, unless it cannot be any more."""
    row = await db.fetchrow("select * from post_planned where id = $1 for update", due.ref)
    if row is None or row["from_on"].toordinal() != due.ref_version:
        return Came.VOID, "计划已撤销或改期"
    await db.execute("delete from post_planned where id = $1", due.ref)
    try:
        async with db.transaction():
            await actions.give_post(
                row["staff_id"],
                row["unit_id"],
                Role(row["role"]),
                rank=row["rank"],
                until_on=row["until_on"],
                own=row["own"],
                by=system(),
            )
    except HuiyinError as error:
        return Came.MISSED, error.message
    return Came.DONE, f"{LABELS[Role(row['role'])]}已生效"


async def end(due: Due) -> tuple[Came, str]:
    """The last day is over: what ended with it is taken from the person."""
    rows = await db.fetch(
        "delete from post where staff_id = $1 and until_on <= $2 returning unit_id, role",
        due.ref,
        date.fromordinal(due.ref_version),
    )
    for row in rows:
        await audit.record(
            system(), "staff.post_ended", "staff", due.ref, unit=row["unit_id"], role=row["role"]
        )
        await announce(PostsChanged(staff_id=due.ref, unit_id=row["unit_id"]))
    return (Came.DONE, f"到期 {len(rows)} 个岗位") if rows else (Came.VOID, "没有到期的岗位")

"""Posts over time: the ones that begin later, and the ones whose last day is over. Giving and taking is `staff.actions`.

The days are those of the hospital. A post whose last day is over gives no rights even while nobody has taken it away
yet (`staff.actors`); the clock only tidies up and tells those who react.
"""

from datetime import date

from pydantic import Field

from core import audit, clock, db
from core.actions import Form
from core.actor import Actor, ActorKind, system
from core.due import Came, Due
from core.errors import Fault, HuiyinError, Invalid, NotFound, Refused
from core.events import announce
from staff import actions, queries
from staff.events import PostsChanged
from staff.guarded_posts import How, Terms, ask, guarded, held, needs_another, widens
from staff.roles import LABELS, Role

BEGINS = actions.POST_BEGINS


class AdjustForm(Form):
    """New terms of a post that somebody holds, and why."""

    unit: int = Field(title="科室", json_schema_extra={"widget": "department"})
    own: bool = Field(
        default=False, title="仅本人经办", description="选“是”则只能看到和办理由其本人经办的诉求和工单"
    )
    rank: int = Field(default=1, title="次序", description="1 为第一负责，2 为副", ge=1, le=9)
    from_on: date | None = Field(
        default=None,
        title="起始日期",
        description="不填不变；填以后的日期，则现在收回、到当天再生效",
        json_schema_extra={"widget": "date"},
    )
    until_on: date | None = Field(
        default=None, title="截止日期", description="不填为长期", json_schema_extra={"widget": "date"}
    )
    reason: str = Field(
        title="调整原因", description="例如：轮岗、延长任期、科室调整", min_length=2, max_length=200
    )


async def give(
    staff_id: int,
    unit_id: int,
    role: Role,
    *,
    rank: int = 1,
    from_on: date | None = None,
    until_on: date | None = None,
    own: bool = False,
    why: str = "",
    by: Actor,
) -> bool:
    """Give a post from today or from a day to come on, without end or until the end of a day; whether it is given.

    False: it waits for another person (`staff.confirming`).

    Raises:
        Invalid: the days are the wrong way round; else as `actions.give_post`.
    """
    _check_days(from_on, until_on)
    if from_on is None or from_on <= clock.today():
        return await actions.give_post(
            staff_id, unit_id, role, rank=rank, until_on=until_on, own=own, why=why, by=by
        )
    wanted = Terms(staff_id, unit_id, role, rank, own, from_on, until_on)
    async with db.transaction():
        await actions.may_give(staff_id, unit_id, role, rank=rank, by=by)
        if await needs_another(wanted, by):
            await ask(wanted, How.GIVE, why, by=by)
            return False
        await actions.write_post(wanted, given_by=by.name, why=why, by=by)
    return True


def _check_days(from_on: date | None, until_on: date | None) -> None:
    if from_on is not None and until_on is not None and until_on < from_on:
        words = "截止日期不能早于起始日期"
        raise Invalid(words, details=[Fault(field="until_on", label="截止日期", reason=words)])
    actions.check_last(until_on)


async def adjust(staff_id: int, post_id: int, form: AdjustForm, *, by: Actor) -> bool:
    """Change the terms of a post, with the reason; what it was stays in its history. Whether they hold now.

    Raises:
        NotFound: no such post. Refused: one's own, or the person has one like it in the other unit.
        Invalid: nothing changes, or the days are the wrong way round.
    """
    _check_days(form.from_on, form.until_on)
    async with db.transaction():
        row = await db.fetchrow(
            "select unit_id, role, rank, own, until_on from post where id = $1 and staff_id = $2 for update",
            post_id,
            staff_id,
        )
        if row is None:
            raise NotFound("没有这个岗位，可能已被收回")
        role = Role(row["role"])
        now = Terms(staff_id, row["unit_id"], role, row["rank"], row["own"], None, row["until_on"], post_id)
        later = form.from_on if form.from_on is not None and form.from_on > clock.today() else None
        wanted = Terms(staff_id, form.unit, role, form.rank, form.own, later, form.until_on, post_id)
        if wanted == now:
            raise Invalid(
                "没有变更任何内容", details=[Fault(field="unit", label="科室", reason="没有变更任何内容")]
            )
        await actions.changes_posts(by, staff_id, now.unit_id)
        await actions.may_give(staff_id, form.unit, role, rank=form.rank, by=by)
        if form.unit != now.unit_id and await held(staff_id, form.unit, role):
            raise Refused(f"此人在该科室已有“{LABELS[role]}”岗位")
        reason = " ".join(form.reason.split())
        await audit.record(
            by,
            "staff.adjust_post",
            "staff",
            staff_id,
            role=role,
            before=_terms(now),
            after=_terms(wanted),
            reason=reason,
        )
        if by.kind is not ActorKind.SYSTEM and await _wider(now, wanted):
            await ask(wanted, How.ADJUST, reason, by=by)
            return False
        await actions.write_post(wanted, given_by=by.name, why=reason, by=by)
    return True


async def _wider(now: Terms, wanted: Terms) -> bool:
    tree = await queries.tree()
    old, new = tree.unit(now.unit_id), tree.unit(wanted.unit_id)
    return guarded(wanted.role, new, own=wanted.own) and widens(now, wanted, (old.path, new.path))


def _terms(terms: Terms) -> dict[str, object]:
    return {
        "unit": terms.unit_id,
        "rank": terms.rank,
        "own": terms.own,
        "from": terms.from_on,
        "until": terms.until_on,
    }


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
        await actions.end_term(due.ref, row["unit_id"], row["role"], "系统", "到期")
        await audit.record(
            system(), "staff.post_ended", "staff", due.ref, unit=row["unit_id"], role=row["role"]
        )
        await announce(PostsChanged(staff_id=due.ref, unit_id=row["unit_id"]))
    return (Came.DONE, f"到期 {len(rows)} 个岗位") if rows else (Came.VOID, "没有到期的岗位")

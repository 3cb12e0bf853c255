"""The second person's word on guarded posts: what waits, confirming, returning, expiring.

Nobody confirms what they asked for themselves, nor a post of their own. What has changed since it was asked for is judged
anew: whoever asked must still have the right, the unit must be in use, the person must be allowed the post.
"""

from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from core import audit, clock, db
from core.actor import Actor, Door, Permission
from core.due import Came, Due
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused, Unauthenticated
from core.events import announce
from staff import actions, queries
from staff.actors import actor_of
from staff.events import PostAskDecided, PostsChanged
from staff.guarded_posts import HOWS, How, Terms
from staff.queries import Person
from staff.roles import LABELS, Role

STATES = {
    "waiting": "待确认",
    "confirmed": "已确认",
    "returned": "已退回",
    "withdrawn": "已撤回",
    "expired": "已过期",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A post that was asked for, in words; `may` is whether the asker of this list may confirm it, `bar` why not."""

    id: int
    kind: How
    staff_id: int
    number: str
    name: str
    unit_id: int
    unit: str
    role: Role
    own: bool
    rank: int
    from_on: date | None
    until_on: date | None
    why: str
    asked_by: int | None
    asked_name: str
    asked_at: datetime
    expires_at: datetime
    state: str
    decided_name: str
    decided_at: datetime | None
    decided_why: str
    bar: str = ""

    @property
    def label(self) -> str:
        """The role in words."""
        return LABELS[self.role]

    @property
    def how(self) -> str:
        """How it came to be asked for."""
        return HOWS[self.kind]

    @property
    def stands(self) -> str:
        """What became of it."""
        return STATES[self.state]


_LINES = """
select a.*, s.number, s.name from post_asked a join staff s on s.id = a.staff_id
join org_unit u on u.id = a.unit_id
"""


async def waiting(*, by: Actor) -> list[Asked]:
    """What waits in the reach of this person, the oldest first.

    Raises:
        Forbidden: keeps no accounts.
    """
    return await _listed("a.state = 'waiting'", "a.asked_at, a.id", by)


async def decided(*, by: Actor, most: int = 50) -> list[Asked]:
    """What was decided last."""
    return await _listed("a.state <> 'waiting'", f"a.decided_at desc, a.id desc limit {most}", by)


async def count(*, by: Actor) -> int:
    """How much waits for this very person's word."""
    return sum(not one.bar for one in await waiting(by=by))


async def of_person(staff_id: int, *, by: Actor) -> list[Asked]:
    """What waits for one person."""
    return [one for one in await waiting(by=by) if one.staff_id == staff_id]


async def of_unit(unit_id: int) -> list[Asked]:
    """What waits in a unit, and for people of units merged into it."""
    rows = await db.fetch(
        f"{_LINES} where a.state = 'waiting' and a.unit_id = $1 order by a.asked_at, a.id", unit_id
    )
    return [await _asked(row, None) for row in rows]


async def _listed(where: str, order: str, by: Actor) -> list[Asked]:
    scopes = by.scope(Permission.ACCOUNT_MANAGE)
    if not scopes:
        raise Forbidden
    rows = await db.fetch(
        f"{_LINES} where {where} and ($1 or u.path like any($2::text[])) order by {order}",
        "/" in scopes,
        [f"{path}%" for path in scopes],
    )
    return [await _asked(row, by) for row in rows]


async def _asked(row: asyncpg.Record, by: Actor | None) -> Asked:
    tree = await queries.tree()
    known = {name: row[name] for name in Asked.__dataclass_fields__ if name in row.keys()}  # noqa: SIM118 - a Record
    known |= {"kind": How(row["kind"]), "role": Role(row["role"]), "unit": tree.label(row["unit_id"])}
    bar = ""
    if by is not None and by.staff_id is not None:
        if by.staff_id == row["asked_by"]:
            bar = "本人提出的申请，须由另一人确认"
        elif by.staff_id == row["staff_id"]:
            bar = "不能确认自己的岗位"
    return Asked(**known, bar=bar)


async def one(asked_id: int, *, by: Actor | None = None) -> Asked:
    """One of them.

    Raises:
        NotFound: none in reach.
    """
    row = await db.fetchrow(f"{_LINES} where a.id = $1", asked_id)
    if row is None:
        raise NotFound("没有这项岗位申请")
    if by is not None:
        unit = (await queries.tree()).unit(row["unit_id"])
        if not by.can(Permission.ACCOUNT_MANAGE, unit.scope):
            raise NotFound("没有这项岗位申请")
    return await _asked(row, by)


async def confirmers(asked: Asked) -> list[Person]:
    """Who may confirm it: the security administrators whose reach it lies in, but not who asked and whom it is for."""
    found: dict[int, Person] = {}
    for unit in (await queries.tree()).line(asked.unit_id):
        for person in await queries.holders(unit.id, Role.SECURITY):
            found.setdefault(person.id, person)
    return [person for person in found.values() if person.id not in (asked.asked_by, asked.staff_id)]


async def confirm(asked_id: int, *, by: Actor) -> Asked:
    """Give the post as it was asked for, on the word of a second person.

    Raises:
        Refused: one's own request or post; it is decided or out of date; whoever asked may not any more.
        Invalid, Forbidden, NotFound: as `actions.give_post`.
    """
    async with db.transaction():
        asked = await _locked(asked_id, by)
        if asked.bar:
            raise Refused(asked.bar)
        if clock.now() >= asked.expires_at:
            raise Refused("这项申请已过期，请重新提出")
        if asked.until_on is not None and asked.until_on < clock.today():
            raise Refused("岗位的截止日期已过，请退回")
        await _asker_still_may(asked)
        unit = (await queries.tree()).unit(asked.unit_id)
        if not unit.active:
            raise Refused(f"“{unit.name}”已停用，请退回")
        await actions.may_give(asked.staff_id, asked.unit_id, asked.role, rank=asked.rank, by=by)
        row = await db.fetchval("select post_id from post_asked where id = $1", asked_id)
        wanted = Terms(
            asked.staff_id,
            asked.unit_id,
            asked.role,
            asked.rank,
            asked.own,
            asked.from_on,
            asked.until_on,
            row,
        )
        await actions.write_post(
            wanted, given_by=f"{asked.asked_name}（{by.name} 确认）"[:80], why=asked.why, by=by
        )
        await _decide(asked, "confirmed", "", by)
        await audit.record(
            by,
            "staff.confirm_post",
            "staff",
            asked.staff_id,
            unit=asked.unit_id,
            role=asked.role,
            asked_by=asked.asked_name,
            reason=asked.why,
        )
        await announce(PostsChanged(staff_id=asked.staff_id, unit_id=asked.unit_id))
    return await one(asked_id)


async def _asker_still_may(asked: Asked) -> None:
    if (
        asked.asked_by is None or asked.kind is How.MERGE
    ):  # who keeps the organisation merges, and gives no posts
        return
    scope = (await queries.tree()).unit(asked.unit_id).scope
    try:
        asker = await actor_of(asked.asked_by, Door.WEB)
    except Unauthenticated:
        asker = None
    if asker is None or not asker.can(Permission.ACCOUNT_MANAGE, scope):
        raise Refused(f"提出人 {asked.asked_name} 已无权授予此岗位，请退回后重新提出")


async def give_back(asked_id: int, reason: str, *, by: Actor) -> Asked:
    """Do not give the post; whoever asked takes it back so, anybody else with the right returns it with the reason.

    Raises:
        Invalid: no reason. Refused: it is decided, or it is one's own post.
    """
    words = " ".join(reason.split())
    if not 2 <= len(words) <= 200:
        raise Invalid("请填写原因", details=[Fault(field="reason", label="原因", reason="2 至 200 个字")])
    async with db.transaction():
        asked = await _locked(asked_id, by)
        if by.staff_id == asked.staff_id:
            raise Refused("不能处理自己的岗位")
        state = "withdrawn" if by.staff_id == asked.asked_by else "returned"
        await _decide(asked, state, words, by)
        await audit.record(
            by,
            "staff.return_post",
            "staff",
            asked.staff_id,
            unit=asked.unit_id,
            role=asked.role,
            reason=words,
            asked_by=asked.asked_name,
        )
    return await one(asked_id)


async def _locked(asked_id: int, by: Actor) -> Asked:
    await db.execute("select 1 from post_asked where id = $1 for update", asked_id)
    asked = await one(asked_id, by=by)
    if asked.state != "waiting":
        raise Refused(f"这项申请{asked.stands}")
    return asked


async def _decide(asked: Asked, state: str, words: str, by: Actor | None) -> None:
    await db.execute(
        "update post_asked set state = $2, decided_by = $3, decided_name = $4, decided_at = $5, decided_why = $6"
        " where id = $1",
        asked.id,
        state,
        by.staff_id if by is not None else None,
        by.name if by is not None else "系统",
        clock.now(),
        words,
    )
    await announce(PostAskDecided(asked_id=asked.id))


async def expire(due: Due) -> tuple[Came, str]:
    """The days are over and nobody has confirmed: it counts no more."""
    await db.execute("select 1 from post_asked where id = $1 for update", due.ref)
    try:
        asked = await one(due.ref)
    except NotFound:
        return Came.VOID, "没有这项申请"
    if asked.state != "waiting" or int(asked.expires_at.timestamp()) != due.ref_version:
        return Came.VOID, "已办理或重新提出"
    await _decide(asked, "expired", "到期无人确认", None)
    return Came.DONE, f"{asked.name} 的{asked.label}岗位无人确认，已过期"

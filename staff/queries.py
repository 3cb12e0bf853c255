"""The only door to units, people and posts: who works where, who holds a role, what a unit is called.

Reads only. Everything here is known to every member of staff (a hospital's telephone list), so nothing is
hidden by scope; phone numbers are for the machine (messages, dialling) and are masked by pages.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg

from core import clock, crypto, db
from core.errors import NotFound
from staff import duty
from staff.holding import holds
from staff.roles import Role
from staff.stamped import Stamped
from staff.tree import OrgTree, Unit, build

__all__ = [
    "OrgTree",
    "Person",
    "PostHeld",
    "Unit",
    "by_wecom",
    "holders",
    "people",
    "person",
    "posts",
    "tree",
]

_PERSON = "s.id, s.number, s.name, s.title, s.wecom_userid, s.phone"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff; `wecom_userid` and `phone` are "" when there is none."""

    id: int
    number: str
    name: str
    title: str = ""
    wecom_userid: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PostHeld:
    """A role of a person in a unit; rank 1 is the first of them, 2 the deputy; `own`: for their own work only."""

    unit_id: int
    role: Role
    rank: int
    own: bool = False


def _person(row: "asyncpg.Record") -> Person:
    phone = crypto.key_ring().decrypt(row["phone"], "staff.phone") if row["phone"] else ""
    return Person(row["id"], row["number"], row["name"], row["title"], row["wecom_userid"] or "", phone)


async def person(staff_id: int) -> Person:
    """One member of staff, also one who has left.

    Raises:
        NotFound: no such person.
    """
    row = await db.fetchrow(f"select {_PERSON} from staff s where s.id = $1", staff_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这位职工")
    return _person(row)


async def people(ids: Iterable[int]) -> dict[int, Person]:
    """Those of `ids` that exist, by id."""
    rows = await db.fetch(f"select {_PERSON} from staff s where s.id = any($1::bigint[])", list(ids))  # noqa: S608
    return {row["id"]: _person(row) for row in rows}


async def by_wecom(userid: str) -> Person | None:
    """The active person bound to this WeCom account; nobody while the account is held."""
    row = await db.fetchrow(
        f"select {_PERSON} from staff s where s.wecom_userid = $1 and s.active and s.held_at is null",  # noqa: S608
        userid,
    )
    return _person(row) if row else None


async def by_number(number: str) -> Person | None:
    """The active person with this staff number (工号)."""
    row = await db.fetchrow(f"select {_PERSON} from staff s where s.number = $1 and s.active", number)  # noqa: S608
    return _person(row) if row else None


async def find_people(text: str, *, path: str = "/", limit: int = 20) -> list[Person]:
    """Active people with a post at or below `path` whose name or number begins with `text`, by number."""
    start = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = await db.fetch(
        f"select {_PERSON} from staff s where s.active and (s.name like $1 or s.number like $1)"  # noqa: S608
        " and exists (select 1 from post p join org_unit u on u.id = p.unit_id"
        f" where p.staff_id = s.id and starts_with(u.path, $2) and {holds()}) order by s.number limit $3",
        start,
        "" if path == "/" else path,
        limit,
    )
    return [_person(row) for row in rows]


async def holders(unit_id: int, role: Role) -> list[Person]:
    """Who holds the role for a unit, the first of them first; looked up in the parent units when it has none.

    Of liaisons those on duty at this moment (值班表) come before the others, each in order of rank. A merged unit
    stands below its successor, so that its work finds the successor's people.

    Raises:
        NotFound: no such unit.
    """
    line = [unit.id for unit in (await tree()).line(unit_id)]
    days, shifts = duty.turns(clock.now()) if role is Role.LIAISON else ([], [])
    rows = await db.fetch(
        f"select p.unit_id, {_PERSON} from post p join staff s on s.id = p.staff_id and s.active"  # noqa: S608
        f" where p.unit_id = any($1::bigint[]) and p.role = $2 and {holds()} order by exists (select 1 from duty d"
        " where d.unit_id = p.unit_id and d.staff_id = s.id and (d.day, d.shift) in"
        " (select * from unnest($3::date[], $4::text[]))) desc, p.rank, s.id",
        line,
        role,
        days,
        shifts,
    )
    for nearest in line:
        if found := [_person(row) for row in rows if row["unit_id"] == nearest]:
            return found
    return []


async def posts(staff_id: int) -> list[PostHeld]:
    """The posts that a person holds today, the widest unit first."""
    rows = await db.fetch(
        "select p.unit_id, p.role, p.rank, p.own from post p join org_unit u on u.id = p.unit_id"  # noqa: S608
        f" where p.staff_id = $1 and {holds()} order by u.path, p.rank, p.role",
        staff_id,
    )
    return [PostHeld(row["unit_id"], Role(row["role"]), row["rank"], row["own"]) for row in rows]


async def waiting_places(staff_id: int) -> list[int]:
    """The units of posts that wait for a second person; where somebody without any post yet belongs."""
    rows = await db.fetch(
        "select unit_id from post_asked where staff_id = $1 and state = 'waiting' order by id", staff_id
    )
    return [row["unit_id"] for row in rows]


# A name of the house's own (system '') holds on after its end, as a former one; one of an outside system ends.
_UNITS = """
select u.id, u.parent_id, u.path, u.kind, u.name, u.short_name, u.active, u.merged_into,
    coalesce(array_agg(n.name order by n.id) filter (where n.name <> '' and n.holds), '{}') as aliases,
    coalesce(array_agg(n.name order by n.id) filter (where n.name <> '' and n.system = '' and not n.holds), '{}')
        as former,
    coalesce(array_agg(n.system order by n.id) filter (where n.code <> '' and n.holds), '{}') as systems,
    coalesce(array_agg(n.code order by n.id) filter (where n.code <> '' and n.holds), '{}') as codes
from org_unit u
left join lateral (
    select id, system, name, code, since <= $1 and coalesce(until > $1, true) as holds from org_name
    where unit_id = u.id
) n on true
group by u.id order by u.path
"""


async def _load_tree() -> OrgTree:
    day = clock.today()
    units = await db.fetch(_UNITS, day)
    return build(
        (
            Unit(
                id=row["id"],
                parent_id=row["parent_id"],
                path=row["path"],
                kind=row["kind"],
                name=row["name"],
                short_name=row["short_name"],
                aliases=tuple(dict.fromkeys(row["aliases"])),
                active=row["active"],
                former=tuple(dict.fromkeys(row["former"])),
                codes=tuple(zip(row["systems"], row["codes"], strict=True)),
                merged_into=row["merged_into"],
            )
            for row in units
        ),
        day,
    )


_tree = Stamped("org", _load_tree)


async def tree() -> OrgTree:
    """The organisation, cached; a change by any process is seen within a second or so."""
    found = await _tree.get()
    if found.day != clock.today():  # names begin and end with a day, and no row changes then
        await _tree.forget()
        found = await _tree.get()
    return found


async def forget_tree() -> None:
    """Have this process see its own change of units at once."""
    await _tree.forget()

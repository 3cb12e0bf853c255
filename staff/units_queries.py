"""What the pages of the organisation show: a unit with its terms, names and people.

Reads only; everything here is known to every member of staff.
"""

from dataclasses import dataclass, field
from datetime import date

from core import db
from staff.holding import holds
from staff.roles import Role
from staff.tree import OrgTree


@dataclass(frozen=True, slots=True)
class Term:
    """What a unit was called and where it stood; `until` None: it holds."""

    name: str
    short_name: str
    parent_id: int | None
    since: date
    until: date | None
    id: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Naming:
    """A further name or code of a unit, with its dates."""

    id: int
    unit_id: int
    system: str
    code: str
    name: str
    since: date
    until: date | None
    changed_by: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a post in a unit."""

    staff_id: int
    number: str
    name: str
    title: str
    role: Role
    rank: int
    active: bool
    chats: bool


@dataclass(frozen=True, slots=True)
class Details:
    """The columns of a unit that the tree does not hold."""

    code: str
    valid_from: date
    valid_to: date | None
    merged_on: date | None


async def details(unit_id: int) -> Details:
    """Of a unit that is in the tree."""
    row = await db.fetchrow(
        "select code, valid_from, valid_to, merged_on from org_unit where id = $1", unit_id
    )
    return Details(**dict(row)) if row else Details("", date(2000, 1, 1), None, None)


async def own_codes() -> dict[int, str]:
    """The house's own codes by unit, of those that have one."""
    return {
        row["id"]: row["code"] for row in await db.fetch("select id, code from org_unit where code <> ''")
    }


async def terms(unit_id: int) -> list[Term]:
    """The terms of a unit, the present one first."""
    rows = await db.fetch(
        "select id, name, short_name, parent_id, since, until from org_term where unit_id = $1 order by since desc",
        unit_id,
    )
    return [Term(**dict(row)) for row in rows]


async def namings(unit_id: int | None = None) -> list[Naming]:
    """All further names and codes of a unit, or of all units."""
    rows = await db.fetch(
        "select n.id, n.unit_id, n.system, n.code, n.name, n.since, n.until, n.changed_by from org_name n"
        " join org_unit u on u.id = n.unit_id where $1::bigint is null or n.unit_id = $1"
        " order by u.path, n.system, n.until is not null, n.code, n.since, n.id",
        unit_id,
    )
    return [Naming(**dict(row)) for row in rows]


async def holders(unit_id: int) -> list[Holder]:
    """Everybody with a post in this very unit, liaisons first."""
    rows = await db.fetch(
        "select s.id as staff_id, s.number, s.name, s.title, p.role, p.rank, s.active, s.wecom_userid is not null as chats"  # noqa: S608
        f" from post p join staff s on s.id = p.staff_id where p.unit_id = $1 and {holds()}"
        " order by p.role <> 'liaison', p.role <> 'department_head', p.role, p.rank, s.id",
        unit_id,
    )
    return [Holder(**{**dict(row), "role": Role(row["role"])}) for row in rows]


async def liaison_counts() -> dict[int, int]:
    """How many active liaisons each unit has itself."""
    rows = await db.fetch(
        "select p.unit_id, count(*) as amount from post p join staff s on s.id = p.staff_id and s.active"  # noqa: S608
        f" where p.role = 'liaison' and {holds()} group by p.unit_id"
    )
    return {row["unit_id"]: row["amount"] for row in rows}


def likely(tree: OrgTree, name: str, site: str, most: int = 3) -> list[int]:
    """The units that a name nobody knows may mean, the likeliest first; another campus than the one said is seldom meant."""
    wanted = {sign for sign in name if sign not in "科室部处的门诊病区"}
    if not wanted:
        return []
    sites = {
        unit.id for unit in tree.below() if unit.kind in ("campus", "clinic") and site and site in unit.names
    }
    found: list[tuple[float, int]] = []
    for unit in tree.below():
        if unit.kind not in ("department", "ward"):
            continue
        best = max(len(wanted & set(other)) / max(len(wanted), 1) for other in unit.names)
        place = tree.site(unit.id)
        near = 0.5 if place is not None and place.id in sites else 0.0
        if best >= 0.5:
            found.append((-(best + near), unit.id))
    return [unit_id for _, unit_id in sorted(found)[:most]]

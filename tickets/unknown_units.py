"""Names of departments in orders that lead to no unit: kept, shown with how often, mapped to a unit or set aside.

Once a name leads to a unit, the orders that waited for it are assigned as they would have been. Secret cases are
left out throughout.
"""

from dataclasses import dataclass
from datetime import datetime

from core import audit, clock, db
from core.actions import REGISTER
from core.actor import Actor, Permission, system
from core.errors import Forbidden, HuiyinError, NotFound
from core.logs import logger
from staff import queries as staff
from staff.events import UnitNamed
from tickets import rules
from tickets.models import Case, Ticket
from tickets.opening import PRAISE
from tickets.states import CaseState

log = logger(__name__)
MOST = 500
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that leads to no unit: how often, in which orders last, how many of them still wait."""

    name: str
    site: str
    sources: tuple[str, ...]
    count: int
    waiting: int
    last_at: datetime
    case_id: int


async def note(case: Case) -> None:
    """Keep the names of a case that lead to no unit. Within a transaction; safe to run twice."""
    if case.secret:
        return
    tree = await staff.tree()
    site = tree.unit(case.campus_id).name if case.campus_id else ""
    lost = [name[:LONGEST] for name in case.departments if name.strip() and tree.find(name, site) is None]
    if lost:
        await db.execute(
            "insert into unknown_unit_name (name, site, source, case_id, seen_at)"
            " select name, $2, $3, $4, $5 from unnest($1::text[]) as said (name) on conflict do nothing",
            lost,
            site,
            case.source,
            case.id,
            case.received_at,
        )


async def listed(*, ignored: bool = False) -> list[Unknown]:
    """The names that lead to no unit at this moment, the most frequent first; at most `MOST`."""
    rows = await db.fetch(
        "select n.name, n.site, array_agg(distinct n.source) as sources, count(*)::int as count,"
        " (count(*) filter (where c.state = 'received'))::int as waiting, max(n.seen_at) as last_at,"
        " max(n.case_id) as case_id from unknown_unit_name n join cases c on c.id = n.case_id and not c.secret"
        " where exists (select 1 from ignored_unit_name i where i.name = n.name and i.site = n.site) = $1"
        " group by n.name, n.site order by count(*) desc, n.name, n.site limit $2",
        ignored,
        MOST,
    )
    tree = await staff.tree()
    return [
        Unknown(**{**dict(row), "sources": tuple(row["sources"])})
        for row in rows
        if tree.find(row["name"], row["site"]) is None
    ]


async def seen(name: str, site: str) -> int:
    """How many orders use a name that leads to no unit."""
    count: int = await db.fetchval(
        "select count(*) from unknown_unit_name where name = $1 and site = $2", name, site
    )
    return count


async def ignore(name: str, site: str, *, on: bool = True, by: Actor) -> None:
    """Say that a name means no unit of ours (another hospital, 不详), or take that back.

    Raises:
        Forbidden: `by` does not administer the whole group. NotFound: no order uses the name.
    """
    if not by.can(Permission.STAFF_MANAGE, "/"):
        raise Forbidden
    async with db.transaction():
        if not await seen(name, site):
            raise NotFound("没有这个名称，可能已由他人处理")
        if on:
            changed = await db.execute(
                "insert into ignored_unit_name (name, site, changed_by, changed_at) values ($1, $2, $3, $4)"
                " on conflict do nothing",
                name,
                site,
                by.name,
                clock.now(),
            )
        else:
            changed = await db.execute(
                "delete from ignored_unit_name where name = $1 and site = $2", name, site
            )
        if changed:
            await audit.record(by, "unit.ignore_name", "org_unit", None, name=name, site=site, on=on)


async def go_on(_: UnitNamed) -> None:
    """Assign what waited for the name, where orders that name their department are assigned by themselves."""
    await staff.forget_tree()
    tree = await staff.tree()
    rows = await db.fetch("select distinct name, site from unknown_unit_name order by name, site")
    known = [row for row in rows if tree.find(row["name"], row["site"]) is not None]
    names, sites = [row["name"] for row in known], [row["site"] for row in known]
    if (await rules.in_force()).auto_assign:
        waiting = await db.fetch(
            "select distinct n.case_id from unknown_unit_name n join cases c on c.id = n.case_id"
            " where c.state = $3 and (n.name, n.site) in (select * from unnest($1::text[], $2::text[]))"
            " order by n.case_id",
            names,
            sites,
            CaseState.RECEIVED,
        )
        for row in waiting:
            await _assign(await Case.get(id=row["case_id"]))
    await db.execute(
        "delete from unknown_unit_name where (name, site) in (select * from unnest($1::text[], $2::text[]))",
        names,
        sites,
    )


async def _assign(case: Case) -> None:
    if case.state != CaseState.RECEIVED or case.secret or case.merged_into or case.appeal_type == PRAISE:
        return
    tree = await staff.tree()
    site = tree.unit(case.campus_id).name if case.campus_id else ""
    found = [tree.find(name, site) for name in case.departments]
    units = [
        str(unit.id) for unit in found if unit is not None and unit.kind in ("department", "ward", "clinic")
    ]
    if not units or await Ticket.filter(case_id=case.id).exists():
        return
    assign = REGISTER["case.assign"]
    try:
        form = assign.parse({"units": list(dict.fromkeys(units)), "instructions": "科室名称对照后自动派单"})
        await assign.run(case.id, form, by=system("科室名称对照"))
    except HuiyinError as error:  # the case waits for a person then, as it did before
        log.info("not_assigned", case=case.id, reason=error.message)

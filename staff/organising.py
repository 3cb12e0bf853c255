"""What is done to units: added, renamed, closed, reopened (moved and merged: `staff.organising_moves`); each audited.

A unit is never deleted and its id never changes, so rows of the past keep their unit. A term (`org_term`) says what it
was called and where it stood, from when until when. A change holds from a day that is not in the future.
"""

from datetime import date

from core import audit, clock, db
from core.actor import Actor
from core.errors import Refused
from core.events import announce
from staff import guarded_posts, units_past
from staff.events import UnitsMoved
from staff.organising_rows import (
    BELOW,
    KINDS,
    effective,
    end_term,
    fault,
    free_name,
    in_use,
    lock,
    named,
    own_code,
    place,
    turn,
)
from staff.tree import UnitKind


async def add(
    parent_id: int,
    kind: UnitKind,
    name: str,
    *,
    short_name: str = "",
    code: str = "",
    on: date | None = None,
    by: Actor,
) -> int:
    """A new unit below `parent_id`; its id.

    Raises:
        Invalid: a field is faulty. Refused: it cannot stand there, or the name is taken there.
    """
    name, short_name = named(name), named(short_name, "short_name", "简称", empty=True)
    async with db.transaction():
        parent = await lock(parent_id, by)
        if not parent.active:
            raise Refused(f"“{parent.name}”已停用，不能在其下新增")
        if kind not in BELOW[parent.kind]:
            raise Refused(f"{KINDS[parent.kind]}下不能设{KINDS[kind]}")
        await free_name(name, parent_id)
        day, own = effective(on), await own_code(code)
        number: int = await db.fetchval(
            "with new as (select nextval(pg_get_serial_sequence('org_unit', 'id')) as id) insert into org_unit"
            " (id, parent_id, path, kind, name, short_name, code, valid_from)"
            " select id, $1, $2 || id || '/', $3, $4, $5, $6, $7 from new returning id",
            parent_id,
            parent.path,
            kind,
            name,
            short_name,
            own,
            day,
        )
        await audit.record(
            by, "unit.add", "org_unit", number, parent=parent_id, kind=kind, name=name, code=own, on=day
        )
        await units_past.forget()
    return number


async def rename(
    unit_id: int, name: str, *, short_name: str = "", code: str = "", on: date | None = None, by: Actor
) -> None:
    """Rename a unit; what it was called is kept with its dates and still leads to it.

    Raises:
        Invalid: a field is faulty. Refused: closed, or the name is taken beside it.
    """
    name, short_name = named(name), named(short_name, "short_name", "简称", empty=True)
    async with db.transaction():
        row = await lock(unit_id, by)
        own = await own_code(code, unit_id)
        if (name, short_name, own) == (row.name, row.short_name, row.code):
            return
        in_use(row)
        await free_name(name, row.parent_id, unit_id)
        if (name, short_name) != (row.name, row.short_name):
            day = effective(on, row)
            for old in {row.name, row.short_name} - {"", name, short_name}:
                await _remember(unit_id, old, row.since, day, by)
            await turn(row, day, row.parent_id, name, short_name)
        await db.execute(
            "update org_unit set name = $2, short_name = $3, code = $4 where id = $1",
            unit_id,
            name,
            short_name,
            own,
        )
        await audit.record(
            by,
            "unit.rename",
            "org_unit",
            unit_id,
            before={"name": row.name, "short_name": row.short_name, "code": row.code},
            after={"name": name, "short_name": short_name, "code": own},
            on=on or clock.today(),
        )
        await units_past.forget()


async def _remember(unit_id: int, name: str, since: date | None, until: date, by: Actor) -> None:
    """A historic name; one that lasted no day was a slip of the pen and is not kept."""
    if since is None or since >= until:
        return
    await db.execute(
        "insert into org_name (unit_id, name, since, until, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6)"
        " on conflict do nothing",  # it stands there as another name already
        unit_id,
        name,
        since,
        until,
        by.name,
        clock.now(),
    )


async def close(unit_id: int, *, on: date | None = None, by: Actor) -> None:
    """Close a unit: it can be chosen no more and gets no new work; its past and its people's rights to it stay.

    Raises:
        Refused: units below it are in use, or it is the group.
    """
    async with db.transaction():
        row = await lock(unit_id, by)
        in_use(row)
        if row.parent_id is None:
            raise Refused("集团不能停用")
        below = await db.fetch(
            "select name from org_unit where parent_id = $1 and active order by id", unit_id
        )
        if below:
            shown = "、".join(child["name"] for child in below[:3])
            raise Refused(
                f"其下还有 {len(below)} 个在用机构（{shown}{'…' if len(below) > 3 else ''}），请先停用或移走"
            )
        day = effective(on, row)
        await end_term(row, day)
        await db.execute("update org_unit set active = false, valid_to = $2 where id = $1", unit_id, day)
        await audit.record(
            by, "unit.close", "org_unit", unit_id, name=row.name, before="active", after="closed", on=day
        )
        await units_past.forget()


async def reopen(unit_id: int, *, on: date | None = None, by: Actor) -> None:
    """Use a closed unit again; one that was merged becomes a unit of its own beside its former successor.

    Raises:
        Refused: what is above it is closed, or its name is taken meanwhile.
    """
    async with db.transaction():
        row = await lock(unit_id, by)
        if row.active:
            return
        merged = await db.fetchval("select merged_into from org_unit where id = $1", unit_id)
        above = await db.fetchval(
            "select case when $2::bigint is null then u.parent_id else"
            " (select parent_id from org_unit where id = $2) end from org_unit u where u.id = $1",
            unit_id,
            merged,
        )
        parent = await lock(above, by)
        if not parent.active:
            raise Refused(f"上级“{parent.name}”已停用，请先恢复上级")
        await free_name(row.name, parent.id, unit_id)
        last = await db.fetchval("select max(until) from org_term where unit_id = $1", unit_id)
        day = effective(on)
        if last is not None and day < last:
            raise fault("on", "生效日期", f"不能早于停用日 {last}", str(day))
        await db.execute(
            "insert into org_term (unit_id, parent_id, name, short_name, since) values ($1, $2, $3, $4, $5)",
            unit_id,
            parent.id,
            row.name,
            row.short_name,
            day,
        )
        if parent.id != row.parent_id:
            await place(row, parent)
            await announce(UnitsMoved(unit_ids=(unit_id,)))
        await db.execute(
            "update org_unit set active = true, valid_to = null, merged_into = null, merged_on = null where id = $1",
            unit_id,
        )
        await guarded_posts.forget_merge(unit_id, by=by)
        await audit.record(
            by,
            "unit.reopen",
            "org_unit",
            unit_id,
            name=row.name,
            before="closed",
            after="active",
            merged=merged,
            on=day,
        )
        await units_past.forget()

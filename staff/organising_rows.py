"""What every change of the organisation needs: the locked unit, its kinds, names and days checked, its term turned.

Decides nothing about a verb; those are in `staff.organising` and `staff.organising_moves`.
"""

from dataclasses import dataclass
from datetime import date

from core import clock, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from staff.tree import OrgTree, UnitKind, plain

KINDS: dict[UnitKind, str] = {
    "group": "集团",
    "campus": "院区",
    "clinic": "门诊部",
    "department": "科室",
    "ward": "病区",
}
BELOW: dict[UnitKind, tuple[UnitKind, ...]] = {  # what may stand below a kind
    "group": ("campus", "clinic", "department"),
    "campus": ("clinic", "department"),
    "clinic": ("department",),
    "department": ("ward",),
    "ward": (),
}
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Row:
    """A unit as it is locked: its columns, and the first day of its running term (None: it is closed)."""

    id: int
    parent_id: int | None
    path: str
    kind: UnitKind
    name: str
    short_name: str
    code: str
    active: bool
    since: date | None


def fault(field: str, label: str, reason: str, value: str = "") -> Invalid:
    """One faulty field."""
    return Invalid(
        f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason, value=value[:60])]
    )


def named(text: str, field: str = "name", label: str = "名称", *, empty: bool = False) -> str:
    """A name of a unit without needless blanks.

    Raises:
        Invalid: empty, too long, or with signs that no name has.
    """
    name = " ".join(text.split())
    if not name and empty:
        return ""
    if not 1 <= len(name) <= LONGEST or not name.isprintable():
        raise fault(field, label, f"应为 1 至 {LONGEST} 个字", name)
    if plain(name).isdigit():  # a number typed in a form is the id of a unit
        raise fault(field, label, "不能全是数字", name)
    return name


def effective(day: date | None, row: Row | None = None) -> date:
    """The day from which a change holds: today unless another is said.

    Raises:
        Invalid: it lies in the future, or before the term it ends.
    """
    found = day or clock.today()
    if found > clock.today():
        raise fault("on", "生效日期", "不能晚于今天，请到当天再办理", str(found))
    if row is not None and row.since is not None and found < row.since:
        raise fault("on", "生效日期", f"不能早于上一次变更的 {row.since}", str(found))
    if found.year < 1949:
        raise fault("on", "生效日期", "请核对年份", str(found))
    return found


def _may(by: Actor, *paths: str) -> None:
    """Everything that a change touches must lie in reach."""
    if not all(by.can(Permission.STAFF_MANAGE, path) for path in paths):
        raise Forbidden


async def _whole() -> None:
    """One change of the organisation at a time: two moves at once could make a circle."""
    await db.execute("select pg_advisory_xact_lock(hashtext('organisation'))")


async def lock(unit_id: int, by: Actor) -> Row:
    """The unit, locked, with nobody else changing the organisation until the transaction ends.

    Raises:
        NotFound: no such unit.
        Forbidden: `by` does not administer it.
    """
    await _whole()
    row = await db.fetchrow(
        "select u.id, u.parent_id, u.path, u.kind, u.name, u.short_name, u.code, u.active, t.since from org_unit u"
        " left join org_term t on t.unit_id = u.id and t.until is null where u.id = $1 for update of u",
        unit_id,
    )
    if row is None:
        raise NotFound("没有这个科室")
    found = Row(**dict(row))
    _may(by, "/" if found.parent_id is None else found.path)
    return found


async def free_name(name: str, parent_id: int | None, but: int = 0) -> None:
    """Refuse unless no other active unit below the same parent bears this name."""
    rows = await db.fetch(
        "select name, short_name from org_unit where parent_id is not distinct from $1 and id <> $2 and active",
        parent_id,
        but,
    )
    if any(plain(name) in (plain(row["name"]), plain(row["short_name"])) for row in rows):
        raise Refused(f"同一上级下已有“{name}”，请换一个名称，或将两者合并")


async def own_code(code: str, but: int = 0) -> str:
    """The house's own code as kept; faulty when it is too long or another unit's."""
    text = "".join(code.split())
    if len(text) > LONGEST or not text.isprintable():
        raise fault("code", "机构编码", f"最多 {LONGEST} 个字符", text)
    if text and await db.fetchval("select 1 from org_unit where code = $1 and id <> $2", text, but):
        raise fault("code", "机构编码", "已用于另一个科室", text)
    return text


def in_use(row: Row) -> None:
    """Refuse when the unit is closed."""
    if not row.active:
        raise Refused(f"“{row.name}”已停用，请先恢复使用")


async def turn(row: Row, day: date, parent_id: int | None, name: str, short_name: str) -> None:
    """End the running term and begin the next; on the day it began it is only put right."""
    if row.since == day:
        await db.execute(
            "update org_term set parent_id = $2, name = $3, short_name = $4 where unit_id = $1 and until is null",
            row.id,
            parent_id,
            name,
            short_name,
        )
        return
    await db.execute("update org_term set until = $2 where unit_id = $1 and until is null", row.id, day)
    await db.execute(
        "insert into org_term (unit_id, parent_id, name, short_name, since) values ($1, $2, $3, $4, $5)",
        row.id,
        parent_id,
        name,
        short_name,
        day,
    )


async def end_term(row: Row, day: date) -> None:
    """The unit is no more from `day` on; one that was opened on that very day keeps a term of a day."""
    await db.execute(
        "update org_term set until = greatest($2, since + 1) where unit_id = $1 and until is null",
        row.id,
        day,
    )


async def place(row: Row, parent: Row) -> None:
    """Write the paths of a unit and of all below it."""
    await db.execute("update org_unit set parent_id = $2 where id = $1", row.id, parent.id)
    await db.execute(
        "update org_unit set path = $2 || substr(path, $3) where starts_with(path, $1)",
        row.path,
        f"{parent.path}{row.id}/",
        len(row.path) + 1,
    )


def may_stand(tree: OrgTree, unit_id: int) -> list[int]:
    """The units below which this one may be moved."""
    unit = tree.unit(unit_id)
    return [
        other.id
        for other in tree.below()
        if unit.kind in BELOW[other.kind]
        and not other.path.startswith(unit.path)
        and other.id != unit.parent_id
    ]


def heirs(tree: OrgTree, unit_id: int) -> list[int]:
    """The units into which this one may be merged."""
    unit = tree.unit(unit_id)
    return [
        other.id
        for other in tree.below()
        if other.kind == unit.kind
        and not other.path.startswith(unit.path)
        and not unit.path.startswith(other.path)
    ]

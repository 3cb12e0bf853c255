"""The tree of categories of feedback, with who answers for each.

Added to, renamed, disabled; nothing is ever deleted, because old cases stand in it.
"""

from dataclasses import dataclass

from core import audit, clock, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused

ARROW = "->"  # between the levels of a path, as hotline platforms write them
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Category:
    """One category; `path` holds the names from the top, `function_unit` the nearest that is named above it."""

    id: int
    parent_id: int | None
    name: str
    path: str
    function_unit: str
    own_unit: str
    disabled: bool
    level: int
    used: int = 0


_TREE = """
with recursive tree as (
    select id, parent_id, name, name as path, function_unit, function_unit as own_unit, disabled, 1 as level,
        array[id] as line from feedback_category where parent_id is null
    union all
    select c.id, c.parent_id, c.name, t.path || '->' || c.name,
        case when c.function_unit <> '' then c.function_unit else t.function_unit end, c.function_unit,
        c.disabled or t.disabled, t.level + 1, t.line || c.id
    from feedback_category c join tree t on t.id = c.parent_id
)
select id, parent_id, name, path, function_unit, own_unit, disabled, level,
    (select count(*) from (select 1 from case_category k where k.category_id = tree.id limit 1000) as few) as used
from tree
"""


async def tree() -> list[Category]:
    """All categories, parents before children, disabled ones too."""
    rows = await db.fetch(f"{_TREE} order by line")
    return [Category(**dict(row)) for row in rows]


async def open_ones() -> list[Category]:
    """Those that may be chosen."""
    return [one for one in await tree() if not one.disabled]


async def named(ids: tuple[int, ...]) -> list[Category]:
    """The categories of these ids, in their order.

    Raises:
        Invalid: one does not exist or is disabled.
    """
    known = {one.id: one for one in await open_ones()}
    for number in ids:
        if number not in known:
            reason = "没有这个分类，或已停用"
            raise Invalid(
                reason,
                details=[Fault(field="categories", label="问题分类", reason=reason, value=str(number))],
            )
    return [known[number] for number in dict.fromkeys(ids)]


def _may(by: Actor) -> None:
    if not by.can(Permission.FORM_MANAGE):
        raise Forbidden


def _name(text: str, most: int = 40) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= most or ARROW in name:
        reason = f"1 至 {most} 个字，不含“{ARROW}”"
        raise Invalid(
            f"名称：{reason}", details=[Fault(field="name", label="名称", reason=reason, value=name[:50])]
        )
    return name


async def add(name: str, parent_id: int | None, function_unit: str, *, by: Actor) -> int:
    """A new category below `parent_id` (None: at the top); its id.

    Raises:
        Refused: there is one of this name, or the tree would be too deep.
    """
    _may(by)
    name = _name(name)
    async with db.transaction():
        if parent_id is not None:
            parent = next((one for one in await tree() if one.id == parent_id), None)
            if parent is None:
                raise NotFound("没有这个上级分类")
            if parent.level >= DEEPEST:
                raise Refused(f"分类最多 {DEEPEST} 级")
        number: int | None = await db.fetchval(
            "insert into feedback_category (parent_id, name, function_unit, changed_by, changed_at)"
            " values ($1, $2, $3, $4, $5) on conflict (parent_id, name) do nothing returning id",
            parent_id,
            name,
            function_unit.strip()[:40],
            by.name,
            clock.now(),
        )
        if number is None:
            raise Refused(f"同级已有“{name}”")
        await audit.record(by, "category.add", "feedback_category", number, name=name, parent=parent_id)
    return number


async def change(number: int, name: str, function_unit: str, *, by: Actor) -> None:
    """Rename a category or set who answers for it; cases keep it under its new name.

    Raises:
        NotFound: there is none.
        Refused: there is one of this name beside it.
    """
    _may(by)
    name = _name(name)
    async with db.transaction():
        row = await db.fetchrow(
            "select parent_id, name, function_unit from feedback_category where id = $1 for update", number
        )
        if row is None:
            raise NotFound("没有这个分类")
        taken = await db.fetchval(
            "select 1 from feedback_category where parent_id is not distinct from $1 and name = $2 and id <> $3",
            row["parent_id"],
            name,
            number,
        )
        if taken:
            raise Refused(f"同级已有“{name}”")
        await db.execute(
            "update feedback_category set name = $2, function_unit = $3, changed_by = $4, changed_at = $5 where id = $1",
            number,
            name,
            function_unit.strip()[:40],
            by.name,
            clock.now(),
        )
        await audit.record(by, "category.change", "feedback_category", number, before=row["name"], after=name)


async def enable(number: int, *, on: bool, by: Actor) -> None:
    """Offer a category again, or no longer; what is below it goes with it.

    Raises:
        NotFound: there is none.
    """
    _may(by)
    async with db.transaction():
        changed = await db.execute(
            "update feedback_category set disabled = $2, changed_by = $3, changed_at = $4 where id = $1",
            number,
            not on,
            by.name,
            clock.now(),
        )
        if not changed:
            raise NotFound("没有这个分类")
        await audit.record(by, "category.enable", "feedback_category", number, on=on)

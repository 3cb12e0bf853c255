"""The sheet of names and codes (科室对照表): its rows as lines, what each would do, the sheet written back.

Cells come in as text; files are read by whoever has them. What is faulty is told by line and written nowhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from core import clock, db
from core.actor import Actor, Permission
from core.errors import Forbidden, Invalid
from core.events import announce
from staff import queries, units_names, units_queries
from staff.events import UnitNamed
from staff.importing import sheet_rows
from staff.importing.sheet_rows import Rows
from staff.organising_rows import lock
from staff.tree import OrgTree, Unit, plain
from staff.units_names import BEGIN, SYSTEMS, NameGiven
from staff.units_queries import Naming

MOST = 5_000
UNIT, SITE, SYSTEM, CODE, NAME, SINCE, UNTIL = COLUMNS = (
    "科室",
    "院区",
    "系统",
    "编码",
    "名称",
    "生效日期",
    "失效日期",
)
_SAID: Mapping[str, str] = {  # other words for the columns
    "科室名称": UNIT,
    "机构编码": UNIT,
    "本院科室": UNIT,
    "外部系统": SYSTEM,
    "系统名称": SYSTEM,
    "外部编码": CODE,
    "科室编码": CODE,
    "外部名称": NAME,
    "别名": NAME,
    "起始日期": SINCE,
    "终止日期": UNTIL,
    "截止日期": UNTIL,
}


class Outcome(StrEnum):
    """What a line would do."""

    NEW = "new"
    END = "end"
    SAME = "same"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet: its number there, its cells by column, what it would do, and why not."""

    number: int
    cells: Mapping[str, str]
    outcome: Outcome
    given: NameGiven | None = None
    known_id: int | None = None
    reason: str = ""


def table(rows: Iterable[tuple[int, Sequence[object]]]) -> Rows:
    """The rows of a sheet by column, as `sheet_rows.table` reads them.

    Raises:
        Invalid: no header with 科室 and 系统 among the first rows, or too many rows.
    """
    return sheet_rows.table(
        rows, columns=COLUMNS, said=_SAID, needed=(UNIT, SYSTEM), most=MOST, template="对照表作为模板"
    )


def plan(
    rows: Iterable[tuple[int, Mapping[str, str]]],
    tree: OrgTree,
    codes: Mapping[str, int],
    known: Sequence[Naming],
    by: Actor,
) -> list[Line]:
    """What each row would do; `codes` are the house's own codes. The first of two rows that contradict counts."""
    systems = {plain(word): key for key, label in SYSTEMS.items() for word in (key, label) if word}
    accepted: list[NameGiven] = [
        NameGiven(row.unit_id, row.system, row.code, row.name, row.since, row.until) for row in known
    ]
    lines = []
    for number, cells in rows:
        try:
            unit = _unit(cells, tree, codes)
            if not by.can(Permission.STAFF_MANAGE, unit.path):
                raise Invalid("该科室不在您的管理范围内")
            said = cells.get(SYSTEM, "")
            system = systems.get(plain(said))
            if system is None:
                raise Invalid(f"没有“{said}”这个系统，可用：{'、'.join(SYSTEMS.values())}")
            given = units_names.checked(
                NameGiven(
                    unit.id,
                    system,
                    cells.get(CODE, ""),
                    cells.get(NAME, ""),
                    units_names.day_of(cells.get(SINCE, ""), "since", SINCE) or BEGIN,
                    units_names.day_of(cells.get(UNTIL, ""), "until", UNTIL),
                )
            )
            line = _against(Line(number, cells, Outcome.NEW, given), known, accepted, tree)
        except Invalid as error:
            line = Line(number, cells, Outcome.FAULTY, reason=error.message)
        if line.outcome is Outcome.NEW and line.given is not None:
            accepted.append(line.given)
        lines.append(line)
    return lines


def _unit(cells: Mapping[str, str], tree: OrgTree, codes: Mapping[str, int]) -> Unit:
    said, site = cells.get(UNIT, ""), cells.get(SITE, "")
    if not said:
        raise Invalid("没有写明科室")
    if said in codes:
        unit: Unit | None = tree.unit(codes[said])
    else:
        unit = tree.find(said, site)
    if unit is None:
        several = [tree.label(other.id) for other in tree.below() if said in other.names]
        raise Invalid(
            f"有多个“{said}”（{'、'.join(several[:4])}），请在“{SITE}”列写明"
            if several
            else f"没有找到科室“{said}”"
        )
    if not unit.active:
        raise Invalid(f"“{unit.name}”已停用")
    return unit


def _against(line: Line, known: Sequence[Naming], accepted: Sequence[NameGiven], tree: OrgTree) -> Line:
    given = line.given
    if given is None:
        return line
    for row in known:
        if (row.unit_id, row.system, row.code, row.name) == (
            given.unit_id,
            given.system,
            given.code,
            given.name,
        ) and _overlap(row.since, row.until, given):
            if given.until is not None and row.until is None:
                return replace(line, outcome=Outcome.END, known_id=row.id)
            return replace(line, outcome=Outcome.SAME)
    for other in accepted:
        same = (other.unit_id, other.system, other.code, other.name) == (
            given.unit_id,
            given.system,
            given.code,
            given.name,
        )
        if same and _overlap(other.since, other.until, given):
            raise Invalid("与前面的一行重复")
        if (
            given.code
            and (other.system, other.code) == (given.system, given.code)
            and _overlap(other.since, other.until, given)
        ):
            whose = (
                "该科室的另一个名称" if other.unit_id == given.unit_id else f"“{tree.label(other.unit_id)}”"
            )
            raise Invalid(f"编码 {given.code} 在这段时间已属于{whose}")
    if given.system == units_names.OWN and (clash := units_names.taken(given, tree)):
        raise Invalid(clash)
    return line


def _overlap(since: date, until: date | None, given: NameGiven) -> bool:
    return since < (given.until or date.max) and given.since < (until or date.max)


async def preview(rows: Iterable[tuple[int, Mapping[str, str]]], *, by: Actor) -> list[Line]:
    """What the rows would do now; nothing is written.

    Raises:
        Forbidden: `by` administers no unit.
    """
    if not by.can(Permission.STAFF_MANAGE):
        raise Forbidden
    own = {code: unit_id for unit_id, code in (await units_queries.own_codes()).items()}
    return plan(rows, await queries.tree(), own, await units_queries.namings(), by)


async def take(rows: Iterable[tuple[int, Mapping[str, str]]], *, by: Actor) -> list[Line]:
    """Write what is not faulty, and say of each row what came of it; all in one transaction."""
    async with db.transaction():
        await lock(await _top(by), by)
        await queries.forget_tree()
        lines = []
        for line in await preview(rows, by=by):
            if line.outcome is Outcome.NEW and line.given is not None:
                if clash := await units_names.clashing(line.given):
                    lines.append(replace(line, outcome=Outcome.FAULTY, reason=clash))
                    continue
                await units_names.write(line.given, by)
                await queries.forget_tree()
            elif line.outcome is Outcome.END and line.known_id is not None and line.given is not None:
                await units_names.end_name(line.known_id, line.given.until or clock.today(), by=by)
            lines.append(line)
        taken = {line.given.unit_id for line in lines if line.outcome is Outcome.NEW and line.given}
        if taken:
            await announce(UnitNamed(unit_id=min(taken)))
        await queries.forget_tree()
    return lines


async def _top(by: Actor) -> int:
    """A unit that `by` administers, to lock the organisation by."""
    tree = await queries.tree()
    scopes = by.scope(Permission.STAFF_MANAGE)
    return next(unit.id for unit in tree.units if unit.path.startswith(scopes) or unit.scope in scopes)


def book(rows: Iterable[Mapping[str, str]], *, faulty: bool = False) -> bytes:
    """The rows as an .xlsx that can be brought in again; `faulty` adds why a row was not taken."""
    return sheet_rows.book(COLUMNS, rows, title="科室对照表", faulty=faulty)


async def exported() -> list[dict[str, str]]:
    """All names and codes as rows of the sheet."""
    tree, own = await queries.tree(), await units_queries.own_codes()
    rows = []
    for row in await units_queries.namings():
        unit, site = tree.unit(row.unit_id), tree.site(row.unit_id)
        rows.append(
            {
                UNIT: own.get(unit.id) or unit.name,
                SITE: site.short_name or site.name if site is not None and site.id != unit.id else "",
                SYSTEM: SYSTEMS.get(row.system, row.system),
                CODE: row.code,
                NAME: row.name,
                SINCE: "" if row.since == BEGIN else str(row.since),
                UNTIL: str(row.until) if row.until else "",
            }
        )
    return rows

"""People from a sheet, or from WeCom's address book: rows as lines, what each would do, the sheet written back.

Cells come in as text; files and address books are read by whoever has them. What is faulty is told by line and
written nowhere. The three administrators are never appointed from a sheet.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import ValidationError

from core import audit, crypto, db
from core.actions import faults_of
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, HuiyinError
from core.identity import normalise_phone
from staff import actions, people, queries
from staff.guarded_posts import How, guarded, held
from staff.holding import holds
from staff.importing import sheet_rows
from staff.importing.sheet_rows import Rows
from staff.people import NewPerson, PersonForm
from staff.roles import APART, LABELS, OF_THE_GROUP, Role
from staff.tree import OrgTree, Unit, plain

MOST = 5_000
NUMBER, NAME, TITLE, PHONE, UNIT, SITE, ROLE, RANK = COLUMNS = (
    "工号",
    "姓名",
    "职务",
    "手机号",
    "科室",
    "院区",
    "角色",
    "次序",
)
_SAID: Mapping[str, str] = {
    "员工编号": NUMBER,
    "职工号": NUMBER,
    "人员编码": NUMBER,
    "职称": TITLE,
    "岗位": ROLE,
    "手机": PHONE,
    "联系电话": PHONE,
    "电话": PHONE,
    "部门": UNIT,
    "科室名称": UNIT,
}
_ROLES = {plain(word): role for role in Role for word in (LABELS[role], role.value)}
_FORMULA = re.compile(r"[=+@\t|]|-.|<\s*[a-zA-Z/!]")  # what a spreadsheet or a page would not take for words
EXAMPLE = {
    NUMBER: "90001",
    NAME: "测试甲",
    TITLE: "护士长",
    PHONE: "13800000001",
    UNIT: "心血管内科",
    SITE: "东院区",
    ROLE: "科室联络人",
    RANK: "1",
}


class Outcome(StrEnum):
    """What a line would do."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Known:
    """An account as it stands; posts as (unit, role, rank)."""

    id: int
    name: str
    title: str
    phone: str
    active: bool
    posts: frozenset[tuple[int, str, int]]


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its number in the sheet, its cells, what it would do, in words what changes, and why not."""

    number: int
    cells: Mapping[str, str]
    outcome: Outcome
    form: NewPerson | None = None
    rank: int = 1
    known_id: int | None = None
    changes: tuple[str, ...] = ()
    reason: str = ""
    given: bool = False  # the post is held on these terms already


def table(rows: Iterable[tuple[int, Sequence[object]]]) -> Rows:
    """The rows of a sheet by column, as `sheet_rows.table` reads them.

    Raises:
        Invalid: no header with 工号 and 姓名 among the first rows, or too many rows.
    """
    return sheet_rows.table(
        rows, columns=COLUMNS, said=_SAID, needed=(NUMBER, NAME), most=MOST, template="模板"
    )


def plan(
    rows: Iterable[tuple[int, Mapping[str, str]]], tree: OrgTree, known: Mapping[str, Known], by: Actor
) -> list[Line]:
    """What each row would do; every faulty one says in which columns. Rows of one person must tell the same of them."""
    seen: dict[tuple[str, int, Role], int] = {}
    first: dict[str, tuple[int, Mapping[str, str]]] = {}
    spelt = {number.casefold(): number for number in known}
    lines = []
    for number, cells in rows:
        faults: list[Fault] = []
        line = _line(number, cells, tree, known, by, faults)
        if line is not None and line.form is not None:
            faults += _doubled(number, cells, line.form, seen, first, spelt)
        if line is None or faults:
            words = "；".join(f"“{fault.label}”列：{fault.reason}" for fault in faults)
            line = Line(number, cells, Outcome.FAULTY, reason=words)
        lines.append(line)
    return lines


def _doubled(
    number: int,
    cells: Mapping[str, str],
    form: NewPerson,
    seen: dict[tuple[str, int, Role], int],
    first: dict[str, tuple[int, Mapping[str, str]]],
    spelt: dict[str, str],
) -> list[Fault]:
    """What does not go together with the rows before, or with an account that is called almost the same."""
    key = (form.number, form.unit, form.role)
    if key in seen:
        return [_fault(NUMBER, f"与第 {seen[key]} 行重复")]
    seen[key] = number
    same = form.number.casefold()
    if spelt.setdefault(same, form.number) != form.number:
        return [_fault(NUMBER, f"与工号 {spelt[same]} 只差大小写，请核对")]
    at, before = first.setdefault(form.number, (number, cells))
    return [
        _fault(column, f"与第 {at} 行同一工号的内容不同")
        for column in (NAME, TITLE, PHONE)
        if cells.get(column) and before.get(column) and cells[column] != before[column]
    ]


def _fault(column: str, reason: str) -> Fault:
    return Fault(field=column, label=column, reason=reason)


def _line(
    number: int,
    cells: Mapping[str, str],
    tree: OrgTree,
    known: Mapping[str, Known],
    by: Actor,
    faults: list[Fault],
) -> Line | None:
    """The row, or None with all its faults in `faults`."""
    faults += [
        _fault(column, "像是公式或代码，请填写文字")
        for column in COLUMNS
        if _FORMULA.match(cells.get(column, "")) and not (column == PHONE and cells[column][1:].isdigit())
    ]
    unit = _unit(cells, tree, faults)
    if unit is not None and not by.can(Permission.ACCOUNT_MANAGE, unit.scope):
        faults.append(_fault(UNIT, "不在您的管理范围内"))
    role, rank = _role(cells, faults), _rank(cells, faults)
    if unit is not None and role in OF_THE_GROUP and unit.parent_id is not None:
        faults.append(_fault(UNIT, f"“{LABELS[role]}”管全集团"))
    form = _form(cells, role, unit, faults)
    if faults or form is None or unit is None or role is None:
        return None
    old = known.get(form.number)
    waits = ("岗位须另一位安全管理员确认后生效",) if guarded(role, unit) else ()
    if old is None:
        return Line(number, cells, Outcome.NEW, form, rank, changes=waits)
    if old.id == by.staff_id:
        faults.append(_fault(NUMBER, "不能通过导入更改自己的账号"))
    if not old.active:
        faults.append(_fault(NUMBER, "账号已停用，请先启用"))
    changes = _changes(form, rank, old, cells, tree)
    given = (unit.id, role, rank) in old.posts
    return Line(
        number,
        cells,
        Outcome.CHANGED if changes else Outcome.SAME,
        form,
        rank,
        old.id,
        changes + (() if given else waits),
        given=given,
    )


def _role(cells: Mapping[str, str], faults: list[Fault]) -> Role | None:
    said = cells.get(ROLE, "")
    role = _ROLES.get(plain(said or LABELS[Role.CLINICIAN]))
    if role is None:
        faults.append(_fault(ROLE, f"没有“{said}”这个角色"))
    elif role in APART:
        faults.append(_fault(ROLE, f"“{LABELS[role]}”不能批量授予，请在个人页面授予"))
    return role


def _rank(cells: Mapping[str, str], faults: list[Fault]) -> int:
    said = cells.get(RANK, "") or "1"
    if not (said.isascii() and said.isdigit() and 1 <= int(said[:3]) <= 9):
        faults.append(_fault(RANK, "应为 1 到 9"))
        return 1
    return int(said)


def _form(
    cells: Mapping[str, str], role: Role | None, unit: Unit | None, faults: list[Fault]
) -> NewPerson | None:
    given = {
        "number": cells.get(NUMBER, ""),
        "name": cells.get(NAME, ""),
        "title": cells.get(TITLE, ""),
        "phone": cells.get(PHONE, ""),
        "role": role or Role.CLINICIAN,
        "unit": unit.id if unit is not None else 0,
    }
    try:
        return NewPerson.model_validate(given)
    except ValidationError as error:
        faults += faults_of(error, NewPerson)
    return None


def _unit(cells: Mapping[str, str], tree: OrgTree, faults: list[Fault]) -> Unit | None:
    said, site = cells.get(UNIT, ""), cells.get(SITE, "")
    if not said:
        faults.append(_fault(UNIT, "没有写明科室"))
        return None
    unit = tree.find(said, site)
    if unit is None:
        several = [tree.label(other.id) for other in tree.below() if said in other.names]
        faults.append(
            _fault(SITE, f"有多个“{said}”（{'、'.join(several[:4])}），请写明")
            if several
            else _fault(UNIT, f"没有找到科室“{said}”")
        )
    return unit


def _changes(
    form: NewPerson, rank: int, old: Known, cells: Mapping[str, str], tree: OrgTree
) -> tuple[str, ...]:
    found = []
    if form.name != old.name:
        found.append(f"姓名 {old.name} → {form.name}")
    if cells.get(TITLE) and form.title != old.title:
        found.append(f"职务 {old.title or '无'} → {form.title}")
    if cells.get(PHONE) and normalise_phone(form.phone) != old.phone:
        found.append("手机号更新")
    if (form.unit, form.role, rank) not in old.posts:
        found.append(f"岗位 {LABELS[form.role]}（{tree.label(form.unit)}）")
    return tuple(found)


async def known() -> dict[str, Known]:
    """All accounts by number."""
    ring = crypto.key_ring()
    rows = await db.fetch(
        "select s.id, s.number, s.name, s.title, s.phone, s.active,"  # noqa: S608
        " coalesce(array_agg(p.unit_id || ' ' || p.role || ' ' || p.rank) filter (where p.id is not null), '{}') as posts"
        f" from staff s left join post p on p.staff_id = s.id and {holds()} group by s.id"
    )
    return {
        row["number"]: Known(
            row["id"],
            row["name"],
            row["title"],
            ring.decrypt(row["phone"], "staff.phone") if row["phone"] else "",
            row["active"],
            frozenset((int(unit), role, int(rank)) for unit, role, rank in map(str.split, row["posts"])),
        )
        for row in rows
    }


async def preview(rows: Iterable[tuple[int, Mapping[str, str]]], *, by: Actor) -> list[Line]:
    """What the rows would do now; nothing is written.

    Raises:
        Forbidden: `by` keeps no accounts.
    """
    if not by.can(Permission.ACCOUNT_MANAGE):
        raise Forbidden
    return plan(rows, await queries.tree(), await known(), by)


async def take(rows: Iterable[tuple[int, Mapping[str, str]]], *, by: Actor) -> list[Line]:
    """Write what is not faulty, each row whole or not at all, and say of each what came of it."""
    lines = []
    async with db.transaction():
        for line in await preview(rows, by=by):
            if line.form is None or line.outcome not in (Outcome.NEW, Outcome.CHANGED):
                lines.append(line)
                continue
            try:
                async with db.transaction():
                    await _write(line, line.form, by)
            except HuiyinError as error:
                lines.append(replace(line, outcome=Outcome.FAULTY, reason=error.message))
            else:
                lines.append(line)
        counts = {str(outcome): sum(line.outcome is outcome for line in lines) for outcome in Outcome}
        await audit.record(by, "staff.import", "staff", None, **counts)
    return lines


async def _write(line: Line, form: NewPerson, by: Actor) -> None:
    # a person with two posts stands in two rows: the second finds the account of the first
    staff_id: int | None = line.known_id or await db.fetchval(
        "select id from staff where number = $1", form.number
    )
    if staff_id is None:
        staff_id = await people.add(form, by=by)
    elif line.known_id is not None:
        before = await queries.person(staff_id)
        kept = PersonForm(name=form.name, title=form.title or before.title, phone=form.phone or before.phone)
        await people.change(staff_id, kept, by=by)
    if line.given:
        return
    # a post that is only ranked anew keeps its last day and its reach
    before_terms = await held(staff_id, form.unit, form.role)
    await actions.give_post(
        staff_id,
        form.unit,
        form.role,
        rank=line.rank,
        until_on=before_terms.until_on if before_terms else None,
        own=before_terms.own if before_terms else False,
        kind=How.IMPORT,
        why="批量导入",
        by=by,
    )


def book(rows: Iterable[Mapping[str, str]], *, faulty: bool = False) -> bytes:
    """The rows as an .xlsx that can be brought in again; `faulty` adds why a row was not taken."""
    return sheet_rows.book(COLUMNS, rows, title="人员", faulty=faulty)

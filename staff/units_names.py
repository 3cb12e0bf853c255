"""Further names of units and the codes of outside systems, each from when until when; audited.

A code leads to one unit at a time, and a name to one unit of a campus; the database refuses what overlaps.
"""

from dataclasses import dataclass
from datetime import date

from core import audit, clock, db
from core.actor import Actor
from core.errors import Invalid, NotFound, Refused
from core.events import announce
from staff import queries
from staff.events import UnitNamed
from staff.organising_rows import fault, in_use, lock, named
from staff.tree import OrgTree, plain

OWN = ""  # the house's own further names: short forms, former names, what people say
SYSTEMS: dict[str, str] = {  # a further outside system is one line here
    OWN: "本院别名",
    "his": "HIS",
    "emr": "电子病历 EMR",
    "lis": "检验 LIS",
    "pacs": "影像 PACS",
    "exam": "体检系统",
    "hr": "人事系统 HR",
    "appointment": "预约挂号平台",
    "hotline": "12345 热线平台",
    "wecom": "企业微信通讯录",
    "insurance": "医保平台",
}
BEGIN = date(2000, 1, 1)  # since ever
LONGEST_CODE = 40


@dataclass(frozen=True, slots=True)
class NameGiven:
    """A name, a code, or both, as an outside system ("": we ourselves) calls a unit; `until` is the first day without."""

    unit_id: int
    system: str
    code: str
    name: str
    since: date
    until: date | None = None


def checked(given: NameGiven) -> NameGiven:
    """The same without needless blanks.

    Raises:
        Invalid: a field is faulty.
    """
    if given.system not in SYSTEMS:
        raise fault("system", "系统", f"没有这个系统，可用：{'、'.join(SYSTEMS.values())}", given.system)
    code = "".join(given.code.split())
    if len(code) > LONGEST_CODE or not code.isprintable():
        raise fault("code", "编码", f"最多 {LONGEST_CODE} 个字符", code)
    if code and given.system == OWN:
        raise fault("code", "编码", "本院别名没有编码，请选择编码所属的系统", code)
    name = named(given.name, empty=True)
    if not (name or code):
        raise fault("name", "名称", "名称和编码至少填一项")
    if given.until is not None and given.until <= given.since:
        raise fault("until", "失效日期", "应晚于生效日期", str(given.until))
    return NameGiven(given.unit_id, given.system, code, name, given.since, given.until)


async def add_name(given: NameGiven, *, by: Actor) -> int:
    """Have a unit go by a further name or code; its id in `org_name`.

    Raises:
        Invalid: a field is faulty. Refused: it leads elsewhere at that time, or the unit is closed.
    """
    given = checked(given)
    async with db.transaction():
        in_use(await lock(given.unit_id, by))
        clash = await clashing(given)
        if clash:
            raise Refused(clash)
        number = await write(given, by)
        await announce(UnitNamed(unit_id=given.unit_id))
        await queries.forget_tree()
    return number


async def write(given: NameGiven, by: Actor) -> int:
    """The row and its audit line; what is checked already."""
    number: int = await db.fetchval(
        "insert into org_name (unit_id, system, code, name, since, until, changed_by, changed_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        given.unit_id,
        given.system,
        given.code,
        given.name,
        given.since,
        given.until,
        by.name,
        clock.now(),
    )
    await audit.record(
        by,
        "unit.name",
        "org_unit",
        given.unit_id,
        system=given.system,
        code=given.code,
        name=given.name,
        since=given.since,
        until=given.until,
    )
    return number


async def clashing(given: NameGiven, but: int = 0) -> str:
    """Why it cannot be written beside what stands there already; "" when it can. Needs the lock of the organisation."""
    tree = await queries.tree()
    rows = await db.fetch(
        "select unit_id, system, code, name from org_name"
        " where daterange(since, until) && daterange($3, $4) and (code <> '' and system = $1 and code = $2"
        " or unit_id = $5 and system = $1 and code = $2 and name = $6) and id <> $7",
        given.system,
        given.code,
        given.since,
        given.until,
        given.unit_id,
        given.name,
        but,
    )
    for row in rows:
        if row["unit_id"] == given.unit_id:
            return "该科室在这段时间已有相同的名称或编码"
        return f"编码 {given.code} 在这段时间已属于“{tree.label(row['unit_id'])}”，请先填写其失效日期"
    return taken(given, tree) if given.system == OWN and (given.until or date.max) > clock.today() else ""


def taken(given: NameGiven, tree: OrgTree) -> str:
    """A name that another unit bears where this one stands would lead to neither of them."""
    unit, wanted = tree.unit(given.unit_id), plain(given.name)
    place = tree.site(unit.id)
    for other in tree.below():
        site = tree.site(other.id)
        near = place is None or site is None or place.id == site.id
        related = other.path.startswith(unit.path) or unit.path.startswith(other.path)
        if other.id != unit.id and near and not related and wanted in map(plain, other.names):
            return f"“{given.name}”已是“{tree.label(other.id)}”的名称，请先停用那个名称"
    return ""


async def end_name(name_id: int, until: date, *, by: Actor) -> None:
    """Have a name or code hold no more from `until` on; one that has not held a day yet is taken away.

    Raises:
        NotFound: there is none.
    """
    async with db.transaction():
        row = await db.fetchrow("select * from org_name where id = $1", name_id)
        if row is None:
            raise NotFound("没有这个名称，可能已被他人删除")
        await lock(row["unit_id"], by)
        if until <= row["since"]:
            await db.execute("delete from org_name where id = $1", name_id)
        else:
            await db.execute(
                "update org_name set until = $2, changed_by = $3, changed_at = $4 where id = $1",
                name_id,
                until,
                by.name,
                clock.now(),
            )
        await audit.record(
            by,
            "unit.end_name",
            "org_unit",
            row["unit_id"],
            system=row["system"],
            code=row["code"],
            name=row["name"],
            since=row["since"],
            before=row["until"],
            after=until,
        )
        await queries.forget_tree()


async def take_away(name_id: int, *, by: Actor) -> None:
    """Take away a name that was entered by mistake, as if it had never been; the audit log keeps it."""
    await end_name(name_id, date.min, by=by)


def day_of(text: str, field: str, label: str) -> date | None:
    """A day as a form or a sheet gives it; None for nothing.

    Raises:
        Invalid: it is none.
    """
    wanted = text.strip().replace("/", "-").replace(".", "-")[:10]
    if not wanted:
        return None
    try:
        year, month, day = (int(part) for part in wanted.split("-"))
        found = date(year, month, day)
    except ValueError:
        raise fault(field, label, "应为 2026-01-31 这样的日期", text) from None
    if not 1949 <= found.year <= 2199:
        raise Invalid(f"{label}：请核对年份", details=fault(field, label, "请核对年份", text).details)
    return found

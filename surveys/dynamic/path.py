"""The way a visit really took: which steps of care, and which department served in each. Reads records, writes nothing.

From the visit's own row, its transfers, orders, reports and operations. Where a record does not name the department that
served (a laboratory report often names only who asked for it), the department of the visit's campus whose name says so
is taken: 检验科 for the laboratory, and so on (`WORDS`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import db
from staff import queries as staff
from staff.tree import OrgTree, Unit
from surveys.steps import STEPS

WORDS: Mapping[str, tuple[str, ...]] = {
    "lab": ("检验",),
    "imaging": ("影像", "放射", "超声"),
    "pharmacy": ("药学", "药剂", "药房"),
    "payment": ("财务", "收费"),
    "exam": ("体检", "健康管理"),
}
_VISIT = "select id, kind, unit_id, ward_id, end_on, state from visit where id = $1"
_ORDERS = """
select distinct case kind when 'drug' then 'pharmacy' when 'treatment' then 'treatment' when 'nursing' then ''
    when 'surgery' then 'surgery' when 'lab' then 'lab' when 'imaging' then 'imaging' else '' end as step, unit
from medical_order where visit_id = $1 and state <> 'cancelled'
"""
_REPORTS = """
select distinct case kind when 'lab' then 'lab' when 'imaging' then 'imaging' when 'pathology' then 'lab' else '' end
from report where visit_id = $1 and state <> 'cancelled'
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A step, and the department that served in it."""

    step: str
    unit_id: int


async def path(visit_id: int) -> list[Served]:
    """The steps of a visit in the order of care, each department once in each step; empty when there is no such visit."""
    visit = await db.fetchrow(_VISIT, visit_id)
    if visit is None:
        return []
    tree = await staff.tree()
    own: int = visit["unit_id"]
    found: dict[str, list[int]] = {}

    def add(step: str, *units: int | None) -> None:
        if step:
            known = found.setdefault(step, [])
            known.extend(unit for unit in units if unit is not None and unit not in known)

    for step in _by_kind(visit["kind"], left=visit["end_on"] is not None):
        if step == "ward":
            add(step, *(await _wards(visit_id)), visit["ward_id"] or own)
        else:
            add(step, _serving(tree, own, step))
    for row in await db.fetch(_ORDERS, visit_id):
        named = tree.find(row["unit"]) if row["unit"] and row["step"] not in WORDS else None
        add(row["step"], named.id if named else _serving(tree, own, row["step"]))
    for row in await db.fetch(_REPORTS, visit_id):
        add(row[0], _serving(tree, own, row[0]))
    if await db.fetchval("select 1 from visit_surgery where visit_id = $1 limit 1", visit_id):
        add("surgery", own)
    return [Served(step, unit) for step in STEPS for unit in found.get(step, ())]


def _by_kind(kind: str, *, left: bool) -> Sequence[str]:
    """The steps that every visit of a kind has."""
    steps: Mapping[str, Sequence[str]] = {
        "outpatient": ("registration", "triage", "consultation", "payment"),
        "emergency": ("triage", "emergency", "payment"),
        "online": ("registration", "consultation"),
        "inpatient": ("admission", "ward", *(("discharge", "payment") if left else ())),
        "exam": ("registration", "exam"),
    }
    return steps.get(kind, ())


async def _wards(visit_id: int) -> list[int]:
    rows = await db.fetch(
        "select ward_id from visit_transfer where visit_id = $1 and ward_id is not null order by place",
        visit_id,
    )
    return [row["ward_id"] for row in rows]


def _serving(tree: OrgTree, own: int, step: str) -> int:
    """The department of the visit's campus that is known by its name, else the department of the visit."""
    words = WORDS.get(step, ())
    campus = _campus(tree, tree.unit(own))
    for unit in tree.below():
        if (
            unit.active
            and unit.path.startswith(campus.path)
            and unit.kind == "department"
            and any(word in unit.name for word in words)
        ):
            return unit.id
    return own


def _campus(tree: OrgTree, unit: Unit) -> Unit:
    above = [tree.unit(int(step)) for step in unit.path.strip("/").split("/")]
    return next((one for one in reversed(above) if one.kind == "campus"), above[0])

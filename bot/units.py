"""Departments named in chat: settled to one unit, or the candidates are offered by number. Changes nothing."""

import difflib
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from bot import fields
from bot.fields import Values
from bot.matters import Matter
from core.errors import Invalid
from staff import queries as staff
from staff.queries import OrgTree, Unit
from tickets.actions.shared import unit_named

MOST = 8


@dataclass(frozen=True, slots=True)
class Doubt:
    """Which department is not clear: the question, and the ids offered under 1., 2., …"""

    words: str
    options: tuple[str, ...] = ()


async def settle(name: str, info: FieldInfo, matter: Matter, known: Values) -> Doubt | None:
    """Put the units' ids where their names were, or say what is in doubt."""
    given = known[name]
    several = fields.widget(info) == "departments"
    wanted = [str(part) for part in given] if isinstance(given, list) else [str(given)]
    tree = await staff.tree()
    ids = []
    for text in wanted:
        try:
            unit = await unit_named(text, matter.case, name)
        except Invalid:
            return _doubt(text, tree)
        ids.append(str(unit.id))
    known[name] = ids if several else ids[0]
    return None


def _doubt(text: str, tree: OrgTree) -> Doubt:
    bearing = [unit for unit in tree.below() if text in unit.names]
    found = bearing or _like(text, tree)
    if not found:
        return Doubt(f"没有找到科室“{text[:20]}”，请发送科室全称")
    listed = "\n".join(f"{at}. {tree.label(unit.id)}" for at, unit in enumerate(found, start=1))
    why = f"有 {len(bearing)} 个“{text[:20]}”" if bearing else f"没有找到科室“{text[:20]}”"
    return Doubt(f"{why}，请发序号或科室全称：\n{listed}\n", tuple(str(unit.id) for unit in found))


def _like(text: str, tree: OrgTree) -> list[Unit]:
    places = [unit for unit in tree.below() if unit.kind in ("department", "ward", "clinic")]
    holding = [unit for unit in places if any(text in name for name in unit.names)]
    if len(text) >= 2 and holding:
        return holding[:MOST]
    names = {name: unit for unit in places for name in unit.names}
    close = difflib.get_close_matches(text, names, n=MOST, cutoff=0.5)
    return list({names[name].id: names[name] for name in close}.values())

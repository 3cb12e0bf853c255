"""The board of statistics of one person: counted, named and drawn into values. The one door for page, sheet and document."""

from dataclasses import dataclass

from core import parameters
from core.actor import Actor
from reports import showing
from reports.asking import Asked, Org
from reports.catalogue import CATALOGUE, Statistic
from reports.computing import Counted, count
from reports.dimensions import Words
from reports.parameters import TOP
from reports.reach import reach
from staff import queries as staff
from tickets.sources import SOURCES


@dataclass(frozen=True, slots=True)
class Board:
    """What is shown of a period. `scope` says of whom and what."""

    counted: Counted
    tiles: list[showing.Shown]
    sections: list[showing.Section]
    scope: str


async def board(
    asked: Asked, *, by: Actor, statistics: tuple[Statistic, ...] = CATALOGUE, top: int | None = None
) -> Board:
    """Count and draw.

    Raises:
        Forbidden: this person reads no reports.
        Refused: it took too long.
    """
    counted = await count(asked, by=by, statistics=statistics)
    handlers = {int(key) for key in counted.groups.get("handler", {}) if key.isdigit()}
    words = Words(counted.tree, await staff.people(handlers) if handlers else {})
    most = await parameters.number(TOP) if top is None else top
    return Board(
        counted,
        showing.tiles(counted, statistics),
        showing.sections(counted, words, most, statistics),
        scope(counted, by),
    )


def scope(counted: Counted, by: Actor) -> str:
    """Of which places and kinds of cases the figures are: "东院区；12345 热线；投诉"."""
    asked, tree = counted.asked, counted.tree
    if asked.place is not None:
        place = tree.label(asked.place)
    else:
        among = reach(asked, by, tree, counted.standing).places
        units = None if among is None else among(tree)
        tops = [unit for unit in tree.units if units and unit.id in units and unit.parent_id not in units]
        place = "全部院区" if units is None else "、".join(tree.label(unit.id) for unit in tops) or "无"
    sources = "、".join(SOURCES[name].label for name in asked.source)
    org = "按现行机构" if asked.org is Org.TODAY else ""
    return "；".join(part for part in (place, sources, "、".join(asked.type), org) if part)

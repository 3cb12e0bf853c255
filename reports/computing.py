"""Computes the statistics of a period for one person: every figure with its parts, every table with its rows.

All of it is read in one snapshot. Draws nothing, and changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core import clock
from core.actor import Actor, Permission
from core.errors import Forbidden
from reports import reading, standing
from reports.asking import Asked, Org
from reports.catalogue import CATALOGUE, Figure, Statistic, Table
from reports.catalogue.base import VISITS
from reports.dimensions import DIMENSIONS
from reports.grains import GRAINS
from reports.parameters import Measures
from reports.period import Period, trend
from reports.reach import Reach, reach
from reports.reading import Reading
from reports.standing import Standing
from staff import queries as staff
from staff import units_past
from staff.queries import OrgTree

Tally = Mapping[str, int]
Groups = dict[str, dict[str, dict[str, int]]]  # dimension → value → measure → number


@dataclass(frozen=True, slots=True)
class Counted:
    """All that was counted: of the period together, by dimension, and of the periods it is compared with."""

    asked: Asked
    using: Measures
    tree: OrgTree
    total: Tally
    before: Tally
    year_before: Tally
    groups: Groups
    standing: Standing


async def standing_of(asked: Asked, tree: OrgTree) -> Standing:
    """By which organisation these statistics are read."""
    if asked.org is Org.TODAY:
        return standing.today(tree)
    return standing.then(await units_past.past(), tree)


def _sets(statistics: Iterable[Statistic]) -> dict[str, dict[str, set[str]]]:
    """Grain → dimension → measures that are wanted of it; "" is all together."""
    wanted: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for statistic in statistics:
        for figure in (*statistic.tiles, *statistic.figures):
            _want(wanted, "", figure)
        for table in statistic.tables:
            for figure in table.figures:
                _want(wanted, table.by, figure)
    return wanted


def _want(wanted: dict[str, dict[str, set[str]]], by: str, figure: Figure) -> None:
    for measure in (*figure.over, *figure.under):
        if measure == VISITS:
            wanted[VISITS][by].add(measure)
            continue
        head = measure.partition(".")[0]
        wanted[(by and DIMENSIONS[by].grain) or head][by].add(measure)


async def count(
    asked: Asked, *, by: Actor, statistics: tuple[Statistic, ...] = CATALOGUE, compare: bool = True
) -> Counted:
    """Count what these statistics need.

    Raises:
        Forbidden: this person reads no reports.
        Refused: it took too long.
    """
    if not by.can(Permission.REPORT_READ):
        raise Forbidden
    tree = await staff.tree()
    standing_ = await standing_of(asked, tree)
    where = reach(asked, by, tree, standing_)
    wanted = _sets(statistics)
    period = asked.period
    async with reading.reading() as using:
        groups: Groups = {}
        for grain in (name for name in GRAINS if name in wanted):
            await _grain(groups, grain, wanted[grain], asked, where, using)
        await _running(groups, wanted.get("running", {}), asked, where, using)
        total = groups.pop("", {}).get("", {})
        compared: list[Tally] = [{}, {}]
        if VISITS in wanted:
            total[VISITS] = await reading.visits(period, where)
        if compare:
            compared = [
                await _together(wanted, asked, one, where, using)
                for one in (period.before(), period.year_before())
            ]
    named = tree
    if asked.org is Org.THEN and period.last < clock.today():  # units by the names they had
        named = (await units_past.past()).tree(period.last, tree)
    return Counted(asked, using.using, named, total, compared[0], compared[1], groups, standing_)


async def _grain(
    groups: Groups,
    name: str,
    wanted: Mapping[str, set[str]],
    asked: Asked,
    where: Reach,
    using: Reading,
) -> None:
    grain = GRAINS[name]
    sets = sorted({_columns(by, where) for by in wanted if by != "month"})
    found = await reading.sums(grain, sets, asked, asked.period, where, using) if sets else {}
    if "month" in wanted:
        year = trend(asked.period, clock.today())
        found |= await reading.sums(grain, [("month",)], asked, year, where, using)
    for by in wanted:
        rows = found[("month",) if by == "month" else _columns(by, where)]
        for values, amounts in rows.items():
            month = values[0] if len(values) > 1 else None
            key = DIMENSIONS[by].key(values[-1], where.standing.tree(month)) if by else ""
            into = groups.setdefault(by, {}).setdefault(key, {})
            for measure, amount in amounts.items():
                # the topics count cases too, by more dimensions
                called = measure.replace("topic.", "case.") if by and DIMENSIONS[by].grain else measure
                into[called] = into.get(called, 0) + amount


def _columns(by: str, where: Reach) -> tuple[str, ...]:
    """What is grouped by for a dimension: places by month too, where they stood elsewhere in other months."""
    if not by:
        return ()
    column = DIMENSIONS[by].column
    return ("month", column) if column == "place_id" and where.standing.varies else (column,)


async def _running(
    groups: Groups,
    wanted: Mapping[str, set[str]],
    asked: Asked,
    where: Reach,
    using: Reading,
) -> None:
    for by, measures in wanted.items():
        for measure in measures:
            name = measure.partition(".")[2]
            columns = _columns(by, where)
            period = None if name == "waiting" else asked.period
            found = await reading.running(name, columns, asked, period, where, using)
            for values, amount in found.items():
                month = values[0] if len(values) > 1 else None
                key = DIMENSIONS[by].key(values[-1], where.standing.tree(month)) if by else ""
                into = groups.setdefault(by, {}).setdefault(key, {})
                into[measure] = into.get(measure, 0) + amount


async def _together(
    wanted: Mapping[str, Mapping[str, set[str]]], asked: Asked, period: Period, where: Reach, using: Reading
) -> Tally:
    """The period as a whole."""
    found: dict[str, int] = {}
    for name, grain in GRAINS.items():
        if "" in wanted.get(name, {}):
            sums = await reading.sums(grain, [()], asked, period, where, using)
            found.update(next(iter(sums[()].values()), {}))
    for measure in wanted.get("running", {}).get("", ()):
        name = measure.partition(".")[2]
        found[measure] = sum((await reading.running(name, (), asked, period, where, using)).values())
    if VISITS in wanted:
        found[VISITS] = await reading.visits(period, where)
    return found


def table_of(counted: Counted, table: Table) -> dict[str, dict[str, int]]:
    """Value → measures of one table, those with nothing in the first figure's parts left out."""
    figures = {name for figure in table.figures for name in (*figure.over, *figure.under)}
    rows = counted.groups.get(table.by, {})
    return {key: tally for key, tally in rows.items() if any(tally.get(name) for name in figures)}

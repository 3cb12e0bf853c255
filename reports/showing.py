"""Statistics as a page, a sheet or a document shows them: words, numbers in words, comparisons, rows cut to the first few.

Pure: what was counted comes in (reports/computing.py), values to draw go out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core import clock
from reports.asking import Asked
from reports.catalogue import CATALOGUE, Figure, Statistic, Table
from reports.catalogue.base import VISITS
from reports.computing import Counted, table_of
from reports.dimensions import AGES, DIMENSIONS, NONE, Words
from reports.period import Span, months_later, trend

SEPARATOR = "->"
SAME = 0.05  # a smaller change is none
MOST_BELOW = 6  # second-level categories of one first-level category


@dataclass(frozen=True, slots=True)
class Cell:
    """A number: as read, as drawn, and the query of the list behind it ("" when there is none)."""

    text: str
    value: float | None
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure with its parts and what it was before."""

    figure: Figure
    cell: Cell
    over: Cell
    under: Cell | None
    formula: str
    before: "Change | None" = None
    year: "Change | None" = None


@dataclass(frozen=True, slots=True)
class Change:
    """Against another period: "+12.5%" of a number, "-3.1 个百分点" of a share; `tone` is good, late or wait."""

    text: str
    tone: str
    was: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table. `depth` 1 lies within the line above; `open` leads to the same page of this value alone."""

    key: str
    label: str
    cells: tuple[Cell, ...]
    share: str = ""
    depth: int = 0
    open: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table with its rows; `left_out` tells how many further ones were summed into the last."""

    table: Table
    rows: tuple[Row, ...]
    left_out: int = 0

    @property
    def chart(self) -> dict[str, object]:
        """What the chart beside it is drawn from."""
        top = [row for row in self.rows if row.depth == 0]
        return {
            "kind": self.table.chart,
            "labels": [row.label for row in top],
            "series": [
                {
                    "name": figure.label,
                    "percent": figure.per == 100 and bool(figure.under),
                    "values": [
                        None if row.cells[at].value is None else round(row.cells[at].value or 0, 1)
                        for row in top
                    ],
                }
                for at, figure in enumerate(self.table.figures)
            ],
        }


@dataclass(frozen=True, slots=True)
class Section:
    """One statistic as drawn."""

    statistic: Statistic
    figures: tuple[Shown, ...]
    tables: tuple[Drawn, ...]

    @property
    def chart(self) -> dict[str, object]:
        """A ring of the figures themselves."""
        return {
            "kind": self.statistic.chart,
            "labels": [shown.figure.label for shown in self.figures],
            "series": [
                {
                    "name": self.statistic.label,
                    "percent": False,
                    "values": [s.over.value for s in self.figures],
                }
            ],
        }


def text_of(figure: Figure, value: float | None) -> str:
    """ "93.5%", "1,204", "12.3", "—"."""
    if value is None:
        return "—"
    if not figure.under:
        return f"{value:,.0f}"
    return f"{value:.1f}%" if figure.per == 100 else f"{value:,.1f}" if figure.per == 0 else f"{value:,.2f}"


def sections(
    counted: Counted, words: Words, top: int, statistics: tuple[Statistic, ...] = CATALOGUE
) -> list[Section]:
    """Every statistic with its figures and tables."""
    return [
        Section(
            statistic,
            tuple(shown(counted, figure) for figure in statistic.figures),
            tuple(drawn(counted, table, words, top) for table in statistic.tables),
        )
        for statistic in statistics
    ]


def tiles(counted: Counted, statistics: tuple[Statistic, ...] = CATALOGUE) -> list[Shown]:
    """The figures that stand on top."""
    return [shown(counted, figure) for statistic in statistics for figure in statistic.tiles]


def shown(counted: Counted, figure: Figure) -> Shown:
    """A figure of the whole period, with what it was before (环比) and a year ago (同比)."""
    value = figure.value(counted.total)
    return Shown(
        figure,
        Cell(
            text_of(figure, value), value, _query(counted.asked, figure.over, "", "") if figure.listed else ""
        ),
        _part(counted, figure.over, figure),
        _part(counted, figure.under, figure) if figure.under else None,
        figure.said(counted.using),
        _change(figure, value, figure.value(counted.before)),
        _change(figure, value, figure.value(counted.year_before)),
    )


def _part(counted: Counted, measures: tuple[str, ...], figure: Figure) -> Cell:
    """The numerator or the denominator."""
    amount = sum(counted.total.get(name, 0) for name in measures)
    minutes = figure.per == 0 and measures == figure.over
    if minutes:
        return Cell(f"{amount / 60:,.0f} 小时", amount / 60)
    behind = "" if VISITS in measures else _query(counted.asked, measures, "", "")
    return Cell(f"{amount:,}", float(amount), behind)


def _change(figure: Figure, now: float | None, was: float | None) -> Change | None:
    if now is None or was is None or (not figure.under and not was):
        return None
    if figure.under and figure.per == 100:
        by, text = now - was, f"{now - was:+.1f} 个百分点"
    elif was == 0:
        return None
    else:
        by = (now - was) / was * 100
        text = f"{by:+.1f}%"
    better = by * figure.better
    tone = "wait" if not better or abs(by) < SAME else "good" if better > 0 else "late"  # fmt: skip
    return Change(text, tone, text_of(figure, was))


def drawn(counted: Counted, table: Table, words: Words, top: int) -> Drawn:
    """A table: ordered by its first figure, cut after the first few, the rest summed into one line."""
    found = table_of(counted, table)
    if table.by == "month":
        period = trend(counted.asked.period, clock.today())
        found = {str(months_later(period.start, at)): {} for at in range(len(period.parts()[0]))} | found
    if table.by == "category":
        return _by_category(counted, table, found, top)
    dimension = DIMENSIONS[table.by]
    first = table.figures[0]
    order = [name for name, *_ in AGES] if table.by == "age" else sorted(found)
    keys = (
        [key for key in order if key in found]
        if dimension.ordered
        else sorted(found, key=lambda key: (-_amount(first, found[key]), -_base(first, found[key]), key))
    )
    cut = keys[top:] if table.top else []
    whole = sum(_amount(first, found[key]) for key in keys) if table.whole else 0.0
    rows = [
        _row(counted, table, key, dimension.label(key, words), found[key], whole)
        for key in keys[: len(keys) - len(cut)]
    ]
    if cut:
        rows.append(_rest(table, [found[key] for key in cut], whole))
    return Drawn(table, tuple(rows), len(cut))


def _amount(figure: Figure, tally: Mapping[str, int]) -> float:
    return figure.value(tally) or 0.0


def _base(figure: Figure, tally: Mapping[str, int]) -> int:
    return sum(tally.get(name, 0) for name in figure.under or figure.over)


def _by_category(counted: Counted, table: Table, found: Mapping[str, Mapping[str, int]], top: int) -> Drawn:
    """The first level of categories, and below each the most frequent of the second."""
    levels: dict[str, dict[str, int]] = {}
    for path, tally in found.items():
        parts = path.split(SEPARATOR)
        for depth in (1, 2):
            if depth <= len(parts):
                into = levels.setdefault(SEPARATOR.join(parts[:depth]), {})
                for name, amount in tally.items():
                    into[name] = into.get(name, 0) + amount
    first = table.figures[0]

    def ranked(names: list[str]) -> list[str]:
        return sorted(names, key=lambda name: (-_amount(first, levels[name]), name))

    heads = ranked([name for name in levels if SEPARATOR not in name])
    whole = sum(_amount(first, levels[name]) for name in heads)
    rows = []
    for head in heads[:top]:
        rows.append(_row(counted, table, head, "未分类" if head == NONE else head, levels[head], whole))
        below = ranked([name for name in levels if name.startswith(head + SEPARATOR)])
        rows += [
            _row(counted, table, name, name.rpartition(SEPARATOR)[2], levels[name], whole, depth=1)
            for name in below[:MOST_BELOW]
        ]
    cut = heads[top:]
    if cut:
        rows.append(_rest(table, [levels[name] for name in cut], whole))
    return Drawn(table, tuple(rows), len(cut))


def _row(
    counted: Counted,
    table: Table,
    key: str,
    label: str,
    tally: Mapping[str, int],
    whole: float,
    *,
    depth: int = 0,
) -> Row:
    asked = counted.asked
    cells = tuple(
        Cell(
            text_of(figure, value := figure.value(tally)),
            value,
            _query(asked, figure.over, table.by, key) if figure.listed and value else "",
        )
        for figure in table.figures
    )
    narrowed = ""
    if table.by in ("place", "site", "unit") and key.isdigit() and int(key) != asked.place:
        narrowed = asked.query(place=key)
    elif table.by in ("source", "type"):
        narrowed = asked.query(**{table.by: key}) if key != NONE else ""
    amount = _amount(table.figures[0], tally)
    return Row(key, label, cells, f"{amount * 100 / whole:.1f}%" if whole else "", depth, narrowed)


def _rest(table: Table, tallies: list[Mapping[str, int]], whole: float) -> Row:
    together: dict[str, int] = {}
    for tally in tallies:
        for name, amount in tally.items():
            together[name] = together.get(name, 0) + amount
    cells = tuple(Cell(text_of(figure, value := figure.value(together)), value) for figure in table.figures)
    share = f"{_amount(table.figures[0], together) * 100 / whole:.1f}%" if whole else ""
    return Row("", f"其余 {len(tallies)} 项", cells, share)


def _query(asked: Asked, measures: tuple[str, ...], by: str, key: str) -> str:
    """The query of the list behind a number; a month's own list is of that month."""
    if by == "month":
        asked, by = asked.model_copy(update={"span": Span.MONTH, "at": date.fromisoformat(key)}), ""
    more = {"by": by, "key": key} if by else {}
    return asked.query(of=",".join(measures), **more)

"""What a statistic is: figures with their formula, and tables of them by a dimension. Holds no statistic itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.grains import GRAINS, RUNNING, Grain
from reports.parameters import Measures

Chart = Literal["bars", "columns", "line", "ring", ""]
VISITS = "visits"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number: how many (`under` empty), or a part of a whole.

    `over` and `under` name measures as "case.received", "running.overdue" or "visits"; several are added.
    `per` is 100 for a share in percent, 10000 for a rate per 10,000 visits, 0 for an average (of minutes, in hours).
    `better` tells whether more is better (1), worse (-1) or neither (0). `formula` is in words; {hours} and {days}
    in it are the parameters.
    """

    name: str
    label: str
    formula: str
    over: tuple[str, ...]
    under: tuple[str, ...] = ()
    per: int = 100
    better: int = 0

    def value(self, tally: Mapping[str, int]) -> float | None:
        """The number; None where there is nothing to divide by."""
        over = sum(tally.get(name, 0) for name in self.over)
        if not self.under:
            return float(over)
        under = sum(tally.get(name, 0) for name in self.under)
        if not under:
            return None
        return over / under / 60 if self.per == 0 else over * self.per / under

    def said(self, using: Measures) -> str:
        """The formula with the parameters in force."""
        return self.formula.format(hours=using.response_hours, days=using.repeat_days)

    @property
    def listed(self) -> str:
        """The measures behind which lists stand, as an address names them; "" when there is none."""
        return "" if self.per == 0 and self.under else ",".join(self.over)


@dataclass(frozen=True, slots=True)
class Table:
    """Figures by a dimension (reports/dimensions.py), with the chart that stands beside it.

    The first figure orders the rows and is drawn. `whole` adds each row's share of all. `top` cuts the rows off.
    """

    name: str
    label: str
    by: str
    figures: tuple[Figure, ...]
    chart: Chart = "bars"
    whole: bool = False
    top: bool = False


@dataclass(frozen=True, slots=True)
class Statistic:
    """One member of the catalogue: its figures, and those of them that stand on top of the page, and its tables."""

    name: str
    label: str
    figures: tuple[Figure, ...] = ()
    tiles: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    chart: Chart = ""

    @property
    def all_figures(self) -> tuple[Figure, ...]:
        """Each figure once."""
        found = [*self.tiles, *self.figures, *(figure for table in self.tables for figure in table.figures)]
        return tuple({figure.name: figure for figure in found}.values())


def grain_of(measure: str) -> Grain | None:
    """The grain whose facts are counted; None for visits."""
    if measure == VISITS:
        return None
    head, _, name = measure.partition(".")
    return RUNNING[name][0] if head == "running" else GRAINS[head]

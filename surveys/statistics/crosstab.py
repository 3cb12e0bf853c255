"""A cross-table of two variables: counts and shares of each row, rows too small left out with a second one."""

from dataclasses import dataclass

from core import parameters
from core.actor import Actor
from core.errors import Invalid
from surveys.statistics import choosing, counting, rows
from surveys.statistics.asking import Asked
from surveys.statistics.hiding import hidden
from surveys.statistics.parameters import LEAST
from surveys.statistics.variables import Known, Variable, known

MOST_ROWS, MOST_COLUMNS = 60, 24


@dataclass(frozen=True, slots=True)
class Cell:
    """How many, and the share of its row; `behind`: the filters that lead to it."""

    n: int
    clean: int
    share: float


@dataclass(frozen=True, slots=True)
class CrossRow:
    """A value of the first variable; no cells when it is too small to be shown."""

    key: str
    label: str
    n: int
    cells: tuple[Cell, ...]
    hidden: bool


@dataclass(frozen=True, slots=True)
class CrossTable:
    """The whole. `several`: a response may stand in more than one column, so shares may add up to more than 100 %."""

    asked: Asked
    known: Known
    row: Variable | None
    column: Variable | None
    columns: tuple[tuple[str, str], ...]
    rows: tuple[CrossRow, ...]
    least: int
    left_out: int
    waiting: int

    @property
    def several(self) -> bool:
        """Of either variable."""
        return bool((self.row and self.row.several) or (self.column and self.column.several))


async def crosstab(asked: Asked, *, by: Actor) -> CrossTable:
    """The table; without both variables only what can be chosen.

    Raises:
        Invalid: both variables are the same.
        NotFound, Forbidden: as `board`.
    """
    of = await choosing.permitted(asked.questionnaire or 0, by)
    waiting = await rows.catch_up(of)
    about = await known(of)
    least = await parameters.number(LEAST)
    row, column = about.variables.get(asked.row), about.variables.get(asked.column)
    if row is None or column is None:
        return CrossTable(asked, about, row, column, (), (), least, 0, waiting)
    if row.name == column.name:
        raise Invalid("交叉分析的两个变量不能相同，请换一个")
    found = await counting.cells(asked, about, row, column, by=by)
    sizes: dict[str, int] = {}
    across: dict[str, int] = {}
    for (a, b), (n, _) in found.items():
        sizes[a] = sizes.get(a, 0) + n
        across[b] = across.get(b, 0) + n
    away = hidden(sizes, least)
    columns = _ordered(column, across)[:MOST_COLUMNS]
    keys = _ordered(row, sizes)
    lines = tuple(
        CrossRow(
            key,
            row.options.get(key, key),
            sizes[key],
            ()
            if key in away
            else tuple(
                Cell(n, clean, n / sizes[key]) for n, clean in (found.get((key, b), (0, 0)) for b in columns)
            ),
            key in away,
        )
        for key in keys[:MOST_ROWS]
    )
    return CrossTable(
        asked,
        about,
        row,
        column,
        tuple((b, column.options.get(b, b)) for b in columns),
        lines,
        least,
        max(0, len(keys) - MOST_ROWS) + max(0, len(across) - MOST_COLUMNS),
        waiting,
    )


def _ordered(variable: Variable, sizes: dict[str, int]) -> list[str]:
    """In the order of the options; months by time; without an order the largest first."""
    if variable.slots or variable.name in ("channel", "kind"):
        known_ones = [key for key in variable.options if key in sizes]
        return known_ones + sorted(set(sizes) - set(known_ones))
    if variable.name == "month":
        return sorted(sizes)
    return sorted(sizes, key=lambda key: (-sizes[key], key))

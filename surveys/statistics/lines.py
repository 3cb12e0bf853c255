"""What a board is made of, line by line; values alone."""

from dataclasses import dataclass

from surveys.statistics import control
from surveys.statistics.asking import Asked
from surveys.statistics.comparing import Verdict
from surveys.statistics.measures import Interval, Moments, Promoters, Share
from surveys.statistics.measuring import Measure
from surveys.statistics.variables import Known, Variable


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A score over everybody. `clean`: the mean without flagged responses; `by_unit`: given to who served."""

    key: str
    label: str
    dimension: str
    moments: Moments
    clean: Moments
    formula: str
    alpha: float | None
    by_unit: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """How often an option was chosen."""

    label: str
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A question (or a row of a matrix) over everybody. Shares and mean are None where options have no points."""

    name: str
    category: str
    label: str
    n: int
    moments: Moments | None
    clean: Moments | None
    top: Share | None
    low: Share | None
    nps: Promoters | None
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of a variable; `hidden` when it is too small to be shown; `share` where the measure is one."""

    key: str
    label: str
    n: int
    clean: int
    moments: Moments
    clean_moments: Moments
    share: Share | None = None
    top: float | None = None
    hidden: bool = False
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class GroupTable:
    """The groups of a variable by the measure asked for; `left_out`: how many more there are."""

    variable: Variable
    lines: tuple[GroupLine, ...]
    left_out: int

    @property
    def any_hidden(self) -> bool:
        """Whether a group is."""
        return any(line.hidden for line in self.lines)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A month."""

    month: str
    n: int
    point: control.Point


@dataclass(frozen=True, slots=True)
class Board:
    """Everything of the page. `n` responses, `about` of them not of visits there but of departments that served."""

    asked: Asked
    known: Known
    n: int
    clean: int
    about: int
    asks: Share
    waiting: int
    least: int
    ranked: int
    measure: Measure | None
    measures: tuple[Measure, ...]
    scores: tuple[ScoreLine, ...]
    questions: tuple[QuestionLine, ...]
    groups: tuple[GroupTable, ...]
    trend: tuple[TrendPoint, ...]

    @property
    def main(self) -> ScoreLine | None:
        """The score of the tables and of the trend; the first where these show a share."""
        key = self.measure.key if self.measure else ""
        return next((line for line in self.scores if line.key == key), next(iter(self.scores), None))

    @property
    def nps(self) -> Promoters | None:
        """Of the first question of recommendation."""
        return next((line.nps for line in self.questions if line.nps is not None), None)

    @property
    def categories(self) -> list[tuple[str, list[QuestionLine]]]:
        """Questions under their category, in the order they are asked."""
        found: dict[str, list[QuestionLine]] = {}
        for line in self.questions:
            found.setdefault(line.category or "未分类", []).append(line)
        return list(found.items())


def measured(line: GroupLine) -> str:
    """The measure of a group in words: "86.2", or of a share "91.4%"; "—" where there is none."""
    if line.share is not None:
        return "—" if line.share.value is None else f"{100 * line.share.value:.1f}%"
    return "—" if line.moments.mean is None else f"{line.moments.mean:.1f}"


def between(line: GroupLine) -> str:
    """Its interval, in the same unit."""
    if line.share is not None:
        return interval_words(line.share.interval, 100)
    found = line.moments.interval
    if found is not None and line.top is not None:  # Student's interval knows no end of a scale
        found = Interval(max(0.0, found.low), min(line.top, found.high))
    return interval_words(found)


def interval_words(interval: Interval | None, factor: float = 1.0) -> str:
    """ "81.2–86.0"; "" where there is none."""
    return f"{interval.low * factor:.1f}–{interval.high * factor:.1f}" if interval else ""

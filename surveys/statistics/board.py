"""The statistics of a questionnaire as one value: figures, scores, questions, groups, trend, cross-table, texts.

Counts through `counting`, reckons by the pure modules, hides what is too small. Draws nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from core import parameters
from core.actor import Actor
from surveys.dimensions import DIMENSIONS
from surveys.questions.base import Question
from surveys.scoring import formula
from surveys.statistics import control, counting, measures, rows
from surveys.statistics.asking import Asked
from surveys.statistics.comparing import Verdict, each_against_the_others
from surveys.statistics.counting import EVERYBODY, NOTHING, Sums
from surveys.statistics.hiding import hidden
from surveys.statistics.measures import Interval, Moments, Promoters, Share
from surveys.statistics.parameters import LEAST, RANKED
from surveys.statistics.variables import Known, Variable, known, part_label

GROUPS = ("campus", "unit", "ward", "doctor", "channel", "kind")
BAD = 2.0  # on a scale of five: this and below is a low answer
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A score over everybody. `clean`: the mean without flagged responses."""

    key: str
    label: str
    dimension: str
    moments: Moments
    clean: Moments
    formula: str
    alpha: float | None


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
    """A group of a variable; `hidden` when it is too small to be shown."""

    key: str
    label: str
    n: int
    clean: int
    moments: Moments
    clean_moments: Moments
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
    """Everything of the page."""

    asked: Asked
    known: Known
    n: int
    clean: int
    asks: Share
    waiting: int
    least: int
    ranked: int
    score: str
    scores: tuple[ScoreLine, ...]
    questions: tuple[QuestionLine, ...]
    groups: tuple[GroupTable, ...]
    trend: tuple[TrendPoint, ...]

    @property
    def main(self) -> ScoreLine | None:
        """The score of the tables and of the trend."""
        return next((line for line in self.scores if line.key == self.score), None)

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


async def board(asked: Asked, *, by: Actor) -> Board:
    """All of it.

    Raises:
        Forbidden: this person reads no responses.
        NotFound: no such questionnaire, or an anonymous one.
    """
    of = await counting.permitted(asked.questionnaire or 0, by)
    waiting = await rows.catch_up(of)
    about = await known(of)
    least, ranked = await parameters.number(LEAST), await parameters.number(RANKED)
    keys = [key for key in about.rules if about.score_slot(key) is not None]
    whole = [key for key in keys if not about.rules[key].dimension]  # a total, rather than a dimension of it
    score = asked.score if asked.score in keys else next(iter([*whole, *keys]), "")
    everybody = (await counting.sums(asked, about, keys, by=by)).get(EVERYBODY, NOTHING)
    shown = everybody.n >= least
    asked_for, answered = await counting.asks(asked, about, by=by)
    return Board(
        asked,
        about,
        everybody.n,
        everybody.clean,
        Share(answered, asked_for),
        waiting,
        least,
        ranked,
        score,
        await _scores(asked, about, keys, everybody, by) if shown else (),
        _questions(about, await counting.answers(asked, about, by=by)) if shown else (),
        tuple([await group(asked, about, name, score, least, ranked, by=by) for name in GROUPS])
        if shown
        else (),
        await _trend(asked, about, score, least, by) if shown else (),
    )


async def _scores(
    asked: Asked, about: Known, keys: Sequence[str], everybody: Sums, by: Actor
) -> tuple[ScoreLine, ...]:
    found = []
    for key in keys:
        rule = about.rules[key]
        spread = await counting.spread(asked, about, key, by=by)
        dimension = DIMENSIONS.get(rule.dimension)
        found.append(
            ScoreLine(
                key,
                rule.label or key,
                dimension.words if dimension else "",
                everybody.scores.get(key, Moments()),
                everybody.clean_scores.get(key, Moments()),
                formula(rule, about.questions),
                measures.alpha(*spread) if spread else None,
            )
        )
    return tuple(found)


def _questions(
    about: Known, answers: Mapping[int, Mapping[int, tuple[int, int]]]
) -> tuple[QuestionLine, ...]:
    found: list[QuestionLine] = []
    for name, variable in about.variables.items():
        if not variable.slots:
            continue
        code, _, part = name.removeprefix("q:").partition(".")
        question = about.questions[code]
        counted = _counted(variable, answers)
        values = about.values(code, part) if question.counted else {}
        found.append(_line(variable, question, part, counted, values))
    return tuple(found)


def _counted(
    variable: Variable, answers: Mapping[int, Mapping[int, tuple[int, int]]]
) -> dict[str, tuple[int, int]]:
    """Value → how often, and how often among the clean, in the order of the options."""
    if variable.several:
        by_value = {option: answers.get(slot, {}) for slot, option in variable.slots.items()}
        return {
            value: (
                sum(n for n, _ in by_value.get(value, {}).values()),
                sum(clean for _, clean in by_value.get(value, {}).values()),
            )
            for value in variable.options
        }
    here = answers.get(min(variable.slots), {})
    return {value: here.get(variable.codes.get(value, 0), (0, 0)) for value in variable.options}


def _line(
    variable: Variable,
    question: Question,
    part: str,
    counted: Mapping[str, tuple[int, int]],
    values: Mapping[int, float],
) -> QuestionLine:
    n = sum(one for one, _ in counted.values())
    points = {value: values[code] for value, code in variable.codes.items() if code in values}
    all_ones: dict[float, int] = {}
    clean_ones: dict[float, int] = {}
    for value, (one, clean) in counted.items():
        if value in points:
            all_ones[points[value]] = all_ones.get(points[value], 0) + one
            clean_ones[points[value]] = clean_ones.get(points[value], 0) + clean
    recommends = question.kind == "nps"
    steps = getattr(question, "steps", None)
    best = (
        float(max(steps))
        if steps
        else max((float(o.score) for o in question.choices if o.score), default=0.0)
    )
    graded = bool(points) and best > 0
    return QuestionLine(
        variable.name,
        question.category,
        f"{question.title}：{part_label(question, part)}" if part else question.title,
        n,
        measures.moments(all_ones) if graded else None,
        measures.moments(clean_ones) if graded else None,
        measures.top_box(all_ones, 9 if recommends else best) if graded else None,
        measures.low_box(all_ones, 6 if recommends else best * BAD / 5) if graded else None,
        measures.nps(all_ones) if recommends else None,
        tuple(
            Option(variable.options[value], one, one / n if n else 0.0) for value, (one, _) in counted.items()
        ),
    )


async def group(
    asked: Asked,
    about: Known,
    name: str,
    score: str,
    least: int,
    ranked: int,
    *,
    by: Actor,
    most: int = MOST_ROWS,
) -> GroupTable:
    """The groups of a variable: largest first; departments are compared with all others."""
    variable = about.variables[name]
    found = await counting.sums(asked, about, [score] if score else [], by=by, variable=variable)
    away = hidden({key: one.n for key, one in found.items()}, least)
    verdicts: dict[str, Verdict] = {}
    if name in ("campus", "unit", "ward") and score:
        compared = {
            key: values
            for key, values in (
                await counting.histograms(asked, about, score, by=by, variable=variable)
            ).items()
            if sum(values.values()) >= ranked
        }
        verdicts = each_against_the_others(compared) if len(compared) > 1 else {}
    order = sorted(found, key=lambda key: (key in away, -found[key].n, key))
    lines = tuple(
        GroupLine(
            key,
            variable.options.get(key, key),
            found[key].n,
            found[key].clean,
            found[key].scores.get(score, Moments()),
            found[key].clean_scores.get(score, Moments()),
            key in away,
            verdicts.get(key),
        )
        for key in order[:most]
    )
    return GroupTable(variable, lines, max(0, len(order) - most))


async def _trend(asked: Asked, about: Known, score: str, least: int, by: Actor) -> tuple[TrendPoint, ...]:
    found = await counting.sums(
        asked, about, [score] if score else [], by=by, variable=about.variables["month"]
    )
    months = _months(asked.since, asked.until)
    points = control.means(
        [
            one.scores.get(score, Moments()).mean if (one := found.get(month, NOTHING)).n >= least else None
            for month in months
        ]
    )
    return tuple(
        TrendPoint(month, found.get(month, NOTHING).n, point)
        for month, point in zip(months, points, strict=True)
    )


def _months(since: date, until: date) -> list[str]:
    at, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    return [f"{month // 12}-{month % 12 + 1:02d}" for month in range(at, last + 1)]


def interval_words(interval: Interval | None, factor: float = 1.0) -> str:
    """ "81.2–86.0"; "" where there is none."""
    return f"{interval.low * factor:.1f}–{interval.high * factor:.1f}" if interval else ""

"""The statistics of a questionnaire as one value: figures, scores, questions, groups, trend, cross-table, texts.

Counts through `counting`, reckons by the pure modules, hides what is too small. Draws nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from core import parameters
from core.actor import Actor
from surveys.dimensions import DIMENSIONS
from surveys.questions.base import Question
from surveys.scoring import formula
from surveys.statistics import choosing, control, counting, measures, measuring, rows
from surveys.statistics.asking import Asked
from surveys.statistics.comparing import Verdict, each_against_the_others, shares_against_the_others
from surveys.statistics.counting import Sums, Tally
from surveys.statistics.hiding import hidden
from surveys.statistics.lines import (
    Board,
    GroupLine,
    GroupTable,
    Option,
    QuestionLine,
    ScoreLine,
    TrendPoint,
)
from surveys.statistics.measures import Moments, Share
from surveys.statistics.measuring import Measure, bounds
from surveys.statistics.parameters import LEAST, RANKED
from surveys.statistics.variables import Known, Variable, known

GROUPS = ("campus", "unit", "ward", "doctor", "channel", "kind")
COMPARED = ("campus", "unit", "ward")
MOST_ROWS = 40


async def board(asked: Asked, *, by: Actor) -> Board:
    """All of it.

    Raises:
        Forbidden: this person reads no responses.
        NotFound: no such questionnaire, or an anonymous one.
    """
    of = await choosing.permitted(asked.questionnaire or 0, by)
    waiting = await rows.catch_up(of)
    about = await known(of)
    least, ranked = await parameters.number(LEAST), await parameters.number(RANKED)
    scores = measuring.scores(about, tuple(about.rules))
    keys = [one.key for one in scores]
    choices = (*scores, *measuring.shares(about))
    whole = [one for one in scores if not about.rules[one.key].dimension]  # a total, not a dimension of it
    measure = next((one for one in choices if one.key == asked.score), next(iter([*whole, *choices]), None))
    n, clean = await counting.size(asked, about, by=by)
    asked_for, answered = await choosing.asks(asked, about, by=by)
    shown = n >= least
    everybody = await counting.sums(asked, about, keys, by=by) if shown else Sums()
    return Board(
        asked,
        about,
        n,
        clean,
        n - everybody.n if shown else 0,
        Share(answered, asked_for),
        waiting,
        least,
        ranked,
        measure,
        choices,
        await _scores(asked, about, keys, everybody, least, by) if shown else (),
        _questions(about, await counting.answers(asked, about, by=by), least) if shown else (),
        await _groups(asked, about, measure, least, ranked, by) if shown else (),
        await _trend(asked, about, measure, least, by) if shown else (),
    )


async def _scores(
    asked: Asked, about: Known, keys: Sequence[str], everybody: Sums, least: int, by: Actor
) -> tuple[ScoreLine, ...]:
    alphas = await counting.alphas(asked, about, keys, by=by)
    found = []
    for key in keys:
        rule = about.rules[key]
        dimension = DIMENSIONS.get(rule.dimension)
        enough = everybody.scores.get(key, Moments()).n >= least
        found.append(
            ScoreLine(
                key,
                rule.label or key,
                dimension.words if dimension else "",
                everybody.scores.get(key, Moments()) if enough else Moments(),
                everybody.clean_scores.get(key, Moments()) if enough else Moments(),
                formula(rule, about.questions),
                measures.alpha(*alphas[key]) if key in alphas and enough else None,
                rule.by_unit,
            )
        )
    return tuple(found)


def _questions(
    about: Known, answers: Mapping[int, Mapping[int, tuple[int, int]]], least: int
) -> tuple[QuestionLine, ...]:
    found: list[QuestionLine] = []
    for name, variable in about.variables.items():
        if not variable.slots:
            continue
        question = about.questions[name.removeprefix("q:").partition(".")[0]]
        counted = _counted(variable, answers)
        if about.by_steps and sum(n for n, _ in counted.values()) < least:
            continue  # of a step that few had: the threshold is kept for each, not for the whole alone
        values = _points(variable, about) if question.counted else {}
        found.append(_line(variable, question, counted, values))
    return tuple(found)


def _counted(
    variable: Variable, answers: Mapping[int, Mapping[int, tuple[int, int]]]
) -> dict[str, tuple[int, int]]:
    """Value → how often, and how often among the clean, in the order of the options; of all departments of a step."""
    found = dict.fromkeys(variable.options, (0, 0))
    for one in (variable, *variable.copies):
        for value in variable.options:
            for n, clean in _chosen(one, value, answers):
                found[value] = found[value][0] + n, found[value][1] + clean
    return found


def _chosen(
    variable: Variable, value: str, answers: Mapping[int, Mapping[int, tuple[int, int]]]
) -> list[tuple[int, int]]:
    if variable.several:
        slots = [slot for slot, option in variable.slots.items() if option == value]
        return [counted for slot in slots for counted in answers.get(slot, {}).values()]
    code = variable.codes.get(value)
    return [answers.get(min(variable.slots), {}).get(code, (0, 0))] if code else []


def _points(variable: Variable, about: Known) -> dict[str, float]:
    """Value → points."""
    return {
        value: about.nums[min(one.slots), code]
        for one in (*variable.copies, variable)
        for value, code in one.codes.items()
        if (min(one.slots), code) in about.nums
    }


def _line(
    variable: Variable,
    question: Question,
    counted: Mapping[str, tuple[int, int]],
    points: Mapping[str, float],
) -> QuestionLine:
    n = sum(one for one, _ in counted.values())
    all_ones: dict[float, int] = {}
    clean_ones: dict[float, int] = {}
    for value, (one, clean) in counted.items():
        if value in points:
            all_ones[points[value]] = all_ones.get(points[value], 0) + one
            clean_ones[points[value]] = clean_ones.get(points[value], 0) + clean
    top, low = bounds(question)
    graded = bool(points) and top > 0
    return QuestionLine(
        variable.name,
        question.category,
        variable.label,
        n,
        measures.moments(all_ones) if graded else None,
        measures.moments(clean_ones) if graded else None,
        measures.top_box(all_ones, top) if graded else None,
        measures.low_box(all_ones, low) if graded else None,
        measures.nps(all_ones) if question.kind == "nps" else None,
        tuple(
            Option(variable.options[value], one, one / n if n else 0.0) for value, (one, _) in counted.items()
        ),
    )


async def _groups(
    asked: Asked, about: Known, measure: Measure | None, least: int, ranked: int, by: Actor
) -> tuple[GroupTable, ...]:
    if measure is None:
        return ()
    found = await counting.by_groups(asked, about, measure, by=by)
    found["doctor"] = await counting.by_doctor(asked, about, measure, by=by)
    return tuple(group(about.variables[name], found[name], measure, least, ranked) for name in GROUPS)


def group(
    variable: Variable, found: Mapping[str, Tally], measure: Measure, least: int, ranked: int
) -> GroupTable:
    """The groups of a variable: largest first; campuses, departments and wards are compared with all others."""
    away = hidden({key: one.n for key, one in found.items()}, least)
    compared = {
        key: one for key, one in found.items() if sum(one.values.values()) >= ranked and key not in away
    }
    verdicts: Mapping[str, Verdict] = {}
    if variable.name in COMPARED and len(compared) > 1:
        verdicts = (
            shares_against_the_others({key: one.share for key, one in compared.items()})
            if measure.share
            else each_against_the_others({key: one.values for key, one in compared.items()})
        )
    order = sorted(found, key=lambda key: (key in away, -found[key].n, key))
    lines = tuple(
        GroupLine(
            key,
            variable.options.get(key, key),
            found[key].n,
            found[key].clean,
            measures.moments(found[key].values),
            measures.moments(found[key].clean_values),
            found[key].share if measure.share else None,
            measure.top,
            key in away,
            verdicts.get(key),
        )
        for key in order[:MOST_ROWS]
    )
    return GroupTable(variable, lines, max(0, len(order) - MOST_ROWS))


async def _trend(
    asked: Asked, about: Known, measure: Measure | None, least: int, by: Actor
) -> tuple[TrendPoint, ...]:
    """The months of a measure: a share on a p-chart, a mean on an XmR chart; months too small are left open."""
    if measure is None:
        return ()
    found = await counting.by_month(asked, about, measure, by=by)
    months = _months(asked.since, asked.until)
    told = [one if (one := found.get(month, Tally())).n >= least else Tally() for month in months]
    points = (
        control.shares([one.share for one in told])
        if measure.share
        else control.means([measures.moments(one.values).mean for one in told])
    )
    return tuple(
        TrendPoint(month, found.get(month, Tally()).n, point)
        for month, point in zip(months, points, strict=True)
    )


def _months(since: date, until: date) -> list[str]:
    at, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    return [f"{month // 12}-{month % 12 + 1:02d}" for month in range(at, last + 1)]

"""What one answered sheet adds to the counters of a round. Pure; values in, values out.

A sheet is taken apart here for ever: afterwards there are counts of options, sums of scores and single texts, and
nothing says which of them came from one person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from surveys.answers import Answer, Shape
from surveys.questions.base import Question
from surveys.scoring import Rule, scored

EVERYBODY = ""
UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Count:
    """One more for an option of a question, within a group (`aspect` and its `key`)."""

    aspect: str
    key: str
    question: str
    part: str
    option: str


@dataclass(frozen=True, slots=True)
class ScoreAdded:
    """A value of a score within a group; score "" counts who took part."""

    aspect: str
    key: str
    score: str
    value: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet adds."""

    counts: tuple[Count, ...]
    scores: tuple[ScoreAdded, ...]
    texts: tuple[tuple[str, str], ...]


def taken_apart(
    questions: Mapping[str, Question], rules: tuple[Rule, ...], answers: Mapping[str, Answer], unit: str
) -> Sheet:
    """The additions of one sheet.

    Args:
        questions: of the version.
        rules: its scores.
        answers: those that count.
        unit: of whoever answered; "" when theirs is too small to be told apart.
    """
    groups = [(EVERYBODY, ""), *([(UNIT, unit)] if unit else [])]
    groups += [
        (code, answer.c[0])
        for code, answer in answers.items()
        if not questions[code].counted and questions[code].shape is Shape.CODE and answer.c
    ]
    chosen = [
        (code, part, option)
        for code, answer in answers.items()
        for part, option in _options(questions[code], answer)
    ]
    values = {score.key: float(score.value) for score in scored(rules, answers)} | {"": 0.0}
    texts = tuple(
        (code, text)
        for code, answer in answers.items()
        if not questions[code].private and (text := _text(answer))
    )
    return Sheet(
        tuple(
            Count(aspect, key, *one)
            for aspect, key in groups
            for one in chosen
            if aspect == EVERYBODY or questions[one[0]].counted
        ),
        tuple(
            ScoreAdded(aspect, key, score, value) for aspect, key in groups for score, value in values.items()
        ),
        texts,
    )


def _options(question: Question, answer: Answer) -> list[tuple[str, str]]:
    if question.private:
        return []
    match question.shape:
        case Shape.CODE | Shape.CODES:
            return [("", option) for option in answer.c]
        case Shape.NUMBER:
            return [("", format(Decimal(answer.n).normalize(), "f"))]
        case Shape.GRID | Shape.RANKING:
            return [(part, option) for part, options in answer.m.items() for option in options]
        case _:
            return []


def _text(answer: Answer) -> str:
    return "\n".join(filter(None, (answer.t, answer.o, *answer.b.values()))).strip()

"""What answers come to in statistics: question by question, choices and numbers. Pure; `surveys.statistics` keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from surveys.answers import Answer, Shape
from surveys.questions.base import Question


@dataclass(frozen=True, slots=True)
class Fact:
    """One answer, or a part of it: `num` is the number given, or the points of the option."""

    question: str
    part: str
    option: str
    num: Decimal | None


def facts(questions: Mapping[str, Question], answers: Mapping[str, Answer]) -> list[Fact]:
    """The facts of a response. Texts, files, personal answers and questions that are not counted have none."""
    found: list[Fact] = []
    for code, answer in answers.items():
        item = questions[code]
        if not item.counted or item.private:
            continue
        match item.shape:
            case Shape.NUMBER:
                found.append(Fact(code, "", "", Decimal(answer.n)))
            case Shape.CODE | Shape.CODES:
                found += [Fact(code, "", option, _points(item, option)) for option in answer.c]
            case Shape.GRID:
                found += [
                    Fact(code, part, option, _points(item, option))
                    for part, options in answer.m.items()
                    for option in options
                ]
            case Shape.RANKING:
                found += [
                    Fact(code, part, "", Decimal(places[0])) for part, places in answer.m.items() if places
                ]
            case _:
                pass
    return found


def _points(item: Question, option: str) -> Decimal | None:
    return next(
        (Decimal(one.score) for one in item.choices if one.code == option and one.score is not None), None
    )

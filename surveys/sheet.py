"""A questionnaire as it is put before somebody: each question with its answer, its fault, and whether it is shown now.

Draws nothing: templates/components/questionnaire.html does, static/js/questionnaire.js keeps it up to date in a browser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from core.errors import Fault
from surveys import piping
from surveys.answers import Answer, Shape
from surveys.checking import NO_FACTS, path
from surveys.definition import Conditions, Definition
from surveys.facts import FACTS
from surveys.logic import Type, Value
from surveys.questions.base import Question, parsed

SEEN = "q-seen"  # the field that tells which questions a page without scripts showed


@dataclass(frozen=True, slots=True)
class Line:
    """A question on the sheet."""

    question: Question
    answer: Answer
    fault: str
    shown: bool

    @property
    def asks(self) -> bool:
        """Whether there is something to answer."""
        return self.question.shape is not Shape.NOTHING


@dataclass(frozen=True, slots=True)
class SheetPage:
    """What stands together."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole. `runtime` is what the browser's evaluator needs, as JSON."""

    title: str
    intro: Markup | str
    pages: tuple[SheetPage, ...]
    runtime: dict[str, Any]

    @property
    def seen(self) -> str:
        """The codes of what is shown, for the field `SEEN`."""
        return " ".join(line.question.code for page in self.pages for line in page.lines if line.shown)


def sheet(
    definition: Definition,
    conditions: Conditions,
    given: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
    facts: Mapping[str, Value] = NO_FACTS,
) -> Sheet:
    """Put it before somebody.

    Args:
        definition: what is asked.
        conditions: when each question is shown.
        given: question code → JSON of an answer; what cannot be read is left empty, its fault says so.
        faults: of `checking.check_answers`.
        facts: what is known of the visit, and the day.
    """
    answers = given or {}
    known = {code: answer for code, raw in answers.items() if (answer := parsed(raw or {})) is not None}
    words = piping.said(definition, known, facts)
    shown = set(path(definition, conditions, answers, facts))
    wrong = {fault.field: fault.reason for fault in faults}
    pages = tuple(
        SheetPage(
            page.title,
            tuple(
                Line(
                    piping.spoken(item, words),
                    known.get(item.code, Answer()),
                    wrong.get(item.name(), ""),
                    item.code in shown,
                )
                for item in page.items
            ),
        )
        for page in definition.pages
    )
    return Sheet(
        definition.title,
        piping.filled(definition.intro, words),
        pages,
        runtime(definition, conditions, facts),
    )


def runtime(definition: Definition, conditions: Conditions, facts: Mapping[str, Value]) -> dict[str, Any]:
    """What static/js/questionnaire.js reads: questions with shapes and scores, conditions, facts."""
    return {
        "questions": [
            {
                "code": item.code,
                "shape": item.shape,
                "scores": {o.code: o.score for o in item.choices if o.score is not None},
            }
            for item in definition.questions
        ],
        "conditions": {code: node.model_dump(mode="json") for code, node in conditions.items()},
        "facts": {name: told for name, value in facts.items() if (told := _fact(name, value))},
    }


def _fact(name: str, value: Value) -> dict[str, str] | None:
    kind = FACTS.get(name.removeprefix("f:"))
    if kind is None:
        return None
    if kind.type in {Type.DAY, Type.NUMBER}:
        return {"units": str(value)}
    return {"code": str(value)}


def unseen(
    definition: Definition,
    conditions: Conditions,
    given: Mapping[str, Any],
    fields: Mapping[str, Sequence[str]],
    facts: Mapping[str, Value] = NO_FACTS,
) -> list[str]:
    """Questions that are to be shown after these answers and that the page, being without scripts, did not show.

    Empty when nobody said what was shown (a machine).
    """
    said = fields.get(SEEN)
    if not said:
        return []
    seen = set(" ".join(said).split())
    return [code for code in path(definition, conditions, given, facts) if code not in seen]

"""A questionnaire as it is defined: pages of questions, who sees what, as one frozen value; JSON in, JSON out.

A draft may be unfinished (empty titles, conditions that name nothing): `surveys.checking.problems` says what hinders
publishing. "Jump to" is written beside its question and kept, at publish, as the visibility of what lies between.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny

from surveys.answers import PARTS, WHOLE, Shape, Words
from surveys.logic import Node, Op, Type, all_of
from surveys.questions import picked
from surveys.questions.base import END, Frozen, Question

MOST_QUESTIONS = 300
Conditions = Mapping[str, Node]
CHOSEN = frozenset({Type.CODE, Type.CODES})


class Page(Frozen):
    """What is shown together."""

    title: Words = Field(default="", max_length=100)
    items: tuple[Annotated[SerializeAsAny[Question], BeforeValidator(picked)], ...] = Field(
        default=(), max_length=MOST_QUESTIONS
    )


class Definition(Frozen):
    """A whole questionnaire."""

    title: Words = Field(default="", max_length=100)
    intro: Words = Field(default="", max_length=2000)
    pages: tuple[Page, ...] = Field(default=(Page(),), min_length=1, max_length=50)

    @property
    def questions(self) -> tuple[Question, ...]:
        """All of them, in order."""
        return tuple(item for page in self.pages for item in page.items)

    def named(self, code: str) -> Question | None:
        """One question."""
        return next((item for item in self.questions if item.code == code), None)


def numbers(definition: Definition) -> dict[str, int]:
    """The number each question has on the page; words between the questions have none."""
    asked = (item.code for item in definition.questions if item.shape is not Shape.NOTHING)
    return {code: at for at, code in enumerate(asked, start=1)}


def conditions(definition: Definition) -> dict[str, Node]:
    """When each question is shown; one that always is does not stand here.

    A jump from A to D hides B and C while it holds: it is taken when its condition is known to be true, not when
    the answer is still missing.
    """
    order = [item.code for item in definition.questions]
    found: dict[str, list[Node]] = {
        item.code: [item.show_if] for item in definition.questions if item.show_if is not None
    }
    for at, item in enumerate(definition.questions):
        for jump in item.jumps:
            until = len(order) if jump.to == END else order.index(jump.to) if jump.to in order else at
            for code in order[at + 1 : until]:
                found.setdefault(code, []).append(Op(op="not", args=(Op(op="holds", args=(jump.when,)),)))
    return {code: node for code, nodes in found.items() if (node := all_of(nodes)) is not None}


def types_of(question: Question) -> Iterator[tuple[str, Type, frozenset[str] | None]]:
    """The names a condition may use for a question: name, type, and for choices the codes there are."""
    from_options = frozenset(option.code for option in question.choices)
    whole, part_type = WHOLE.get(question.shape), PARTS.get(question.shape)
    if whole is not None:
        yield f"q:{question.code}", whole, from_options if whole in CHOSEN else None
    if part_type is not None:
        for part in question.parts:
            yield f"q:{question.code}.{part.code}", part_type, from_options or None
    if question.scores and whole in CHOSEN:
        yield f"s:{question.code}", Type.NUMBER, None

"""A questionnaire as it is defined: pages of questions, who sees what, as one frozen value; JSON in, JSON out.

A draft may be unfinished (empty titles, conditions that name nothing): `surveys.checking.problems` says what hinders
publishing. "Jump to" is written beside its question and kept, at publish, as the visibility of what lies between.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny

from surveys.answers import PARTS, WHOLE, Shape, Words
from surveys.logic import Node, Op, Type, all_of
from surveys.questions import picked
from surveys.questions.base import END, Frozen, Question
from surveys.scoring_rules import ScoreRule

MOST_QUESTIONS = 300
CHINESE = "zh-CN"
LANGUAGES = {"en": "English"}  # beside Chinese, in which every questionnaire is written
Conditions = Mapping[str, Node]
Language = Annotated[str, Field(pattern=rf"^({'|'.join(LANGUAGES)})$")]
Place = Annotated[str, Field(max_length=130)]
Translated = Annotated[Words, Field(max_length=3000)]
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
    scores: tuple[ScoreRule, ...] = Field(default=(), max_length=50)
    # language → place ("title", "page.2", "q:dept.title", "q:dept.options.a", "score:total") → words in it
    languages: dict[Language, Annotated[dict[Place, Translated], Field(max_length=6000)]] = Field(
        default_factory=dict, max_length=len(LANGUAGES)
    )

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """All of them, in order."""
        return tuple(item for page in self.pages for item in page.items)

    @cached_property
    def by_code(self) -> Mapping[str, Question]:
        """Each question by its code."""
        return {item.code: item for item in reversed(self.questions)}

    def named(self, code: str) -> Question | None:
        """One question."""
        return self.by_code.get(code)

    def texts(self) -> dict[str, str]:
        """All words that people read, by place: what there is to translate."""
        told = {"title": self.title, "intro": self.intro}
        told |= {f"page.{at}": page.title for at, page in enumerate(self.pages, start=1)}
        for item in self.questions:
            told |= {f"q:{item.code}.{place}": text for place, text in item.texts().items()}
        told |= {f"score:{rule.key}": rule.label for rule in self.scores}
        return {place: text for place, text in told.items() if text}

    def in_language(self, language: str) -> "Definition":
        """The same questions, codes and logic in another language; what is not translated stays Chinese."""
        said = {place: text for place, text in self.languages.get(language, {}).items() if text}
        if not said:
            return self
        of_question: dict[str, dict[str, str]] = {}
        for place, text in said.items():
            if place.startswith("q:"):
                code, _, inner = place.removeprefix("q:").partition(".")
                of_question.setdefault(code, {})[inner] = text
        pages = tuple(
            page.model_copy(
                update={
                    "title": said.get(f"page.{at}", page.title),
                    "items": tuple(item.told_in(of_question.get(item.code, {})) for item in page.items),
                }
            )
            for at, page in enumerate(self.pages, start=1)
        )
        return Definition.model_construct(
            title=said.get("title", self.title),
            intro=said.get("intro", self.intro),
            pages=pages,
            scores=tuple(
                rule.model_copy(update={"label": said.get(f"score:{rule.key}", rule.label)})
                for rule in self.scores
            ),
            languages=self.languages,
        )


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

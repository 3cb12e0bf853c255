"""What a question is: its definition, how an answer to it is judged, told and read from a posted page.

A kind is a frozen pydantic class below, in a file of its own; it is registered in `surveys.questions`. Draws nothing
(templates/components/questionnaire.html does) and knows nothing of other questions but through `show_if` and jumps.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from surveys import answers
from surveys.answers import FIELDS, Answer, Shape, Words
from surveys.logic import NUMBER, Node, Value, scaled

CODE = r"^[a-z][a-z0-9_]{0,39}$"
LOINC = r"^$|^[0-9]{1,7}-[0-9]$"
STEP = r"^$|^[a-z][a-z_]{0,19}(\.[1-9][0-9]?)?$"  # "lab"; the second department of the same step: "lab.2"
END = "end"  # where a jump leads that skips all the rest
CodeText = Annotated[str, Field(pattern=CODE)]


class Frozen(BaseModel):
    """A piece of a definition."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Option(Frozen):
    """Something that can be chosen. `exclusive` goes with no other; `other` asks for words of one's own."""

    code: CodeText
    label: Words = Field(default="", max_length=200)
    score: str | None = Field(default=None, pattern=NUMBER)
    exclusive: bool = False
    other: bool = False


class Part(Frozen):
    """A blank, or a row of a matrix."""

    code: CodeText
    label: Words = Field(default="", max_length=200)


class Jump(Frozen):
    """When the condition holds, everything up to the question `to` (or "end") is left out."""

    when: Node
    to: str = Field(max_length=40)


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a page that was sent without scripts, by name, in order."""

    fields: Mapping[str, Sequence[str]]

    def many(self, name: str) -> list[str]:
        """All that is filled in under a name."""
        return [text.strip() for text in self.fields.get(name, ()) if text.strip()]

    def one(self, name: str) -> str:
        """The last that is filled in, or empty."""
        return (self.many(name) or [""])[-1]


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing or wrong in a question's own definition: "options.2.label", "不能为空"."""

    place: str
    reason: str


class Question(Frozen):
    """One question. The class is the kind: `kind`, `label` on the screen, `icon`, and the `shape` of its answer."""

    icon: ClassVar[str] = "message-2"
    label: ClassVar[str] = ""
    shape: ClassVar[Shape] = Shape.TEXT
    private: ClassVar[bool] = False  # the answer is personal data: kept encrypted, masked where it is shown

    kind: str
    code: CodeText
    title: Words = Field(default="", max_length=500)
    required: bool = False
    hint: Words = Field(default="", max_length=500)
    counted: bool = True
    category: Words = Field(default="", max_length=40)  # free words, to group by in statistics
    dimension: str = Field(default="", pattern=rf"^$|{CODE}")  # national dimension: `surveys.dimensions`
    loinc: str = Field(default="", pattern=LOINC)
    bank: str = Field(default="", pattern=rf"^$|{CODE}")  # the item of the bank it was taken from
    step: str = Field(default="", pattern=STEP)  # of care it is about: `surveys.dynamic.steps`
    show_if: Node | None = None
    jumps: tuple[Jump, ...] = Field(default=(), max_length=20)

    worded: ClassVar[tuple[str, ...]] = ("title", "hint")  # fields that are read by people

    @property
    def choices(self) -> tuple[Option, ...]:
        """What can be chosen."""
        return ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Blanks or rows that are answered one by one."""
        return ()

    @cached_property
    def scores(self) -> dict[str, int]:
        """The points of the options that have any, as ten-thousandths."""
        return {option.code: scaled(option.score) for option in self.choices if option.score is not None}

    def values(self, answer: Answer) -> dict[str, Value]:
        """What a condition may know of the answer."""
        return answers.values(self.code, self.shape, answer, self.scores)

    def texts(self) -> dict[str, str]:
        """What is read by people, by place: "title", "options.a"; what a translation gives in another language."""
        told = {name: getattr(self, name) for name in self.worded}
        for name, things in self._lists():
            told |= {f"{name}.{thing.code}": thing.label for thing in things}
        return {place: text for place, text in told.items() if text}

    def told_in(self, texts: Mapping[str, str]) -> Self:
        """The same question with these words in place of its own; places not named keep theirs."""
        changed: dict[str, Any] = {name: texts[name] for name in self.worded if name in texts}
        for name, things in self._lists():
            changed[name] = tuple(
                thing.model_copy(update={"label": texts.get(f"{name}.{thing.code}", thing.label)})
                for thing in things
            )
        return self.model_copy(update=changed)

    def _lists(self) -> "Iterator[tuple[str, tuple[Option | Part, ...]]]":
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple) and value and isinstance(value[0], Option | Part):
                yield name, value

    def gaps(self) -> Iterator[Gap]:
        """What must be mended before it is published."""
        if not self.title:
            yield Gap("title", "请写出题目")

    def complaint(self, answer: Answer) -> str:
        """Why an answer with something in it cannot be taken, in a sentence; empty when it can."""
        if not answer.given <= FIELDS[self.shape]:
            return "答案的格式不对"
        return self._complaint(answer) if answer.given else ""

    def lacking(self, answer: Answer) -> str:
        """What a required question still misses; empty when it is answered."""
        return "" if answer.given else "请填写这一题" if self.shape in TYPED else "请回答这一题"

    def _complaint(self, answer: Answer) -> str:
        del answer
        return ""

    def said(self, answer: Answer) -> str:
        """The answer in the words of the screen, for people to read; empty when there is none."""
        return answer.t

    def read(self, posted: Posted) -> Any:
        """What was filled in on a page, as the JSON of an answer; `name` says under which fields."""
        return {"t": posted.one(self.name())}

    def name(self, part: str = "") -> str:
        """The name of a field on the page: "q.dept", "q.wish.other"."""
        return f"q.{self.code}.{part}" if part else f"q.{self.code}"

    @classmethod
    def new(cls, code: str) -> Self:
        """A fresh one, as the designer adds it."""
        return cls.model_validate({"kind": cls.model_fields["kind"].default, "code": code})


TYPED = frozenset({Shape.TEXT, Shape.NUMBER, Shape.BLANKS})


def parsed(raw: Any) -> Answer | None:
    """An answer from outside, or None when it is not even the shape of one."""
    try:
        return Answer.model_validate(raw)
    except ValidationError:
        return None

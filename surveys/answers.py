"""What was answered: codes, numbers, days and texts, never the words of the screen; and what logic makes of it.

The JSON of one answer: `{"c": ["other"], "o": "…", "n": "3.5", "t": "…", "d": "2026-03-02", "b": {"name": "…"},
"m": {"row1": ["agree"]}, "f": ["file id"]}`, of which a question uses one kind (`c` with `o`). Checks nothing.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from surveys.logic import NUMBER, SCALE, Type, Value, scaled

LONGEST_TEXT = 5000
Code = Annotated[str, Field(max_length=40)]
_NAMES = ("c", "o", "n", "t", "d", "f", "b", "m")
# Every set of fields, by its bits: asked thrice for each answer that is handed in, so none is made anew.
_GIVEN = tuple(
    frozenset(name for at, name in enumerate(_NAMES) if bits >> at & 1) for bits in range(1 << len(_NAMES))
)
# Unicode's categories Cc and Cs but for line ends and tabs.
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
_PLACE = re.compile(r"[0-9]{1,2}")


def clean(text: str) -> str:
    """A text without characters that no person types and no database keeps; line ends as `\\n`."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


Words = Annotated[str, AfterValidator(clean)]


class Shape(StrEnum):
    """Which of the fields of an answer a question uses, and so what logic takes it for."""

    NOTHING = "nothing"
    CODE = "code"
    CODES = "codes"
    NUMBER = "number"
    TEXT = "text"
    DAY = "day"
    BLANKS = "blanks"
    GRID = "grid"
    FILES = "files"
    RANKING = "ranking"
    SIGNATURE = "signature"


FIELDS: Mapping[Shape, frozenset[str]] = {
    Shape.NOTHING: frozenset(),
    Shape.CODE: frozenset({"c", "o"}),
    Shape.CODES: frozenset({"c", "o"}),
    Shape.NUMBER: frozenset({"n"}),
    Shape.TEXT: frozenset({"t"}),
    Shape.DAY: frozenset({"d"}),
    Shape.BLANKS: frozenset({"b"}),
    Shape.GRID: frozenset({"m"}),
    Shape.FILES: frozenset({"f"}),
    Shape.RANKING: frozenset({"m"}),
    Shape.SIGNATURE: frozenset({"f", "t"}),
}
# What a condition takes the answer as a whole for, and each of its parts.
WHOLE: Mapping[Shape, Type] = {
    Shape.CODE: Type.CODE,
    Shape.CODES: Type.CODES,
    Shape.NUMBER: Type.NUMBER,
    Shape.TEXT: Type.TEXT,
    Shape.DAY: Type.DAY,
    Shape.BLANKS: Type.NUMBER,
    Shape.GRID: Type.NUMBER,
    Shape.FILES: Type.NUMBER,
    Shape.RANKING: Type.NUMBER,
    Shape.SIGNATURE: Type.NUMBER,
}
PARTS: Mapping[Shape, Type] = {
    Shape.BLANKS: Type.TEXT,
    Shape.GRID: Type.CODE,
    Shape.RANKING: Type.NUMBER,
}


class Answer(BaseModel):
    """One answer. Empty fields are left out of its JSON; an answer without any is no answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    c: tuple[Code, ...] = Field(default=(), max_length=100)
    o: Words = Field(default="", max_length=500)
    n: str = Field(default="", pattern=rf"^$|{NUMBER}")
    t: Words = Field(default="", max_length=LONGEST_TEXT)
    d: date | None = None
    b: dict[Code, Annotated[Words, Field(max_length=500)]] = Field(default_factory=dict, max_length=50)
    m: dict[Code, tuple[Code, ...]] = Field(default_factory=dict, max_length=50)
    f: tuple[UUID, ...] = Field(default=(), max_length=20)

    @property
    def given(self) -> frozenset[str]:
        """Which fields hold something; a blank or a row left empty counts as nothing."""
        return _GIVEN[
            bool(self.c)
            | bool(self.o) << 1
            | bool(self.n) << 2
            | bool(self.t) << 3
            | (self.d is not None) << 4
            | bool(self.f) << 5
            | (bool(self.b) and any(self.b.values())) << 6
            | (bool(self.m) and any(self.m.values())) << 7
        ]


def values(
    code: str, shape: Shape, answer: Answer, scores: Mapping[str, int] | None = None
) -> dict[str, Value]:
    """What a condition may know of an answer, under the names of `surveys.logic.evaluate`.

    Args:
        code: of the question.
        shape: of the question.
        answer: as given; empty when there is none.
        scores: points of the options that have any, as ten-thousandths.
    """
    whole, parts = _whole(shape, answer), _parts(shape, answer)
    found = {f"q:{code}.{part}": value for part, value in parts.items()}
    if whole is not None:
        found[f"q:{code}"] = whole
    earned = [points[chosen] for chosen in answer.c if chosen in points] if (points := scores or {}) else []
    if earned and shape in {Shape.CODE, Shape.CODES}:
        found[f"s:{code}"] = sum(earned)
    return found


def _whole(shape: Shape, answer: Answer) -> Value | None:
    match shape:
        case Shape.CODE:
            return answer.c[0] if answer.c else None
        case Shape.CODES:
            return frozenset(answer.c) or None
        case Shape.NUMBER:
            return scaled(answer.n) if answer.n else None
        case Shape.TEXT:
            return answer.t or None
        case Shape.DAY:
            return answer.d.toordinal() if answer.d else None
        case Shape.FILES:
            return _counted(answer.f)
        case Shape.BLANKS:
            return _counted([text for text in answer.b.values() if text])
        case Shape.GRID | Shape.RANKING:
            return _counted([codes for codes in answer.m.values() if codes])
        case Shape.SIGNATURE:
            return SCALE if answer.f or answer.t else None
        case Shape.NOTHING:
            return None


def _counted(things: Sequence[object]) -> int | None:
    return len(things) * SCALE or None


def _parts(shape: Shape, answer: Answer) -> dict[str, Value]:
    if shape is Shape.BLANKS:
        return {part: text for part, text in answer.b.items() if text}
    if shape is Shape.GRID:
        return {part: codes[0] for part, codes in answer.m.items() if codes}
    if shape is Shape.RANKING:  # the place of each; what is no number is refused elsewhere
        return {
            part: int(places[0]) * SCALE
            for part, places in answer.m.items()
            if places and _PLACE.fullmatch(places[0])
        }
    return {}

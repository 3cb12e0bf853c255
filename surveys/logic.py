"""Conditions and sums as a typed JSON tree: parsed, evaluated; values in, values out.

static/js/logic.js evaluates the same trees alike, to the last digit: tests/surveys/logic_cases.json and a fuzz run
through both. Nothing here reads text as code, asks what time it is, or knows a question's type by name.

Numbers are whole ten-thousandths, days are ordinals, a choice is its code. What was not answered is None, and logic
has three values: None is neither true nor false, and a condition shows something only when it is True.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache, reduce
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

DEEPEST = 8
MOST_NODES = 200
DIGITS = 4
SCALE = 10**DIGITS
NUMBER = r"^-?[0-9]{1,9}(\.[0-9]{1,4})?$"

Value = bool | int | str | frozenset[str]


class Type(StrEnum):
    """What a value is."""

    BOOL = "bool"
    NUMBER = "number"
    CODE = "code"
    CODES = "codes"
    TEXT = "text"
    DAY = "day"


TYPE_WORDS = {
    Type.BOOL: "是非",
    Type.NUMBER: "数字",
    Type.CODE: "单个选项",
    Type.CODES: "多个选项",
    Type.TEXT: "文字",
    Type.DAY: "日期",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(_Part):
    """The answer to an earlier question, or to one of its parts (a blank, a row of a matrix)."""

    q: str = Field(max_length=40)
    part: str = Field(default="", max_length=40)


class Fact(_Part):
    """A fact of the visit, from the list in `surveys.facts`."""

    fact: str = Field(max_length=40)


class Num(_Part):
    """A number, at most nine digits before the point and four behind it."""

    num: str = Field(pattern=NUMBER)


class Code(_Part):
    """The code of an option."""

    code: str = Field(max_length=40)


class Codes(_Part):
    """Codes of options."""

    codes: tuple[Annotated[str, Field(max_length=40)], ...] = Field(max_length=100)


class Text(_Part):
    """A text; compared only for equality."""

    text: str = Field(max_length=200)


class Day(_Part):
    """A day."""

    day: date


class Op(_Part):
    """Something done with values; `surveys.logic_check.OPS` says with which."""

    op: str = Field(max_length=20)
    args: tuple["Node", ...] = Field(max_length=MOST_NODES)


KEYS = ("op", "q", "fact", "num", "code", "codes", "text", "day")


def _key(raw: Any) -> str | None:
    if isinstance(raw, BaseModel):
        return next((key for key in KEYS if hasattr(raw, key)), None)
    return next((key for key in KEYS if key in raw), None) if isinstance(raw, dict) else None


Node = Annotated[
    Annotated[Op, Tag("op")]
    | Annotated[Asked, Tag("q")]
    | Annotated[Fact, Tag("fact")]
    | Annotated[Num, Tag("num")]
    | Annotated[Code, Tag("code")]
    | Annotated[Codes, Tag("codes")]
    | Annotated[Text, Tag("text")]
    | Annotated[Day, Tag("day")],
    Discriminator(_key),
]
Op.model_rebuild()


def all_of(nodes: Sequence[Node]) -> Node | None:
    """All conditions together; None when there is none."""
    return nodes[0] if len(nodes) == 1 else Op(op="and", args=tuple(nodes)) if nodes else None


# --- evaluation -----------------------------------------------------------------------------------


@lru_cache(maxsize=4096)  # the numbers of conditions, asked anew for each response
def scaled(number: Decimal | str) -> int:
    """A number as ten-thousandths; more places than four are cut by the caller's check."""
    return int(Decimal(number).scaleb(DIGITS))


def divided(above: int, below: int) -> int:
    """The quotient, half away from zero, as people round: 0.5 → 1, -0.5 → -1."""
    size = (2 * abs(above) + abs(below)) // (2 * abs(below))
    return -size if (above < 0) != (below < 0) else size


def _and(args: Sequence[Any]) -> Any:
    return False if False in args else None if None in args else True


def _or(args: Sequence[Any]) -> Any:
    return True if True in args else None if None in args else False


def _total(args: Sequence[Any]) -> list[int]:
    return [value for value in args if value is not None]


def _count(args: Sequence[Any]) -> Any:
    if len(args) == 1 and not isinstance(args[0], bool):
        return None if args[0] is None else len(args[0]) * SCALE
    return sum(value is True for value in args) * SCALE


def _known(work: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    """With everything known the work is done; otherwise nothing is known."""
    return lambda args: None if None in args else work(*args)


def _some(work: Callable[[list[int]], Any]) -> Callable[[Sequence[Any]], Any]:
    """What is known is worked on; with nothing known nothing is."""
    return lambda args: work(known) if (known := _total(args)) else None


def _rounded(value: int, digits: int) -> int:
    unit: int = 10 ** (DIGITS - digits // SCALE)
    return divided(value, unit) * unit


WORK: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "and": _and,
    "or": _or,
    "not": _known(lambda a: not a),
    "holds": lambda args: args[0] is True,
    "answered": lambda args: args[0] is not None,
    "eq": _known(lambda a, b: a == b),
    "ne": _known(lambda a, b: a != b),
    "lt": _known(lambda a, b: a < b),
    "le": _known(lambda a, b: a <= b),
    "gt": _known(lambda a, b: a > b),
    "ge": _known(lambda a, b: a >= b),
    "between": _known(lambda a, low, high: low <= a <= high),
    "in": _known(lambda a, codes: a in codes),
    "has_any": _known(lambda a, codes: bool(a & codes)),
    "has_all": _known(lambda a, codes: codes <= a),
    "count": _count,
    "score": lambda args: args[0],
    "add": _known(lambda *a: sum(a)),
    "sub": _known(lambda a, b: a - b),
    "mul": _known(lambda *a: reduce(lambda x, y: divided(x * y, SCALE), a)),
    "div": _known(lambda a, b: None if b == 0 else divided(a * SCALE, b)),
    "sum": _some(sum),
    "mean": _some(lambda a: divided(sum(a), len(a))),
    "min": _some(min),
    "max": _some(max),
    "round": _known(_rounded),
    "days_between": _known(lambda a, b: (b - a) * SCALE),
    "if": lambda args: None if args[0] is None else args[1] if args[0] else args[2],
}


def name_of(node: Asked) -> str:
    """Under which name the values hold an answer: "q:dept", or "q:wish.money" for a part."""
    return f"q:{node.q}.{node.part}" if node.part else f"q:{node.q}"


def evaluate(node: Node, values: Mapping[str, Value]) -> Value | None:
    """What a checked tree comes to.

    Args:
        node: passed `surveys.logic_check.check`; of another nothing is promised.
        values: "q:…" answers, "s:…" the scores of what was chosen, "f:…" facts; what is missing is unknown.
    """
    match node:
        case Op(op="score", args=(Asked() as asked,)):
            return values.get(f"s:{asked.q}")
        case Op():
            found: Value | None = WORK[node.op]([evaluate(part, values) for part in node.args])
            return found
        case Asked():
            return values.get(name_of(node))
        case Fact():
            return values.get(f"f:{node.fact}")
        case Num():
            return scaled(node.num)
        case Code():
            return node.code
        case Codes():
            return frozenset(node.codes)
        case Text():
            return node.text
        case Day():
            return node.day.toordinal()

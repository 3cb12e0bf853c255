"""Whether a tree of `surveys.logic` may be published: types, arity, size, and that it names only what comes before.

A reference can only look back, so there are no circles to look for. Evaluates nothing, repairs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from surveys.logic import (
    DEEPEST,
    DIGITS,
    MOST_NODES,
    TYPE_WORDS,
    Asked,
    Code,
    Codes,
    Day,
    Fact,
    Node,
    Num,
    Op,
    Text,
    Type,
    name_of,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition may name: types of the values before it, the codes of choices, and what comes only later."""

    types: Mapping[str, Type]
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    later: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a tree may not be published; `path` leads to the part, "args.0.args.1", empty for the whole."""

    path: str
    reason: str


Shape = Literal[
    "same", "ordered", "bools", "numbers", "codes", "in", "asked", "scored", "count", "days", "if", "round"
]
# op → how many at least and at most, what they must be, what comes out (None: what went in)
OPS: Mapping[str, tuple[int, int, Shape, Type | None]] = {
    "and": (1, 50, "bools", Type.BOOL),
    "or": (1, 50, "bools", Type.BOOL),
    "not": (1, 1, "bools", Type.BOOL),
    "holds": (1, 1, "bools", Type.BOOL),
    "answered": (1, 1, "asked", Type.BOOL),
    "eq": (2, 2, "same", Type.BOOL),
    "ne": (2, 2, "same", Type.BOOL),
    "lt": (2, 2, "ordered", Type.BOOL),
    "le": (2, 2, "ordered", Type.BOOL),
    "gt": (2, 2, "ordered", Type.BOOL),
    "ge": (2, 2, "ordered", Type.BOOL),
    "between": (3, 3, "ordered", Type.BOOL),
    "in": (2, 2, "in", Type.BOOL),
    "has_any": (2, 2, "codes", Type.BOOL),
    "has_all": (2, 2, "codes", Type.BOOL),
    "count": (1, 50, "count", Type.NUMBER),
    "score": (1, 1, "scored", Type.NUMBER),
    "add": (2, 50, "numbers", Type.NUMBER),
    "sub": (2, 2, "numbers", Type.NUMBER),
    "mul": (2, 8, "numbers", Type.NUMBER),
    "div": (2, 2, "numbers", Type.NUMBER),
    "sum": (1, 50, "numbers", Type.NUMBER),
    "mean": (1, 50, "numbers", Type.NUMBER),
    "min": (1, 50, "numbers", Type.NUMBER),
    "max": (1, 50, "numbers", Type.NUMBER),
    "round": (2, 2, "round", Type.NUMBER),
    "days_between": (2, 2, "days", Type.NUMBER),
    "if": (3, 3, "if", None),
}
ORDERED = (Type.NUMBER, Type.DAY)
MIXED = "两边类型不同，不能比较：{}"
REASONS: Mapping[Shape, str] = {
    "bools": "只能由条件（是/否）组成",
    "numbers": "只能用数字计算",
    "codes": "只能比较多选题的选项",
    "in": "左边应是单选的答案，右边应是一组选项",
    "asked": "只能问“是否已回答”某一题",
    "scored": "只能取有分值的选择题的得分",
    "count": "只能数多选题选了几项，或几个条件成立",
    "days": "只能计算两个日期之间的天数",
    "if": "第一项应是条件，后两项类型应相同",
    "round": "小数位数应为 0 至 4 的整数",
    "same": MIXED,
    "ordered": "只有数字和日期可以比大小",
}


def check(node: Node, scope: Scope, wanted: Type = Type.BOOL) -> list[Trouble]:
    """Why the tree may not be published; empty when it may.

    Args:
        node: as parsed.
        scope: what it may name.
        wanted: what it must come to.
    """
    nodes, deep = size(node)
    if deep > DEEPEST or nodes > MOST_NODES:
        return [Trouble("", f"条件太复杂：最多 {DEEPEST} 层、{MOST_NODES} 个部分")]
    troubles: list[Trouble] = []
    found = _type(node, scope, "", troubles)
    if not troubles and found is not wanted:
        troubles.append(
            Trouble("", f"结果应是{TYPE_WORDS[wanted]}，不是{TYPE_WORDS[found] if found else '未知'}")
        )
    return troubles


def size(node: Node) -> tuple[int, int]:
    """How many parts, and how many levels."""
    if not isinstance(node, Op):
        return 1, 1
    inner = [size(part) for part in node.args]
    return 1 + sum(count for count, _ in inner), 1 + max((deep for _, deep in inner), default=0)


def _type(node: Node, scope: Scope, path: str, troubles: list[Trouble]) -> Type | None:
    match node:
        case Op():
            return _op_type(node, scope, path, troubles)
        case Asked() | Fact():
            return _named_type(node, scope, path, troubles)
        case Num():
            return Type.NUMBER
        case Code():
            return Type.CODE
        case Codes():
            return Type.CODES
        case Text():
            return Type.TEXT
        case Day():
            return Type.DAY


def _named_type(node: Asked | Fact, scope: Scope, path: str, troubles: list[Trouble]) -> Type | None:
    name = _name(node)
    if name in scope.types:
        return scope.types[name]
    if isinstance(node, Fact):
        reason = f"没有“{node.fact}”这项就诊信息"
    elif node.q in scope.later:
        reason = "只能引用排在前面的题目"
    elif f"q:{node.q}" in scope.types:
        reason = "所引用题目中没有这一空或这一行"
    else:
        reason = "所引用的题目不存在或已删除"
    troubles.append(Trouble(path, reason))
    return None


def _name(node: Node) -> str:
    return name_of(node) if isinstance(node, Asked) else f"f:{node.fact}" if isinstance(node, Fact) else ""


def _op_type(node: Op, scope: Scope, path: str, troubles: list[Trouble]) -> Type | None:
    rule = OPS.get(node.op)
    if rule is None:
        troubles.append(Trouble(path, f"没有“{node.op}”这种运算"))
        return None
    least, most, shape, out = rule
    if not least <= len(node.args) <= most:
        troubles.append(Trouble(path, "条件没有填完整"))
        return None
    types = [
        _type(part, scope, f"{path}.args.{at}".lstrip("."), troubles) for at, part in enumerate(node.args)
    ]
    if None in types:
        return None
    if not _fits(shape, node.args, types, scope):
        words = "、".join(TYPE_WORDS[found] for found in types if found)
        troubles.append(Trouble(path, REASONS[shape].format(words)))
        return None
    _check_codes(node.args, scope, path, troubles)
    return out or types[1]


def _fits(shape: Shape, args: Sequence[Node], types: Sequence[Type | None], scope: Scope) -> bool:
    plain: Mapping[Shape, Any] = {
        "bools": lambda: set(types) == {Type.BOOL},
        "numbers": lambda: set(types) == {Type.NUMBER},
        "codes": lambda: set(types) == {Type.CODES},
        "in": lambda: list(types) == [Type.CODE, Type.CODES],
        "asked": lambda: isinstance(args[0], Asked),
        "scored": lambda: isinstance(args[0], Asked) and f"s:{args[0].q}" in scope.types,
        "count": lambda: list(types) == [Type.CODES] or set(types) == {Type.BOOL},
        "days": lambda: set(types) == {Type.DAY},
        "if": lambda: types[0] is Type.BOOL and types[1] is types[2],
        "round": lambda: types[0] is Type.NUMBER and _is_digits(args[1]),
        "same": lambda: len(set(types)) == 1 and types[0] is not Type.CODES,
        "ordered": lambda: len(set(types)) == 1 and types[0] in ORDERED,
    }
    return bool(plain[shape]())


def _is_digits(node: Node) -> bool:
    return isinstance(node, Num) and node.num in [str(digits) for digits in range(DIGITS + 1)]


def _check_codes(args: Sequence[Node], scope: Scope, path: str, troubles: list[Trouble]) -> None:
    """Codes written down must be options of what they are compared with, or the condition can never hold."""
    known = [scope.codes[name] for part in args if (name := _name(part)) in scope.codes]
    if not known:
        return
    for at, part in enumerate(args):
        written = (part.code,) if isinstance(part, Code) else part.codes if isinstance(part, Codes) else None
        if written is None:
            continue
        inside = f"{path}.args.{at}".lstrip(".")
        if not written:
            troubles.append(Trouble(inside, "还没有选择选项"))
        troubles.extend(
            Trouble(inside, "所选的选项已删除")
            for code in written
            if not any(code in codes for codes in known)
        )

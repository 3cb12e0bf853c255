"""Writes the lock files that are kept: names, versions and hashes, and no address of any registry.

Run by hand (`make lock`) after a dependency was added. `uv.lock` is the resolver's own memory and is not kept.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from devtools import setup, vendor
from devtools.terminal import Problem, say

ROOT: Final = Path(__file__).resolve().parent.parent
UV_VERSION: Final = "0.13.9"
HEADER: Final = "# Made by `make lock`; every file is checked against its hash at set-up.\n"


def without_addresses(name: str, text: str) -> str:
    """Return `text`.

    Raises:
        Problem: it holds an address, which would bind every clone to one registry.
    """
    if "://" in text:
        raise Problem(f"{name} would hold an address.", f"{name} 中含有地址,不能提交。")
    return text


def output_of(*command: str, given: str = "") -> str:
    """Return what a command prints, or raise `Problem` with its last line."""
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Problem(f"{command[0]} {command[1]} failed: {last}", "锁定依赖失败。")
    return done.stdout


def lock_python(uv: str) -> None:
    """Write requirements.lock (everything) and requirements-bootstrap.lock (uv itself)."""
    output_of(uv, "lock", "--quiet")
    # --all-groups: one environment serves running, checking and testing, so that what was tested is what runs.
    text = output_of(uv, "export", "--quiet", "--all-groups", "--no-emit-project", "--no-header")
    (ROOT / "requirements.lock").write_text(
        HEADER + without_addresses("requirements.lock", text), encoding="utf-8"
    )
    pinned = output_of(
        uv, "pip", "compile", "--quiet", "--no-header", "--generate-hashes", "--no-emit-index-url",
        "--no-emit-find-links", "--universal", "--no-config", "-", given=f"uv=={UV_VERSION}\n",
    )  # fmt: skip
    name = "requirements-bootstrap.lock"
    (ROOT / name).write_text(HEADER + without_addresses(name, pinned), encoding="utf-8")


def lock_front_end() -> None:
    """Write package-lock.json without the sponsors' addresses that npm copies into it."""
    output_of(*vendor.npm(), "install", "--package-lock-only", "--ignore-scripts", "--loglevel=error")
    path = ROOT / "package-lock.json"
    lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)
    text = json.dumps(lock, indent=2, ensure_ascii=False) + "\n"
    path.write_text(without_addresses(path.name, text), encoding="utf-8")


def main() -> int:
    """Write all locks; returns the exit code."""
    try:
        lock_python(str(setup.uv()))
        lock_front_end()
    except (Problem, setup.SetupError) as problem:
        say(str(problem), bad=True)
        return 1
    say("locked: requirements.lock, requirements-bootstrap.lock, package-lock.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())

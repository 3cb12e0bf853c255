"""docs/security.md names code, tests, pages and words of the tree that is there, and leaves no demand out."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.console.walk_table import TABLE
from tests.portal.walk_table import DOORS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
DEMANDS = TEXT.split("## By control", 1)[0]
FILE = re.compile(r"[\w./*-]+\.(py|sql|js|html|md|toml)")
OUTSIDE = {"make audit", "unsafe-*", "noopener", "no-store", "nosniff"}
"""What is a command or a word of a standard; not names of ours."""


def rows() -> list[str]:
    return [line for line in TEXT.splitlines() if line.startswith("|")]


def files() -> dict[str, str]:
    """File or glob → the row that names it; a name without a folder lies beside the one before it."""
    found: dict[str, str] = {}
    for row in rows():
        folder = ""
        for name in re.findall(r"`([^`]+)`", row):
            if FILE.fullmatch(name) or ("/" in name and not name.startswith("/") and " " not in name):
                whole = name if "/" in name else f"{folder}/{name}".lstrip("/")
                folder = whole.rpartition("/")[0]
                found[whole] = row
    return found


def there(name: str) -> bool:
    """A file, a folder, files of a glob, or a module with a name in it: `core/db.transaction`."""
    if any(ROOT.glob(name.rstrip("/"))) or (ROOT / Path(name).name).is_file():  # a program lies at the top
        return True
    module, dot, inner = name.rpartition(".")
    path = ROOT / f"{module}.py"
    return (
        bool(dot)
        and path.is_file()
        and re.search(rf"\b{inner}\b", path.read_text(encoding="utf-8")) is not None
    )


def test_every_file_that_is_named_is_there() -> None:
    named = files()
    assert len(named) > 150  # the reading of the tables still works
    assert [name for name in named if not there(name)] == []


def test_every_page_that_is_named_is_an_address_of_the_walks() -> None:
    paths = [*(line.path for line in TABLE), *(door.path for door in DOORS)]
    known = {path.partition(" ")[2] for path in paths}
    named = {name for row in rows() for name in re.findall(r"`(/[^` ]*)`", row)}
    assert "/settings/security" in named
    assert sorted(named - known) == []


def test_every_other_word_in_code_type_stands_in_the_code() -> None:
    words = {
        name
        for row in rows()
        for name in re.findall(r"`([^`]+)`", row)
        if "/" not in name and not FILE.fullmatch(name) and name not in OUTSIDE
    }
    missing = []
    for word in sorted(words):
        sought = word.rstrip("*…").strip().removeprefix("`")
        done = subprocess.run(
            ["git", "grep", "-q", "-F", "-e", sought, "--", "*.py", "*.sql", "*.js", "*.html"],
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            missing.append(word)
    assert missing == []


@pytest.mark.parametrize("demand", [f"AC-{number}" for number in range(1, 14)] + ["NF-3"])
def test_every_demand_has_a_row_with_a_proof(demand: str) -> None:
    found = [
        line
        for line in DEMANDS.splitlines()
        if line.startswith("|") and re.search(rf"\b{demand}\b", line.split("|")[1])
    ]
    assert [line for line in found if "`tests/" not in line and "`make audit`" not in line] == []
    assert found != []


def test_no_control_and_no_chapter_is_left_out() -> None:
    controls = re.findall(r"^\| (8\.1\.4\.\d+) ", TEXT, re.MULTILINE)
    chapters = re.findall(r"^\| V(\d+) ", TEXT, re.MULTILINE)
    assert controls == [f"8.1.4.{number}" for number in range(1, 12)]
    assert chapters == [str(number) for number in range(1, 15)]

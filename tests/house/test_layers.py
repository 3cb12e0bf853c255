"""The walls of the house stand: an upward import, a hidden import and an over-long file fail `make check`.

Each test works on a copy of the tree and never touches the checkout.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class House:
    """A copy of the project that a test may spoil."""

    root: Path

    def spoil(self, name: str, line: str) -> None:
        path = self.root / name
        path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")

    def run(self, *command: str) -> tuple[bool, str]:
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def layers(self) -> tuple[bool, str]:
        return self.run(str(BIN / "lint-imports"), "--no-cache")

    def ruff(self, name: str) -> tuple[bool, str]:
        return self.run(str(BIN / "ruff"), "check", "--no-cache", "--output-format=concise", name)

    def rules(self) -> tuple[bool, str]:
        return self.run(sys.executable, "-m", "devtools.house_rules")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Every package reduced to its `__init__`, with the project's real configuration."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ROOT.glob("*/__init__.py"):
        (tmp_path / package.parent.name).mkdir()
        shutil.copy(package, tmp_path / package.parent.name)
    for checks in ("house_rules.py", "security_rules.py"):
        shutil.copy(ROOT / "devtools" / checks, tmp_path / "devtools")
    return House(tmp_path)


def test_the_house_as_it_stands_keeps_its_layers_and_rules() -> None:
    house = House(ROOT)
    assert house.layers()[0], house.layers()[1]
    assert house.rules() == (True, "house rules: kept\n")


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("core", "staff"),
        ("core", "app"),
        ("integrations", "staff"),
        ("staff", "patients"),
        ("im", "tickets"),
        ("im", "library"),
        ("channels", "surveys"),
        ("outreach", "tickets"),
        ("tickets", "bot"),
        ("reports", "console"),
        ("bot", "console"),
        ("intake", "wiring"),
        ("tickets", "sandbox"),
        ("sandbox", "core"),
        ("console", "sample"),
    ],
)
def test_an_import_from_the_wrong_side_of_a_wall_fails(house: House, lower: str, upper: str) -> None:
    kept, said = house.layers()
    assert kept, said

    house.spoil(f"{lower}/__init__.py", f"\nimport {upper}  # noqa: F401\n")
    if not (house.root / upper).exists():  # a one-page program beside the packages
        (house.root / f"{upper}.py").write_text('"""A program."""\n', encoding="utf-8")

    kept, said = house.layers()
    assert not kept
    assert f"{lower} is not allowed to import {upper}" in said


def test_a_downward_import_is_welcome(house: House) -> None:
    house.spoil("bot/__init__.py", "\nimport core\nimport tickets  # noqa: F401\n")
    assert house.layers()[0]


def test_an_import_hidden_in_a_function_fails(house: House) -> None:
    module = "bot/__init__.py"
    assert house.ruff(module) == (True, "All checks passed!\n")

    house.spoil(
        module,
        '\n\ndef late() -> str:\n    """Hide an import."""\n    import json\n\n    return json.dumps(1)\n',
    )

    clean, said = house.ruff(module)
    assert not clean
    assert "PLC0415" in said


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("bot/long.py", '"""Long."""\n' + "x = 1\n" * 500, "bot/long.py: 501 lines, more than 500: split it"),
        (
            "bot/mute.py",
            "x = 1\n",
            "bot/mute.py: does not begin with a docstring that says what it is for and what it never does",
        ),
        (
            "bot/later.py",
            '"""Later."""\n# TO' + "DO: it\n",
            "bot/later.py: line 2: unfinished or excused code",
        ),
        (
            "bot/test_lazy.py",
            '"""Lazy."""\nimport pytest\n@pytest.mark.ski' + "p\ndef test_x(): ...\n",
            "bot/test_lazy.py: line 3: a test that is not run",
        ),
    ],
)
def test_a_breach_of_the_house_rules_is_named(house: House, name: str, text: str, said: str) -> None:
    assert house.rules() == (True, "house rules: kept\n")
    (house.root / name).write_text(text, encoding="utf-8")
    assert house.rules() == (False, f"{said}\nhouse rules: 1 broken\n")


def test_a_data_table_may_be_long_and_500_lines_are_not_too_long(house: House) -> None:
    (house.root / "bot" / "table.py").write_text(
        '"""Data table: numbers."""\n' + "x = 1\n" * 600, encoding="utf-8"
    )
    (house.root / "bot" / "page.py").write_text('"""A page."""\n' + "x = 1\n" * 499, encoding="utf-8")
    assert house.rules() == (True, "house rules: kept\n")

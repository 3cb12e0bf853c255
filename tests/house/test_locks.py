"""The lock files name versions and hashes, never an address, and say the same as the lists they were made from."""

import itertools
import json
import re
import tomllib
from pathlib import Path

import pytest

from devtools.lock import without_addresses
from devtools.terminal import Problem

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-bootstrap.lock", "package-lock.json"]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert re.search(r"sha(256:[0-9a-f]{64}|512-[A-Za-z0-9+/=]{88})", text)


def test_a_lock_with_an_address_would_not_be_written() -> None:
    assert without_addresses("x.lock", "name==1 --hash=sha256:00\n") == "name==1 --hash=sha256:00\n"
    with pytest.raises(Problem, match="x.lock would hold an address"):
        without_addresses("x.lock", "name @ ftp://registry.example/name.whl\n")


def test_every_locked_python_package_is_pinned_with_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", "")
    entries = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(entries) > 50
    assert [entry for entry in entries if not re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:", entry)] == []


def test_every_wanted_python_package_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *itertools.chain(*project["dependency-groups"].values())]
    names = {re.split(r"[\[=<>~! ]", entry)[0].lower().replace("_", "-") for entry in wanted}
    locked = set(
        re.findall(
            r"^([a-z0-9.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert names - locked == set()


def test_the_front_end_lock_agrees_with_its_list() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"][""]["dependencies"] == wanted
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted

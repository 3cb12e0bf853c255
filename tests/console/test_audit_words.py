"""Every action that is written into the audit log has its word on the page."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import wiring
from console.audit_watch import DOORS
from console.audit_words import GROUPS, action_words, fact_words, group_of, subject_words

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "core",
    "staff",
    "patients",
    "im",
    "channels",
    "tickets",
    "reports",
    "bot",
    "console",
    "intake",
    "patient_portal",
    "sample",
    "surveys",
)


def written() -> Iterator[tuple[str, str, str]]:
    """(where, action, subject) of every line whose action is written out in the code."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    for path in [*files, *ROOT.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "record"
            ):
                continue
            if not (
                isinstance(node.func.value, ast.Name)
                and node.func.value.id == "audit"
                and len(node.args) >= 3
            ):
                continue
            actions = [node.args[1]]
            if isinstance(node.args[1], ast.IfExp):
                actions = [node.args[1].body, node.args[1].orelse]
            subject = node.args[2].value if isinstance(node.args[2], ast.Constant) else ""
            for action in actions:
                if isinstance(action, ast.Constant):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", str(action.value), str(subject)


def test_every_action_and_every_thing_has_its_word() -> None:
    wiring.wire()
    found = list(written())
    assert len(found) > 100
    watched = [("console/audit_watch.py", door.action, door.subject) for door in DOORS.values()]
    without = {
        (where, action, subject)
        for where, action, subject in [*found, *watched]
        if action_words(action) == action
        or (subject and "{" not in subject and subject_words(subject, None) == subject)
    }
    assert without == set(), "actions or things without a word: add them to console/audit_words.py"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (action_words("case.view"), "查看诉求"),
        (action_words("ticket.transfer"), "转派"),
        (action_words("nobody.knows"), "nobody.knows"),
        (subject_words("case", 12), "诉求 12"),
        (subject_words("page", None), "页面"),
        (fact_words("before"), "修改前"),
        (group_of("login.failed"), "登录与退出"),
        (group_of("unheard.of"), ""),
    ],
)
def test_words_are_those_of_the_screen(said: str, meant: str) -> None:
    wiring.wire()
    assert said == meant


def test_groups_are_beginnings_of_actions() -> None:
    assert all(key.endswith(".") for key in GROUPS)

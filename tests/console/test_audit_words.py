"""Every action that is written into the audit log has its word on the page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import wiring
from console.audit_watch import DOORS
from console.audit_words import (
    GROUPS,
    SUBJECTS,
    action_words,
    fact_words,
    group_of,
    subject_of,
    subject_words,
    value_words,
)
from core import audit_web, looking
from tickets.states import CaseVerb, TicketVerb

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
    "integrations",
    "outreach",
    "telephony",
    "library",
)
# Lines whose action is put together: where, and every one it can be. A new place is a failure until it is written here.
PUT_TOGETHER = {
    "core/audit_web.py": (*audit_web._REFUSALS.values(), "system.error", "request.done", "file.download"),
    "core/looking.py": looking.ACTIONS,
    "patients/people.py": ("patient.same", "patient.apart"),
    "patients/feeds/repairs.py": ("feed.replay", "feed.repair"),
    "tickets/history.py": (
        *(f"case.{verb}" for verb in CaseVerb),
        *(f"ticket.{verb}" for verb in TicketVerb),
    ),
    "tickets/linking.py": ("case.link_visit", "case.unlink_visit"),
    "reports/shelf.py": (
        "statistics.report",
        "statistics.report_download",
        "survey.report",
        "survey.report_download",
    ),
    "surveys/responses/submitting.py": ("survey.submit",),
    "worker.py": ("system.start", "system.stop"),
}
FIXED = {
    "record": 4,
    "beside": 4,
    "record_all": 1,
}  # of the functions of core.audit, and their places without names
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def calls() -> Iterator[tuple[str, int, ast.Call]]:
    """Every call that writes lines."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    for path in [*files, *ROOT.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "audit"
                and node.func.attr in FIXED
            ):
                yield path.relative_to(ROOT).as_posix(), node.lineno, node


def actions_of(node: ast.Call) -> list[str]:
    """The actions that are written out in a call; none when they are put together."""
    given = node.args[1] if len(node.args) > 1 else None
    said = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
    return [str(one.value) for one in said if isinstance(one, ast.Constant)]


def test_every_place_that_writes_lines_is_known_with_all_its_actions_and_each_is_chinese() -> None:
    wiring.wire()
    found = list(calls())
    assert len(found) > 150
    open_places = {where for where, _, node in found if not actions_of(node)}
    assert open_places == set(PUT_TOGETHER)
    actions = {action for _, _, node in found for action in actions_of(node)}
    actions |= {action for listed in PUT_TOGETHER.values() for action in listed}
    actions |= {door.action for door in DOORS.values()}
    assert [action for action in sorted(actions) if not CHINESE.search(action_words(action))] == []


def test_every_fact_of_every_line_is_called_by_a_chinese_word() -> None:
    left_out = {"source", "fact", "at"}  # of `beside`: how, not what
    facts = {
        (keyword.arg, f"{where}:{line}")
        for where, line, node in calls()
        for keyword in node.keywords
        if keyword.arg and not (node.func.attr == "beside" and keyword.arg in left_out)  # type: ignore[attr-defined]
    }
    assert len(facts) > 200
    assert sorted({found for found in facts if not CHINESE.search(fact_words(found[0]))}) == []


def test_kinds_of_things_are_found_by_their_chinese_words() -> None:
    assert all(CHINESE.search(said) for said in SUBJECTS.values())
    assert (subject_of("诉求"), subject_of("case"), subject_of("20260302-1")) == ("case", "case", "")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("state_from", "in_progress", "办理中"),
        ("way", "certificate", "数字证书"),
        ("role", "auditor", "安全审计员"),
        ("purposes", "follow_up", "随访"),
        ("rights", "erase", "删除"),
        ("note", "in_progress", "in_progress"),
    ],
)
def test_values_of_enums_are_told_in_chinese(name: str, value: str, said: str) -> None:
    assert value_words(name, value) == said


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

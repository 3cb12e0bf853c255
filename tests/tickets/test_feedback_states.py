"""The table of feedback, exhaustively: the road of every case without the platform's steps, and what is added."""

import pytest

from core.actor import Permission
from core.errors import Forbidden, Refused
from tests.tickets.test_states import CASES, holding
from tickets.sources import SOURCES
from tickets.states import CASE_LABELS, CaseState, CaseVerb, move

OPEN = ("received", "accepted", "in_progress", "under_review", "replied", "called_back")
KEPT = (*OPEN, "closed")
HANDLE, REVIEW = "case:handle", "case:review"
# verb: {from: to}, and who may any of
ADDED: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "settle": ({"received": "closed", "accepted": "closed"}, (HANDLE,)),
    "pass_on": ({"received": "closed", "accepted": "closed"}, (HANDLE,)),
    "note_handling": ({state: state for state in KEPT}, (HANDLE,)),
    "classify": ({state: state for state in KEPT}, (HANDLE,)),
    "flag_risk": ({state: state for state in OPEN}, (HANDLE, REVIEW)),
    "study_together": ({"in_progress": "in_progress"}, (HANDLE, REVIEW)),
    "plan_rectification": ({state: state for state in KEPT}, (HANDLE, REVIEW)),
    "finish_rectification": ({state: state for state in KEPT}, (HANDLE,)),
    "verify_rectification": ({state: state for state in KEPT}, (HANDLE, REVIEW)),
    "tell_duties": ({state: state for state in KEPT}, (HANDLE,)),
    "record_route": ({state: state for state in KEPT}, (HANDLE,)),
    "judge": ({state: state for state in KEPT}, (REVIEW,)),
}
NEVER: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "return_upstream": ({}, ()),
    "extend_upstream": ({}, ()),
}
SHARED = {verb: (steps, (who,)) for verb, (steps, who) in CASES.items() if who}
WANTED = {**SHARED, **ADDED, **NEVER}


@pytest.mark.parametrize("verb", sorted(WANTED))
def test_feedback_takes_exactly_the_steps_of_its_table(verb: str) -> None:
    table = SOURCES["feedback"].table
    steps, needed = WANTED[verb]
    found: dict[tuple[str, str], str] = {}
    for state in CaseState:
        for permission in Permission:
            try:
                to = move(table, CASE_LABELS, state, CaseVerb(verb), holding(permission), None)
            except (Forbidden, Refused):
                continue
            found[state, permission] = to
    assert found == {(state, who): to for state, to in steps.items() for who in needed}

"""The table of a petition's states, exhaustively: every state × verb is either listed here or refused."""

import pytest

from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Forbidden, Refused
from tickets.sources.petition import PETITION_TABLE
from tickets.states import CASE_LABELS, CaseState, CaseVerb, move

HANDLE, REVIEW, ARCHIVE = "case:handle", "case:review", "case:archive"
BEFORE = ("received", "objected")
WORKED = ("accepted", "in_progress", "under_review", "issued")
AFTER = (
    "delivered",
    "in_review",
    "reviewed",
    "review_delivered",
    "in_rereview",
    "hearing",
    "rereviewed",
)
NOTED = (*BEFORE, *WORKED, *AFTER, "final", "not_accepted", "forwarded", "closed")

# verb: {from: to}, and who may. What is not written here must be refused.
STEPS: dict[str, tuple[dict[str, str], str]] = {
    "take_up": ({"received": "accepted"}, HANDLE),
    "decline": ({"received": "not_accepted"}, HANDLE),
    "forward": ({"received": "forwarded"}, HANDLE),
    "object": ({"received": "objected"}, HANDLE),
    "objection_upheld": ({"objected": "forwarded"}, HANDLE),
    "objection_refused": ({"objected": "received"}, HANDLE),
    "assign": ({"accepted": "in_progress", "in_progress": "in_progress"}, HANDLE),
    "write_record": ({state: state for state in NOTED}, HANDLE),
    "draft_opinion": ({"accepted": "under_review", "in_progress": "under_review"}, HANDLE),
    "send_back": ({"under_review": "in_progress"}, REVIEW),
    "issue_opinion": ({"under_review": "issued"}, REVIEW),
    "prolong": ({state: state for state in ("accepted", "in_progress", "under_review")}, REVIEW),
    "notify": ({state: state for state in NOTED}, HANDLE),
    "deliver": (
        {"issued": "delivered", "reviewed": "review_delivered", "rereviewed": "final"},
        HANDLE,
    ),
    "ask_review": ({"delivered": "in_review"}, HANDLE),
    "decide_review": ({"in_review": "reviewed"}, REVIEW),
    "ask_rereview": ({"review_delivered": "in_rereview"}, HANDLE),
    "begin_hearing": ({"in_rereview": "hearing"}, HANDLE),
    "end_hearing": ({"hearing": "in_rereview"}, HANDLE),
    "decide_rereview": ({"in_rereview": "rereviewed"}, REVIEW),
    "reopen": (
        dict.fromkeys(("delivered", "review_delivered", "final"), "in_progress"),
        HANDLE,
    ),
    "take_back": (dict.fromkeys((*BEFORE, *WORKED, *AFTER), "closed"), HANDLE),
    "conclude": (
        dict.fromkeys(("delivered", "review_delivered", "final", "not_accepted", "forwarded"), "closed"),
        HANDLE,
    ),
    "file": ({"closed": "archived"}, ARCHIVE),
    "propose_disposal": ({"archived": "archived"}, ARCHIVE),
    "approve_disposal": ({"archived": "archived"}, ARCHIVE),
    "record_disposal": ({"archived": "archived"}, ARCHIVE),
}


def holding(permission: str) -> Actor:
    """Somebody with this one permission."""
    grant = Grant(Permission(permission), "/")
    return Actor(ActorKind.STAFF, 1, "测试甲", Door.WEB, (grant,))


@pytest.mark.parametrize("verb", list(CaseVerb))
def test_a_petition_takes_exactly_the_steps_of_its_table(verb: CaseVerb) -> None:
    steps, needed = STEPS.get(verb, ({}, ""))
    for state in CaseState:
        for permission in Permission:
            somebody = holding(permission)
            if state not in steps:
                with pytest.raises(Refused, match=CASE_LABELS[state]):
                    move(PETITION_TABLE, CASE_LABELS, state, verb, somebody, None)
            elif permission != needed:
                with pytest.raises(Forbidden):
                    move(PETITION_TABLE, CASE_LABELS, state, verb, somebody, None)
            else:
                assert move(PETITION_TABLE, CASE_LABELS, state, verb, somebody, None) == steps[state]

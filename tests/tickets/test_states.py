"""The tables of states, exhaustively: every state × verb × permission is either listed here or refused."""

from itertools import product

import pytest

from core.actions import REGISTER
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Forbidden, Refused
from tickets import actions
from tickets.sources import SOURCES
from tickets.states import (
    CASE_LABELS,
    CASE_TABLE,
    OPEN_CASE,
    OPEN_TICKET,
    TICKET_LABELS,
    TICKET_TABLE,
    CaseState,
    CaseVerb,
    TicketState,
    TicketVerb,
    move,
    verbs,
)

PATH = "/1/2/4/"

# verb: {from: to}, and who may. What is not written here must be refused.
CASES = {
    "accept": ({"received": "accepted"}, "case:handle"),
    "return_upstream": ({"received": "returned", "accepted": "returned"}, "case:handle"),
    "assign": (
        {"received": "in_progress", "accepted": "in_progress", "in_progress": "in_progress"},
        "case:handle",
    ),
    "submit": ({"accepted": "under_review", "in_progress": "under_review"}, "case:handle"),
    "send_back": ({"under_review": "in_progress"}, "case:review"),
    "approve": ({"under_review": "replied"}, "case:review"),
    "call_back": ({"replied": "called_back"}, "case:handle"),
    "rework": (
        {"replied": "in_progress", "called_back": "in_progress", "closed": "in_progress"},
        "case:handle",
    ),
    "close": ({"replied": "closed", "called_back": "closed"}, "case:handle"),
    "archive": ({"closed": "archived", "returned": "archived"}, "case:archive"),
    "extend_upstream": (
        {"in_progress": "in_progress", "under_review": "under_review"},
        "case:handle",
    ),
    "write_record": (
        {
            state: state
            for state in (
                "received",
                "accepted",
                "in_progress",
                "under_review",
                "replied",
                "called_back",
                "closed",
            )
        },
        "case:handle",
    ),
}
HANDLE, ENDORSE, MANAGE = "ticket:handle", "ticket:endorse", "ticket:manage"
TICKETS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "sign": {"assigned": ("in_progress", (HANDLE,))},
    "answer": {"assigned": ("answered", (HANDLE,)), "in_progress": ("answered", (HANDLE,))},
    "ask": {
        state: (state, (HANDLE,)) for state in ("assigned", "in_progress", "paused", "answered", "endorsed")
    },
    "attach": {
        state: (state, (HANDLE, MANAGE))
        for state in ("assigned", "in_progress", "paused", "answered", "endorsed")
    },
    "ask_extension": {state: (state, (HANDLE,)) for state in ("assigned", "in_progress")},
    "approve_extension": {state: (state, (MANAGE,)) for state in ("assigned", "in_progress")},
    "refuse_extension": {state: (state, (MANAGE,)) for state in ("assigned", "in_progress")},
    "ask_pause": {"in_progress": ("in_progress", (HANDLE,))},
    "approve_pause": {"in_progress": ("paused", (MANAGE,))},
    "refuse_pause": {"in_progress": ("in_progress", (MANAGE,))},
    "resume": {"paused": ("in_progress", (HANDLE, MANAGE))},
    "return": dict.fromkeys(("assigned", "in_progress"), ("returned", (HANDLE,))),
    "transfer": {
        "assigned": ("assigned", (HANDLE, MANAGE)),
        "in_progress": ("assigned", (HANDLE, MANAGE)),
        "returned": ("assigned", (MANAGE,)),
    },
    "endorse": {"answered": ("endorsed", (ENDORSE,))},
    "send_back": {"answered": ("in_progress", (ENDORSE, MANAGE)), "endorsed": ("in_progress", (MANAGE,))},
    "approve": dict.fromkeys(("answered", "endorsed"), ("done", (MANAGE,))),
    "urge": {state: (state, (MANAGE,)) for state in ("assigned", "in_progress", "answered")},
    "note_handling": {state: (state, (HANDLE,)) for state in ("in_progress", "answered", "endorsed")},
    "withdraw": dict.fromkeys(
        ("assigned", "in_progress", "paused", "answered", "endorsed", "returned"), ("withdrawn", (MANAGE,))
    ),
}


def holding(permission: Permission, path: str = PATH) -> Actor:
    """Somebody with this one permission for one unit."""
    return Actor(ActorKind.STAFF, 1, "测试甲", Door.WEB, (Grant(permission, path),))


@pytest.mark.parametrize("state", list(TicketState))
def test_a_ticket_takes_exactly_the_steps_of_the_table(state: TicketState) -> None:
    for verb, permission in product(TicketVerb, Permission):
        _ticket_step(state, verb, permission)


def _ticket_step(state: TicketState, verb: TicketVerb, permission: Permission) -> None:
    wanted = TICKETS.get(verb, {}).get(state)
    somebody = holding(permission)
    if wanted is None:
        with pytest.raises(Refused, match=TICKET_LABELS[state]):
            move(TICKET_TABLE, TICKET_LABELS, state, verb, somebody, PATH)
    elif permission not in wanted[1]:
        with pytest.raises(Forbidden):
            move(TICKET_TABLE, TICKET_LABELS, state, verb, somebody, PATH)
    else:
        assert move(TICKET_TABLE, TICKET_LABELS, state, verb, somebody, PATH) == wanted[0]
        assert verb in verbs(TICKET_TABLE, state, somebody, PATH)
        with pytest.raises(Forbidden):  # the same right for another department is no right here
            move(TICKET_TABLE, TICKET_LABELS, state, verb, holding(permission, "/1/2/5/"), PATH)


@pytest.mark.parametrize("state", list(CaseState))
def test_a_case_takes_exactly_the_steps_of_the_table(state: CaseState) -> None:
    for verb, permission in product(CaseVerb, Permission):
        _case_step(state, verb, permission)


def _case_step(state: CaseState, verb: CaseVerb, permission: Permission) -> None:
    steps, needed = CASES.get(verb, ({}, ""))  # steps of one source only stand in its own table
    somebody = holding(permission)
    if state not in steps:
        with pytest.raises(Refused, match=CASE_LABELS[state]):
            move(CASE_TABLE, CASE_LABELS, state, verb, somebody, None)
    elif permission != needed:
        with pytest.raises(Forbidden):
            move(CASE_TABLE, CASE_LABELS, state, verb, somebody, None)
    else:
        assert move(CASE_TABLE, CASE_LABELS, state, verb, somebody, None) == steps[state]


def test_every_verb_is_an_action_and_every_action_a_verb() -> None:
    declared = {name for name in REGISTER if name.startswith(("case.", "ticket."))}
    attaching = {"ticket.attach"}  # needs a file: tickets/material.py, not a form
    assert actions.__all__
    following = {
        "ticket.hold",
        "ticket.release",
        "case.reply_with",
    }  # from a step of another case (tickets/matters)
    assert declared | attaching | following == {f"case.{verb}" for verb in CaseVerb} | {
        f"ticket.{verb}" for verb in TicketVerb
    }


def test_no_word_of_a_chat_line_means_two_verbs_of_tickets() -> None:
    words = [
        word
        for entry in REGISTER.values()
        if entry.subject == "ticket"
        for word in (entry.label, *entry.words)
    ]
    assert sorted(words) == sorted(set(words))


def test_every_state_is_reached_and_left_or_is_an_end() -> None:
    used: set[str] = set()
    for table, ends, begins in (
        (TICKET_TABLE, {"done", "withdrawn"}, {"assigned"}),
        # feedback keeps the hotline's way from "returned" to the archive, which nothing leads to there
        *((source.table, {"archived"}, {"received", "returned"}) for source in SOURCES.values()),
    ):
        states = {str(start) for start, _ in table} | {str(step.to) for step in table.values()}
        left = {str(start) for (start, _), step in table.items() if step.to != start}
        reached = {str(step.to) for (start, _), step in table.items() if step.to != start}
        assert states - left == ends
        assert states - reached <= begins
        used |= states
    assert used == {*CaseState, *TicketState}
    assert TicketState.DONE not in OPEN_TICKET
    assert CaseState.RETURNED not in OPEN_CASE

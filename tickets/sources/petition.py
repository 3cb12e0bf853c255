"""Petitions (信访): 《信访工作条例》 (in force 2022-05-01); the three categories are those of Art. 29-31.

The life of a petition is a table of its own: taken up or not (Art. 22-24, 31), worked on, opinion (Art. 32),
delivery, review (Art. 35), re-review (Art. 36), end, file. The hotline's verbs of replying and calling back have
no place in it.
"""

from collections.abc import Mapping
from enum import StrEnum

from core.actor import Permission
from tickets.sources.base import Source
from tickets.states import CaseState as C
from tickets.states import CaseVerb as V
from tickets.states import Step

_HANDLE, _REVIEW, _ARCHIVE = Permission.CASE_HANDLE, Permission.CASE_REVIEW, Permission.CASE_ARCHIVE
_BEFORE_ACCEPTANCE = (C.RECEIVED, C.OBJECTED)
_WORKED_ON = (C.ACCEPTED, C.IN_PROGRESS, C.UNDER_REVIEW, C.ISSUED)
_AFTERWARDS = (
    C.DELIVERED,
    C.IN_REVIEW,
    C.REVIEWED,
    C.REVIEW_DELIVERED,
    C.IN_REREVIEW,
    C.HEARING,
    C.REREVIEWED,
    C.FINAL,
)
_LIVE = (*_BEFORE_ACCEPTANCE, *_WORKED_ON, *_AFTERWARDS)
_ENDED = (C.DELIVERED, C.REVIEW_DELIVERED, C.FINAL, C.NOT_ACCEPTED, C.FORWARDED)


def _steps(
    verb: V, froms: tuple[C, ...], to: C | None, *permissions: Permission
) -> dict[tuple[StrEnum, StrEnum], Step]:
    """One verb from several states; `to` None means that the state stays."""
    return {(state, verb): Step(to or state, permissions) for state in froms}


PETITION_TABLE: Mapping[tuple[StrEnum, StrEnum], Step] = {
    **_steps(V.TAKE_UP, (C.RECEIVED,), C.ACCEPTED, _HANDLE),
    **_steps(V.DECLINE, (C.RECEIVED,), C.NOT_ACCEPTED, _HANDLE),
    **_steps(V.FORWARD, (C.RECEIVED,), C.FORWARDED, _HANDLE),
    **_steps(V.OBJECT, (C.RECEIVED,), C.OBJECTED, _HANDLE),
    **_steps(V.OBJECTION_UPHELD, (C.OBJECTED,), C.FORWARDED, _HANDLE),
    **_steps(V.OBJECTION_REFUSED, (C.OBJECTED,), C.RECEIVED, _HANDLE),
    **_steps(V.ASSIGN, (C.ACCEPTED, C.IN_PROGRESS), C.IN_PROGRESS, _HANDLE),
    **_steps(V.WRITE_RECORD, (*_LIVE, C.NOT_ACCEPTED, C.FORWARDED, C.CLOSED), None, _HANDLE),
    **_steps(V.DRAFT_OPINION, (C.ACCEPTED, C.IN_PROGRESS), C.UNDER_REVIEW, _HANDLE),
    **_steps(V.SEND_BACK, (C.UNDER_REVIEW,), C.IN_PROGRESS, _REVIEW),
    **_steps(V.ISSUE_OPINION, (C.UNDER_REVIEW,), C.ISSUED, _REVIEW),
    **_steps(V.PROLONG, (C.ACCEPTED, C.IN_PROGRESS, C.UNDER_REVIEW), None, _REVIEW),
    **_steps(V.NOTIFY, (*_LIVE, C.NOT_ACCEPTED, C.FORWARDED, C.CLOSED), None, _HANDLE),
    **_steps(V.DELIVER, (C.ISSUED,), C.DELIVERED, _HANDLE),
    **_steps(V.DELIVER, (C.REVIEWED,), C.REVIEW_DELIVERED, _HANDLE),
    **_steps(V.DELIVER, (C.REREVIEWED,), C.FINAL, _HANDLE),
    **_steps(V.ASK_REVIEW, (C.DELIVERED,), C.IN_REVIEW, _HANDLE),
    **_steps(V.DECIDE_REVIEW, (C.IN_REVIEW,), C.REVIEWED, _REVIEW),
    **_steps(V.ASK_REREVIEW, (C.REVIEW_DELIVERED,), C.IN_REREVIEW, _HANDLE),
    **_steps(V.BEGIN_HEARING, (C.IN_REREVIEW,), C.HEARING, _HANDLE),
    **_steps(V.END_HEARING, (C.HEARING,), C.IN_REREVIEW, _HANDLE),
    **_steps(V.DECIDE_REREVIEW, (C.IN_REREVIEW,), C.REREVIEWED, _REVIEW),
    **_steps(V.REOPEN, (C.DELIVERED, C.REVIEW_DELIVERED, C.FINAL), C.IN_PROGRESS, _HANDLE),
    **_steps(V.TAKE_BACK, (*_BEFORE_ACCEPTANCE, *_WORKED_ON, *_AFTERWARDS[:-1]), C.CLOSED, _HANDLE),
    **_steps(V.CONCLUDE, _ENDED, C.CLOSED, _HANDLE),
    **_steps(V.FILE, (C.CLOSED,), C.ARCHIVED, _ARCHIVE),
    **_steps(V.PROPOSE_DISPOSAL, (C.ARCHIVED,), None, _ARCHIVE),
    **_steps(V.APPROVE_DISPOSAL, (C.ARCHIVED,), None, _ARCHIVE),
    **_steps(V.RECORD_DISPOSAL, (C.ARCHIVED,), None, _ARCHIVE),
}

PETITION = Source(
    name="petition",
    label="信访",
    reports_back=False,
    appeal_types=("申诉求决", "建议意见", "检举控告"),
    clocks=(
        "upstream",
        "notice",
        "objection",
        "decision",
        "department",
        "review_window",
        "review",
        "rereview_window",
        "rereview",
    ),
    table=PETITION_TABLE,
    person="信访人",
)

"""The life of a case and of a ticket, as tables: (state, verb) → (state, who may). Nothing else changes a state."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.actor import Actor, Permission
from core.errors import Forbidden, Refused


class CaseState(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    IN_PROGRESS = "in_progress"
    UNDER_REVIEW = "under_review"
    REPLIED = "replied"
    CALLED_BACK = "called_back"
    CLOSED = "closed"
    ARCHIVED = "archived"
    # petitions only (tickets/sources/petition.py)
    NOT_ACCEPTED = "not_accepted"
    OBJECTED = "objected"
    FORWARDED = "forwarded"
    ISSUED = "issued"
    DELIVERED = "delivered"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    REVIEW_DELIVERED = "review_delivered"
    IN_REREVIEW = "in_rereview"
    HEARING = "hearing"
    REREVIEWED = "rereviewed"
    FINAL = "final"


class CaseVerb(StrEnum):
    """What can be done with a case."""

    ACCEPT = "accept"
    RETURN_UPSTREAM = "return_upstream"
    ASSIGN = "assign"
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    CALL_BACK = "call_back"
    REWORK = "rework"
    CLOSE = "close"
    ARCHIVE = "archive"
    EXTEND_UPSTREAM = "extend_upstream"
    WRITE_RECORD = "write_record"
    SETTLE = "settle"
    PASS_ON = "pass_on"  # noqa: S105 - praise, not a password
    NOTE_HANDLING = "note_handling"
    CLASSIFY = "classify"
    FLAG_RISK = "flag_risk"
    STUDY_TOGETHER = "study_together"
    PLAN_RECTIFICATION = "plan_rectification"
    FINISH_RECTIFICATION = "finish_rectification"
    VERIFY_RECTIFICATION = "verify_rectification"
    TELL_DUTIES = "tell_duties"
    RECORD_ROUTE = "record_route"
    JUDGE = "judge"
    # petitions only (tickets/petitions/)
    TAKE_UP = "take_up"
    DECLINE = "decline"
    OBJECT = "object"
    OBJECTION_UPHELD = "objection_upheld"
    OBJECTION_REFUSED = "objection_refused"
    FORWARD = "forward"
    DRAFT_OPINION = "draft_opinion"
    ISSUE_OPINION = "issue_opinion"
    PROLONG = "prolong"
    NOTIFY = "notify"
    DELIVER = "deliver"
    ASK_REVIEW = "ask_review"
    DECIDE_REVIEW = "decide_review"
    ASK_REREVIEW = "ask_rereview"
    BEGIN_HEARING = "begin_hearing"
    END_HEARING = "end_hearing"
    DECIDE_REREVIEW = "decide_rereview"
    REOPEN = "reopen"
    TAKE_BACK = "take_back"
    CONCLUDE = "conclude"
    FILE = "file"
    PROPOSE_DISPOSAL = "propose_disposal"
    APPROVE_DISPOSAL = "approve_disposal"
    RECORD_DISPOSAL = "record_disposal"
    # one matter, many voices (tickets/matters/)
    JOIN = "join"
    LEAVE = "leave"
    MERGE = "merge"
    SPLIT = "split"
    REPLY_WITH = "reply_with"
    # accusations are closed to the accused: tickets/actions/secrecy.py
    MAKE_SECRET = "make_secret"  # noqa: S105 - the name of a verb
    LIFT_SECRET = "lift_secret"  # noqa: S105 - the name of a verb


class TicketState(StrEnum):
    """Where a department's ticket stands."""

    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    ANSWERED = "answered"
    ENDORSED = "endorsed"
    DONE = "done"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class TicketVerb(StrEnum):
    """What can be done with a ticket."""

    SIGN = "sign"
    ANSWER = "answer"
    ASK = "ask"
    ATTACH = "attach"
    ASK_EXTENSION = "ask_extension"
    APPROVE_EXTENSION = "approve_extension"
    REFUSE_EXTENSION = "refuse_extension"
    ASK_PAUSE = "ask_pause"
    APPROVE_PAUSE = "approve_pause"
    REFUSE_PAUSE = "refuse_pause"
    RESUME = "resume"
    RETURN = "return"
    TRANSFER = "transfer"
    ENDORSE = "endorse"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    URGE = "urge"
    WITHDRAW = "withdraw"
    NOTE_HANDLING = "note_handling"
    # while its case is merged: no steps of the table, the state is kept aside and put back whole
    HOLD = "hold"
    RELEASE = "release"


CASE_LABELS: Mapping[StrEnum, str] = {
    CaseState.RECEIVED: "待受理",
    CaseState.ACCEPTED: "已受理",
    CaseState.RETURNED: "已退单",
    CaseState.IN_PROGRESS: "办理中",
    CaseState.UNDER_REVIEW: "待审核",
    CaseState.REPLIED: "已答复",
    CaseState.CALLED_BACK: "已回访",
    CaseState.CLOSED: "已办结",
    CaseState.ARCHIVED: "已归档",
    CaseState.NOT_ACCEPTED: "不予受理",
    CaseState.OBJECTED: "已提异议",
    CaseState.FORWARDED: "已转送",
    CaseState.ISSUED: "意见待送达",
    CaseState.DELIVERED: "意见已送达",
    CaseState.IN_REVIEW: "复查中",
    CaseState.REVIEWED: "复查待送达",
    CaseState.REVIEW_DELIVERED: "复查已送达",
    CaseState.IN_REREVIEW: "复核中",
    CaseState.HEARING: "听证中",
    CaseState.REREVIEWED: "复核待送达",
    CaseState.FINAL: "复核终结",
}
TICKET_LABELS: Mapping[StrEnum, str] = {
    TicketState.ASSIGNED: "待签收",
    TicketState.IN_PROGRESS: "办理中",
    TicketState.PAUSED: "已挂起",
    TicketState.ANSWERED: "待科室审核",
    TicketState.ENDORSED: "待中心审核",
    TicketState.DONE: "已办结",
    TicketState.RETURNED: "已退回",
    TicketState.WITHDRAWN: "已撤销",
}
OPEN_TICKET = frozenset(TicketState) - {TicketState.DONE, TicketState.WITHDRAWN}
OPEN_CASE = frozenset(CaseState) - {CaseState.RETURNED, CaseState.CLOSED, CaseState.ARCHIVED}


@dataclass(frozen=True, slots=True)
class Step:
    """Where a verb leads, and who may take it: holders of any of `permissions` for the subject's unit."""

    to: StrEnum
    permissions: tuple[Permission, ...]


def _steps(
    verb: StrEnum, froms: tuple[StrEnum, ...], to: StrEnum | None, *permissions: Permission
) -> dict[tuple[StrEnum, StrEnum], Step]:
    """One verb from several states; `to` None means that the state stays."""
    return {(state, verb): Step(to or state, permissions) for state in froms}


_C, _CV, _T, _TV, _P = CaseState, CaseVerb, TicketState, TicketVerb, Permission
_WORKED_ON = (
    _C.RECEIVED,
    _C.ACCEPTED,
    _C.IN_PROGRESS,
    _C.UNDER_REVIEW,
    _C.REPLIED,
    _C.CALLED_BACK,
    _C.CLOSED,
)

CASE_TABLE: Mapping[tuple[StrEnum, StrEnum], Step] = {
    **_steps(_CV.ACCEPT, (_C.RECEIVED,), _C.ACCEPTED, _P.CASE_HANDLE),
    **_steps(_CV.RETURN_UPSTREAM, (_C.RECEIVED, _C.ACCEPTED), _C.RETURNED, _P.CASE_HANDLE),
    **_steps(_CV.ASSIGN, (_C.RECEIVED, _C.ACCEPTED, _C.IN_PROGRESS), _C.IN_PROGRESS, _P.CASE_HANDLE),
    **_steps(_CV.SUBMIT, (_C.ACCEPTED, _C.IN_PROGRESS), _C.UNDER_REVIEW, _P.CASE_HANDLE),
    **_steps(_CV.SEND_BACK, (_C.UNDER_REVIEW,), _C.IN_PROGRESS, _P.CASE_REVIEW),
    **_steps(_CV.APPROVE, (_C.UNDER_REVIEW,), _C.REPLIED, _P.CASE_REVIEW),
    **_steps(_CV.CALL_BACK, (_C.REPLIED,), _C.CALLED_BACK, _P.CASE_HANDLE),
    **_steps(_CV.REWORK, (_C.REPLIED, _C.CALLED_BACK, _C.CLOSED), _C.IN_PROGRESS, _P.CASE_HANDLE),
    **_steps(_CV.CLOSE, (_C.REPLIED, _C.CALLED_BACK), _C.CLOSED, _P.CASE_HANDLE),
    **_steps(_CV.ARCHIVE, (_C.CLOSED, _C.RETURNED), _C.ARCHIVED, _P.CASE_ARCHIVE),
    **_steps(_CV.EXTEND_UPSTREAM, (_C.IN_PROGRESS, _C.UNDER_REVIEW), None, _P.CASE_HANDLE),
    **_steps(_CV.WRITE_RECORD, _WORKED_ON, None, _P.CASE_HANDLE),
}

_BEING_WORKED = (_T.ASSIGNED, _T.IN_PROGRESS)
_OPEN = (_T.ASSIGNED, _T.IN_PROGRESS, _T.PAUSED, _T.ANSWERED, _T.ENDORSED)
_WAITING = (_T.ANSWERED, _T.ENDORSED)

TICKET_TABLE: Mapping[tuple[StrEnum, StrEnum], Step] = {
    **_steps(_TV.SIGN, (_T.ASSIGNED,), _T.IN_PROGRESS, _P.TICKET_HANDLE),
    **_steps(_TV.ANSWER, _BEING_WORKED, _T.ANSWERED, _P.TICKET_HANDLE),
    **_steps(_TV.ASK, _OPEN, None, _P.TICKET_HANDLE),
    **_steps(_TV.ATTACH, _OPEN, None, _P.TICKET_HANDLE, _P.TICKET_MANAGE),
    **_steps(_TV.ASK_EXTENSION, _BEING_WORKED, None, _P.TICKET_HANDLE),
    **_steps(_TV.APPROVE_EXTENSION, _BEING_WORKED, None, _P.TICKET_MANAGE),
    **_steps(_TV.REFUSE_EXTENSION, _BEING_WORKED, None, _P.TICKET_MANAGE),
    **_steps(_TV.ASK_PAUSE, (_T.IN_PROGRESS,), None, _P.TICKET_HANDLE),
    **_steps(_TV.APPROVE_PAUSE, (_T.IN_PROGRESS,), _T.PAUSED, _P.TICKET_MANAGE),
    **_steps(_TV.REFUSE_PAUSE, (_T.IN_PROGRESS,), None, _P.TICKET_MANAGE),
    **_steps(_TV.RESUME, (_T.PAUSED,), _T.IN_PROGRESS, _P.TICKET_HANDLE, _P.TICKET_MANAGE),
    **_steps(_TV.RETURN, _BEING_WORKED, _T.RETURNED, _P.TICKET_HANDLE),
    **_steps(_TV.TRANSFER, _BEING_WORKED, _T.ASSIGNED, _P.TICKET_HANDLE, _P.TICKET_MANAGE),
    **_steps(_TV.TRANSFER, (_T.RETURNED,), _T.ASSIGNED, _P.TICKET_MANAGE),
    **_steps(_TV.ENDORSE, (_T.ANSWERED,), _T.ENDORSED, _P.TICKET_ENDORSE),
    **_steps(_TV.SEND_BACK, (_T.ANSWERED,), _T.IN_PROGRESS, _P.TICKET_ENDORSE, _P.TICKET_MANAGE),
    **_steps(_TV.SEND_BACK, (_T.ENDORSED,), _T.IN_PROGRESS, _P.TICKET_MANAGE),
    **_steps(_TV.APPROVE, _WAITING, _T.DONE, _P.TICKET_MANAGE),
    **_steps(_TV.URGE, (_T.ASSIGNED, _T.IN_PROGRESS, _T.ANSWERED), None, _P.TICKET_MANAGE),
    **_steps(_TV.WITHDRAW, (*_OPEN, _T.RETURNED), _T.WITHDRAWN, _P.TICKET_MANAGE),
    **_steps(_TV.NOTE_HANDLING, (_T.IN_PROGRESS, _T.ANSWERED, _T.ENDORSED), None, _P.TICKET_HANDLE),
}


def verbs(
    table: Mapping[tuple[StrEnum, StrEnum], Step],
    state: StrEnum,
    by: Actor,
    path: str | None,
    holder: int | None = None,
) -> list[StrEnum]:
    """What this person may do with a thing in this state that `holder` works on, in the order of the table."""
    return [
        verb
        for (start, verb), step in table.items()
        if start is state and any(by.can(permission, path, holder) for permission in step.permissions)
    ]


def move(
    table: Mapping[tuple[StrEnum, StrEnum], Step],
    labels: Mapping[StrEnum, str],
    state: StrEnum,
    verb: StrEnum,
    by: Actor,
    path: str | None,
    holder: int | None = None,
) -> StrEnum:
    """The state that follows.

    Raises:
        Refused: the verb is not for this state.
        Forbidden: this person may not.
    """
    step = table.get((state, verb))
    if step is None:
        raise Refused(f"当前状态为“{labels[state]}”，不能进行此操作")
    if not any(by.can(permission, path, holder) for permission in step.permissions):
        raise Forbidden
    return step.to

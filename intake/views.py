"""A case and a ticket as the API answers them; values only. Phones are never among them."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.actions import Action
from tickets.models import Case, Ticket


class Verb(BaseModel):
    """Something the asking person may do now: POST to `{subject}/{id}/{verb}`."""

    model_config = ConfigDict(frozen=True)

    verb: str
    label: str


class CaseView(BaseModel):
    """A case. The name of a caller who wants secrecy is left out."""

    model_config = ConfigDict(frozen=True)

    id: int
    number: str = Field(description="the number people say")
    source: str
    order_no: str = Field(description="工单编号 of the sender")
    state: str
    state_label: str
    round: int
    title: str
    content: str
    appeal_type: str
    category: str
    urgency: str
    caller_name: str
    departments: tuple[str, ...]
    received_at: datetime
    due_at: datetime | None = Field(description="earliest limit that still runs")
    provisional: bool = Field(description="the calendar of the year is not announced yet")
    actions: tuple[Verb, ...]


class TicketView(BaseModel):
    """A department's part of a case."""

    model_config = ConfigDict(frozen=True)

    id: int
    case_id: int
    round: int
    unit_id: int
    unit: str
    role: str
    state: str
    state_label: str
    instructions: str
    answer: str
    assigned_at: datetime
    due_at: datetime | None
    actions: tuple[Verb, ...]


def case_view(case: Case, actions: Iterable[Action] = ()) -> CaseView:
    """The case as its asker may see it."""
    secret = case.confidential or case.anonymous
    return CaseView(
        id=case.id,
        number=case.number,
        source=case.source,
        order_no=case.external_no or "",
        state=case.state,
        state_label=case.label,
        round=case.round,
        title=case.title,
        content=case.content,
        appeal_type=case.appeal_type,
        category=case.category,
        urgency=case.urgency,
        caller_name="" if secret else case.caller_name,
        departments=tuple(case.departments),
        received_at=case.received_at,
        due_at=case.due_at,
        provisional=case.provisional,
        actions=_verbs(actions),
    )


def ticket_view(ticket: Ticket, unit: str, actions: Iterable[Action] = ()) -> TicketView:
    """The ticket; `unit` is the department's name."""
    return TicketView(
        id=ticket.id,
        case_id=ticket.case_id,
        round=ticket.round,
        unit_id=ticket.unit_id,
        unit=unit,
        role=ticket.role,
        state=ticket.state,
        state_label=ticket.label,
        instructions=ticket.instructions,
        answer=ticket.answer,
        assigned_at=ticket.assigned_at,
        due_at=ticket.due_at,
        actions=_verbs(actions),
    )


def _verbs(actions: Iterable[Action]) -> tuple[Verb, ...]:
    return tuple(Verb(verb=action.verb, label=action.label) for action in actions)


class CaseList(BaseModel):
    """A page of cases, newest first; `next` is the `before` of the next page, null at the end."""

    model_config = ConfigDict(frozen=True)

    cases: tuple[CaseView, ...]
    next: int | None


class TicketList(BaseModel):
    """A page of tickets, newest first."""

    model_config = ConfigDict(frozen=True)

    tickets: tuple[TicketView, ...]
    next: int | None


class Done(BaseModel):
    """What came of an action: the sentence that page, card and chat show, and the thing as it is now."""

    model_config = ConfigDict(frozen=True)

    said: str
    case: CaseView | None = None
    ticket: TicketView | None = None

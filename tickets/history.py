"""The story of a case: one line for each step, with who, when and through which door; append-only."""

import orjson

from core import audit, clock, db
from core.actor import Actor
from core.audit import Beside
from core.events import Event, announce
from tickets.events import CaseMoved, TicketMoved
from tickets.matters import orphans
from tickets.models import Case, Ticket
from tickets.states import CaseVerb, TicketVerb

NO_LINE = Beside("", ())


async def add(
    case_id: int,
    verb: str,
    by: Actor,
    *,
    round_no: int,
    ticket_id: int | None = None,
    states: tuple[str, str] = ("", ""),
    text: str = "",
    detail: dict[str, object] | None = None,
    line: Beside = NO_LINE,
) -> int:
    """Write a line; its id. `text` is what a person wrote, `detail` the facts of the step as JSON.

    `line` is the audit line of the same step, written by the same statement.
    """
    number: int = await db.fetchval(
        "with story as (insert into history (case_id, ticket_id, round, verb, state_from, state_to, actor_id,"  # noqa: S608
        " actor_name, door, at, text, detail) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb)"
        f" returning id){line.sql} select id from story",
        case_id,
        ticket_id,
        round_no,
        verb,
        states[0],
        states[1],
        by.staff_id,
        by.name,
        by.door,
        clock.now(),
        text,
        orjson.dumps(detail or {}, default=str).decode(),
        *line.values,
    )
    return number


def _line(by: Actor, action: str, subject: str, number: int, before: str, after: str) -> Beside:
    return audit.beside(
        by, action, subject, number, source="story", fact="history", at=12, state_from=before, state_to=after
    )


async def case_moved(
    case: Case,
    verb: CaseVerb,
    by: Actor,
    before: str,
    *,
    text: str = "",
    events: tuple[Event, ...] = (),
    **detail: object,
) -> int:
    """Save a case that took a step, with its history and audit lines, and announce it; the id of the history line."""
    await orphans.refuse(case)
    case.version += 1
    await case.save()
    number = await add(
        case.id,
        verb,
        by,
        round_no=case.round,
        states=(before, case.state),
        text=text,
        detail=detail,
        line=_line(by, f"case.{verb}", "case", case.id, before, case.state),
    )
    await announce(CaseMoved(case_id=case.id, verb=verb, history_id=number), *events)
    return number


async def ticket_moved(
    ticket: Ticket,
    verb: TicketVerb,
    by: Actor,
    before: str,
    *,
    text: str = "",
    events: tuple[Event, ...] = (),
    **detail: object,
) -> None:
    """Save a ticket that took a step, with its history and audit lines, and announce it."""
    ticket.version += 1
    await ticket.save()
    number = await add(
        ticket.case_id,
        verb,
        by,
        round_no=ticket.round,
        ticket_id=ticket.id,
        states=(before, ticket.state),
        text=text,
        detail=detail,
        line=_line(by, f"ticket.{verb}", "ticket", ticket.id, before, ticket.state),
    )
    await announce(
        TicketMoved(ticket_id=ticket.id, case_id=ticket.case_id, verb=verb, history_id=number), *events
    )

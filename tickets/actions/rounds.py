"""The next round of a case: the one that is over is frozen, the same departments get tickets again. Declares no verb."""

from collections.abc import Sequence
from datetime import datetime

from core import db
from core.actor import Actor
from core.events import Event
from staff import queries as staff
from tickets.actions.shared import concern, new_ticket
from tickets.events import TicketAssigned
from tickets.models import Case, Ticket
from tickets.states import TicketState


async def freeze_and_open(case: Case, because: str, now: datetime) -> list[Ticket]:
    """Freeze the present round and open the next; the answered tickets of the former. Clocks are the caller's, who saves
    the case.
    """
    await db.execute(
        "update case_round set frozen_at = $3 where case_id = $1 and no = $2", case.id, case.round, now
    )
    last = await Ticket.filter(case_id=case.id, round=case.round, state=TicketState.DONE).order_by("id")
    case.round += 1
    case.closed_at = None
    await db.execute(
        "insert into case_round (case_id, no, opened_at, opened_because) values ($1, $2, $3, $4)",
        case.id,
        case.round,
        now,
        because,
    )
    return last


async def assign_again(case: Case, last: Sequence[Ticket], instructions: str, by: Actor) -> tuple[Event, ...]:
    """A ticket in the present round for each department of the former, and what is to be announced of them."""
    made: list[Event] = []
    for old in last:
        unit = (await staff.tree()).unit(old.unit_id)
        ticket = await new_ticket(case, unit, old.role, instructions, by)
        made.append(TicketAssigned(ticket_id=ticket.id))
    await concern(case)
    return tuple(made)

"""Urging a department (催办)."""

from core.actions import action
from core.actor import Actor
from core.db import transaction
from tickets import history
from tickets.actions.forms import Note
from tickets.actions.shared import check_round
from tickets.models import Ticket
from tickets.queries import access
from tickets.states import TicketVerb


@action(
    "ticket",
    TicketVerb.URGE,
    label="催办",
    form=Note,
    words=("催单", "催一下"),
    said="#{number} 已催办",
    help="催办 1234 请今日内答复",
)
async def urge(ticket_id: int, form: Note, *, by: Actor) -> Ticket:
    """Urge those who hold a ticket; counted, and told to them at once."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.URGE, by)
        ticket.urged += 1
        await history.ticket_moved(ticket, TicketVerb.URGE, by, before, text=form.note, times=ticket.urged)
    return ticket

"""Which tickets a document of a case may quote: its own, and those of the other voices of its matter.

Of another case only what everybody who may read this case's documents may know: both are secret in the same way, or
neither is. Reads only.
"""

from core.actor import Actor
from tickets.matters import merging, queries
from tickets.matters.voices import readable
from tickets.models import Case, Ticket
from tickets.states import TicketState


async def quotable(case: Case, by: Actor) -> list[tuple[Case, Ticket]]:
    """The tickets with their cases, those of this case first, then by the time the others came."""
    others = [
        other
        for other in await readable(await queries.members(case.matter_id), by)
        if other.id != case.id and merging.known_to(other) == merging.known_to(case)
    ]
    found = [(case, ticket) for ticket in await Ticket.filter(case_id=case.id).order_by("id")]
    for other in others:
        tickets = await Ticket.filter(case_id=other.id).exclude(state=TicketState.WITHDRAWN).order_by("id")
        found += [(other, ticket) for ticket in tickets if ticket.round == other.round]
    return found

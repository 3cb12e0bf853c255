"""Whoever lost a matter leaves its chat: a post ended or moved, a ticket went on, a case became secret. Reacts only."""

from im.putting_out import put_out
from staff.events import PostsChanged
from tickets.events import CaseMoved, CaseUpdated, TicketAssigned, TicketMoved

_OF_CASE = "r.subject in (select 'ticket:' || t.id from ticket t where t.case_id = $1)"


async def posts_changed(event: PostsChanged) -> None:
    """The person leaves the chats of what is theirs no more."""
    await put_out("m.staff_id = $1 and r.subject like 'ticket:%'", event.staff_id)


async def case_moved(event: CaseMoved | CaseUpdated | TicketMoved) -> None:
    """The chats of a case are left by those whom a step has parted from it."""
    await put_out(_OF_CASE, event.case_id)


async def ticket_assigned(event: TicketAssigned) -> None:
    """A ticket that went on to another department leaves its people behind."""
    await put_out("r.subject = $1", f"ticket:{event.ticket_id}")


async def units_moved(unit_ids: list[int]) -> None:
    """The chats of these units' open tickets, once they stand where their units stand now."""
    await put_out(
        "r.closed_at is null and r.subject in"
        " (select 'ticket:' || t.id from ticket t where t.unit_id = any($1::bigint[]))",
        unit_ids,
    )

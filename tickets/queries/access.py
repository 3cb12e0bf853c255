"""Who may see which case and ticket; every other query goes through here.

A case is seen by whoever may read cases or tickets in a unit that is concerned with it: the units of its
open or done tickets, its campus, and all above them (`cases.unit_ids`). A secret one is seen by far fewer:
tickets/queries/secrecy.py. What a person may not see does not exist for them: the same sentence for both.
"""

from core.actor import Actor, ActorKind, Permission
from core.errors import NotFound
from tickets.models import Case, Ticket
from tickets.queries import secrecy
from tickets.queries.reach import scope, unit_ids_of

__all__ = ["case", "lock_case", "lock_ticket", "scope", "ticket", "unit_ids_of"]


async def _sees(case: Case, by: Actor) -> bool:
    units = scope(by)
    return (units is None or not set(units).isdisjoint(case.unit_ids)) and await secrecy.sees(case, by)


async def case(case_id: int, by: Actor) -> Case:
    """A case this person may see, as they may read it: of a secret one perhaps its number and state alone.

    It is for reading; whoever changes it takes `lock_case`.

    Raises:
        NotFound: there is none, or none for this person.
    """
    found = await Case.get_or_none(id=case_id)
    if found is None or not await _sees(found, by):
        raise NotFound("没有这件诉求，或您无权查看")
    return secrecy.shown(found, by)


async def ticket(ticket_id: int, by: Actor) -> Ticket:
    """A ticket this person may see: of their units, or of a case they may read."""
    found = await Ticket.get_or_none(id=ticket_id)
    if found is None or not await _sees_ticket(found, by):
        raise NotFound(f"没有工单 #{ticket_id}，或您无权查看")
    return found


async def _sees_ticket(ticket: Ticket, by: Actor) -> bool:
    if by.kind is not ActorKind.STAFF:
        return True
    if not any(
        by.can(each, ticket.path, ticket.holder_id) for each in (Permission.TICKET_READ, Permission.CASE_READ)
    ):
        return False
    return secrecy.sees_ticket(await Case.get(id=ticket.case_id), ticket, by)


async def lock_case(case_id: int, by: Actor) -> Case:
    """A case this person may read whole, locked for the length of the transaction."""
    found = await Case.select_for_update().get_or_none(id=case_id)
    if found is None or not (await _sees(found, by) and secrecy.whole(found, by)):
        raise NotFound("没有这件诉求，或您无权查看")
    return found


async def lock_ticket(ticket_id: int, by: Actor) -> tuple[Case, Ticket]:
    """A ticket this person may see and its case, both locked; the case first, always, so that nobody waits in a circle."""
    seen = await ticket(ticket_id, by)
    case = await Case.select_for_update().get(id=seen.case_id)
    locked = await Ticket.select_for_update().get(id=ticket_id)
    if not await _sees_ticket(locked, by):
        raise NotFound(f"没有工单 #{ticket_id}，或您无权查看")
    return case, locked

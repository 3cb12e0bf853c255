"""Who may see which case and ticket; every other query goes through here.

A case is seen by whoever may read cases or tickets in a unit that is concerned with it: the units of its
open or done tickets, its campus, and all above them (`cases.unit_ids`).
"""

from core.actor import Actor, ActorKind, Permission
from core.errors import NotFound
from tickets.models import Case, Ticket

_READING = (Permission.CASE_READ, Permission.TICKET_READ)


def unit_ids_of(path: str) -> list[int]:
    """The ids in a unit's path: "/1/4/23/" → [1, 4, 23]."""
    return [int(part) for part in path.split("/") if part]


def scope(by: Actor) -> list[int] | None:
    """The units this person reads cases of; None means all, an empty list none."""
    if by.kind is not ActorKind.STAFF:
        return None
    paths = {path for permission in _READING for path in by.scope(permission)}
    units = [unit_ids_of(path) for path in paths]
    if any(len(ids) <= 1 for ids in units):  # the group itself: a database holds one group
        return None
    return sorted({ids[-1] for ids in units})


def _sees(case: Case, by: Actor) -> bool:
    units = scope(by)
    return units is None or not set(units).isdisjoint(case.unit_ids)


async def case(case_id: int, by: Actor) -> Case:
    """A case this person may see.

    Raises:
        NotFound: there is none, or none for this person.
    """
    found = await Case.get_or_none(id=case_id)
    if found is None or not _sees(found, by):
        raise NotFound("没有这件诉求，或您无权查看")
    return found


async def ticket(ticket_id: int, by: Actor) -> Ticket:
    """A ticket this person may see: of their units, or of a case they may read."""
    found = await Ticket.get_or_none(id=ticket_id)
    if found is None or not await _sees_ticket(found, by):
        raise NotFound(f"没有工单 #{ticket_id}，或您无权查看")
    return found


async def _sees_ticket(ticket: Ticket, by: Actor) -> bool:
    if by.can(Permission.TICKET_READ, ticket.path) or by.can(Permission.CASE_READ, ticket.path):
        return True
    return by.kind is not ActorKind.STAFF


async def lock_case(case_id: int, by: Actor) -> Case:
    """A case this person may see, locked for the length of the transaction."""
    found = await Case.select_for_update().get_or_none(id=case_id)
    if found is None or not _sees(found, by):
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

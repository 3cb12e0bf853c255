"""The units a person reads cases of, from their grants; pure, and knows nothing of secrecy (tickets/queries/secrecy.py)."""

from core.actor import Actor, ActorKind, Permission

READING = (Permission.CASE_READ, Permission.TICKET_READ)


def unit_ids_of(path: str) -> list[int]:
    """The ids in a unit's path: "/1/4/23/" → [1, 4, 23]."""
    return [int(part) for part in path.split("/") if part]


def units_of(by: Actor, *permissions: Permission) -> list[int] | None:
    """The topmost units for which this person holds one of these; None means all, an empty list none."""
    if by.kind is not ActorKind.STAFF:
        return None
    paths = {path for permission in permissions for path in by.scope(permission)}
    units = [unit_ids_of(path) for path in paths]
    if any(len(ids) <= 1 for ids in units):  # the group itself: a database holds one group
        return None
    return sorted({ids[-1] for ids in units})


def scope(by: Actor) -> list[int] | None:
    """The units this person reads cases of; None means all, an empty list none."""
    return units_of(by, *READING)

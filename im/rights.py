"""Who may do what in a room, as a table; values in, values out.

In a group people made themselves the owner and admins run it. A room about something else has members only: who
is in it follows the matter, and whoever moderates that part of the house keeps order. A sealed room is left alone.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from im.views import Role, Room


class Right(StrEnum):
    """What may be allowed in a room beyond reading and writing."""

    RENAME = "rename"
    ADD = "add"
    REMOVE = "remove"
    ROLES = "roles"
    ANNOUNCE = "announce"
    PIN = "pin"
    TO_ALL = "to_all"
    HUSH = "hush"
    RECALL = "recall"
    CLOSE = "close"
    LEAVE = "leave"
    EXPORT = "export"


_R = Right
_ADMIN = frozenset(
    {_R.RENAME, _R.ADD, _R.REMOVE, _R.ANNOUNCE, _R.PIN, _R.TO_ALL, _R.HUSH, _R.RECALL, _R.EXPORT}
)
_OWN_GROUP: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.OWNER: _ADMIN | {_R.ROLES, _R.CLOSE},
        Role.ADMIN: _ADMIN,
        Role.MEMBER: frozenset({_R.ADD}),
    }
)
_MODERATOR = frozenset(
    {_R.ADD, _R.REMOVE, _R.ANNOUNCE, _R.PIN, _R.TO_ALL, _R.HUSH, _R.RECALL, _R.CLOSE, _R.EXPORT}
)
_WHEN_CLOSED = frozenset({_R.EXPORT, _R.LEAVE, _R.RECALL})


def rights(room: Room) -> frozenset[Right]:
    """What this person may do in the room as they see it."""
    found: frozenset[Right] = frozenset()
    if room.member:
        found |= {_R.LEAVE}
        found |= _OWN_GROUP[room.role] if room.own_group else frozenset({_R.PIN})
    if room.moderates:
        found |= _MODERATOR
    if room.sealed:
        found -= {_R.ADD, _R.REMOVE, _R.EXPORT}
    return found & _WHEN_CLOSED if room.closed else found

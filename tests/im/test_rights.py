"""Who may do what in a room, exhaustively: every kind of room, every role, moderator or not, open or closed."""

import itertools

import pytest

from im.rights import Right, rights
from im.views import Role, Room

R = Right
ADMIN = {R.RENAME, R.ADD, R.REMOVE, R.ANNOUNCE, R.PIN, R.TO_ALL, R.HUSH, R.RECALL, R.EXPORT}
MODERATOR = {R.ADD, R.REMOVE, R.ANNOUNCE, R.PIN, R.TO_ALL, R.HUSH, R.RECALL, R.CLOSE, R.EXPORT}
OUTSIDE: set[Right] = set()


def room(subject: str, **more: object) -> Room:
    return Room.model_validate(
        {"id": 1, "subject": subject, "title": "x", "last_seq": 1, "closed": False, "member": True, **more}
    )


@pytest.mark.parametrize(
    ("subject", "role", "member", "moderates", "may"),
    [
        ("group:1", Role.OWNER, True, False, ADMIN | {R.ROLES, R.CLOSE, R.LEAVE}),
        ("group:1", Role.ADMIN, True, False, ADMIN | {R.LEAVE}),
        ("group:1", Role.MEMBER, True, False, {R.ADD, R.LEAVE}),
        ("group:1", Role.OWNER, False, False, OUTSIDE),  # once the owner, gone since
        ("group:1", Role.MEMBER, False, True, MODERATOR),
        ("group:1", Role.MEMBER, True, True, MODERATOR | {R.LEAVE}),
        ("group:1", Role.OWNER, True, True, ADMIN | MODERATOR | {R.ROLES, R.CLOSE, R.LEAVE}),
        ("ticket:1", Role.MEMBER, True, False, {R.PIN, R.LEAVE}),
        ("ticket:1", Role.OWNER, True, False, {R.PIN, R.LEAVE}),  # such a room knows no owner
        ("ticket:1", Role.MEMBER, False, True, MODERATOR),
        ("ticket:1", Role.MEMBER, False, False, OUTSIDE),
    ],
)
def test_an_open_room(subject: str, role: Role, *, member: bool, moderates: bool, may: set[Right]) -> None:
    assert rights(room(subject, role=role, member=member, moderates=moderates)) == may


def test_a_closed_room_can_be_left_exported_and_cleaned_and_nothing_else() -> None:
    for subject, role, moderates in itertools.product(("group:1", "ticket:1"), Role, (False, True)):
        open_now = rights(room(subject, role=role, moderates=moderates))
        closed = rights(room(subject, role=role, moderates=moderates, closed=True))
        assert closed == open_now & {R.EXPORT, R.LEAVE, R.RECALL}


def test_nobody_is_taken_into_a_sealed_room_or_out_of_it_by_hand_and_nothing_is_exported() -> None:
    for subject, role in itertools.product(("group:1", "ticket:1"), Role):
        sealed = rights(room(subject, role=role, sealed=True))
        assert sealed == rights(room(subject, role=role)) - {R.ADD, R.REMOVE, R.EXPORT}


@pytest.mark.parametrize(
    ("hushed", "silenced", "role", "moderates", "muted"),
    [
        (False, False, Role.MEMBER, False, False),
        (True, False, Role.ADMIN, False, True),
        (False, True, Role.MEMBER, False, True),
        (False, True, Role.ADMIN, False, False),
        (False, True, Role.OWNER, False, False),
        (False, True, Role.MEMBER, True, False),
        (True, True, Role.MEMBER, True, True),
    ],
)
def test_who_is_silent(*, hushed: bool, silenced: bool, role: Role, moderates: bool, muted: bool) -> None:
    seen = room("group:1", hushed=hushed, silenced=silenced, role=role, moderates=moderates)
    assert (seen.muted, seen.writable) == (muted, not muted)

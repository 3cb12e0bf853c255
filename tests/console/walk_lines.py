"""The kinds of lines of walk_table.py: how an address is tried and who may come through it. No test here.

How to add a line, from the narrowest to the widest:

- `own(path, at, needs)`    something of one person alone (`centre_staff` made it): 404 for all others
- `reach(path, at, needs)`  an object of cardiology: 403 without the permission, 404 when the unit is out of reach;
                            `closed=404` where the page does not even tell that such a thing could be,
                            `then` names permissions that are asked for within the page (refused without)
- `keeps(path, at)`         the account of somebody in cardiology: as reach, for who keeps accounts
- `room(path, at)`          a group chat: its members and who keeps order there, 404 for all others
- `may(path, needs, at)`    holders of one of the permissions anywhere: pages about no unit's object
- `verbs(path)`             doors of the register of actions: walked verb by verb by walk_verbs.py
- `staff(path, at)`         everybody who is signed in
- `machine(path, status)`   a door for machines: without a signature this status
- `anyone(path)`            no log-in at all

`at` is an address that exists: {case}, {ticket} … stand for objects of the scene in test_walk.py. `spent=True`: the
first who may come through uses the object up. `last`: walked after all else, since it changes who sees what. `body`: what
is sent, "name=value&…"; without one a reason.
"""

from dataclasses import dataclass

from tests.console.walk_people import permissions

READ = "case:read ticket:read"


@dataclass(frozen=True)
class Line:
    """One address, the way it is tried, and who may."""

    path: str
    kind: str
    at: str
    needs: frozenset[str] = frozenset()
    then: frozenset[str] = frozenset()
    closed: int = 403
    outside: int = 404
    status: int = 200
    body: str = ""
    spent: bool = False
    last: int = 0

    @property
    def method(self) -> str:
        """GET or POST."""
        return self.path.partition(" ")[0]


def _line(path: str, kind: str, at: str, needs: str = "", then: str = "", **more: object) -> Line:
    where = at or path.partition(" ")[2]
    return Line(path, kind, where, permissions(needs), permissions(then), **more)  # type: ignore[arg-type]


def anyone(path: str, at: str = "", **more: object) -> Line:
    """No log-in needed."""
    return _line(path, "anyone", at, **more)  # type: ignore[arg-type]


def machine(path: str, at: str = "", status: int = 401) -> Line:
    """A door that asks for a signature."""
    return _line(path, "machine", at, status=status)


def staff(path: str, at: str = "", **more: object) -> Line:
    """Everybody signed in."""
    return _line(path, "staff", at, **more)  # type: ignore[arg-type]


def may(path: str, needs: str, at: str = "", **more: object) -> Line:
    """Holders of a permission, wherever."""
    return _line(path, "may", at, needs, **more)  # type: ignore[arg-type]


def reach(path: str, at: str, needs: str = READ, **more: object) -> Line:
    """Holders of a permission, for cardiology."""
    return _line(path, "reach", at, needs, **more)  # type: ignore[arg-type]


def verbs(path: str) -> Line:
    """The doors of the register of actions: each verb has a line of its own in walk_verbs.py."""
    return _line(path, "verbs", "")


def keeps(path: str, at: str, **more: object) -> Line:
    """The account of somebody in cardiology."""
    return _line(path, "reach", at, "account:manage", **more)  # type: ignore[arg-type]


def nothing(path: str, needs: str, at: str, **more: object) -> Line:
    """As `may`, but the scene has no such object: whoever may is told that there is none (404), others 403."""
    return _line(path, "nothing", at, needs, **more)  # type: ignore[arg-type]


def own(path: str, at: str, needs: str = "", **more: object) -> Line:
    """The one who made it."""
    return _line(path, "own", at, needs, **more)  # type: ignore[arg-type]


def room(path: str, at: str, **more: object) -> Line:
    """Members of the group chat of the ticket."""
    return _line(path, "room", at, **more)  # type: ignore[arg-type]

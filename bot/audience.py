"""Who is concerned with a ticket or case: the liaison and deputies, the head, the centre, the vice-presidents.

A secret case concerns discipline inspection instead of the centre and the vice-presidents, and nobody is named here
who may not know of it (tickets/queries/secrecy.py).
"""

from collections.abc import Iterable

from bot.matters import Matter
from core.errors import NotFound
from staff import queries as staff
from staff.queries import Person
from staff.roles import Role
from tickets.queries import secrecy

MOST_DEPUTIES = 3
MOST_CENTRE = 5


async def liaisons(unit_id: int) -> list[Person]:
    """The liaison of a unit first, then the deputies; of a matter ask `liaisons_of`."""
    return (await staff.holders(unit_id, Role.LIAISON))[: 1 + MOST_DEPUTIES]


async def liaisons_of(matter: Matter) -> list[Person]:
    """The liaison of the ticket's unit first, then the deputies."""
    return await _cleared(matter, await liaisons(matter.ticket.unit_id)) if matter.ticket is not None else []


async def _cleared(matter: Matter, people: list[Person]) -> list[Person]:
    """Those who may know of the matter."""
    if not matter.case.secret:
        return people
    known = await secrecy.among(matter.case, matter.ticket, [person.id for person in people])
    return [person for person in people if person.id in known]


async def holder(matter: Matter) -> list[Person]:
    """Who signed for the ticket, else its liaison."""
    ticket = matter.ticket
    if ticket is None:
        return []
    if ticket.holder_id is not None:
        return await _cleared(matter, [await staff.person(ticket.holder_id)])
    return (await liaisons_of(matter))[:1]


async def deputies(matter: Matter) -> list[Person]:
    """The liaisons of the unit who do not hold the ticket."""
    if matter.ticket is None:
        return []
    held = {person.id for person in await holder(matter)}
    return [person for person in await liaisons_of(matter) if person.id not in held]


async def heads(matter: Matter) -> list[Person]:
    """The heads of the department."""
    ticket = matter.ticket
    if ticket is None:
        return []
    return await _cleared(matter, await staff.holders(ticket.unit_id, Role.DEPARTMENT_HEAD))


async def unit_of(matter: Matter) -> int | None:
    """The unit from which roles above are looked up: the ticket's, else the campus, else the group."""
    if matter.ticket is not None:
        return int(matter.ticket.unit_id)
    if matter.case.campus_id is not None:
        return int(matter.case.campus_id)
    tree = await staff.tree()
    return next((unit.id for unit in tree.units if unit.parent_id is None), None)


async def centre(matter: Matter) -> list[Person]:
    """The case's handler at the centre; when there is none, the centre's staff."""
    if matter.case.handler_id is not None:
        try:
            if found := await _cleared(matter, [await staff.person(matter.case.handler_id)]):
                return found
        except NotFound:
            pass
    return (await _role(matter, Role.CENTRE_STAFF))[:MOST_CENTRE]


async def _role(matter: Matter, role: Role) -> list[Person]:
    unit = await unit_of(matter)
    if unit is None:
        return []
    if matter.case.secret:
        known = await secrecy.inspectors(matter.case, unit)
        people = await staff.people(known)
        return [people[staff_id] for staff_id in known]
    return await staff.holders(unit, role)


async def rung(matter: Matter, roles: Iterable[str]) -> list[Person]:
    """The people a rung of the ladder names, each once."""
    found: dict[int, Person] = {}
    for name in roles:
        if name == "liaison":
            some = await holder(matter)
        elif name == "deputy":
            some = await deputies(matter)
        elif name == Role.DEPARTMENT_HEAD:
            some = await heads(matter)
        elif name == Role.CENTRE_STAFF:
            some = await centre(matter)
        else:
            some = await _role(matter, Role(name))
        found |= {person.id: person for person in some}
    return list(found.values())


async def centre_heads(matter: Matter) -> list[Person]:
    """Who reviews the centre's replies."""
    return await _role(matter, Role.CENTRE_HEAD)

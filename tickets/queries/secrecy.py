"""Who may know of a secret case (检举控告) at all, and who may read it whole.

《信访工作条例》 Art. 30: neither the material nor what is known of an accusation may reach the accused person or
unit. A secret case is therefore seen by

* whoever holds CASE_SECRET for a unit concerned: they read it whole;
* whoever handles one of its tickets in the department it was given to: they see that ticket and what they were
  asked to do, but neither who raised the matter nor the material (`shown`);

and by nobody who is accused, or who holds any post at or below an accused unit, whatever else they hold. Jobs see
everything; what they produce is asked for here again, by the person it is for. Changes nothing.
"""

import copy
from collections.abc import Collection, Iterable

from core import db
from core.actor import Actor, ActorKind, Door, Permission
from core.errors import Unauthenticated
from core.identity import mask_in_text
from staff import queries as staff
from staff.actors import actor_of
from staff.roles import Role
from tickets.models import Case, Ticket
from tickets.queries.reach import scope, unit_ids_of, units_of
from tickets.queries.values import Values
from tickets.states import TicketState

VEILED = "涉密事项"
# Whoever gave a ticket back, or had it taken away, is no longer concerned.
HELD = tuple(
    str(state) for state in TicketState if state not in (TicketState.RETURNED, TicketState.WITHDRAWN)
)

_TEXTS = (
    *(
        "content",
        "platform_no",
        "content_hash",
        "appeal_type",
        "category",
        "place",
        "channel",
        "registered_by",
    ),
    *(
        "caller_name",
        "caller_gender",
        "patient_name",
        "patient_number",
        "return_reason",
        "severity",
        "merged_number",
    ),
)
_NOTHING = (
    *("external_no", "inbound_id", "occurred_at"),
    *("caller_phone", "caller_phone_hash", "contact_phone", "contact_phone_hash"),
)
_LISTS = ("departments", "persons", "tags", "risks")


def condition(by: Actor, values: Values, alias: str = "c", *, whole: bool = False) -> str:
    """The SQL condition on `cases` (by this alias) that hides secret ones from this person.

    It says nothing of the units a person reads: that stays a condition of its own (`access.scope`). With
    `whole`, those of which they would see a ticket only are hidden too: for texts, phones and figures.
    """
    if by.kind is not ActorKind.STAFF:
        return "true"
    theirs = "" if whole else _handled(by, values, "st")
    # That the case is secret is said once more inside: else all tickets would be read first to be hashed.
    among_tickets = (
        f"exists (select 1 from ticket st where st.case_id = {alias}.id and {alias}.secret and {theirs})"  # noqa: S608
    )
    return _unless(by, values, alias, among_tickets if theirs else "")


def of_ticket(by: Actor, values: Values, ticket: str = "t", case: str = "c") -> str:
    """The same for a statement on tickets: hides those of secret cases; needs their `cases` joined."""
    if by.kind is not ActorKind.STAFF:
        return "true"
    return _unless(by, values, case, _handled(by, values, ticket))


def _unless(by: Actor, values: Values, alias: str, theirs: str) -> str:
    """Not secret; or not barred, and either to be read whole or a ticket is `theirs`."""
    units = units_of(by, Permission.CASE_SECRET)
    ways = [theirs] if theirs else []
    if units is None:
        ways.append("true")
    elif units:
        ways.append(f"{alias}.unit_ids && {values.arg(units)}::bigint[]")
    if not ways:
        return f"not {alias}.secret"
    return f"(not {alias}.secret or (not {barred_condition(by, values, alias)} and ({' or '.join(ways)})))"


def barred_condition(by: Actor, values: Values, alias: str = "c") -> str:
    """The SQL condition on `cases` that this person is accused in them, or belongs to an accused unit."""
    if by.kind is not ActorKind.STAFF:
        return "false"
    return (
        f"({values.arg(by.id)}::bigint = any({alias}.barred_staff_ids)"
        f" or {alias}.barred_unit_ids && {values.arg(_posts(by))}::bigint[])"
    )


def _handled(by: Actor, values: Values, ticket: str) -> str:
    """A ticket this person has to handle; "" when they handle none anywhere."""
    paths = by.scope(Permission.TICKET_HANDLE)
    if not paths:
        return ""
    held, under = values.arg(HELD), values.arg([f"{path}%" for path in paths])
    return f"({ticket}.state = any({held}::text[]) and {ticket}.path like any({under}::text[]))"


def _posts(by: Actor) -> list[int]:
    """All units in which this person has a post, and those above them."""
    return sorted({unit for grant in by.grants for unit in unit_ids_of(grant.path)})


async def visible(case_ids: Collection[int], by: Actor, *, whole: bool = False) -> set[int]:
    """Those of the cases that this person may see at all, by their units and by secrecy; `whole`: and read whole.

    Where cases are shown beside one another, as of one person or one matter, `whole` is asked for: each tells of the
    others.
    """
    values = Values()
    parts = [f"c.id = any({values.arg(list(case_ids))}::bigint[])", condition(by, values, whole=whole)]
    if (units := scope(by)) is not None:
        parts.append(f"c.unit_ids && {values.arg(units)}::bigint[]")
    rows = await db.fetch(f"select c.id from cases c where {' and '.join(parts)}", *values)  # noqa: S608
    return {row["id"] for row in rows}


async def hidden(case_ids: Collection[int], by: Actor) -> set[int]:
    """Those of the cases that are secret and not to be read whole by this person, whatever units they are of."""
    values = Values()
    ids = values.arg(list(case_ids))
    rows = await db.fetch(
        f"select c.id from cases c where c.id = any({ids}::bigint[]) and not {condition(by, values, whole=True)}",  # noqa: S608
        *values,
    )
    return {row["id"] for row in rows}


def barred(case: Case, by: Actor) -> bool:
    """Whether this person is accused, or belongs to an accused unit."""
    if not case.secret or by.kind is not ActorKind.STAFF:
        return False
    return by.id in case.barred_staff_ids or not set(case.barred_unit_ids).isdisjoint(_posts(by))


def barred_unit(case: Case, path: str) -> bool:
    """Whether the unit with this path is accused, or lies below one that is."""
    return case.secret and not set(case.barred_unit_ids).isdisjoint(unit_ids_of(path))


def whole(case: Case, by: Actor) -> bool:
    """Whether nothing of the case needs to be kept from this person for its secrecy."""
    if not case.secret or by.kind is not ActorKind.STAFF:
        return True
    units = units_of(by, Permission.CASE_SECRET)
    return not barred(case, by) and (units is None or not set(units).isdisjoint(case.unit_ids))


def sees_ticket(case: Case, ticket: Ticket, by: Actor) -> bool:
    """Whether secrecy lets this person see a ticket of the case: theirs to handle, or they read the case whole."""
    if whole(case, by):
        return True
    return not barred(case, by) and ticket.state in HELD and by.can(Permission.TICKET_HANDLE, ticket.path)


async def sees(case: Case, by: Actor) -> bool:
    """Whether secrecy lets this person know of the case."""
    if whole(case, by):
        return True
    if barred(case, by) or not by.can(Permission.TICKET_HANDLE):
        return False
    return any(sees_ticket(case, ticket, by) for ticket in await Ticket.filter(case_id=case.id))


def shown(case: Case, by: Actor) -> Case:
    """The case as this person may read it; never to be saved."""
    return unnumbered(case) if whole(case, by) else veil(case)


def unnumbered(case: Case) -> Case:
    """The case with phones and ID numbers masked in its title and words; never to be saved.

    People write their numbers into what they tell. They are shown whole with the caller's, for a reason
    (`tickets.revealing`).
    """
    title, content = mask_in_text(case.title), mask_in_text(case.content)
    if (title, content) == (case.title, case.content):
        return case
    seen = copy.copy(case)
    seen.title, seen.content = title, content
    return seen


def veil(case: Case) -> Case:
    """A copy without the person, the material and all that tells of them, if the case is secret; never to be saved.

    For what leaves the house or is read by several people: messages, cards, names of chats. Numbers of persons are
    masked in every case.
    """
    if not case.secret:
        return unnumbered(case)
    seen = copy.copy(case)
    blank: dict[str, object] = {
        **dict.fromkeys(_TEXTS, ""),
        **dict.fromkeys(_NOTHING),
        **{name: [] for name in _LISTS},
        "title": VEILED,
        "confidential": True,
        "anonymous": False,
    }
    for name, value in blank.items():
        setattr(seen, name, value)
    return seen


async def to_tell_of(case_id: int) -> Case:
    """The case as messages and groups may tell of it.

    Held until the transaction ends: so it becomes secret before they are written, or finds them all and closes them.
    """
    await db.execute("select 1 from cases where id = $1 for share", case_id)
    return veil(await Case.get(id=case_id))


async def among(case: Case, ticket: Ticket | None, staff_ids: Iterable[int]) -> set[int]:
    """Those of the people who may know of this case or ticket; all of them when it is not secret."""
    wanted = set(staff_ids)
    if not case.secret:
        return wanted
    found = set()
    for by in await _actors(wanted):
        if await sees(case, by) if ticket is None else sees_ticket(case, ticket, by):
            found.add(by.id)
    return {staff_id for staff_id in found if staff_id is not None}


async def readers(case: Case, staff_ids: Iterable[int]) -> set[int]:
    """Those of the people who may read the case whole; all of them when it is not secret."""
    wanted = set(staff_ids)
    if not case.secret:
        return wanted
    return {by.id for by in await _actors(wanted) if by.id is not None and whole(case, by)}


async def inspectors(case: Case, unit_id: int) -> list[int]:
    """Discipline inspection nearest to the unit, of those who are not accused themselves; staff ids by rank."""
    for unit in (await staff.tree()).line(unit_id):
        held = [person.id for person in await staff.holders(unit.id, Role.DISCIPLINE)]
        known = await readers(case, held)
        if found := [staff_id for staff_id in held if staff_id in known]:
            return found
    return []


async def _actors(staff_ids: Iterable[int]) -> list[Actor]:
    """The people as they act now; who left is none of them."""
    found = []
    for staff_id in sorted(staff_ids):
        try:
            found.append(await actor_of(staff_id, Door.WECOM))
        except Unauthenticated:
            continue
    return found

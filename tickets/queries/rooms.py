"""Who has reach to the chat of a ticket now, as one condition of SQL over today's posts; `im.reach` asks it.

The same as `access.ticket` and `secrecy`, but from the rows of posts rather than from an actor's grants: a socket's
actor may be half a minute old, and those who are to be told of a message are many.
"""

from collections.abc import Iterable

from core.actor import Permission
from staff.holding import holds
from staff.roles import OF_ONES_OWN, ROLES, Role
from tickets.queries.reach import READING
from tickets.queries.secrecy import HELD

BEGINNING = "ticket:"


def _roles(*permissions: Permission, own: bool = False) -> str:
    wanted = set(permissions) & OF_ONES_OWN if own else set(permissions)
    return f"array[{_quoted(role for role in Role if wanted & ROLES[role])}]::text[]"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def reaching(subject: str, staff: str) -> str:
    """The condition that the person reads the ticket whose room has this subject; true of one that is nobody's ticket."""
    number = f"case when {subject} ~ '^ticket:[0-9]{{1,18}}$' then substr({subject}, 8)::bigint end"
    return (
        "not exists (select 1 from ticket rt join cases rc on rc.id = rt.case_id"  # noqa: S608 - our own words
        f" where rt.id = {number} and not ({_reads(staff)} and (not rc.secret or {_in_on_it(staff)})))"
    )


def _reads(staff: str) -> str:
    """A post of theirs reads cases or tickets where this one lies, or it is their own work."""
    whole = (
        f"not rp.own and rp.role = any({_roles(*READING)})"
        " and (ru.parent_id is null or ru.id = any(rc.unit_ids) or starts_with(rt.path, ru.path))"
    )
    own = (
        f"rp.own and rp.role = any({_roles(*READING, own=True)})"
        f" and (rt.holder_id = {staff} or -{staff} = any(rc.unit_ids))"
    )
    return _post(staff, f"(({whole}) or ({own}))")


def _in_on_it(staff: str) -> str:
    """Of a secret case: they are not accused, and handle such cases or this very ticket."""
    barred = (
        f"({staff} = any(rc.barred_staff_ids) or "
        + _post(staff, "rc.barred_unit_ids && string_to_array(trim('/' from ru.path), '/')::bigint[]")
        + ")"
    )
    theirs = _post(
        staff,
        "not rp.own and ("
        f"(rp.role = any({_roles(Permission.CASE_SECRET)})"
        " and (ru.parent_id is null or ru.id = any(rc.unit_ids)))"
        f" or (rp.role = any({_roles(Permission.TICKET_HANDLE)}) and (ru.parent_id is null"
        f" or starts_with(rt.path, ru.path)) and rt.state in ({_quoted(HELD)})))",
    )
    return f"(not {barred} and {theirs})"


def _post(staff: str, where: str) -> str:
    return (
        "exists (select 1 from post rp join org_unit ru on ru.id = rp.unit_id"  # noqa: S608 - our own words
        " join staff rs on rs.id = rp.staff_id and rs.active"
        f" where rp.staff_id = {staff} and {holds('rp')} and {where})"
    )

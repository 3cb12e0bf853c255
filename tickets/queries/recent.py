"""Cases and tickets newest first, a page at a time, as far as a person may see them; for the API. Changes nothing."""

from core import db
from core.actor import Actor, Permission
from tickets.models import Case, Ticket
from tickets.queries import secrecy
from tickets.queries.access import scope
from tickets.queries.values import Values

MOST = 100


async def cases(by: Actor, *, state: str = "", before: int | None = None, limit: int = 50) -> list[Case]:
    """Cases in `state` (any when empty) with an id below `before`."""
    values = Values([scope(by), state, before, min(limit, MOST)])
    rows = await db.fetch(
        "select c.id from cases c where ($1::bigint[] is null or c.unit_ids && $1) and ($2 = '' or c.state = $2)"  # noqa: S608
        f" and ($3::bigint is null or c.id < $3) and {secrecy.condition(by, values)} order by c.id desc limit $4",
        *values,
    )
    found = await Case.filter(id__in=[row["id"] for row in rows]).order_by("-id")
    return [secrecy.shown(case, by) for case in found]


async def tickets(by: Actor, *, state: str = "", before: int | None = None, limit: int = 50) -> list[Ticket]:
    """Tickets of the units this person reads tickets or cases of."""
    paths = [*by.scope(Permission.TICKET_READ), *by.scope(Permission.CASE_READ)]
    values = Values([paths, state, before, min(limit, MOST)])
    rows = await db.fetch(
        "select t.id from ticket t join cases c on c.id = t.case_id where exists (select 1 from unnest($1::text[]) p where starts_with(t.path, p) or p = '/0/-' || t.holder_id || '/')"  # noqa: S608
        f" and ($2 = '' or t.state = $2) and ($3::bigint is null or t.id < $3) and {secrecy.of_ticket(by, values)}"
        " order by t.id desc limit $4",
        *values,
    )
    return await Ticket.filter(id__in=[row["id"] for row in rows]).order_by("-id")

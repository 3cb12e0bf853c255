"""Cases and tickets newest first, a page at a time, as far as a person may see them; for the API. Changes nothing."""

from core import db
from core.actor import Actor, Permission
from tickets.models import Case, Ticket
from tickets.queries.access import scope

MOST = 100


async def cases(by: Actor, *, state: str = "", before: int | None = None, limit: int = 50) -> list[Case]:
    """Cases in `state` (any when empty) with an id below `before`."""
    rows = await db.fetch(
        "select id from cases where ($1::bigint[] is null or unit_ids && $1) and ($2 = '' or state = $2)"
        " and ($3::bigint is null or id < $3) order by id desc limit $4",
        scope(by),
        state,
        before,
        min(limit, MOST),
    )
    return await Case.filter(id__in=[row["id"] for row in rows]).order_by("-id")


async def tickets(by: Actor, *, state: str = "", before: int | None = None, limit: int = 50) -> list[Ticket]:
    """Tickets of the units this person reads tickets or cases of."""
    paths = [*by.scope(Permission.TICKET_READ), *by.scope(Permission.CASE_READ)]
    rows = await db.fetch(
        "select id from ticket where exists (select 1 from unnest($1::text[]) p where starts_with(path, p))"
        " and ($2 = '' or state = $2) and ($3::bigint is null or id < $3) order by id desc limit $4",
        paths,
        state,
        before,
        min(limit, MOST),
    )
    return await Ticket.filter(id__in=[row["id"] for row in rows]).order_by("-id")

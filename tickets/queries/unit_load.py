"""How much is open at each unit; a count for whoever keeps the organisation, without a word of any case."""

from collections.abc import Sequence
from dataclasses import dataclass

from core import db
from tickets.states import OPEN_TICKET, TICKET_LABELS, TicketState


@dataclass(frozen=True, slots=True)
class Load:
    """How many open tickets stand in a state, and how many of them are late."""

    state: str
    label: str
    count: int
    late: int


async def open_by_unit() -> dict[int, int]:
    """How many open tickets each unit has itself."""
    rows = await db.fetch(
        "select t.unit_id, count(*)::int as amount from ticket t join cases c on c.id = t.case_id and c.round = t.round"
        " where t.state = any($1::text[]) group by t.unit_id",
        [str(state) for state in OPEN_TICKET],
    )
    return {row["unit_id"]: row["amount"] for row in rows}


async def of_units(unit_ids: Sequence[int]) -> list[Load]:
    """The open tickets of these units by state."""
    rows = await db.fetch(
        "select t.state, count(*)::int as count, (count(*) filter (where t.due_at < now()))::int as late"
        " from ticket t join cases c on c.id = t.case_id and c.round = t.round"
        " where t.unit_id = any($1::bigint[]) and t.state = any($2::text[]) group by t.state",
        list(unit_ids),
        [str(state) for state in OPEN_TICKET],
    )
    found = {row["state"]: row for row in rows}
    return [
        Load(state, TICKET_LABELS[state], found[state]["count"], found[state]["late"])
        for state in TicketState
        if state in found
    ]

"""What statistics do when something happened to a case: note that its facts are to be derived again."""

from core import db
from tickets.events import (
    CaseMoved,
    CaseReceived,
    CaseUpdated,
    DeadlineMoved,
    LimitsRecounted,
    TicketAssigned,
    TicketMoved,
)
from tickets.matters.events import CaseMerged


async def touch(event: CaseReceived | CaseUpdated | CaseMoved | TicketMoved) -> None:
    """A case, or a ticket of it, took a step."""
    await db.execute("insert into case_touch (case_id) values ($1)", event.case_id)


async def touch_merged(event: CaseMerged) -> None:
    """A case was merged or split: both are counted otherwise."""
    await db.execute("insert into case_touch (case_id) values ($1), ($2)", event.case_id, event.main_id)


async def touch_ticket(event: TicketAssigned) -> None:
    """A ticket came to a department."""
    await db.execute(
        "insert into case_touch (case_id) select case_id from ticket where id = $1", event.ticket_id
    )


async def touch_clock(event: DeadlineMoved) -> None:
    """A limit moved."""
    await db.execute(
        "insert into case_touch (case_id) select case_id from clock where id = $1", event.clock_id
    )


async def touch_recounted(event: LimitsRecounted) -> None:
    """Limits moved with the working days."""
    await db.execute(
        "insert into case_touch (case_id) select distinct k.case_id from recount_moved m join clock k on k.id = m.clock_id"
        " where m.recount_id = $1",
        event.recount_id,
    )

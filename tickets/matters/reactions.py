"""What one matter does when told: proposes likely cases, follows moved limits, tells the main case's rooms."""

from core import db
from im import actions as im
from tickets.events import CaseReceived, CaseUpdated, DeadlineMoved, LimitsRecounted
from tickets.matters import proposing, watching
from tickets.matters.events import CaseMerged
from tickets.models import Case, Clock, Ticket
from tickets.states import OPEN_TICKET
from tickets.story import sentence


async def propose(event: CaseReceived | CaseUpdated) -> None:
    """Find the cases that may be the same matter; a person decides."""
    await proposing.propose(await Case.get(id=event.case_id))


async def follow_update(event: CaseUpdated) -> None:
    """The sender printed another limit on a merged case: its main case's clock follows."""
    await watching.follow_change(event.case_id)


async def follow_limit(event: DeadlineMoved) -> None:
    """The platform moved a limit of a merged case: its main case's clock follows."""
    await watching.follow_change((await Clock.get(id=event.clock_id)).case_id)


async def follow_recount(event: LimitsRecounted) -> None:
    """The calendar moved limits of merged cases: their main cases' clocks follow."""
    rows = await db.fetch(
        "select distinct c.id from recount_moved r join cases c on c.id = r.case_id"
        " where r.recount_id = $1 and c.merged_into is not null order by c.id",
        event.recount_id,
    )
    for row in rows:
        await watching.follow_change(row["id"])


async def tell_rooms(event: CaseMerged) -> None:
    """The rooms of the main case's open tickets hear that a voice joined or left; the merged one's hear by their own."""
    text = await sentence(event.history_id)
    for ticket in await Ticket.filter(case_id=event.main_id, state__in=list(OPEN_TICKET)).order_by("id"):
        if ticket.room_id is not None:
            await im.say(ticket.subject, text, key=f"history:{event.history_id}:{ticket.id}")

"""The tickets of a merged case: held with a pointer to the main case's tickets, put back whole by a split.

A held ticket keeps everything but its state, which is kept aside; its clock runs on without reminders. Called
inside the transaction of a merge, under the lock of both cases.
"""

from core import clock, db
from core.actor import Actor, system
from staff import queries as staff
from tickets import clocks, history
from tickets.models import Case, Ticket, TicketRequest
from tickets.states import OPEN_TICKET, TicketState, TicketVerb


async def hold(case: Case, main: Case, merge_id: int, by: Actor) -> None:
    """Hold the open tickets of a case that is merged now; each tells where its work goes on."""
    theirs = await _open(main)
    for ticket in await _open(case):
        await db.execute(
            "insert into ticket_hold (merge_id, ticket_id, state) values ($1, $2, $3)",
            merge_id,
            ticket.id,
            ticket.state,
        )
        before = ticket.state
        ticket.state = TicketState.PAUSED  # no step of the table: `release` puts back what was
        text = await _pointer(ticket, main, theirs)
        await history.ticket_moved(ticket, TicketVerb.HOLD, by, before, text=text, main=main.id)


async def _open(case: Case) -> list[Ticket]:
    return (
        await Ticket.select_for_update()
        .filter(case_id=case.id, round=case.round, state__in=list(OPEN_TICKET))
        .order_by("id")
    )


async def _pointer(ticket: Ticket, main: Case, theirs: list[Ticket]) -> str:
    """Where this department's work goes on: its own ticket there, else those of the others, else with the centre."""
    own = [f"#{other.id}" for other in theirs if other.unit_id == ticket.unit_id]
    if own:
        return f"诉求已并入 {main.number}，请在工单 {'、'.join(own)} 中一并办理"
    if theirs:
        tree = await staff.tree()
        others = "、".join(f"#{other.id} {tree.unit(other.unit_id).name}" for other in theirs)
        return f"诉求已并入 {main.number}，由 {others} 一并办理"
    return f"诉求已并入 {main.number}，由病人服务中心在该诉求中统一派单"


async def release(case: Case, merge_id: int, by: Actor) -> None:
    """Give each held ticket its state back."""
    for ticket, state in await _held(merge_id):
        before = ticket.state
        ticket.state = state
        await history.ticket_moved(
            ticket, TicketVerb.RELEASE, by, before, text=f"{case.number} 已拆分，恢复办理"
        )


async def _held(merge_id: int) -> list[tuple[Ticket, TicketState]]:
    rows = await db.fetch(
        "select ticket_id, state from ticket_hold where merge_id = $1 order by ticket_id", merge_id
    )
    return [
        (await Ticket.select_for_update().get(id=row["ticket_id"]), TicketState(row["state"])) for row in rows
    ]


async def end(case: Case, main: Case, by: Actor) -> None:
    """The main case was answered: what is still held ends here, with all it holds."""
    for ticket in await _open(case):
        before = ticket.state
        ticket.move(TicketVerb.WITHDRAW, system("合并"))  # a consequence of the reply, whoever approved it
        ticket.done_at = clock.now()
        text = f"随 {main.number} 一并答复"
        await clocks.void_ticket(ticket, text)
        await TicketRequest.filter(ticket_id=ticket.id, state="pending").update(
            state="lapsed", decided_at=clock.now()
        )
        await history.ticket_moved(ticket, TicketVerb.WITHDRAW, by, before, text=text)

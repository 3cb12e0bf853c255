"""Writes anew what is missing; what is overdue is due at once. Inside the transaction of the round.

A row that is there in another state is woken, for a clock has one row for each rung of a version.
"""

from collections.abc import Sequence

from core import bell, clock, db
from core.actor import system
from core.due import Ask
from core.logs import trace_id
from staff import working_days
from tickets import clocks, history
from tickets.auditing.findings import Finding, Wrong
from tickets.models import Case, Clock, Ticket
from tickets.states import TicketState

BY = system("时限审计")
_WAKE = """
insert into due as d (due_at, kind, ref, ref_version, step, trace_id)
select a, k, r, v, s, $6 from unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::int[], $5::int[])
    as t(a, k, r, v, s)
on conflict (kind, ref, ref_version, step) do update
set state = 'due', due_at = excluded.due_at, attempts = 0, error = '', done_at = null
where d.state in ('due', 'void', 'missed', 'done')
"""


async def mend(findings: Sequence[Finding]) -> int:
    """Mend what can be mended; how many of the findings."""
    asks = [finding.ask for finding in findings if finding.ask is not None]
    await _wake(asks)
    mended = len(asks)
    for finding in findings:
        if finding.wrong is Wrong.TICKET_UNTIMED and finding.ticket_id is not None:
            mended += await _time_again(finding.ticket_id)
    if mended:
        await db.after_commit(_ring)
    return mended


async def _ring() -> None:
    await bell.ring("due")


async def _wake(asks: Sequence[Ask]) -> None:
    if not asks:
        return
    await db.execute(
        _WAKE,
        [ask.due_at for ask in asks],
        [ask.kind for ask in asks],
        [ask.ref for ask in asks],
        [ask.ref_version for ask in asks],
        [ask.step for ask in asks],
        trace_id(),
    )


async def _time_again(ticket_id: int) -> int:
    """Give a ticket the clock it has lost, to the limit it still shows; 1, or 0 when it needs none any more."""
    seen = await Ticket.get(id=ticket_id)
    case = await Case.select_for_update().get(id=seen.case_id)
    ticket = await Ticket.select_for_update().get(id=ticket_id)
    live = await Clock.exists(ticket_id=ticket_id, state__in=("running", "paused"))
    if live or ticket.due_at is None:
        return 0
    row = await Clock.create(
        case_id=case.id,
        ticket_id=ticket.id,
        round=ticket.round,
        kind="department",
        start_at=ticket.assigned_at,
        due_at=ticket.due_at,
        reason=f"原时钟缺失，由时限审计按工单原定时限 {clock.local(ticket.due_at):%Y-%m-%d %H:%M} 补建。",
        rule=None,
    )
    if ticket.state is TicketState.PAUSED:
        await clocks.pause(ticket)
    else:
        await clocks.arm(row, await working_days.calendar())
    await history.add(case.id, "limit_moved", BY, round_no=ticket.round, ticket_id=ticket.id, text=row.reason)
    return 1

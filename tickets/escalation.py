"""What happens when a clock reaches a rung of its ladder: the rung is written down and announced; the next is armed."""

from core import clock, db
from core.actor import system
from core.due import Came, Due
from core.events import announce
from staff import working_days
from tickets import clock_kinds, clocks, history
from tickets.deadlines import instant_of_rung
from tickets.events import ClockStepped
from tickets.models import Clock


async def step(due: Due) -> tuple[Came, str]:
    """Take the highest rung that is reached by now; lower ones that were slept through are told of with it."""
    row = await Clock.select_for_update().get_or_none(id=due.ref)
    if row is None or row.state != "running" or row.version != due.ref_version:
        return Came.VOID, "时钟已停止或时限已变更"
    if await db.fetchval("select merged_into is not null from cases where id = $1", row.case_id):
        return Came.VOID, "诉求已并入其他诉求，不再提醒"
    calendar = await working_days.calendar()
    now = clock.now()
    reached = [
        rung
        for rung in clock_kinds.rungs(row.kind)
        if rung.step > row.level
        and instant_of_rung(row.start_at, row.due_at, rung.share, row.paused_seconds, calendar) <= now
    ]
    if not reached:
        return Came.VOID, "尚未到提醒时点"
    rung = reached[-1]
    row.level = rung.step
    await row.save(update_fields=["level"])
    await history.add(
        row.case_id,
        "remind",
        system("时钟"),
        round_no=row.round,
        ticket_id=row.ticket_id,
        text=f"{clock_kinds.label(row.kind)}{rung.title}",
        detail={"clock": row.id, "step": rung.step, "roles": list(rung.roles)},
    )
    await announce(ClockStepped(clock_id=row.id, step=rung.step))
    await clocks.arm(row, calendar)
    slept = len(reached) - 1
    return Came.DONE, f"{rung.title}" + (f"（含此前 {slept} 级）" if slept else "")

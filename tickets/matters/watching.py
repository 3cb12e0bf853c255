"""The main case keeps watch over the limits of all that is merged into it: one clock of kind "merged", the earliest.

It is written anew whenever a merge, a split, the platform or the calendar changes what is earliest. The merged
cases' own clocks stay as they are, without reminders. Called under the lock of the main case.
"""

from core import clock as time
from core import db
from core.db import transaction
from staff import working_days
from tickets import clock_kinds, clocks
from tickets.matters import queries
from tickets.models import Case, Clock
from tickets.sources import SOURCES

KIND = "merged"
_EARLIEST = """
select k.id from clock k join cases c on c.id = k.case_id and c.round = k.round
where c.merged_into = $1 and k.ticket_id is null and k.state = 'running' and k.kind = any($2::text[])
order by k.due_at, k.id limit 1
"""


async def watch(main: Case) -> None:
    """Bring the main case's clock in line with the earliest limit merged into it; the caller saves the case."""
    number = await db.fetchval(_EARLIEST, main.id, [kind for kind in clock_kinds.ours() if kind != KIND])
    earliest = await Clock.get_or_none(id=number) if number else None
    row = (
        await Clock.select_for_update()
        .filter(case_id=main.id, ticket_id=None, round=main.round, kind=KIND, state="running")
        .first()
    )
    if earliest is None:
        if row is not None:
            row.state, row.ended_at, row.version = "void", time.now(), row.version + 1
            await row.save()
    else:
        await _follow(main, row, earliest)
    await clocks.refresh(main)


async def _follow(main: Case, row: Clock | None, earliest: Clock) -> None:
    case = await Case.get(id=earliest.case_id)
    reason = (
        f"并入的 {case.number}（{SOURCES[case.source].label}）{clock_kinds.label(earliest.kind)}："
        f"{earliest.reason}"
    )
    if row is not None and (row.due_at, row.start_at, row.reason) == (
        earliest.due_at,
        earliest.start_at,
        reason,
    ):
        return
    if row is None:
        row = Clock(case_id=main.id, round=main.round, kind=KIND, version=0)
    row.start_at, row.due_at, row.provisional = earliest.start_at, earliest.due_at, earliest.provisional
    row.reason, row.rule, row.level = reason, None, earliest.level  # rungs told already are not told again
    row.paused_seconds = earliest.paused_seconds
    row.version += 1
    await row.save()
    await clocks.arm(row, await working_days.calendar())


async def follow_change(case_id: int) -> None:
    """The limits of a case changed: if it is merged, its main case's clock follows."""
    async with transaction():
        main_id = await db.fetchval("select merged_into from cases where id = $1", case_id)
        if main_id is None:
            return
        main = await Case.select_for_update().get(id=main_id)
        if await queries.merged_into(main.id, held=True):
            await watch(main)
            await main.save(update_fields=["due_at", "provisional"])

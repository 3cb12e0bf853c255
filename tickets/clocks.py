"""The clocks of cases and tickets as rows: opened, met, paused, prolonged.

Each running clock has one row waiting in `due`: its next rung of the ladder. A change of the clock gives it
a new version, so that a row written for the old one finds itself void. Called by actions, inside their
transaction; tells nobody (reactions do). Counting again is `recounting`'s.
"""

from datetime import datetime
from typing import Protocol

from tortoise.expressions import Q

from core import clock as time
from core import db, due
from core.calendar import Calendar
from staff import working_days
from tickets import clock_kinds, limits, rules
from tickets.deadlines import Deadline, Unit, compute, instant_of_rung, paused, printed
from tickets.deadlines import extend as extended
from tickets.models import Case, Clock, Ticket

STEP = "clock.step"
SHELVED = "挂起"


class Ticking(Protocol):
    """What of a clock its ladder is told by."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def start_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def version(self) -> int: ...
    @property
    def level(self) -> int: ...
    @property
    def paused_seconds(self) -> int: ...


def next_ask(row: Ticking, calendar: Calendar) -> due.Ask | None:
    """The due row for the next rung that was not taken yet; None when the ladder is at its end."""
    nxt = clock_kinds.rung(row.kind, row.level + 1)
    if nxt is None:
        return None
    at = instant_of_rung(row.start_at, row.due_at, nxt.share, row.paused_seconds, calendar)
    return due.Ask(at, STEP, row.id, row.version, nxt.step)


async def arm(row: Clock, calendar: Calendar) -> None:
    """Write the due row of the next rung."""
    if ask := next_ask(row, calendar):
        await due.schedule(ask)


def _as_deadline(row: Clock) -> Deadline:
    return Deadline(row.due_at, row.provisional, row.reason)


async def open_limits(case: Case, found: tuple[limits.Limit, ...], ticket_id: int | None = None) -> None:
    """Write clocks and arm them."""
    calendar = await working_days.calendar()
    for limit in found:
        row = await Clock.create(
            case_id=case.id,
            ticket_id=ticket_id,
            round=case.round,
            kind=limit.kind,
            start_at=limit.start_at,
            due_at=limit.deadline.due_at,
            provisional=limit.deadline.provisional,
            reason=limit.deadline.reason,
            rule=limit.rule,
        )
        await arm(row, calendar)


async def open_case(
    case: Case, upstream_at: datetime | None, hospital_at: datetime | None, start: datetime
) -> None:
    """The upstream and hospital clocks of a case, for its present round."""
    found = limits.of_case(
        case.source,
        case.appeal_type,
        start,
        upstream_at,
        hospital_at,
        await rules.in_force(),
        await working_days.calendar(),
    )
    await open_limits(case, found)
    await refresh(case)


async def refresh(case: Case) -> None:
    """Set the case's own copy of its earliest running limit; the caller saves the case.

    A merged case has none: its limits are watched in its main case (tickets/matters/watching.py).
    """
    if case.merged_into is not None:
        case.due_at, case.provisional = None, False
        return
    running = await Clock.filter(
        case_id=case.id, ticket_id=None, state="running", kind__in=clock_kinds.ours()
    ).order_by("due_at")
    case.due_at = running[0].due_at if running else None
    case.provisional = any(row.provisional for row in running)


async def _above(case: Case) -> Deadline | None:
    """The earliest limit of the case that a department may not pass."""
    rows = await Clock.filter(
        Q(state__in=("running", "paused")) | Q(kind__in=clock_kinds.STAND_WHEN_MET, state="met"),
        case_id=case.id,
        ticket_id=None,
        round=case.round,
        kind__in=clock_kinds.ABOVE_DEPARTMENT,
    ).order_by("due_at")
    return _as_deadline(rows[0]) if rows else None


async def open_department(case: Case, ticket: Ticket) -> None:
    """The clock of a ticket that has just come to a department; sets `ticket.due_at`, the caller saves it."""
    limit = limits.of_department(
        case.source,
        case.appeal_type,
        ticket.assigned_at,
        await _above(case),
        await rules.in_force(),
        await working_days.calendar(),
    )
    if limit is not None:
        await open_limits(case, (limit,), ticket.id)
        ticket.due_at = limit.deadline.due_at


async def _live(ticket: Ticket) -> list[Clock]:
    return await Clock.select_for_update().filter(ticket_id=ticket.id, state__in=("running", "paused"))


async def _end(rows: list[Clock], state: str) -> None:
    for row in rows:
        row.state, row.ended_at, row.version = state, time.now(), row.version + 1
        await row.save()
    await _end_pauses(rows)


async def meet_ticket(ticket: Ticket) -> None:
    """The department has answered: its clock stops."""
    await _end(await _live(ticket), "met")


async def void_ticket(ticket: Ticket, why: str) -> None:
    """The clock of a ticket counts no more (returned, passed on, withdrawn); `why` is added to its reason."""
    rows = await _live(ticket)
    for row in rows:
        row.reason = f"{row.reason}（{why}，停止计时）"
    await _end(rows, "void")
    ticket.due_at = None


async def run_again(ticket: Ticket) -> None:
    """The answer was sent back: the clock that had stopped runs again to the same limit."""
    row = await Clock.select_for_update().filter(ticket_id=ticket.id, state="met").order_by("-id").first()
    if row is not None:
        row.state, row.ended_at, row.version = "running", None, row.version + 1
        await row.save()
        await arm(row, await working_days.calendar())


async def pause(ticket: Ticket, *, ground: str = SHELVED, by: str = "") -> None:
    """The clock stands still; `ground` will be said in its reason, `by` is who decided it."""
    await _stand_still(await _live(ticket), ground, by)


async def _stand_still(rows: list[Clock], ground: str, by: str) -> None:
    for row in rows:
        row.state, row.paused_at, row.version = "paused", time.now(), row.version + 1
        await row.save()
        await db.execute(
            "insert into clock_pause (clock_id, ground, from_at, paused_by) values ($1, $2, $3, $4)"
            " on conflict do nothing",
            row.id,
            ground,
            time.now(),
            by,
        )


async def resume(ticket: Ticket) -> None:
    """The clock runs again; its limit moves by as long as it stood still."""
    for row in await _go_on(await _live(ticket), SHELVED):
        ticket.due_at = row.due_at


async def _go_on(rows: list[Clock], ground: str) -> list[Clock]:
    calendar, now = await working_days.calendar(), time.now()
    grounds = await _end_pauses(rows)
    for row in rows:
        since = row.paused_at
        if since is not None:
            why = grounds.get(row.id) or ground
            row.paused_seconds += int((now - since).total_seconds())
            later = paused(_as_deadline(row), why, since, now, limits.rule_of(row.rule), calendar)
            row.due_at, row.reason, row.provisional = later.due_at, later.reason, later.provisional
            row.rule = limits.with_pause(row.rule, why, since, now)
        row.state, row.paused_at, row.version = "running", None, row.version + 1
        await row.save()
        await arm(row, calendar)
    return rows


async def _end_pauses(rows: list[Clock]) -> dict[int, str]:
    """Close the open pauses of these clocks; their grounds by clock."""
    found = await db.fetch(
        "update clock_pause set to_at = greatest($2, from_at) where clock_id = any($1::bigint[])"
        " and to_at is null returning clock_id, ground",
        [row.id for row in rows],
        time.now(),
    )
    return {row["clock_id"]: row["ground"] for row in found}


async def extend(case: Case, ticket: Ticket, days: int, approver: str) -> str:
    """Move a ticket's limit by working days, not past the limit above it; the new reason."""
    calendar = await working_days.calendar()
    above = await _above(case)
    reason = ""
    for row in await _live(ticket):
        new = limits.prolonged(
            _as_deadline(row), days, above, calendar, approver, limits.above_name(case.source)
        )
        row.rule = limits.with_extension(row.rule, days, Unit.WORKING_DAYS, approver, bound=True)
        await _move(row, new, calendar)
        ticket.due_at, reason = row.due_at, row.reason
    return reason


async def _move(row: Clock, new: Deadline, calendar: Calendar) -> None:
    """Another limit: the ladder starts again below it."""
    row.due_at, row.provisional, row.reason = new.due_at, new.provisional, new.reason
    row.version += 1
    row.level = level_at(row, calendar)
    await row.save()
    if row.state == "running":
        await arm(row, calendar)


def level_at(row: Ticking, calendar: Calendar) -> int:
    """The rung that is behind us now, after the limit moved: what lies ahead is to be told (again)."""
    behind = 0
    for entry in clock_kinds.rungs(row.kind) if row.level else ():
        at = instant_of_rung(row.start_at, row.due_at, entry.share, row.paused_seconds, calendar)
        if at <= time.now():
            behind = entry.step
    return min(behind, row.level)


async def end_case(case: Case, state: str) -> None:
    """The case's own clocks stop: met when it was replied, void when it was given back."""
    rows = await Clock.select_for_update().filter(
        Q(case_id=case.id), Q(ticket_id__isnull=True), state__in=("running", "paused")
    )
    await _end(rows, state)
    await refresh(case)


async def open_kind(case: Case, kind: str, start: datetime) -> Clock | None:
    """Start a clock of the case by the rule of its kind; None when no rule says anything. The caller saves the case."""
    rule = (await rules.in_force()).rule(case.source, case.appeal_type, kind)
    if rule is None:
        return None
    deadline = compute(start, rule, await working_days.calendar(), event=clock_kinds.KINDS[kind].event)
    await open_limits(case, (limits.Limit(kind, start, deadline, limits.as_json(rule)),))
    await refresh(case)
    return await Clock.filter(case_id=case.id, kind=kind, round=case.round).order_by("-id").first()


async def _of_kind(case: Case, kind: str, *states: str) -> list[Clock]:
    return await Clock.select_for_update().filter(
        case_id=case.id, ticket_id=None, round=case.round, kind=kind, state__in=states
    )


async def live_of_kind(case: Case, kind: str) -> Clock | None:
    """The case's clock of this kind that runs or stands still in the present round, locked."""
    rows = await _of_kind(case, kind, "running", "paused")
    return rows[-1] if rows else None


async def end_kind(case: Case, kind: str, state: str = "met") -> None:
    """The case's clock of this kind stops: met, or void. The caller saves the case."""
    await _end(await _of_kind(case, kind, "running", "paused"), state)
    await refresh(case)


async def pause_kind(case: Case, kind: str, *, ground: str = "", by: str = "") -> None:
    """The case's clock of this kind stands still (a hearing, say). The caller saves the case."""
    await _stand_still(await _of_kind(case, kind, "running"), ground, by)
    await refresh(case)


async def resume_kind(case: Case, kind: str, ground: str) -> None:
    """It runs again, later by as long as it stood still. The caller saves the case.

    The ground given when it was paused is said in its reason, `ground` where none was given.
    """
    await _go_on(await _of_kind(case, kind, "paused"), ground)
    await refresh(case)


async def prolong_kind(case: Case, kind: str, days: int, unit: Unit, approver: str) -> str:
    """Move the limit of the case's clock of this kind; its new reason. The caller saves the case."""
    calendar = await working_days.calendar()
    reason = ""
    for row in await _of_kind(case, kind, "running", "paused"):
        new = extended(_as_deadline(row), days, calendar, unit=unit, source=f"{approver} 批准")
        row.rule = limits.with_extension(row.rule, days, unit, approver, bound=False)
        await _move(row, new, calendar)
        reason = row.reason
    await refresh(case)
    return reason


async def reprint(row: Clock, due_at: datetime) -> None:
    """The sender stated another limit: it wins, and the ladder starts again below it."""
    await _fix(row, printed(due_at, "来单更新"))


def later(row: Clock, days: int, calendar: Calendar) -> datetime:
    """The instant of a limit some working days later; changes nothing."""
    return extended(_as_deadline(row), days, calendar).due_at


async def grant(row: Clock, days: int, until: datetime, receipt: str) -> None:
    """The platform agreed to a later upstream limit; like a printed one it stays, whatever the calendar becomes."""
    calendar = await working_days.calendar()
    await _fix(row, limits.granted(_as_deadline(row), days, until, receipt, calendar))


async def _fix(row: Clock, new: Deadline) -> None:
    """Set a limit that somebody stated and nobody computes."""
    row.rule = None
    await _move(
        row, Deadline(new.due_at, provisional=False, reason=new.reason), await working_days.calendar()
    )

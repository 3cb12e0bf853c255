"""The clocks of cases and tickets as rows: opened, met, paused, prolonged, counted again.

Each running clock has one row waiting in `due`: its next rung of the ladder. A change of the clock gives it
a new version, so that a row written for the old one finds itself void. Called by actions, inside their
transaction; tells nobody (reactions do).
"""

from datetime import datetime

from tortoise.expressions import Q

from core import clock as time
from core import due
from core.calendar import Calendar
from staff import working_days
from tickets import clock_kinds, limits, rules
from tickets.deadlines import Deadline, Unit, compute, instant_of_share, printed
from tickets.deadlines import extend as extended
from tickets.models import Case, Clock, Ticket

STEP = "clock.step"


def next_ask(row: Clock, calendar: Calendar) -> due.Ask | None:
    """The due row for the next rung that was not taken yet; None when the ladder is at its end."""
    nxt = clock_kinds.rung(row.kind, row.level + 1)
    if nxt is None:
        return None
    at = (
        row.due_at
        if nxt.share >= 1
        else instant_of_share(row.start_at, row.due_at, nxt.share, row.paused_seconds, calendar)
    )
    return due.Ask(min(at, row.due_at), STEP, row.id, row.version, nxt.step)


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
    """Set the case's own copy of its earliest running limit; the caller saves the case."""
    running = await Clock.filter(
        case_id=case.id, ticket_id=None, state="running", kind__in=clock_kinds.ours()
    ).order_by("due_at")
    case.due_at = running[0].due_at if running else None
    case.provisional = any(row.provisional for row in running)


async def _hospital(case: Case) -> Deadline | None:
    rows = await Clock.filter(
        case_id=case.id, ticket_id=None, round=case.round, kind__in=("hospital", "upstream")
    ).order_by("due_at")
    return _as_deadline(rows[0]) if rows else None


async def open_department(case: Case, ticket: Ticket) -> None:
    """The clock of a ticket that has just come to a department; sets `ticket.due_at`, the caller saves it."""
    limit = limits.of_department(
        case.source,
        case.appeal_type,
        ticket.assigned_at,
        await _hospital(case),
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


async def pause(ticket: Ticket) -> None:
    """The clock stands still."""
    await _stand_still(await _live(ticket))


async def _stand_still(rows: list[Clock]) -> None:
    for row in rows:
        row.state, row.paused_at, row.version = "paused", time.now(), row.version + 1
        await row.save()


async def resume(ticket: Ticket) -> None:
    """The clock runs again; its limit moves by as long as it stood still."""
    for row in await _go_on(await _live(ticket), "挂起"):
        ticket.due_at = row.due_at


async def _go_on(rows: list[Clock], ground: str) -> list[Clock]:
    calendar = await working_days.calendar()
    for row in rows:
        stood = time.now() - row.paused_at if row.paused_at else None
        if stood is not None:
            row.paused_seconds += int(stood.total_seconds())
            row.due_at += stood
            row.reason = f"{row.reason}；{ground} {_span(int(stood.total_seconds()))}，时限顺延"
            row.rule = {**(row.rule or {}), "paused": row.paused_seconds}
        row.state, row.paused_at, row.version = "running", None, row.version + 1
        await row.save()
        await arm(row, calendar)
    return rows


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    return (
        "".join(
            f"{number}{unit}"
            for number, unit in ((days, "天"), (hours, "小时"), (rest // 60, "分钟"))
            if number
        )
        or "不足 1 分钟"
    )


async def extend(case: Case, ticket: Ticket, days: int, approver: str) -> str:
    """Move a ticket's limit by working days, not past the hospital's; the new reason."""
    calendar = await working_days.calendar()
    above = await _hospital(case)
    reason = ""
    for row in await _live(ticket):
        new = limits.prolonged(_as_deadline(row), days, above, calendar)
        row.due_at, row.provisional = new.due_at, new.provisional
        row.reason = reason = f"{new.reason}（{approver} 批准）"
        granted = (row.rule or {}).get("extended", [])
        row.rule = {**(row.rule or {}), "extended": [*(granted if isinstance(granted, list) else []), days]}
        row.version += 1
        row.level = _level_at(row, calendar)
        await row.save()
        ticket.due_at = row.due_at
        await arm(row, calendar)
    return reason


def _level_at(row: Clock, calendar: Calendar) -> int:
    """The rung that is behind us now, after the limit moved: what lies ahead is to be told (again)."""
    behind = 0
    for entry in clock_kinds.rungs(row.kind):
        at = instant_of_share(row.start_at, row.due_at, entry.share, row.paused_seconds, calendar)
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


async def end_kind(case: Case, kind: str, state: str = "met") -> None:
    """The case's clock of this kind stops: met, or void. The caller saves the case."""
    await _end(await _of_kind(case, kind, "running", "paused"), state)
    await refresh(case)


async def pause_kind(case: Case, kind: str) -> None:
    """The case's clock of this kind stands still (a hearing, say). The caller saves the case."""
    await _stand_still(await _of_kind(case, kind, "running"))
    await refresh(case)


async def resume_kind(case: Case, kind: str, ground: str) -> None:
    """It runs again, later by as long as it stood still; `ground` is said in its reason. The caller saves the case."""
    await _go_on(await _of_kind(case, kind, "paused"), ground)
    await refresh(case)


async def prolong_kind(case: Case, kind: str, days: int, unit: Unit, approver: str) -> str:
    """Move the limit of the case's clock of this kind; its new reason. The caller saves the case."""
    calendar = await working_days.calendar()
    reason = ""
    for row in await _of_kind(case, kind, "running", "paused"):
        new = extended(_as_deadline(row), days, calendar, unit=unit, source=f"{approver} 批准")
        row.due_at, row.provisional, row.reason = new.due_at, new.provisional, new.reason
        granted = (row.rule or {}).get("extended", [])
        entry = {"amount": days, "unit": str(unit), "by": approver}
        row.rule = {**(row.rule or {}), "extended": [*(granted if isinstance(granted, list) else []), entry]}
        row.version += 1
        row.level = _level_at(row, calendar)
        await row.save()
        reason = row.reason
        if row.state == "running":
            await arm(row, calendar)
    await refresh(case)
    return reason


async def recount(row: Clock, calendar: Calendar) -> bool:
    """Count one clock again under a newer calendar; whether its limit moved. The caller holds its lock."""
    if row.rule is None:
        return False
    above: Deadline | None = None
    wanted = {"department": ("hospital", "upstream"), "hospital": ("upstream",)}.get(row.kind, ())
    if wanted:
        over = await Clock.filter(
            case_id=row.case_id, ticket_id=None, round=row.round, kind__in=wanted
        ).order_by("due_at")
        above = _as_deadline(over[0]) if over else None
    new = limits.again(row.kind, row.start_at, row.rule, above, calendar)
    moved = new.due_at != row.due_at
    if moved or new.provisional != row.provisional or new.reason != row.reason:
        row.due_at, row.provisional, row.reason = new.due_at, new.provisional, new.reason
        if moved:
            row.version += 1
            row.level = _level_at(row, calendar)
        await row.save()
        if moved and row.state == "running":
            await arm(row, calendar)
    return moved


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
    """Set a limit that somebody stated and nobody computes; the ladder starts again below it."""
    calendar = await working_days.calendar()
    row.due_at, row.reason, row.provisional, row.rule = new.due_at, new.reason, False, None
    row.version += 1
    row.level = _level_at(row, calendar)
    await row.save()
    await arm(row, calendar)

"""What an operator does to a schedule: pause it with a reason, resume, run it now, change when it runs. Each is audited."""

import re
from datetime import time

from core import audit, bell, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.schedules import BELL, REGISTER, Schedule, span
from core.schedules_running import open_schedules

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
MOST = 200  # characters of a reason


def find(name: str, by: Actor) -> Schedule:
    """The schedule of this name, for whoever runs the machine.

    Raises:
        Forbidden: not an operator.
        NotFound: no such schedule.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    if name not in REGISTER:
        raise NotFound("没有这项计划任务")
    return REGISTER[name]


async def _ready(name: str, by: Actor) -> Schedule:
    """As `find`; with its row, also before the first worker was ever started."""
    one = find(name, by)
    await open_schedules()
    return one


async def pause(name: str, reason: str, *, by: Actor) -> None:
    """Let it rest until somebody resumes it; a run in hand is finished.

    Raises:
        Invalid: no reason.
        Refused: it rests already, or a rule asks that it never rests.
    """
    one, reason = await _ready(name, by), " ".join(reason.split())
    if one.guard:
        raise Refused(f"“{one.label}”不能暂停：{one.guard}")
    if not 2 <= len(reason) <= MOST:
        raise _bad("reason", "暂停原因", f"请写明原因，2 至 {MOST} 个字", reason)
    async with transaction():
        changed = await db.execute(
            "update schedule set paused_at = $2, paused_by = $3, paused_reason = $4 where name = $1 and paused_at is null",
            name,
            clock.now(),
            by.name,
            reason,
        )
        if not changed:
            raise Refused(f"“{one.label}”已经暂停")
        await audit.record(by, "schedule.pause", "schedule", None, name=name, reason=reason)


async def resume(name: str, *, by: Actor) -> None:
    """Let it run again; what came due while it rested is done at once.

    Raises:
        Refused: it does not rest.
    """
    one = await _ready(name, by)
    async with transaction():
        reason = await db.fetchval(
            "select paused_reason from schedule where name = $1 and paused_at is not null for update", name
        )
        if reason is None:
            raise Refused(f"“{one.label}”没有暂停")
        await db.execute(
            "update schedule set paused_at = null, paused_by = '', paused_reason = '' where name = $1", name
        )
        await audit.record(by, "schedule.resume", "schedule", None, name=name, was=reason)
    await bell.ring(BELL)


async def run_now(name: str, *, by: Actor) -> None:
    """Have it run once, as soon as a worker is free; a paused one too, and it rests again afterwards."""
    await _ready(name, by)
    async with transaction():
        await db.execute(
            "update schedule set asked_at = $2, asked_by = $3 where name = $1", name, clock.now(), by.name
        )
        await audit.record(by, "schedule.run", "schedule", None, name=name)
    await bell.ring(BELL)


async def change(name: str, text: str, *, by: Actor) -> None:
    """Set how often (seconds) or at what time of day (08:30) it runs; "" is as declared.

    Raises:
        Invalid: outside of its bounds.
    """
    one = await _ready(name, by)
    every, at = (_every(one, text.strip()), None) if one.at is None else (None, _at(one, text.strip()))
    async with transaction():
        row = await db.fetchrow(
            "select every_seconds, daily_at from schedule where name = $1 for update", name
        )
        now = clock.now()
        await db.execute(
            "update schedule set every_seconds = $2, daily_at = $3, changed_by = $4, changed_at = $5,"
            " next_at = case when $3::time is null then least(next_at, $6) else $6 end where name = $1",
            name,
            every,
            at,
            by.name,
            now,
            one.after(now, every, at),
        )
        await audit.record(
            by,
            "schedule.change",
            "schedule",
            None,
            name=name,
            before=_said(one, row["every_seconds"], row["daily_at"]) if row else "",
            after=_said(one, every, at),
        )
    await bell.ring(BELL)


def _said(one: Schedule, every: int | None, at: time | None) -> str:
    return span(every or one.every) if one.at is None else f"{at or one.at:%H:%M}"


def _every(one: Schedule, text: str) -> int | None:
    if not text:
        return None
    bounds = f"应在 {one.low} 到 {one.high} 秒之间（{span(one.low)} 至 {span(one.high)}）"
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise _bad("when", "间隔", f"必须是整数，{bounds}", text)
    if not one.low <= int(text) <= one.high:
        raise _bad("when", "间隔", bounds, text)
    return None if int(text) == one.every else int(text)


def _at(one: Schedule, text: str) -> time | None:
    if not text:
        return None
    if not _TIME.fullmatch(text):
        raise _bad("when", "每天时间", "应为 24 小时制的时刻，例如 03:10", text)
    hour, minute = map(int, text.split(":"))
    wanted = time(hour, minute)
    if one.within is not None and not one.fits(wanted):
        raise _bad("when", "每天时间", f"只能在 {one.within[0]:%H:%M} 至 {one.within[1]:%H:%M} 之间", text)
    return None if wanted == one.at else wanted


def _bad(field: str, label: str, reason: str, value: str) -> Invalid:
    return Invalid(
        f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason, value=value[:100])]
    )

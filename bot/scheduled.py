"""Tells whoever is on duty that a schedule fails again and again, and that it runs well again. Writes message rows only."""

from bot.places import staff_receiver
from bot.proof import on_duty
from channels import actions as channels
from channels.drafts import Draft, Lane
from core import clock, schedules_queries
from core.schedules import REGISTER, ScheduleFailed, ScheduleRecovered
from core.schedules_queries import Run


async def failed(event: ScheduleFailed) -> None:
    """At once, at any hour: what failed, why, and where to look."""
    found = await schedules_queries.run(event.run_id)
    if found is None or found.name not in REGISTER:
        return
    one = REGISTER[found.name]
    text = (
        f"计划任务报警：“{one.label}”连续运行失败。\n"
        f"{clock.local(found.ended_at):%m-%d %H:%M}：{found.error[:200]}\n"
        f"作用：{one.what}。\n请信息科打开“设置 → 计划任务”查看。"
    )
    await _tell(f"schedule-failed:{found.id}", found, text, Lane.URGENT)


async def recovered(event: ScheduleRecovered) -> None:
    """The all-clear, to the same people."""
    found = await schedules_queries.run(event.run_id)
    if found is None or found.name not in REGISTER:
        return
    text = f"计划任务“{REGISTER[found.name].label}”已恢复正常（{clock.local(found.ended_at):%m-%d %H:%M}）。"
    await _tell(f"schedule-well:{found.id}", found, text, Lane.NORMAL)


async def _tell(key: str, found: Run, text: str, lane: Lane) -> None:
    for person in await on_duty():
        await channels.send(
            Draft(
                key=f"{key}:{person.id}",
                purpose="schedule.alarm",
                subject=f"schedule:{found.name}",
                receiver=staff_receiver(person),
                lane=lane,
                text=text,
            )
        )

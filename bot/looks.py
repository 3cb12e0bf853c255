"""Tells whoever answers for security that somebody has looked at as much hidden data as an hour allows, or opened a guarded
file. Writes messages only."""

from bot.infected import guards
from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft, Lane
from core import db
from core.identity import mask_in_text
from core.looking import LooksSpent
from patients.guarding import GuardedOpened
from staff import queries as staff


async def spent(event: LooksSpent) -> None:
    """At once; never the person themselves."""
    who = await staff.person(event.staff_id)
    for person in await guards():
        if person.id == event.staff_id:
            continue
        await channels.send(
            Draft(
                key=f"looks:{event.staff_id}:{event.hour}:{person.id}",
                purpose="look.limit",
                subject=f"staff:{event.staff_id}",
                receiver=staff_receiver(person),
                lane=Lane.URGENT,
                text=(
                    f"【安全提醒】{who.name}（{who.number}）一小时内已查看完整个人信息 {event.most} 次，达到上限，"
                    "系统已暂停其继续查看。请核实是否工作需要，查看明细见审计日志（由安全审计员查阅）。"
                ),
            )
        )


async def opened(event: GuardedOpened) -> None:
    """At once; who and why, never of whom: that stands in the audit log."""
    who = await staff.person(event.staff_id)
    reason = await db.fetchval("select reason from patient_opening where id = $1", event.opening_id)
    for person in await guards():
        if person.id == event.staff_id:
            continue
        await channels.send(
            Draft(
                key=f"guarded:{event.opening_id}:{person.id}",
                purpose="look.guarded",
                subject=f"staff:{event.staff_id}",
                receiver=staff_receiver(person),
                lane=Lane.URGENT,
                text=(
                    f"【安全提醒】{who.name}（{who.number}）打开了一份受保护的患者档案，写明的原因：{mask_in_text(reason)}。"
                    "请核实是否工作需要，患者和查看明细见审计日志（由安全审计员查阅）。"
                ),
            )
        )

"""Tells security administrators and auditors that the audit log is not sealed, and that it is again. Writes message rows only."""

from bot.infected import guards
from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft, Lane
from core import audit_stalling, clock
from core.audit_stalling import AuditSealedAgain, AuditStalled
from staff import queries as staff
from staff.queries import Person
from staff.roles import Role


async def stalled(event: AuditStalled) -> None:
    """At once, at any hour."""
    found = await audit_stalling.find(event.stall_id)
    if found is None:
        return
    text = (
        f"【审计日志报警】{clock.local(found.since):%m-%d %H:%M} 起的审计记录已超过 10 分钟没有封印，防篡改保护中断。\n"
        "请信息科检查后台进程和数据库，打开“系统 → 安全自查”查看。"
    )
    await _tell(f"audit-stalled:{found.id}", text, Lane.URGENT)


async def sealed_again(event: AuditSealedAgain) -> None:
    """The all-clear, to the same people."""
    found = await audit_stalling.find(event.stall_id)
    if found is None or found.ended_at is None:
        return
    text = f"审计日志封印已恢复（{clock.local(found.ended_at):%m-%d %H:%M}），中断期间的记录已补封。"
    await _tell(f"audit-sealed:{found.id}", text, Lane.NORMAL)


async def _watchers() -> list[Person]:
    roots = [unit for unit in (await staff.tree()).below() if unit.parent_id is None]
    auditors = [person for root in roots for person in await staff.holders(root.id, Role.AUDITOR)]
    return list({person.id: person for person in (*await guards(), *auditors)}.values())


async def _tell(key: str, text: str, lane: Lane) -> None:
    for person in await _watchers():
        await channels.send(
            Draft(
                key=f"{key}:{person.id}",
                purpose="audit.alarm",
                subject="audit:seal",
                receiver=staff_receiver(person),
                lane=lane,
                text=text,
            )
        )

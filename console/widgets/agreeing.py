"""Home module of those who agree that whole data leaves or goes: what waits for their word, oldest first."""

from datetime import datetime

from console.widgets.shapes import Content, Line, Lines, Widget
from core import clock
from core.actor import Actor, Permission
from tickets import export_approval
from tickets.privacy import checks

PATH = "/cases/exports/waiting"
MOST = 6


async def load(actor: Actor) -> Content:
    """Exports in full and requests about personal data; one's own are not among them."""
    asked = [wish for wish in await export_approval.waiting(by=actor) if not wish.own]
    lines = [
        Line(
            f"{wish.asked_by} 申请导出完整信息",
            f"{wish.recipient} · {wish.purpose}",
            PATH,
            _since(wish.asked_at),
            "todo",
        )
        for wish in asked
    ]
    lines += [
        Line(
            f"{wish.by_name} 提交：{wish.what}",
            wish.number,
            f"/cases/{wish.case_id}",
            _since(wish.at),
            "todo",
        )
        for wish in await checks.waiting(by=actor)
    ]
    return Lines(tuple(lines[:MOST]), "没有等您审批的导出和个人信息申请。", more=PATH if asked else "")


def _since(at: datetime) -> str:
    return f"{clock.local(at):%-m-%d %H:%M}"


WIDGET = Widget("agreeing", "待我审批", "checks", load, (Permission.EXPORT_APPROVE,))

"""Home module of who keeps accounts: guarded posts that wait for their word."""

from console.widgets.shapes import Content, Line, Lines, Widget
from core.actor import Actor, Permission
from staff import confirming

PAGE = "/settings/confirmations"
MOST = 6


async def load(actor: Actor) -> Content:
    """Those that this very person may confirm, the oldest first."""
    waits = [one for one in await confirming.waiting(by=actor) if not one.bar]
    lines = tuple(
        Line(f"{one.name} · {one.label}", f"{one.unit}，{one.asked_name} 提出", PAGE, one.how, "todo")
        for one in waits[:MOST]
    )
    return Lines(lines, "没有等您确认的岗位。", more=PAGE if waits else "")


WIDGET = Widget("confirmations", "岗位确认", "user-check", load, (Permission.ACCOUNT_MANAGE,))

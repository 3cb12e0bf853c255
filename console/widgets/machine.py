"""Home module of operators: what waits, what is late, what is parked in the machine's queues."""

from console.widgets.shapes import Content, Figure, Figures, Widget
from core import queues
from core.actor import Actor, Permission


async def load(_: Actor) -> Content:
    """The sums over the four queues; each leads to the operator page."""
    counts = await queues.counts()
    total = {state: sum(row.get(state, 0) for row in counts.values()) for state in ("due", "late", "parked")}
    return Figures(
        (
            Figure("待处理", total["due"], "/operate"),
            Figure("已延迟", total["late"], "/operate", "soon" if total["late"] else "good"),
            Figure("已搁置", total["parked"], "/operate", "late" if total["parked"] else "good"),
        ),
        "搁置的条目不会自动重试，需要人工处理。" if total["parked"] else "没有需要人工处理的条目。",
    )


WIDGET = Widget("machine", "运行状况", "heartbeat", load, (Permission.MACHINE_OPERATE,))

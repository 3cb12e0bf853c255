"""Home module of operators: what waits, is late or parked in the machine's queues, which schedules need somebody."""

from console.widgets.shapes import Content, Figure, Figures, Widget
from core import queues, schedules_queries
from core.actor import Actor, Permission

SCHEDULES = "/settings/schedules"


async def load(_: Actor) -> Content:
    """The sums over the four queues; each leads to the operator page."""
    counts, tasks = await queues.counts(), await schedules_queries.standing()
    total = {state: sum(row.get(state, 0) for row in counts.values()) for state in ("due", "late", "parked")}
    return Figures(
        (
            Figure("待处理", total["due"], "/operate"),
            Figure("已延迟", total["late"], "/operate", "soon" if total["late"] else "good"),
            Figure("已搁置", total["parked"], "/operate", "late" if total["parked"] else "good"),
            Figure("异常任务", len(tasks.alarming), SCHEDULES, "late" if tasks.alarming else "good"),
        ),
        _note(total["parked"], [one.schedule.label for one in tasks.alarming]),
    )


def _note(parked: int, alarming: list[str]) -> str:
    if alarming:
        return f"计划任务需要处理：{'、'.join(alarming[:3])}{'等' if len(alarming) > 3 else ''}。"
    return "搁置的条目不会自动重试，需要人工处理。" if parked else "没有需要人工处理的条目。"


WIDGET = Widget("machine", "运行状况", "heartbeat", load, (Permission.MACHINE_OPERATE,))

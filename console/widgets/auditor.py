"""Home module of operators: whether the auditor of deadlines lives, and what it had to mend."""

from console.widgets.shapes import Content, Figure, Figures, Widget
from core.actor import Actor, Permission
from tickets.auditing import queries

PATH = "/operate/auditor"


async def load(_: Actor) -> Content:
    """The last day in three figures; each leads to the rounds."""
    found = await queries.standing()
    alarm = found.last.alarm if found.last else ""
    alive = found.pulse.alive
    return Figures(
        (
            Figure("在办时钟", found.last.clocks if found.last else "—", PATH),
            Figure("24 小时审计", found.rounds_today, PATH, "good" if alive else "late"),
            Figure("24 小时补漏", found.repaired_today, PATH, "soon" if found.repaired_today else "good"),
        ),
        alarm or ("每个在办时限都有提醒在等。" if alive else "时限审计没有在运行，请检查后台进程。"),
    )


WIDGET = Widget("auditor", "时限审计", "shield-check", load, (Permission.MACHINE_OPERATE,))

"""Home module: what waits for this person, the most pressing first."""

from datetime import datetime

from console.remaining import remaining, tone
from console.widgets.shapes import Content, Line, Lines, Tone, Widget
from core import clock
from core.actor import Actor, Permission
from tickets.queries import cases
from tickets.queries.case_filter import CaseFilter
from tickets.queries.case_rows import CaseRow

LOOKED_AT = 60  # the newest; of these the most pressing are shown
MOST = 6
_TONES: dict[str, Tone] = {"late": "late", "soon": "soon", "calm": "good"}


async def load(actor: Actor) -> Content:
    """Their cases by limit, those without one last."""
    wanted = CaseFilter(todo=True)
    found = await cases.page(wanted, by=actor, limit=LOOKED_AT)
    now = clock.now()
    rows = sorted(found.rows, key=lambda row: (row.due_at is None, row.due_at or now, row.id))
    lines = tuple(_line(row, now) for row in rows[:MOST])
    return Lines(lines, "没有等您处理的诉求。", more=f"/cases?{wanted.query()}" if lines else "")


def _line(row: CaseRow, now: datetime) -> Line:
    units = "、".join(ticket.unit for ticket in row.tickets[:3])
    note = " · ".join(filter(None, (row.number, row.label, units)))
    if row.due_at is None:
        return Line(row.title, note, f"/cases/{row.id}")
    return Line(
        row.title, note, f"/cases/{row.id}", remaining(row.due_at, now), _TONES[tone(row.due_at, now)]
    )


WIDGET = Widget(
    "todo", "待我处理", "list-check", load, (Permission.CASE_READ, Permission.TICKET_READ), size="two"
)

"""Home module: the limits that come next, late ones first."""

from datetime import datetime

from console.remaining import remaining, tone
from console.widgets.shapes import Content, Line, Lines, Tone, Widget
from core import clock
from core.actor import Actor, Permission
from tickets.queries import cases
from tickets.queries.case_filter import CaseFilter
from tickets.queries.case_rows import CaseRow

LOOKED_AT = 40  # of the late ones and of those of the next three days, each
MOST = 6
_TONES: dict[str, Tone] = {"late": "late", "soon": "soon", "calm": "good"}


async def load(actor: Actor) -> Content:
    """Cases with a limit that is over or ends within three days, the oldest limit first."""
    late = await cases.page(CaseFilter(due="late"), by=actor, limit=LOOKED_AT)
    soon = await cases.page(CaseFilter(due="3"), by=actor, limit=LOOKED_AT)
    now = clock.now()
    rows = sorted((*late.rows, *soon.rows), key=lambda row: (row.due_at is None, row.due_at or now, row.id))
    lines = tuple(_line(row, row.due_at, now) for row in rows[:MOST] if row.due_at is not None)
    more = CaseFilter(due="late" if late.rows else "3")
    return Lines(lines, "三天内没有到期的诉求。", more=f"/cases?{more.query()}" if lines else "")


def _line(row: CaseRow, due_at: datetime, now: datetime) -> Line:
    return Line(
        row.title,
        " · ".join(filter(None, (row.number, row.label))),
        f"/cases/{row.id}",
        remaining(due_at, now),
        _TONES[tone(due_at, now)],
    )


WIDGET = Widget("due", "即将到期", "clock-exclamation", load, (Permission.CASE_READ, Permission.TICKET_READ))

"""The modules of the home page. A new one is one file here and one line in `WIDGETS`.

A widget reads through `queries` with the person's scope and gives one of three shapes; it draws nothing itself.
Their order here is the order of a home page that nobody has arranged.
"""

from types import MappingProxyType

from console.widgets import (
    agreeing,
    auditor,
    bulletins,
    calendar,
    cases,
    chats,
    confirmations,
    doors,
    due,
    figures,
    machine,
    tasks,
    todo,
    unit,
    views,
)
from console.widgets.shapes import Widget

WIDGETS: MappingProxyType[str, Widget] = MappingProxyType(
    {
        widget.name: widget
        for widget in (
            cases.WIDGET,
            todo.WIDGET,
            agreeing.WIDGET,
            chats.WIDGET,
            due.WIDGET,
            confirmations.WIDGET,
            tasks.WIDGET,
            bulletins.WIDGET,
            unit.WIDGET,
            figures.WIDGET,
            machine.WIDGET,
            auditor.WIDGET,
            calendar.WIDGET,
            doors.WIDGET,
            views.WIDGET,
        )
    }
)

"""The modules of the home page. A new one is one file here and one line in `WIDGETS`.

A widget reads through `queries` with the person's scope and gives one of three shapes; it draws nothing itself.
"""

from types import MappingProxyType

from console.widgets import auditor, calendar, cases, doors, machine, todo
from console.widgets.shapes import Widget

WIDGETS: MappingProxyType[str, Widget] = MappingProxyType(
    {
        widget.name: widget
        for widget in (
            todo.WIDGET,
            calendar.WIDGET,
            cases.WIDGET,
            doors.WIDGET,
            machine.WIDGET,
            auditor.WIDGET,
        )
    }
)

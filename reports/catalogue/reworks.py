"""Worked on again (重办), more time (延期), given back to the platform (退单)."""

from reports.catalogue.base import Figure, Statistic

_ALL = ("case.received", "case.reworked")
REWORK = Figure(
    "reworked", "重办率", "重办件次 ÷ 收到件数", ("case.reworked",), ("case.received",), better=-1
)
EXTENDED = Figure(
    "extended", "延期率", "批准过延期的件次 ÷（收到件数 + 重办件次）", ("case.extended",), _ALL, better=-1
)
RETURNED = Figure(
    "returned", "退单率", "退回热线平台的件次 ÷（收到件数 + 重办件次）", ("case.returned",), _ALL
)
REWORKS = Statistic("reworks", "退单、延期与重办", tiles=(REWORK,), figures=(RETURNED, EXTENDED, REWORK))

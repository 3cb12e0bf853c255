"""Limits kept (按时办结), for each kind of clock."""

from reports.catalogue.base import Figure, Statistic, Table

ON_TIME = Figure(
    "on_time",
    "按时率",
    "到期前完成的时限 ÷（已完成的时限 + 已超期未完成的时限）；挂起期间不计，作废的不计",
    ("clock.met",),
    ("clock.met", "clock.met_late", "running.overdue"),
    better=1,
)
MET = Figure("met", "按时完成", "到期前完成的时限个数", ("clock.met",))
LATE = Figure("met_late", "超期完成", "到期后才完成的时限个数", ("clock.met_late",), better=-1)
OVERDUE = Figure(
    "overdue", "超期未完成", "已过期限仍未完成的时限个数（截至现在）", ("running.overdue",), better=-1
)

TIMELINESS = Statistic(
    "timeliness",
    "按时率",
    tiles=(ON_TIME,),
    tables=(Table("kind", "各类时限", "kind", (ON_TIME, MET, LATE, OVERDUE), "columns"),),
)

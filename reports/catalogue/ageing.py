"""How old the matters are that are being worked on now, whenever they came."""

from reports.catalogue.base import Figure, Statistic, Table

WAITING = Figure("waiting", "在办", "现在仍在办理的件次，不限收到时间", ("running.waiting",))
AGEING = Statistic(
    "ageing",
    "在办件账龄（截至现在）",
    tables=(Table("age", "已收到天数", "age", (WAITING,), "columns", whole=True),),
)

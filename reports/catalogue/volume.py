"""How many matters were raised, and how it goes from month to month."""

from reports.catalogue.base import Figure, Statistic, Table

RECEIVED = Figure("received", "受理量", "期间内收到的诉求件数（合并件只计主件）", ("case.received",))
REPLIED = Figure(
    "replied", "已答复", "期间内收到或重办的诉求中，答复已审核通过或已办结的件次", ("case.replied",)
)
CONCLUDED = Figure(
    "concluded",
    "办结率",
    "已答复件次 ÷（收到件数 + 重办件次）",
    ("case.replied",),
    ("case.received", "case.reworked"),
    better=1,
)
AVERAGE = Figure(
    "reply_hours", "平均答复用时（小时）", "收到至答复的总时长 ÷ 已答复件次",
    ("case.reply_minutes",), ("case.replied",), per=0, better=-1,
)  # fmt: skip

VOLUME = Statistic(
    "volume",
    "受理与办结",
    tiles=(RECEIVED, CONCLUDED),
    tables=(Table("months", "逐月受理与答复", "month", (RECEIVED, REPLIED, CONCLUDED, AVERAGE), "line"),),
)

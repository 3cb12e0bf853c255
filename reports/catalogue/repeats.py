"""Raised again by the same telephone, and matters per 10,000 visits (万诊疗人次)."""

from reports.catalogue.base import VISITS, Figure, Statistic

REPEATED = Figure(
    "repeated",
    "重复率",
    "同一电话 {days} 天内再次反映的件数 ÷ 收到件数",
    ("case.repeated",),
    ("case.received",),
    better=-1,
)
PER_VISITS = Figure(
    "per_visits",
    "万诊疗人次诉求量",
    "收到件数 × 10000 ÷ 期间内就诊人次",
    ("case.received",),
    (VISITS,),
    per=10_000,
    better=-1,
)
REPEATS = Statistic(
    "repeats",
    "重复与万诊疗人次",
    tiles=(PER_VISITS,),
    figures=(
        REPEATED,
        PER_VISITS,
        Figure(
            "repeats_per_visits", "万诊疗人次重复量", "重复件数 × 10000 ÷ 期间内就诊人次",
            ("case.repeated",), (VISITS,), per=10_000, better=-1,
        ),
    ),
)  # fmt: skip

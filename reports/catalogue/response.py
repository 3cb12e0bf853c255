"""Response rate (响应率, 北京市接诉即办工作条例 Art. 32): contact in time among those whose time has come."""

from reports.catalogue.base import Figure, Statistic

IN_TIME = Figure(
    "responded",
    "响应率",
    "{hours} 小时内首次联系或签收的件次 ÷（已联系或签收 + 超过 {hours} 小时仍未联系）的件次",
    ("case.responded_in_time",),
    ("case.responded", "running.unanswered"),
    better=1,
)
RESPONSE = Statistic(
    "response",
    "响应",
    tiles=(IN_TIME,),
    figures=(
        IN_TIME,
        Figure(
            "unanswered",
            "超时未响应",
            "超过 {hours} 小时仍未联系或签收的在办件次",
            ("running.unanswered",),
            better=-1,
        ),
    ),
)

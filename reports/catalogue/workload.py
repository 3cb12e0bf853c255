"""Who carries how much: those who handle cases at the centre, and the tickets of departments."""

from reports.catalogue.base import Figure, Statistic, Table

_TAKEN = Figure(
    "handled", "经手", "期间内收到或重办、由其经办的件次", ("handler.received", "handler.reworked")
)
_OPEN = Figure("unfinished", "在办", "其中仍在办理的件次", ("handler.unfinished",))
_DONE = Figure("handled_replied", "已答复", "其中已答复的件次", ("handler.replied",))
_HOURS = Figure(
    "handled_hours", "平均用时（小时）", "收到至答复的总时长 ÷ 已答复件次",
    ("handler.reply_minutes",), ("handler.replied",), per=0, better=-1,
)  # fmt: skip
_ASSIGNED = Figure("assigned", "工单", "期间内派给科室的工单张数（撤销的不计）", ("ticket.assigned",))
_T_OPEN = Figure("ticket_open", "在办", "其中未办结的工单", ("ticket.unfinished",))
_T_DONE = Figure("ticket_done", "已办结", "其中已办结的工单", ("ticket.done",))
_T_HOURS = Figure(
    "ticket_hours", "平均答复用时（小时）", "派单至科室答复的总时长 ÷ 已答复工单",
    ("ticket.answer_minutes",), ("ticket.answered",), per=0, better=-1,
)  # fmt: skip
_T_RETURNED = Figure(
    "ticket_returned",
    "科室退回率",
    "科室退回过的工单 ÷ 工单",
    ("ticket.returned",),
    ("ticket.assigned",),
    better=-1,
)
_T_BACK = Figure(
    "ticket_sent_back",
    "打回率",
    "答复被打回过的工单 ÷ 工单",
    ("ticket.sent_back",),
    ("ticket.assigned",),
    better=-1,
)
_T_EXTENDED = Figure(
    "ticket_extended",
    "延期率",
    "批准过延期的工单 ÷ 工单",
    ("ticket.extended",),
    ("ticket.assigned",),
    better=-1,
)
_T_URGED = Figure(
    "ticket_urged", "催办率", "被催办过的工单 ÷ 工单", ("ticket.urged",), ("ticket.assigned",), better=-1
)

WORKLOAD = Statistic(
    "workload",
    "工作量",
    tables=(
        Table("tickets", "科室工单", "unit", (_ASSIGNED, _T_OPEN, _T_DONE, _T_HOURS, _T_RETURNED, _T_BACK, _T_EXTENDED, _T_URGED), "bars", top=True),
        Table("handlers", "中心经办人", "handler", (_TAKEN, _OPEN, _DONE, _HOURS), "bars", top=True),
    ),
)  # fmt: skip

"""The words for what is counted, as the list behind a number is headed. Holds words only."""

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "case.received": "收到的诉求",
    "case.reworked": "重办",
    "case.returned": "退单",
    "case.replied": "已答复",
    "case.responded": "已联系或签收",
    "case.responded_in_time": "及时联系或签收",
    "case.repeated": "重复反映",
    "case.extended": "批准过延期",
    "case.found_true": "属实",
    "case.found_partly": "部分属实",
    "case.found_false": "不属实",
    "case.found_unknown": "无法核实",
    "case.called": "已回访",
    "case.solved_asked": "回访有是否解决的答复",
    "case.solved": "回访已解决",
    "case.satisfied_asked": "回访有满意度",
    "case.satisfied": "回访满意",
    "case.dissatisfied": "回访不满意",
    "topic.received": "收到的诉求",
    "handler.received": "经手",
    "handler.reworked": "经手重办",
    "handler.unfinished": "在办",
    "handler.replied": "已答复",
    "ticket.assigned": "科室工单",
    "ticket.unfinished": "在办工单",
    "ticket.done": "已办结工单",
    "ticket.answered": "科室已答复工单",
    "ticket.returned": "科室退回过的工单",
    "ticket.sent_back": "被打回过的工单",
    "ticket.extended": "延期过的工单",
    "ticket.urged": "被催办过的工单",
    "clock.met": "按时完成的时限",
    "clock.met_late": "超期完成的时限",
    "running.overdue": "超期未完成的时限",
    "running.unanswered": "超时未响应",
    "running.waiting": "在办",
}


def named(measures: tuple[str, ...]) -> str:
    """ "收到的诉求、重办"."""
    return "、".join(LABELS[measure] for measure in measures)

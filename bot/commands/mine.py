"""What waits for me, what is late, what is late soon."""

from datetime import timedelta

from bot import queries, remaining
from bot.commands.base import Command, may
from bot.lines import Said
from bot.places import Answer, Speaker, one_line
from bot.queries import Line
from core.actor import Permission
from staff import queries as staff
from tickets.states import CASE_LABELS, TICKET_LABELS, CaseState, TicketState

READS = may(Permission.TICKET_READ, Permission.CASE_READ)
SOON_WITHIN = timedelta(hours=24)


async def lines_of(found: list[Line]) -> str:
    """The tickets as a list."""
    tree = await staff.tree()
    return "\n".join(
        f"#{line.id} {TICKET_LABELS[TicketState(line.state)]} {remaining.left(line.due_at)}"
        f" {one_line(line.title, 24)}（{tree.label(line.unit_id)}）"
        for line in found
    )


async def _mine(speaker: Speaker, _: Said) -> Answer:
    found, total = await queries.waiting(speaker.actor)
    cases = await queries.cases_waiting(speaker.actor)
    if not found and not cases:
        return Answer("您现在没有待办工单")
    parts = []
    if found:
        more = f"（共 {total} 张，显示最急的 {len(found)} 张）" if total > len(found) else f"（{total} 张）"
        parts.append(f"您的待办工单{more}：\n{await lines_of(found)}")
    if cases:
        listed = "\n".join(
            f"{case.number} {CASE_LABELS[CaseState(case.state)]} {remaining.left(case.due_at)}"
            f" {one_line(case.title, 24)}"
            for case in cases
        )
        parts.append(f"待中心处理的诉求：\n{listed}")
    parts.append("发“工单 编号”查看全文")
    return Answer("\n".join(parts))


async def _late(speaker: Speaker, _: Said) -> Answer:
    found = await queries.late(speaker.actor)
    if not found:
        return Answer("没有逾期工单")
    return Answer(f"逾期工单：\n{await lines_of(found)}")


async def _soon(speaker: Speaker, _: Said) -> Answer:
    found = await queries.late(speaker.actor, SOON_WITHIN)
    if not found:
        return Answer("24 小时内没有到期的工单，也没有逾期工单")
    return Answer(f"已逾期或 24 小时内到期的工单：\n{await lines_of(found)}")


MINE = Command(("我的", "待办", "我的工单", "任务", "待办工单"), _mine, "我的待办工单", shown=READS)
LATE = Command(("逾期", "超期", "逾期工单"), _late, "已逾期的工单", shown=READS)
SOON = Command(("快到期", "即将到期", "临期"), _soon, "24 小时内到期的工单", shown=READS)

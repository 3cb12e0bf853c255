"""What a department does with its ticket, and what the head and the centre do with its answer."""

from core import clock
from core.actions import Nothing, action
from core.actor import Actor
from core.db import transaction
from core.errors import Fault, Invalid, Refused
from tickets import clocks, history
from tickets.actions.forms import Answer, Note, Question, Reason, Transfer
from tickets.actions.shared import check_round, concern, lapse_requests, unit_named
from tickets.events import TicketAssigned
from tickets.models import Ticket
from tickets.queries import access
from tickets.states import TicketVerb


@action(
    "ticket",
    TicketVerb.SIGN,
    label="签收",
    words=("接单", "收到", "签字"),
    said="#{number} 已签收",
    tone="primary",
)
async def sign(ticket_id: int, form: Nothing, *, by: Actor) -> Ticket:  # noqa: ARG001 - every action has a form
    """Sign for a ticket; the person becomes its holder."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.SIGN, by)
        ticket.signed_at, ticket.holder_id = clock.now(), by.staff_id
        await history.ticket_moved(ticket, TicketVerb.SIGN, by, before)
    return ticket


@action(
    "ticket",
    TicketVerb.ANSWER,
    label="答复",
    form=Answer,
    words=("回复", "办理情况", "答复中心"),
    said="#{number} 的答复已提交，等待审核",
    tone="success",
    help="回复 1234 已电话联系患者并退费",
)
async def answer(ticket_id: int, form: Answer, *, by: Actor) -> Ticket:
    """Answer a ticket; its clock stops, and the head of the department reviews."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.ANSWER, by)
        ticket.signed_at = ticket.signed_at or clock.now()
        ticket.holder_id = ticket.holder_id or by.staff_id
        ticket.answered_at, ticket.answer = clock.now(), form.text
        ticket.verified, ticket.solved = form.verified, form.solved
        await clocks.meet_ticket(ticket)
        await lapse_requests(ticket)
        await history.ticket_moved(
            ticket, TicketVerb.ANSWER, by, before, text=form.text, verified=form.verified, solved=form.solved
        )
    return ticket


@action(
    "ticket",
    TicketVerb.ASK,
    label="问中心",
    form=Question,
    words=("咨询中心", "请问", "提问"),
    said="#{number} 的问题已转给病人服务中心",
    help="问中心 1234 患者的联系电话是多少",
)
async def ask(ticket_id: int, form: Question, *, by: Actor) -> Ticket:
    """Ask the centre; the question stands in the group chat and the centre is told."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.ASK, by)
        await history.ticket_moved(ticket, TicketVerb.ASK, by, before, text=form.text)
    return ticket


@action(
    "ticket",
    TicketVerb.RETURN,
    label="退回",
    form=Reason,
    words=("退单", "退回中心"),
    said="#{number} 已退回病人服务中心",
    tone="danger",
    help="退回 1234 不属于本科室职责",
)
async def give_back(ticket_id: int, form: Reason, *, by: Actor) -> Ticket:
    """Give a ticket back to the centre; not after a formal assignment ruling."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        if not case.may_return:
            raise Refused("本诉求已指定承办科室，不能退回；如有困难请“问中心”")
        before = ticket.state
        ticket.move(TicketVerb.RETURN, by)
        await clocks.void_ticket(ticket, "科室退回")
        await lapse_requests(ticket)
        await history.ticket_moved(ticket, TicketVerb.RETURN, by, before, text=form.reason)
    return ticket


@action(
    "ticket",
    TicketVerb.TRANSFER,
    label="转派",
    form=Transfer,
    words=("转给", "转科室", "移交"),
    line=r"(?:给|到)?\s*(?P<unit>\S+)\s+(?P<reason>.+)",
    said="#{number} 已转派",
    help="转派 1234 心血管内科 属该科室门诊问题",
)
async def transfer(ticket_id: int, form: Transfer, *, by: Actor) -> Ticket:
    """Pass a ticket to another department, which gets a clock of its own within the hospital's limit."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        unit = await unit_named(form.unit, case)
        if unit.id == ticket.unit_id:
            fault = Fault(field="unit", label="转往科室", reason="工单已在该科室", value=unit.name)
            raise Invalid("工单已在该科室，无需转派", details=[fault])
        before, left = ticket.state, ticket.unit_id
        ticket.move(TicketVerb.TRANSFER, by)
        ticket.unit_id, ticket.path = unit.id, unit.path
        ticket.holder_id = ticket.signed_at = ticket.answered_at = None
        ticket.assigned_at = clock.now()
        await clocks.void_ticket(ticket, "转派其他科室")
        await lapse_requests(ticket)
        await clocks.open_department(case, ticket)
        await history.ticket_moved(
            ticket,
            TicketVerb.TRANSFER,
            by,
            before,
            text=form.reason,
            events=(TicketAssigned(ticket_id=ticket.id),),
            unit_from=left,
            unit_to=unit.id,
        )
        await concern(case)
        await case.save(update_fields=["unit_ids"])
    return ticket


@action(
    "ticket",
    TicketVerb.ENDORSE,
    label="同意",
    form=Note,
    words=("科室同意", "审核通过", "审签"),
    said="#{number} 已审核，转病人服务中心",
    tone="success",
)
async def endorse(ticket_id: int, form: Note, *, by: Actor) -> Ticket:
    """The head of the department stands by the answer."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.ENDORSE, by)
        await history.ticket_moved(ticket, TicketVerb.ENDORSE, by, before, text=form.note)
    return ticket


@action(
    "ticket",
    TicketVerb.SEND_BACK,
    label="打回重办",
    form=Reason,
    words=("打回", "重办", "不通过", "驳回"),
    said="#{number} 已打回科室重新办理",
    tone="danger",
    help="打回 1234 请补充与患者沟通的经过",
)
async def send_back(ticket_id: int, form: Reason, *, by: Actor) -> Ticket:
    """Send an answer back to the liaison; the department's clock runs again."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.SEND_BACK, by)
        ticket.answered_at = None
        await clocks.run_again(ticket)
        await history.ticket_moved(
            ticket, TicketVerb.SEND_BACK, by, before, text=form.reason, answer=ticket.answer
        )
    return ticket


@action(
    "ticket",
    TicketVerb.APPROVE,
    label="通过",
    form=Note,
    words=("办结", "中心通过"),
    said="#{number} 已办结",
    tone="success",
)
async def approve(ticket_id: int, form: Note, *, by: Actor) -> Ticket:
    """The centre accepts a department's answer; the ticket is done."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.APPROVE, by)
        ticket.done_at = clock.now()
        await history.ticket_moved(ticket, TicketVerb.APPROVE, by, before, text=form.note)
    return ticket


@action(
    "ticket",
    TicketVerb.WITHDRAW,
    label="撤销",
    form=Reason,
    words=("撤单",),
    said="#{number} 已撤销",
    tone="danger",
    ask="撤销后该科室不再办理，确定吗？",
)
async def withdraw(ticket_id: int, form: Reason, *, by: Actor) -> Ticket:
    """Take a ticket away from a department; nothing of it is deleted."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = ticket.state
        ticket.move(TicketVerb.WITHDRAW, by)
        ticket.done_at = clock.now()
        await clocks.void_ticket(ticket, "工单撤销")
        await lapse_requests(ticket)
        await history.ticket_moved(ticket, TicketVerb.WITHDRAW, by, before, text=form.reason)
        await concern(case)
        await case.save(update_fields=["unit_ids"])
    return ticket

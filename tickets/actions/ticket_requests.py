"""More time and pauses: asked by the liaison with a ground, decided by the centre."""

from core import clock
from core.actions import Nothing, action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from tickets import clocks, history
from tickets.actions.forms import Extension, Note, Reason
from tickets.actions.shared import check_round
from tickets.models import Case, Ticket, TicketRequest
from tickets.queries import access
from tickets.states import TicketVerb


async def _ask(ticket: Ticket, kind: str, reason: str, days: int | None, by: Actor) -> None:
    if await TicketRequest.filter(ticket_id=ticket.id, state="pending").exists():
        raise Refused("已有一项申请在等待审批，请等审批后再提")
    await TicketRequest.create(
        ticket_id=ticket.id,
        kind=kind,
        reason=reason,
        days=days,
        asked_by=by.staff_id,
        asked_name=by.name,
        asked_at=clock.now(),
    )


async def _pending(ticket: Ticket, kind: str) -> TicketRequest:
    request = await TicketRequest.select_for_update().get_or_none(
        ticket_id=ticket.id, kind=kind, state="pending"
    )
    if request is None:
        raise Refused("没有等待审批的申请")
    return request


async def _decide(request: TicketRequest, state: str, note: str, by: Actor) -> None:
    request.state, request.note = state, note
    request.decided_name, request.decided_at = by.name, clock.now()
    await request.save()


async def _open(ticket_id: int, verb: TicketVerb, by: Actor) -> tuple[Case, Ticket, str]:
    case, ticket = await access.lock_ticket(ticket_id, by)
    check_round(case, ticket)
    before = str(ticket.state)
    ticket.move(verb, by)
    return case, ticket, before


@action(
    "ticket",
    TicketVerb.ASK_EXTENSION,
    label="申请延期",
    form=Extension,
    words=("延期", "要时间", "申请时间"),
    line=r"(?P<days>\d+)\s*个?\s*(?:工作日|天|日)?[，,、\s]*(?P<reason>.+)",
    said="#{number} 的延期申请已提交，等待审批",
    help="延期 1234 3天 等待设备科核查",
)
async def ask_extension(ticket_id: int, form: Extension, *, by: Actor) -> Ticket:
    """Ask for more working days; only before the limit (12345 rules: 延期 must be asked for before expiry)."""
    async with transaction():
        _, ticket, before = await _open(ticket_id, TicketVerb.ASK_EXTENSION, by)
        if ticket.due_at is not None and clock.now() > ticket.due_at:
            raise Refused("已超过办理时限，不能再申请延期；请尽快答复，或“问中心”说明情况")
        await _ask(ticket, "extension", form.reason, form.days, by)
        await history.ticket_moved(
            ticket, TicketVerb.ASK_EXTENSION, by, before, text=form.reason, days=form.days
        )
    return ticket


@action(
    "ticket",
    TicketVerb.APPROVE_EXTENSION,
    label="同意延期",
    form=Note,
    words=("批准延期",),
    said="#{number} 已同意延期",
    tone="success",
)
async def approve_extension(ticket_id: int, form: Note, *, by: Actor) -> Ticket:
    """Grant the days asked for; the limit moves, never past the hospital's own."""
    async with transaction():
        case, ticket, before = await _open(ticket_id, TicketVerb.APPROVE_EXTENSION, by)
        request = await _pending(ticket, "extension")
        await _decide(request, "approved", form.note, by)
        ticket.extended += 1
        reason = await clocks.extend(case, ticket, request.days or 1, by.name)
        await history.ticket_moved(
            ticket, TicketVerb.APPROVE_EXTENSION, by, before, text=form.note, days=request.days, limit=reason
        )
    return ticket


@action(
    "ticket",
    TicketVerb.REFUSE_EXTENSION,
    label="不同意延期",
    form=Reason,
    words=("驳回延期",),
    said="#{number} 未同意延期",
    tone="danger",
)
async def refuse_extension(ticket_id: int, form: Reason, *, by: Actor) -> Ticket:
    """Do not grant it; the limit stays."""
    async with transaction():
        _, ticket, before = await _open(ticket_id, TicketVerb.REFUSE_EXTENSION, by)
        await _decide(await _pending(ticket, "extension"), "refused", form.reason, by)
        await history.ticket_moved(ticket, TicketVerb.REFUSE_EXTENSION, by, before, text=form.reason)
    return ticket


@action(
    "ticket",
    TicketVerb.ASK_PAUSE,
    label="申请挂起",
    form=Reason,
    words=("挂起", "暂停"),
    said="#{number} 的挂起申请已提交，等待审批",
    help="挂起 1234 等待患者提供票据",
)
async def ask_pause(ticket_id: int, form: Reason, *, by: Actor) -> Ticket:
    """Ask that the clock stand still, on a ground."""
    async with transaction():
        _, ticket, before = await _open(ticket_id, TicketVerb.ASK_PAUSE, by)
        await _ask(ticket, "pause", form.reason, None, by)
        await history.ticket_moved(ticket, TicketVerb.ASK_PAUSE, by, before, text=form.reason)
    return ticket


@action(
    "ticket",
    TicketVerb.APPROVE_PAUSE,
    label="同意挂起",
    form=Note,
    said="#{number} 已挂起，停止计时",
    tone="success",
)
async def approve_pause(ticket_id: int, form: Note, *, by: Actor) -> Ticket:
    """Let the department's clock stand still until it is resumed."""
    async with transaction():
        _, ticket, before = await _open(ticket_id, TicketVerb.APPROVE_PAUSE, by)
        request = await _pending(ticket, "pause")
        await _decide(request, "approved", form.note, by)
        await clocks.pause(ticket, ground=f"挂起（{request.reason}）", by=by.name)
        await history.ticket_moved(
            ticket, TicketVerb.APPROVE_PAUSE, by, before, text=form.note, ground=request.reason
        )
    return ticket


@action(
    "ticket",
    TicketVerb.REFUSE_PAUSE,
    label="不同意挂起",
    form=Reason,
    said="#{number} 未同意挂起",
    tone="danger",
)
async def refuse_pause(ticket_id: int, form: Reason, *, by: Actor) -> Ticket:
    """Do not grant it; the clock runs on."""
    async with transaction():
        _, ticket, before = await _open(ticket_id, TicketVerb.REFUSE_PAUSE, by)
        await _decide(await _pending(ticket, "pause"), "refused", form.reason, by)
        await history.ticket_moved(ticket, TicketVerb.REFUSE_PAUSE, by, before, text=form.reason)
    return ticket


@action(
    "ticket",
    TicketVerb.RESUME,
    label="恢复办理",
    words=("恢复", "解挂"),
    said="#{number} 已恢复计时",
    tone="primary",
)
async def resume(ticket_id: int, form: Nothing, *, by: Actor) -> Ticket:  # noqa: ARG001 - every action has a form
    """Let the clock run again; the limit moves by the time it stood still."""
    async with transaction():
        _, ticket, before = await _open(ticket_id, TicketVerb.RESUME, by)
        await clocks.resume(ticket)
        await history.ticket_moved(ticket, TicketVerb.RESUME, by, before)
    return ticket

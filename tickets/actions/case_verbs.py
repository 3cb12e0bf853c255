"""What the centre does with a case: takes it on, gives it back, assigns it, drafts and reviews the reply."""

from core import clock, db
from core.actions import Nothing, action
from core.actor import Actor
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, Refused
from tickets import clocks, history
from tickets.actions.forms import Assign, EventRecordForm, Note, Reason, Reply
from tickets.actions.shared import concern, new_ticket, unit_named
from tickets.events import CaseReturned, ReplyApproved, TicketAssigned
from tickets.matters import answering
from tickets.models import Case, Ticket
from tickets.queries import access
from tickets.states import OPEN_TICKET, CaseVerb


@action("case", CaseVerb.ACCEPT, label="受理", said="{number} 已受理", tone="primary")
async def accept(case_id: int, form: Nothing, *, by: Actor) -> Case:  # noqa: ARG001 - every action has a form
    """Take a case on; the person becomes its handler at the centre."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.ACCEPT, by)
        case.handler_id = by.staff_id
        await history.case_moved(case, CaseVerb.ACCEPT, by, before)
    return case


@action(
    "case",
    CaseVerb.RETURN_UPSTREAM,
    label="退单",
    form=Reason,
    said="{number} 已申请退回热线平台",
    tone="danger",
)
async def return_upstream(case_id: int, form: Reason, *, by: Actor) -> Case:
    """Give an order back to the platform; not after a formal assignment ruling (Weifang rules, Art. 22)."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        if not case.may_return:
            raise Refused("本工单已被指定承办，不能退单")
        before = case.state
        case.move(CaseVerb.RETURN_UPSTREAM, by)
        case.return_reason, case.closed_at = form.reason, clock.now()
        await clocks.end_case(case, "void")
        await history.case_moved(
            case,
            CaseVerb.RETURN_UPSTREAM,
            by,
            before,
            text=form.reason,
            events=(CaseReturned(case_id=case.id),),
        )
    return case


@action("case", CaseVerb.ASSIGN, label="派单", form=Assign, said="{number} 已派单", tone="primary")
async def assign(case_id: int, form: Assign, *, by: Actor) -> Case:
    """Give a case to one or several departments; the first one named leads unless one leads already."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.ASSIGN, by)
        open_now = await Ticket.filter(case_id=case.id, round=case.round, state__in=list(OPEN_TICKET))
        taken = {ticket.unit_id for ticket in open_now}
        led = any(ticket.role == "lead" for ticket in open_now)
        case.handler_id = case.handler_id or by.staff_id
        case.may_return = case.may_return and not form.ruling
        names, made = [], []
        for name in form.units:
            unit = await unit_named(name, case, "units")
            if unit.id in taken:
                fault = Fault(field="units", label="承办科室", reason=f"{unit.name}已有在办工单", value=name)
                raise Invalid(f"{unit.name}已有在办工单", details=[fault])
            taken.add(unit.id)
            ticket = await new_ticket(case, unit, "co" if led else "lead", form.instructions, by)
            led = True
            names.append(unit.name)
            made.append(TicketAssigned(ticket_id=ticket.id))
        await concern(case)
        await history.case_moved(case, CaseVerb.ASSIGN, by, before, text="、".join(names), events=tuple(made))
    return case


@action(
    "case", CaseVerb.WRITE_RECORD, label="事件记录", form=EventRecordForm, said="{number} 的事件记录已保存"
)
async def write_record(case_id: int, form: EventRecordForm, *, by: Actor) -> Case:
    """Write the event record, or change it; each version stays in the history."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.WRITE_RECORD, by)
        await db.execute(
            "insert into event_record (case_id, occurred_at, place, people, facts, handling, conclusion, written_by,"
            " written_at) values ($1, $9, $2, $3, $4, $5, $6, $7, $8) on conflict (case_id) do update set place = $2,"
            " people = $3, facts = $4, handling = $5, conclusion = $6, written_by = $7, written_at = $8,"
            " occurred_at = $9, version = event_record.version + 1",
            case.id,
            form.place,
            form.people,
            form.facts,
            form.handling,
            form.conclusion,
            by.name,
            clock.now(),
            form.occurred_at,
        )
        await history.case_moved(case, CaseVerb.WRITE_RECORD, by, before, record=form.model_dump())
    return case


@action(
    "case", CaseVerb.SUBMIT, label="提交审核", form=Reply, said="{number} 的答复已提交审核", tone="primary"
)
async def submit(case_id: int, form: Reply, *, by: Actor) -> Case:
    """Draft the reply and hand it to the head of the centre; every ticket of the round must be done."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        open_now = await Ticket.filter(case_id=case.id, round=case.round, state__in=list(OPEN_TICKET)).count()
        if open_now:
            raise Refused(f"还有 {open_now} 张科室工单未办结，不能提交审核")
        before = case.state
        case.move(CaseVerb.SUBMIT, by)
        await db.execute(
            "update case_round set reply = $3, verified = $4, solved = $5, unsolved_reason = $6, tell_by = $7,"
            " tell_text = $8, drafted_by = $9, drafted_by_id = $10 where case_id = $1 and no = $2",
            case.id,
            case.round,
            form.reply,
            form.verified,
            form.solved,
            form.unsolved_reason,
            form.tell_by if case.reply_required else "none",
            form.tell_text,
            by.name,
            by.staff_id,
        )
        await history.case_moved(
            case, CaseVerb.SUBMIT, by, before, text=form.reply, verified=form.verified, solved=form.solved
        )
    return case


@action(
    "case", CaseVerb.SEND_BACK, label="退回修改", form=Reason, said="{number} 的答复已退回修改", tone="danger"
)
async def send_back(case_id: int, form: Reason, *, by: Actor) -> Case:
    """The head of the centre wants the reply changed."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.SEND_BACK, by)
        await history.case_moved(case, CaseVerb.SEND_BACK, by, before, text=form.reason)
    return case


@action(
    "case",
    CaseVerb.APPROVE,
    label="审核通过",
    form=Note,
    said="{number} 已审核通过，按选择的方式告知来电人并回传热线平台",
    tone="success",
    ask="通过后将告知来电人并把结果回传热线平台，确定吗？",
)
async def approve(case_id: int, form: Note, *, by: Actor) -> Case:
    """Approve the reply: the clocks stop, the person is told as chosen, the platform gets the result.

    Raises:
        Forbidden: whoever drafted a reply does not review it.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.APPROVE, by)
        drafted = await db.fetchval(
            "select drafted_by_id from case_round where case_id = $1 and no = $2", case.id, case.round
        )
        if by.staff_id is not None and drafted == by.staff_id:
            raise Forbidden("起草人不能审核自己的答复，请由另一位同事审核")
        now = clock.now()
        await db.execute(
            "update case_round set approved_by = $3, replied_at = $4 where case_id = $1 and no = $2",
            case.id,
            case.round,
            by.name,
            now,
        )
        await clocks.end_case(case, "met")
        await answering.reply_with(case, by)
        await history.case_moved(
            case,
            CaseVerb.APPROVE,
            by,
            before,
            text=form.note,
            events=(ReplyApproved(case_id=case.id, round=case.round),),
        )
    return case

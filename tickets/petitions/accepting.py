"""Whether a petition is taken up, and by whom: acceptance, refusal with the right way told, objection, transfer.

《信访工作条例》 Art. 19, 22-24, 31. Writes no notice: a document is made from its template, and telling it is `delivering`.
"""

from core import clock
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from tickets import clocks, history
from tickets.actions.forms import Reason
from tickets.actions.ticket_verbs import withdraw
from tickets.models import Case, Ticket
from tickets.petitions import shared
from tickets.petitions.forms import Decline, Handing, TakeUp, Upheld
from tickets.petitions.words import GROUNDS, RIGHT_ROUTE, ROUTES, Category, Form, Ground, Route
from tickets.states import OPEN_TICKET, CaseVerb


@action(
    "case",
    CaseVerb.TAKE_UP,
    label="决定受理",
    form=TakeUp,
    said="{number} 已受理，请制作受理告知书并登记告知",
    tone="primary",
)
async def take_up(case_id: int, form: TakeUp, *, by: Actor) -> Case:
    """Accept a petition; by the sixth way of Art. 31 its 60 days begin (Art. 34).

    Raises:
        Refused: an appeal that goes one of the five other ways is not accepted as a petition.
    """
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.TAKE_UP, by)
        appeal = case.appeal_type == Category.APPEAL
        if appeal and form.route not in (Route.PETITION, Route.DUTY):
            raise Refused("应当通过诉讼、仲裁、党内申诉或行政程序处理的，请选择“不予受理”并告知正确途径")
        now = clock.now()
        case.handler_id = by.staff_id
        petition.route = form.route if appeal else ""
        petition.accepted_at, petition.accepted_by = now, by.name
        await petition.save()
        await clocks.end_kind(case, "objection")
        if appeal and form.route is Route.PETITION:
            await clocks.open_kind(case, "decision", now)
        await history.case_moved(
            case,
            CaseVerb.TAKE_UP,
            by,
            before,
            text=form.note,
            route=f"{ROUTES[form.route]}。" if appeal else f"{case.appeal_type}类。",
        )
    return case


@action(
    "case",
    CaseVerb.DECLINE,
    label="不予受理",
    form=Decline,
    said="{number} 不予受理，请制作告知书并登记告知",
    tone="danger",
)
async def decline(case_id: int, form: Decline, *, by: Actor) -> Case:
    """Do not accept a petition; the person is told why and where to go (Art. 23, 31, 36)."""
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.DECLINE, by)
        case.handler_id = by.staff_id
        petition.ground = form.ground
        petition.told_route = form.told_route or RIGHT_ROUTE[form.ground]
        petition.final = form.ground is Ground.FINAL
        await petition.save()
        await clocks.end_kind(case, "objection")
        await history.case_moved(
            case,
            CaseVerb.DECLINE,
            by,
            before,
            text=f"{petition.told_route}。{form.note}",
            ground=GROUNDS[form.ground],
        )
    return case


@action(
    "case",
    CaseVerb.OBJECT,
    label="提出异议",
    form=Handing,
    said="{number} 的异议已登记，等待转送机关答复",
    tone="danger",
)
async def object_to(case_id: int, form: Handing, *, by: Actor) -> Case:
    """Object to a transfer, with reasons, within five working days of its receipt (Art. 23).

    Raises:
        Refused: it was not transferred to us, or the five working days are over.
    """
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.OBJECT, by)
        if petition.form != Form.TRANSFERRED:
            raise Refused("只有上级机关转送、交办的信访件才能提出异议")
        if await shared.overdue(case, "objection"):
            raise Refused("收到之日起 5 个工作日已过，不能再提出异议（第二十三条）")
        petition.organ = form.organ
        await petition.save()
        await clocks.end_kind(case, "objection")
        await history.case_moved(case, CaseVerb.OBJECT, by, before, text=form.reason, organ=form.organ)
    return case


@action(
    "case",
    CaseVerb.OBJECTION_UPHELD,
    label="异议获同意",
    form=Upheld,
    said="{number} 的异议获同意，材料已交还",
    tone="success",
)
async def objection_upheld(case_id: int, form: Upheld, *, by: Actor) -> Case:
    """The superior agreed: the material is handed back and the petition is no longer ours (Art. 23)."""
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.OBJECTION_UPHELD, by)
        await clocks.end_case(case, "void")
        await history.case_moved(
            case,
            CaseVerb.OBJECTION_UPHELD,
            by,
            before,
            text=f"（{form.approver}同意）{form.note}",
            organ=petition.organ,
            approver=form.approver,
        )
    return case


@action(
    "case",
    CaseVerb.OBJECTION_REFUSED,
    label="异议未获同意",
    form=Reason,
    said="{number} 的异议未获同意，请决定是否受理",
)
async def objection_refused(case_id: int, form: Reason, *, by: Actor) -> Case:
    """The superior did not agree: the petition waits for its acceptance again."""
    async with transaction():
        case, _ = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.OBJECTION_REFUSED, by)
        await history.case_moved(case, CaseVerb.OBJECTION_REFUSED, by, before, text=form.reason)
    return case


@action("case", CaseVerb.FORWARD, label="转送", form=Handing, said="{number} 已登记转送，请制作转送函")
async def forward(case_id: int, form: Handing, *, by: Actor) -> Case:
    """Send a petition to the organ that may handle it (Art. 22, 24, 30); it stays on file here."""
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.FORWARD, by)
        case.handler_id = case.handler_id or by.staff_id
        petition.organ = form.organ
        await petition.save()
        await clocks.end_kind(case, "objection")
        await history.case_moved(case, CaseVerb.FORWARD, by, before, text=form.reason, organ=form.organ)
    return case


@action(
    "case",
    CaseVerb.TAKE_BACK,
    label="信访人撤回",
    form=Reason,
    said="{number} 已撤回并办结",
    tone="danger",
    ask="确认信访人已书面撤回？撤回后停止办理，在办的科室工单一并撤销。",
)
async def take_back(case_id: int, form: Reason, *, by: Actor) -> Case:
    """The petitioner withdraws: tickets are withdrawn, clocks stop, the case is closed."""
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.TAKE_BACK, by)
        for ticket in await Ticket.filter(case_id=case.id, state__in=list(OPEN_TICKET)).order_by("id"):
            await withdraw(ticket.id, Reason(reason=f"信访人撤回：{form.reason}"), by=by)
        case.unit_ids = (await Case.get(id=case.id)).unit_ids
        await clocks.end_case(case, "void")
        case.closed_at = clock.now()
        petition.settled = f"信访人撤回：{form.reason}"
        await petition.save()
        await history.case_moved(case, CaseVerb.TAKE_BACK, by, before, text=form.reason)
    return case

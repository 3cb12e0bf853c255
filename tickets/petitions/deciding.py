"""The opinion on a petition: drafted, issued by somebody else, and the one extension there may be.

《信访工作条例》 Art. 32-34. Makes no document and delivers none.
"""

from core import clock, db
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Forbidden, Refused
from tickets import clocks, history
from tickets.actions.forms import Note
from tickets.deadlines import Unit
from tickets.models import Case
from tickets.petitions import shared
from tickets.petitions.forms import OpinionForm, Prolongation
from tickets.petitions.words import Category, Route
from tickets.states import CaseVerb


@action(
    "case",
    CaseVerb.DRAFT_OPINION,
    label="拟写处理意见",
    form=OpinionForm,
    said="{number} 的处理意见已提交审核",
    tone="primary",
)
async def draft_opinion(case_id: int, form: OpinionForm, *, by: Actor) -> Case:
    """Draft the opinion (处理意见) and hand it to whoever issues it; every ticket of the round must be done."""
    async with transaction():
        case, _ = await shared.lock(case_id, by)
        if left := await shared.still_open(case):
            raise Refused(f"还有 {left} 张科室工单未办结，不能提交处理意见")
        before = case.state
        case.move(CaseVerb.DRAFT_OPINION, by)
        opinion = await shared.opinion(case, "decision")
        opinion.outcome, opinion.claims, opinion.facts = form.outcome, form.claims, form.facts
        opinion.opinion, opinion.basis, opinion.organ = form.opinion, form.basis, form.organ
        opinion.agreement = form.agreement
        opinion.drafted_by, opinion.drafted_by_id = by.name, by.staff_id
        await opinion.save()
        await db.execute(
            "update case_round set reply = $3, verified = $4, solved = $5, tell_by = 'none', drafted_by = $6,"
            " drafted_by_id = $7 where case_id = $1 and no = $2",
            case.id,
            case.round,
            form.opinion,
            form.verified,
            form.solved,
            by.name,
            by.staff_id,
        )
        await history.case_moved(
            case, CaseVerb.DRAFT_OPINION, by, before, text=form.opinion, outcome=form.outcome
        )
    return case


@action(
    "case",
    CaseVerb.ISSUE_OPINION,
    label="签发意见",
    form=Note,
    said="{number} 的处理意见已签发，请制作处理意见书并送达",
    tone="success",
    ask="签发后处理意见不能再改，确定吗？",
)
async def issue_opinion(case_id: int, form: Note, *, by: Actor) -> Case:
    """Sign the opinion; the decision is made, so its limit is met (Art. 34). The person gets it by delivery.

    Raises:
        Forbidden: whoever drafted an opinion does not issue it.
    """
    async with transaction():
        case, _ = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.ISSUE_OPINION, by)
        opinion = await shared.opinion(case, "decision")
        if by.staff_id is not None and opinion.drafted_by_id == by.staff_id:
            raise Forbidden("起草人不能签发自己起草的处理意见")
        now = clock.now()
        opinion.decided_by, opinion.decided_at = by.name, now
        await opinion.save()
        await db.execute(
            "update case_round set approved_by = $3, replied_at = $4 where case_id = $1 and no = $2",
            case.id,
            case.round,
            by.name,
            now,
        )
        await clocks.end_kind(case, "decision")
        await clocks.end_kind(case, "upstream")
        await history.case_moved(
            case, CaseVerb.ISSUE_OPINION, by, before, text=f"：{form.note}" if form.note else ""
        )
    return case


@action(
    "case",
    CaseVerb.PROLONG,
    label="批准延期办理",
    form=Prolongation,
    line=r"(?P<days>\d+)\s*(?:天|日)?[，,、\s]*(?P<reason>.+)",
    said="{number} 已批准延期，请制作延期办理告知书并告知信访人",
)
async def prolong(case_id: int, form: Prolongation, *, by: Actor) -> Case:
    """Prolong the 60 days by 30 at most, once, approved by the unit's head, the reason told (Art. 34).

    Raises:
        Refused: no 60 days run, they are over, or they were prolonged already.
    """
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.PROLONG, by)
        if case.appeal_type != Category.APPEAL or petition.route != Route.PETITION:
            raise Refused("只有按第⑥种途径办理的申诉求决事项才有 60 日办理期限，不需要延期")
        if petition.prolonged_days:
            raise Refused(f"已延期 {petition.prolonged_days} 日，只能延期一次（第三十四条）")
        if await shared.overdue(case, "decision"):
            raise Refused("办理期限已满，不能再延期")
        petition.prolonged_days, petition.prolonged_by = form.days, by.name
        petition.prolonged_because, petition.prolonged_at = form.reason, clock.now()
        await petition.save()
        await clocks.prolong_kind(case, "decision", form.days, Unit.CALENDAR_DAYS, by.name)
        await history.case_moved(case, CaseVerb.PROLONG, by, before, text=form.reason, days=form.days)
    return case

"""Review (复查, Art. 35) and re-review (复核, Art. 36) of an opinion, with the hearing whose days do not count.

Each is asked for within 30 days of delivery and decided within 30 days. Delivery is `delivering`'s.
"""

from core import clock
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from tickets import clocks, history
from tickets.actions.forms import Note, Reason
from tickets.models import Case, Clock
from tickets.petitions import shared
from tickets.petitions.delivering import reopen_round
from tickets.petitions.forms import AskReview, Decide
from tickets.states import CaseVerb


@action(
    "case",
    CaseVerb.ASK_REVIEW,
    label="登记复查申请",
    form=AskReview,
    said="{number} 的复查申请已登记，开始计算复查期限",
)
async def ask_review(case_id: int, form: AskReview, *, by: Actor) -> Case:
    """The petitioner asks for a review within 30 days of the opinion's delivery; it is decided in 30 (Art. 35)."""
    return await _ask(case_id, form, by, CaseVerb.ASK_REVIEW, "review")


@action(
    "case",
    CaseVerb.ASK_REREVIEW,
    label="登记复核申请",
    form=AskReview,
    said="{number} 的复核申请已登记，开始计算复核期限",
)
async def ask_rereview(case_id: int, form: AskReview, *, by: Actor) -> Case:
    """The petitioner asks for a re-review within 30 days of the review's delivery; it is decided in 30 (Art. 36)."""
    return await _ask(case_id, form, by, CaseVerb.ASK_REREVIEW, "rereview")


async def _ask(case_id: int, form: AskReview, by: Actor, verb: CaseVerb, stage: str) -> Case:
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(verb, by)
        window = await Clock.filter(case_id=case.id, kind=f"{stage}_window", round=case.round).first()
        since = window.start_at if window is not None else petition.received_at
        at = shared.instant(form.on, since=since, label="提出日期")
        if window is None:
            raise Refused("这件信访不适用复查、复核程序")
        if clock.local(at).date() > clock.local(window.due_at).date():
            raise Refused(
                f"{clock.local(window.start_at):%Y-%m-%d} 送达，申请期限至 {clock.local(window.due_at):%Y-%m-%d}，已超过期限，"
                "不再受理（第三十五条、第三十六条）"
            )
        opinion = await shared.opinion(case, stage)
        opinion.organ, opinion.asked_because, opinion.asked_at = form.organ, form.reason, at
        await opinion.save()
        await shared.stopped_on(case, f"{stage}_window", at)
        await clocks.open_kind(case, stage, at)
        await history.case_moved(case, verb, by, before, text=form.reason, organ=form.organ)
    return case


@action(
    "case",
    CaseVerb.DECIDE_REVIEW,
    label="登记复查意见",
    form=Decide,
    said="{number} 的复查意见已登记，请登记送达",
    tone="primary",
)
async def decide_review(case_id: int, form: Decide, *, by: Actor) -> Case:
    """What the review decided: upheld, changed, or quashed; what is quashed is worked on anew once it is delivered."""
    return await _decide(case_id, form, by, CaseVerb.DECIDE_REVIEW, "review")


@action(
    "case",
    CaseVerb.DECIDE_REREVIEW,
    label="登记复核意见",
    form=Decide,
    said="{number} 的复核意见已登记，请登记送达",
    tone="primary",
)
async def decide_rereview(case_id: int, form: Decide, *, by: Actor) -> Case:
    """What the re-review decided; once delivered, the matter is not accepted again (Art. 36)."""
    return await _decide(case_id, form, by, CaseVerb.DECIDE_REREVIEW, "rereview")


async def _decide(case_id: int, form: Decide, by: Actor, verb: CaseVerb, stage: str) -> Case:
    async with transaction():
        case, _ = await shared.lock(case_id, by)
        before = case.state
        case.move(verb, by)
        opinion = await shared.opinion(case, stage)
        opinion.outcome, opinion.opinion, opinion.basis = form.outcome, form.opinion, form.basis
        opinion.decided_by, opinion.decided_at = by.name, clock.now()
        await opinion.save()
        await clocks.end_kind(case, stage)
        await history.case_moved(
            case, verb, by, before, text=form.opinion, organ=opinion.organ, outcome=form.outcome
        )
    return case


@action(
    "case",
    CaseVerb.BEGIN_HEARING,
    label="听证开始",
    form=Reason,
    said="{number} 进入听证，复核期限停止计算",
)
async def begin_hearing(case_id: int, form: Reason, *, by: Actor) -> Case:
    """A hearing is held: its time is not counted among the 30 days (Art. 36)."""
    async with transaction():
        case, _ = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.BEGIN_HEARING, by)
        await clocks.pause_kind(case, "rereview")
        await history.case_moved(case, CaseVerb.BEGIN_HEARING, by, before, text=form.reason)
    return case


@action(
    "case",
    CaseVerb.END_HEARING,
    label="听证结束",
    form=Note,
    said="{number} 听证结束，复核期限继续计算",
    tone="primary",
)
async def end_hearing(case_id: int, form: Note, *, by: Actor) -> Case:
    """The hearing is over: the limit runs on, later by as long as the hearing took."""
    async with transaction():
        case, _ = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.END_HEARING, by)
        await clocks.resume_kind(case, "rereview", "听证")
        await history.case_moved(
            case, CaseVerb.END_HEARING, by, before, text=f"：{form.note}" if form.note else ""
        )
    return case


@action(
    "case",
    CaseVerb.REOPEN,
    label="重新办理",
    form=Reason,
    said="{number} 已转入下一轮办理",
    tone="danger",
)
async def reopen(case_id: int, form: Reason, *, by: Actor) -> Case:
    """Work on it anew for another reason than a quashed opinion (new facts, the superior's request)."""
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        await reopen_round(case, petition, form.reason, by)
    return case

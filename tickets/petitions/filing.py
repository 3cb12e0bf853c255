"""The end of a petition: concluded, filed as one case in one file, and at last perhaps destroyed, with a record of it.

《信访工作条例》 says nothing of archives; 档案法 and its regulation do: a list of what is destroyed, approved by another
person, two who watch. The rows of the case stay whatever becomes of the paper.
"""

from datetime import date

from core import clock
from core.actions import Nothing, action
from core.actor import Actor
from core.db import transaction
from core.errors import Forbidden, Refused
from tickets import clocks, history
from tickets.actions.forms import Reason
from tickets.models import Case, Clock
from tickets.numbers import next_number
from tickets.petitions import shared
from tickets.petitions.forms import Conclude, Destroyed, Filing
from tickets.petitions.models import Disposal, Petition
from tickets.petitions.queries import documents_made, kept_until
from tickets.petitions.words import Retention
from tickets.states import CaseVerb

WINDOWS = ("review_window", "rereview_window")


@action(
    "case",
    CaseVerb.CONCLUDE,
    label="信访办结",
    form=Conclude,
    said="{number} 已办结，请制作办结报告并归档",
    tone="success",
)
async def conclude(case_id: int, form: Conclude, *, by: Actor) -> Case:
    """Close a petition: the time to ask for a review is over, or the person says in writing that it is settled.

    Raises:
        Refused: the person was not told of the decision, or may still ask for a review.
    """
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.CONCLUDE, by)
        waiting = await Clock.filter(case_id=case.id, round=case.round, state="running", ticket_id=None)
        for row in waiting:
            if row.kind in WINDOWS and clock.now() < row.due_at and not form.settled:
                raise Refused(
                    f"申请期限至 {clock.local(row.due_at):%Y-%m-%d}，期满前办结须有信访人的书面息诉材料"
                )
            if row.kind == "notice":
                raise Refused("还没有登记告知信访人，不能办结（第二十三条）")
        petition.settled = f"{'信访人书面息诉。' if form.settled else ''}{form.result}"
        await petition.save()
        case.closed_at = clock.now()
        for kind in WINDOWS:  # a time that was the person's own: nobody kept it or missed it
            await clocks.end_kind(case, kind, "void")
        await clocks.end_case(case, "met")
        await history.case_moved(case, CaseVerb.CONCLUDE, by, before, text=petition.settled)
    return case


@action(
    "case",
    CaseVerb.FILE,
    label="立卷归档",
    form=Filing,
    said="{number} 已立卷归档",
    tone="primary",
    ask="归档后案卷不能再修改，确定吗？",
)
async def file(case_id: int, form: Filing, *, by: Actor) -> Case:
    """One case, one file: archive number and retention class; an accepted one needs its closing report first.

    Raises:
        Refused: the closing report (办结报告) was not made.
    """
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.FILE, by)
        if petition.accepted_at and "petition_closing" not in await documents_made(case):
            raise Refused("请先生成办结报告，再立卷归档")
        case.archived_at = clock.now()
        case.archive_no = await next_number("petition_archive")
        petition.retention, petition.filed_by = form.retention, by.name
        await petition.save()
        await history.case_moved(
            case, CaseVerb.FILE, by, before, text=case.archive_no, retention=form.retention
        )
    return case


async def _archived(case_id: int, verb: CaseVerb, by: Actor) -> tuple[Case, Petition, str]:
    case, petition = await shared.lock(case_id, by)
    before = case.state
    case.move(verb, by)
    return case, petition, before


@action(
    "case",
    CaseVerb.PROPOSE_DISPOSAL,
    label="提出销毁",
    form=Reason,
    said="{number} 已提出销毁，须由另一人批准",
    tone="danger",
)
async def propose_disposal(case_id: int, form: Reason, *, by: Actor) -> Case:
    """Propose that a file whose time is over be destroyed.

    Raises:
        Refused: it is kept for ever, or its time is not over, or it was proposed already.
    """
    async with transaction():
        case, petition, before = await _archived(case_id, CaseVerb.PROPOSE_DISPOSAL, by)
        if petition.retention == Retention.FOR_EVER:
            raise Refused("保管期限为永久的案卷不能销毁")
        until: date | None = kept_until(case, petition)
        if until is None or clock.today() <= until:
            raise Refused(f"案卷保管至 {until}，期满前不能销毁")
        if await Disposal.get_or_none(case_id=case.id) is not None:
            raise Refused("已提出过销毁")
        await Disposal.create(
            case_id=case.id,
            reason=form.reason,
            proposed_by=by.name,
            proposed_by_id=by.staff_id,
            proposed_at=clock.now(),
        )
        await history.case_moved(case, CaseVerb.PROPOSE_DISPOSAL, by, before, text=form.reason)
    return case


@action(
    "case",
    CaseVerb.APPROVE_DISPOSAL,
    label="批准销毁",
    said="{number} 的销毁已批准，销毁后请登记",
    tone="danger",
    ask="确认已鉴定、可以销毁这份案卷？",
)
async def approve_disposal(case_id: int, form: Nothing, *, by: Actor) -> Case:  # noqa: ARG001 - every action has a form
    """Agree to the destruction; never by whoever proposed it.

    Raises:
        Forbidden: the same person proposed it.
        Refused: nobody proposed it, or it was agreed to already.
    """
    async with transaction():
        case, _, before = await _archived(case_id, CaseVerb.APPROVE_DISPOSAL, by)
        found = await Disposal.get_or_none(case_id=case.id)
        if found is None or found.approved_at is not None:
            raise Refused("没有等待批准的销毁")
        if by.staff_id is not None and found.proposed_by_id == by.staff_id:
            raise Forbidden("提出人不能批准自己提出的销毁")
        found.approved_by, found.approved_by_id, found.approved_at = by.name, by.staff_id, clock.now()
        await found.save()
        await history.case_moved(case, CaseVerb.APPROVE_DISPOSAL, by, before)
    return case


@action(
    "case",
    CaseVerb.RECORD_DISPOSAL,
    label="登记销毁",
    form=Destroyed,
    said="{number} 的销毁已登记，目录和登记信息继续保留",
    tone="danger",
)
async def record_disposal(case_id: int, form: Destroyed, *, by: Actor) -> Case:
    """Write down that the file was destroyed, how, and who watched; the case itself stays.

    Raises:
        Refused: it was not agreed to, or it was written down already.
    """
    async with transaction():
        case, _, before = await _archived(case_id, CaseVerb.RECORD_DISPOSAL, by)
        found = await Disposal.get_or_none(case_id=case.id)
        if found is None or found.approved_at is None or found.done_at is not None:
            raise Refused("没有已批准、待登记的销毁")
        found.method, found.witnesses = form.method, form.witnesses
        found.done_by, found.done_at = by.name, clock.now()
        await found.save()
        await history.case_moved(
            case,
            CaseVerb.RECORD_DISPOSAL,
            by,
            before,
            method=form.method,
            witnesses=form.witnesses,
        )
    return case

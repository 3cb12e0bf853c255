"""How a case ends: call-back, the next round when the person is not satisfied, closing, archive."""

from core import clock, db, dictionaries
from core.actions import Nothing, action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from tickets import clocks, history
from tickets.actions import rounds
from tickets.actions.forms import CallBack, Reason, Satisfied
from tickets.matters import answering
from tickets.models import Case
from tickets.numbers import next_number
from tickets.queries import access
from tickets.states import CaseVerb


@action(
    "case", CaseVerb.CALL_BACK, label="登记回访", form=CallBack, said="{number} 的回访已登记", tone="primary"
)
async def call_back(case_id: int, form: CallBack, *, by: Actor) -> Case:
    """Write down the call-back; "not satisfied" opens the next round at once (重办)."""
    await dictionaries.check_form(form)
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.CALL_BACK, by)
        await db.execute(
            "update case_round set called_back_at = $3, callback_way = $4, callback_solved = $5,"
            " callback_satisfied = $6, callback_remark = $7, callback_by = $8 where case_id = $1 and no = $2",
            case.id,
            case.round,
            clock.now(),
            form.way,
            form.solved,
            form.satisfied,
            form.remark,
            by.name,
        )
        await history.case_moved(
            case,
            CaseVerb.CALL_BACK,
            by,
            before,
            text=form.remark,
            satisfied=form.satisfied,
            solved=form.solved,
        )
        if form.satisfied is Satisfied.NOT:
            await _next_round(case, by, f"回访不满意：{form.remark}" if form.remark else "回访不满意")
    return case


@action("case", CaseVerb.REWORK, label="重办", form=Reason, said="{number} 已转入下一轮办理", tone="danger")
async def rework(case_id: int, form: Reason, *, by: Actor) -> Case:
    """Open the next round for another reason than our own call-back (the platform sent it back, new facts)."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        await _next_round(case, by, form.reason)
    return case


async def _next_round(case: Case, by: Actor, because: str) -> None:
    """Freeze the round that is over and open the next: same departments, clocks from now."""
    before = case.state
    await answering.part(case, by)
    case.move(CaseVerb.REWORK, by)
    now = clock.now()
    last = await rounds.freeze_and_open(case, because, now)
    await clocks.open_case(case, None, None, now)
    events = await rounds.assign_again(case, last, f"第 {case.round} 轮重办：{because}", by)
    await history.case_moved(
        case, CaseVerb.REWORK, by, before, text=because, events=events, opened=case.round
    )


@action("case", CaseVerb.CLOSE, label="办结", said="{number} 已办结", tone="success")
async def close(case_id: int, form: Nothing, *, by: Actor) -> Case:  # noqa: ARG001 - every action has a form
    """Close a case: called back, or nobody is to be called back because no reply was wanted.

    Raises:
        Refused: a reply was wanted and nobody called back yet.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.CLOSE, by)
        called = await db.fetchval(
            "select called_back_at from case_round where case_id = $1 and no = $2", case.id, case.round
        )
        if case.reply_required and called is None:
            raise Refused("来电人要求答复，请先登记回访再办结")
        case.closed_at = clock.now()
        await clocks.end_case(case, "met")
        await history.case_moved(case, CaseVerb.CLOSE, by, before)
        await answering.close_with(case, by)
    return case


@action(
    "case",
    CaseVerb.ARCHIVE,
    label="归档",
    said="{number} 已归档",
    tone="secondary",
    ask="归档后不能再修改，确定吗？",
)
async def archive(case_id: int, form: Nothing, *, by: Actor) -> Case:  # noqa: ARG001 - every action has a form
    """Put a case into the archive under a number of its own; a closed one needs its final report first.

    Raises:
        Refused: no final report was made in the last round.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.ARCHIVE, by)
        made = await db.fetchval(
            "select count(*) from case_report where case_id = $1 and kind = 'final_report' and round = $2",
            case.id,
            case.round,
        )
        if before == "closed" and not made:
            raise Refused("请先生成终结报告再归档")
        case.archived_at = clock.now()
        case.archive_no = await next_number("archive")
        await history.case_moved(case, CaseVerb.ARCHIVE, by, before, text=case.archive_no)
    return case

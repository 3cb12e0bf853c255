"""Duplicates of one matter merged into a main case, and split from it again before the reply.

A merge is a pointer (`cases.merged_into`): the merged case keeps its content, clocks, tickets and reporter. Until
the main case is answered nothing is done with it, it reminds nobody and counts no more; the main case watches
over its limits. A split puts everything back as it was. Verbs lock the main case first (`queries.lock`).
"""

from core import clock, db, due
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from core.events import announce
from staff import working_days
from tickets import clocks, history
from tickets.actions.forms import Note
from tickets.matters import holding, joining, queries
from tickets.matters.events import CaseMerged
from tickets.matters.forms import Main
from tickets.matters.watching import watch
from tickets.models import Case, Clock
from tickets.queries import access
from tickets.sources import SOURCES
from tickets.sources.matter_steps import BEFORE_REPLY, replies
from tickets.states import CaseState, CaseVerb


@action(
    "case",
    CaseVerb.MERGE,
    label="合并",
    form=Main,
    words=("并入", "合并到"),
    line=r"(?:到|入|进|至)?\s*(?P<main>\S+)(?:\s+(?P<reason>.+))?",
    said="{number} 已并入主诉求，由主诉求一并办理和答复",
    help="并入 20261121-12 20261120-5 同一患者重复反映",
)
async def merge(case_id: int, form: Main, *, by: Actor) -> Case:
    """Merge a case into another of the same matter, which is worked on and answered for both.

    Raises:
        Refused: a chain or circle would arise, one of them is answered, or their source knows no merging.
    """
    main_id = (await queries.named(form.main, by, "main")).id
    await access.case(case_id, by)
    if main_id == case_id:
        raise Refused("不能并入自己")
    async with transaction():
        main, case = await access.lock_case(main_id, by), await access.lock_case(case_id, by)
        await _check(case, main)
        before = case.state
        case.move(CaseVerb.MERGE, by)
        if case.matter_id is None or case.matter_id != main.matter_id:
            await joining.unite(case, main, by)
        merge_id = await db.fetchval(
            "insert into case_merge (case_id, main_id, reason, by_id, by_name, at) values ($1, $2, $3, $4, $5, $6)"
            " returning id",
            case.id,
            main.id,
            form.reason,
            by.staff_id,
            by.name,
            clock.now(),
        )
        await holding.hold(case, main, merge_id, by)
        case.merged_into, case.merged_number, case.merged_at = main.id, main.number, clock.now()
        await due.void(clocks.STEP, [row.id for row in await _running(case)], f"并入 {main.number}")
        await clocks.refresh(case)
        why = f"：{form.reason}" if form.reason else ""
        await history.case_moved(
            case, CaseVerb.MERGE, by, before, text=f"把本诉求并入 {main.number}{why}", main=main.id
        )
        await _tell_main(main, case, CaseVerb.MERGE, f"把 {_voice(case)}并入本诉求{why}", by)
    return case


async def _check(case: Case, main: Case) -> None:
    """Whether one may be merged into the other.

    Raises:
        Refused: with the reason.
    """
    if why := obstacle(case, main):
        raise Refused(why)
    if below := await queries.merged_into(case.id):
        numbers = "、".join(each.number for each in below)
        raise Refused(f"已有诉求并入本诉求（{numbers}），请把 {main.number} 并入本诉求，或先拆分")


def obstacle(case: Case, main: Case) -> str:
    """Why one cannot be merged into the other, as far as the two themselves tell; "" when nothing stands against it."""
    if case.merged_into is not None:
        return f"本诉求已并入 {case.merged_number}，不能重复合并"
    if main.merged_into == case.id:
        return f"{main.number} 已并入本诉求，不能反过来合并"
    if main.merged_into is not None:
        return f"{main.number} 已并入 {main.merged_number}，请直接并入 {main.merged_number}"
    for each in (case, main):
        if not replies(SOURCES[each.source].table):
            return (
                f"{each.number} 是{SOURCES[each.source].label}，须单独出具书面处理意见"
                "（《信访工作条例》第三十二条），只能归为同一事项，不能合并"
            )
    if known_to(case) != known_to(main):
        return "两件诉求的知悉范围不同，不能合并，只能归为同一事项"
    if case.state is CaseState.UNDER_REVIEW:
        return "本诉求的答复正在审核，请先退回修改再合并"
    if case.state not in BEFORE_REPLY:
        return f"本诉求当前状态为“{case.label}”，不能并入其他诉求"
    if main.state not in (*BEFORE_REPLY, CaseState.UNDER_REVIEW):
        return f"{main.number} 当前状态为“{main.label}”，不能再并入诉求"
    return ""


def known_to(case: Case) -> tuple[bool, frozenset[int], frozenset[int]]:
    """Whom its secrecy keeps away."""
    return case.secret, frozenset(case.barred_unit_ids), frozenset(case.barred_staff_ids)


def _voice(case: Case) -> str:
    """A case as its main case's history names it: number, source, the sender's number."""
    source = SOURCES[case.source].label
    theirs = f" {case.external_no}" if case.external_no else ""
    return f"{case.number}（{source}{theirs}）"


async def _running(case: Case) -> list[Clock]:
    return await Clock.select_for_update().filter(case_id=case.id, state="running").order_by("id")


async def _tell_main(main: Case, case: Case, verb: CaseVerb, text: str, by: Actor) -> None:
    """The main case's part of a step: its clock, its line of history, and its rooms by the event."""
    await watch(main)
    before = main.state
    line = await history.case_moved(main, verb, by, before, text=text, merged=case.id)
    await announce(CaseMerged(case_id=case.id, main_id=main.id, history_id=line))


@action(
    "case",
    CaseVerb.SPLIT,
    label="拆分",
    form=Note,
    words=("拆出",),
    said="{number} 已拆分，恢复单独办理",
    tone="danger",
    help="拆分 20261121-12 经核实不是同一件事",
)
async def split(case_id: int, form: Note, *, by: Actor) -> Case:
    """Undo a merge: state, tickets and clocks of the case are again what they were, and its reminders go on.

    Raises:
        Refused: it is not merged, or was answered together with its main case.
    """
    seen = await access.case(case_id, by)
    if seen.merged_into is None:
        raise Refused("本诉求没有并入其他诉求")
    async with transaction():
        main = await Case.select_for_update().get(id=seen.merged_into)
        case = await access.lock_case(case_id, by)
        if case.merged_into != main.id:
            raise Refused("合并关系刚刚有变化，请刷新后再操作")
        if not case.held:
            raise Refused(f"已随 {case.merged_number} 一并答复，不能拆分；如需单独办理，请登记回访或转入重办")
        before = case.state
        case.move(CaseVerb.SPLIT, by)
        merge_id = await db.fetchval(
            "update case_merge set ended = 'split', ended_by = $2, ended_at = $3 where case_id = $1 and ended = ''"
            " returning id",
            case.id,
            by.name,
            clock.now(),
        )
        case.merged_into, case.merged_number, case.merged_at = None, "", None
        await holding.release(case, merge_id, by)
        await _arm_again(case)
        await clocks.refresh(case)
        why = f"：{form.note}" if form.note else ""
        await history.case_moved(
            case, CaseVerb.SPLIT, by, before, text=f"把本诉求从 {main.number} 拆分{why}", main=main.id
        )
        await _tell_main(main, case, CaseVerb.SPLIT, f"把 {_voice(case)}从本诉求拆分{why}", by)
    return case


async def _arm_again(case: Case) -> None:
    """The reminders of a split case's clocks are written anew, under a new version."""
    calendar = await working_days.calendar()
    for row in await _running(case):
        row.version += 1
        await row.save(update_fields=["version"])
        await clocks.arm(row, calendar)

"""When the main case is answered, each merged case gets its own reply; call-back and end are then by case.

The words are the main case's, told to the person of each case by its own way and reported to its own platform.
Called by the verbs of the main case, inside their transaction and under its lock.
"""

from core import clock, db
from core.actor import Actor
from core.errors import Refused
from tickets import clocks, history
from tickets.events import ReplyApproved
from tickets.matters import holding, queries
from tickets.models import Case
from tickets.sources.matter_steps import BEFORE_REPLY
from tickets.states import CaseState, CaseVerb

_REPLY = """
update case_round r set reply = m.reply, verified = m.verified, solved = m.solved, unsolved_reason = m.unsolved_reason,
    tell_by = case when $5 then 'auto' else 'none' end, tell_text = '', drafted_by = m.drafted_by,
    drafted_by_id = m.drafted_by_id, approved_by = $6, replied_at = $7
from case_round m where r.case_id = $1 and r.no = $2 and m.case_id = $3 and m.no = $4
"""


async def reply_with(main: Case, by: Actor) -> list[Case]:
    """Answer what waits, merged, for the reply of this case. The main case's round holds its reply already.

    Words that were written for the main case's person alone (`tell_text`) are not sent to others: they may
    address that person by name.
    """
    answered = []
    for case in await queries.lock_merged(main.id):
        if case.state not in BEFORE_REPLY:
            continue
        before = case.state
        case.move(CaseVerb.REPLY_WITH, by)
        await db.execute(
            _REPLY, case.id, case.round, main.id, main.round, case.reply_required, by.name, clock.now()
        )
        await holding.end(case, main, by)
        await clocks.end_case(case, "met")
        await _end_merge(case, "replied", by)
        await history.case_moved(
            case,
            CaseVerb.REPLY_WITH,
            by,
            before,
            text=f"随 {main.number} 一并答复",
            events=(ReplyApproved(case_id=case.id, round=case.round),),
            main=main.id,
        )
        answered.append(case)
    return answered


async def close_with(main: Case, by: Actor) -> list[Case]:
    """Close with the main case what was answered with it; who still waits for a call-back stays open for it."""
    closed = []
    for case in await queries.lock_merged(main.id):
        if case.state not in (CaseState.REPLIED, CaseState.CALLED_BACK):
            continue
        called = await db.fetchval(
            "select called_back_at from case_round where case_id = $1 and no = $2", case.id, case.round
        )
        if case.reply_required and called is None:
            continue
        before = case.state
        case.move(CaseVerb.CLOSE, by)
        case.closed_at = clock.now()
        await history.case_moved(
            case, CaseVerb.CLOSE, by, before, text=f"随 {main.number} 办结", main=main.id
        )
        closed.append(case)
    return closed


async def part(case: Case, by: Actor) -> None:
    """Another round of an answered case is its own: it stands, reminds and counts by itself again. The caller saves it."""
    if case.merged_into is None:
        return
    if case.held:
        raise Refused(f"本诉求已并入 {case.merged_number}，请先拆分")
    number = case.merged_number
    await db.execute(
        "update case_merge set ended = 'parted', ended_by = $2, ended_at = $3 where case_id = $1 and ended = 'replied'",
        case.id,
        by.name,
        clock.now(),
    )
    case.merged_into, case.merged_number, case.merged_at = None, "", None
    await history.add(
        case.id, CaseVerb.SPLIT, by, round_no=case.round, text=f"转入重办，不再并入 {number}，单独办理"
    )


async def _end_merge(case: Case, how: str, by: Actor) -> None:
    await db.execute(
        "update case_merge set ended = $2, ended_by = $3, ended_at = $4 where case_id = $1 and ended = ''",
        case.id,
        how,
        by.name,
        clock.now(),
    )

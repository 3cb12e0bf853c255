"""Cases joined as one matter by a person, and parted again: pointers only, each step undone by moving them back.

Each channel keeps its own case, clocks, reply and reporter. Nothing is merged here (`merging` does).
"""

from collections.abc import Collection, Iterable, Sequence

from core import audit, clock, db
from core.actions import action
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Forbidden, NotFound, Refused
from tickets import history
from tickets.actions.forms import Note
from tickets.matters import queries
from tickets.matters.forms import Other
from tickets.models import Case
from tickets.queries import access, secrecy
from tickets.states import CaseVerb

UNDONE = "undo_matter"
REJECTED = "reject_matter"


@action(
    "case",
    CaseVerb.JOIN,
    label="归为同一事项",
    form=Other,
    words=("同一事项", "归并"),
    line=r"(?:和|与|到|入)?\s*(?P<other>\S+)",
    said="{number} 已归为同一事项",
    help="同一事项 20261121-12 20261120-5",
)
async def join(case_id: int, form: Other, *, by: Actor) -> Case:
    """Two cases are one matter; where both belong to one already, all of both are.

    Raises:
        Refused: they are one matter already, or it is the same case.
    """
    other_id = (await queries.named(form.other, by, "other")).id
    await access.case(case_id, by)
    if other_id == case_id:
        raise Refused("不能把诉求与它自己归为同一事项")
    async with transaction():
        locked = await queries.lock((case_id, other_id))
        case, other = await _again(locked[case_id], by), await _again(locked[other_id], by)
        before = case.state
        case.move(CaseVerb.JOIN, by)
        if case.matter_id is not None and case.matter_id == other.matter_id:
            raise Refused(f"与 {other.number} 已经是同一事项")
        await unite(case, other, by)
        await history.case_moved(case, CaseVerb.JOIN, by, before, text=_with(case, (other,)))
    return case


async def _again(case: Case, by: Actor) -> Case:
    """A locked case, when this person may still see it."""
    await access.case(case.id, by)
    return case


async def unite(case: Case, other: Case, by: Actor) -> None:
    """Put a case and another, both locked, into one matter, with a line of history for all but the case itself."""
    if other.matter_id is not None:
        source, target = case.matter_id, other.matter_id
        moved = await queries.members(source) if source else [case.id]
    elif case.matter_id is not None:
        source, target, moved = None, case.matter_id, [other.id]
    else:
        source, target, moved = None, await _new(by), [case.id, other.id]
    await _point(moved, target)
    await _write("join", source, target, moved, by)
    case.matter_id = other.matter_id = target
    await _decide(case.id, (other.id,), "joined", by)
    for each in await Case.filter(id__in=[*moved, other.id]).exclude(id=case.id).order_by("id"):
        if text := _with(each, (case if each.id == other.id else other,)):
            await history.add(each.id, CaseVerb.JOIN, by, round_no=each.round, text=text)


async def _new(by: Actor) -> int:
    made: int = await db.fetchval(
        "insert into matter (created_by, created_at) values ($1, $2) returning id", by.name, clock.now()
    )
    return made


async def _point(case_ids: Sequence[int], matter_id: int | None) -> None:
    await queries.lock(case_ids)
    await db.execute(
        "update cases set matter_id = $2, version = version + 1 where id = any($1::bigint[])",
        list(case_ids),
        matter_id,
    )


async def _write(kind: str, source: int | None, target: int | None, moved: Sequence[int], by: Actor) -> None:
    await db.execute(
        "insert into matter_step (kind, from_id, to_id, case_ids, by_id, by_name, at)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        kind,
        source,
        target,
        sorted(moved),
        by.staff_id,
        by.name,
        clock.now(),
    )


async def _decide(case_id: int, others: Collection[int], state: str, by: Actor) -> None:
    """What was decided about pairs; also those that nobody proposed, so that they are not proposed again."""
    await db.execute(
        "insert into matter_proposal (case_id, other_id, state, decided_by, decided_at)"
        " select greatest($1, o), least($1, o), $3, $4, $5 from unnest($2::bigint[]) as t(o)"
        " on conflict (case_id, other_id) do update set state = excluded.state, decided_by = excluded.decided_by,"
        " decided_at = excluded.decided_at",
        case_id,
        list(others),
        state,
        by.name,
        clock.now(),
    )


def _with(case: Case, others: Iterable[Case]) -> str:
    """The numbers of the others as a line of this case's history may tell them: of secret ones nothing."""
    told = [other.number for other in others if not other.secret or case.secret]
    return f"把本诉求与 {'、'.join(told)} 归为同一事项" if told else ""


@action(
    "case",
    CaseVerb.LEAVE,
    label="移出事项",
    form=Note,
    words=("移出",),
    said="{number} 已移出该事项",
    help="移出 20261121-12 经核实不是同一件事",
)
async def leave(case_id: int, form: Note, *, by: Actor) -> Case:
    """A case is a matter of its own after all; the others stay together.

    Raises:
        Refused: it belongs to none, or is merged with another of them.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        if case.matter_id is None:
            raise Refused("本诉求没有归入任何事项")
        await _unmerged(case)
        before, left = case.state, case.matter_id
        case.move(CaseVerb.LEAVE, by)
        others = [each for each in await queries.members(left) if each != case.id]
        case.matter_id = None
        await _write("leave", left, None, [case.id], by)
        await _decide(case.id, others, "rejected", by)
        await history.case_moved(case, CaseVerb.LEAVE, by, before, text=_why("把本诉求移出事项", form.note))
    return case


def _why(text: str, note: str) -> str:
    return f"{text}：{note}" if note else text


async def _unmerged(case: Case) -> None:
    if case.merged_into is not None:
        raise Refused(f"本诉求已并入 {case.merged_number}，请先拆分再移出")
    if below := await queries.merged_into(case.id):
        raise Refused(f"有诉求并入本诉求（{'、'.join(each.number for each in below)}），请先拆分再移出")


async def reject(case_id: int, other_id: int, *, by: Actor) -> None:
    """Two cases are not one matter: the pair is not proposed again. Joining them by hand stays possible.

    Raises:
        NotFound: one is out of reach.
        Forbidden: this person decides nothing about cases.
        Refused: they are joined.
    """
    if not by.can(Permission.CASE_HANDLE):
        raise Forbidden
    other = await access.case(other_id, by)
    async with transaction():
        case = await access.lock_case(case_id, by)
        if case.matter_id is not None and case.matter_id == other.matter_id:
            raise Refused(f"与 {other.number} 已归为同一事项，请用“移出事项”")
        if case.id == other.id:
            raise NotFound("没有这项提示")
        await _decide(case.id, (other.id,), "rejected", by)
        if not other.secret or case.secret:
            await history.add(case.id, REJECTED, by, round_no=case.round, text=other.number)
        await audit.record(by, "case.reject_matter", "case", case.id, other=other.id)


async def undo(step_id: int, *, by: Actor) -> None:
    """Take a joining or leaving back: the same cases point to where they pointed before.

    Raises:
        NotFound: no such step, or cases of it are out of reach.
        Refused: undone already, changed since, or a merge stands across it.
    """
    if not by.can(Permission.CASE_HANDLE):
        raise Forbidden
    async with transaction():
        step = await db.fetchrow("select * from matter_step where id = $1 for update", step_id)
        if step is None or await secrecy.visible(step["case_ids"], by, whole=True) != set(step["case_ids"]):
            raise NotFound("没有这一步，或您无权查看")
        if step["undone_at"] is not None:
            raise Refused("这一步已撤销")
        cases = (await queries.lock(step["case_ids"])).values()
        if any(case.matter_id != step["to_id"] for case in cases):
            raise Refused("此后这些诉求又有归并或移出，请先撤销后面的一步")
        await _no_merge_across(step["case_ids"])
        await _point(step["case_ids"], step["from_id"])
        await db.execute(
            "update matter_step set undone_by = $2, undone_at = $3 where id = $1",
            step_id,
            by.name,
            clock.now(),
        )
        if step["kind"] == "join":
            await _propose_again(step["case_ids"])
        text = "归为同一事项" if step["kind"] == "join" else "移出事项"
        for case in cases:
            await history.add(case.id, UNDONE, by, round_no=case.round, text=text)
            await audit.record(by, "case.undo_matter", "case", case.id, step=step_id)


async def _no_merge_across(case_ids: Sequence[int]) -> None:
    across = await db.fetchval(
        "select count(*) from cases where merged_into is not null"
        " and (id = any($1::bigint[])) <> (merged_into = any($1::bigint[]))",
        list(case_ids),
    )
    if across:
        raise Refused("其中有已合并的诉求，请先拆分")


async def _propose_again(case_ids: Sequence[int]) -> None:
    """Pairs that are parted now may be decided anew."""
    await db.execute(
        "update matter_proposal p set state = 'proposed', decided_by = '', decided_at = null from cases a, cases b"
        " where a.id = p.case_id and b.id = p.other_id and p.state = 'joined'"
        " and (p.case_id = any($1::bigint[]) or p.other_id = any($1::bigint[]))"
        " and (a.matter_id is null or a.matter_id is distinct from b.matter_id)",
        list(case_ids),
    )

"""Slow and outward work of cases: reports and requests to the hotline platform, recounting of clocks. Safe to run twice."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from channels import alarms
from core import clock, db, exports
from core.actor import Actor, Door, system
from core.db import transaction
from core.errors import GiveUp, TryLater
from core.events import announce
from core.jobs import Job
from integrations import hotline
from integrations.http import CallFailed, Kind
from staff import working_days
from tickets import clocks, history
from tickets.events import DeadlineMoved, ExtensionRefused, LimitsRecounted
from tickets.extending import speaks_to_platform
from tickets.models import Case, Clock, Ticket
from tickets.recounting import Counted, Counter, keep, recount
from tickets.story import EXTENSION_GRANTED, EXTENSION_REFUSED

ALREADY_CONCLUDED = "4009"
BATCH = 1000  # cases counted again in one transaction
_PLATFORM = system("热线平台接口", Door.API)
_CALENDAR = system("工作日历")


async def report_result(job: Job) -> None:
    """Send the result of a round to the platform, once; its receipt is kept."""
    case = await Case.get(id=job.payload["case_id"])
    number = int(job.payload["round"])
    if not speaks_to_platform(case) or await _receipt(case.id, number, "result"):
        return
    row = await db.fetchrow("select * from case_round where case_id = $1 and no = $2", case.id, number)
    if row is None:
        raise GiveUp(f"case {case.id} has no round {number}")
    receipt = await _ask(
        lambda: hotline.send_result(
            case.external_no or "",
            key=f"result:{case.id}:{number}",
            round_no=number,
            result=row["solved"],
            public_reply=row["reply"],
            solved=row["solved"] == "已解决",
            verified=row["verified"] in ("属实", "部分属实"),
            finished_at=row["replied_at"] or clock.now(),
        )
    )
    await _keep(case, number, "result", receipt, pushed=row["reply"])


async def report_return(job: Job) -> None:
    """Send the return of an order (退单) to the platform, once."""
    case = await Case.get(id=job.payload["case_id"])
    if not speaks_to_platform(case) or await _receipt(case.id, case.round, "return"):
        return
    receipt = await _ask(
        lambda: hotline.give_back(case.external_no or "", key=f"return:{case.id}", reason=case.return_reason)
    )
    await _keep(case, case.round, "return", receipt)


async def _receipt(case_id: int, number: int, kind: str) -> bool:
    return bool(
        await db.fetchval(
            "select true from upstream_receipt where case_id = $1 and round = $2 and kind = $3",
            case_id,
            number,
            kind,
        )
    )


async def _ask(call: Callable[[], Awaitable[str]]) -> str:
    try:
        return await call()
    except CallFailed as error:
        await alarms.note(error)
        if error.code == ALREADY_CONCLUDED:
            return "平台上此前已办结"
        raise _again_or_never(error) from None


def _again_or_never(error: CallFailed) -> TryLater | GiveUp:
    if error.kind in (Kind.RETRY, Kind.QUOTA):
        return TryLater(str(error), after=error.wait or None)
    return GiveUp(str(error))


async def _keep(case: Case, number: int, kind: str, receipt: str, *, pushed: str = "") -> None:
    """Write the receipt down, and in the log of exports what was handed to the platform with it."""
    async with transaction():
        if await _write_receipt(case, number, kind, receipt):
            await exports.log(
                _PLATFORM,
                exports.Kind.CASE_PUSH,
                "办理结果" if kind == "result" else "退单",
                (pushed or case.return_reason).encode(),
                which=f"{case.number} 第 {number} 轮",
                rows=1,
                columns=("办理结果", "答复内容") if kind == "result" else ("退单原因",),
                recipient="12345 热线平台",
                purpose="回传来单平台",
                case_id=case.id,
            )
            await history.add(
                case.id, "reported", _PLATFORM, round_no=number, text=receipt, detail={"kind": kind}
            )


async def _write_receipt(case: Case, number: int, kind: str, receipt: str) -> bool:
    """Whether it is the first of its kind in this round."""
    return bool(
        await db.fetchval(
            "insert into upstream_receipt (case_id, round, kind, receipt, at) values ($1, $2, $3, $4, $5)"
            " on conflict do nothing returning true",
            case.id,
            number,
            kind,
            receipt,
            clock.now(),
        )
    )


async def ask_extension(job: Job) -> None:
    """Ask the platform for more time; its receipt moves the limits, its refusal is told, anything else waits."""
    case = await Case.get(id=job.payload["case_id"])
    number, key, days = int(job.payload["round"]), str(job.payload["key"]), int(job.payload["days"])
    if await _receipt(case.id, number, "extension") or await _was_refused(case.id, key):
        return
    if not speaks_to_platform(case):
        raise GiveUp("the hotline platform is not configured any more")
    until = datetime.fromisoformat(job.payload["until"])
    try:
        receipt = await hotline.ask_extension(
            case.external_no or "", key=key, reason=str(job.payload["reason"]), until=until
        )
    except CallFailed as error:
        await alarms.note(error)
        if error.kind is not Kind.PERMANENT or error.uncertain:
            raise _again_or_never(error) from None
        await _refuse(case.id, number, key, days, error.message)
        return
    await _grant(case.id, number, days, until, receipt)


async def _was_refused(case_id: int, key: str) -> bool:
    return bool(
        await db.fetchval(
            "select exists(select from history where case_id = $1 and verb = $2 and detail->>'key' = $3)",
            case_id,
            EXTENSION_REFUSED,
            key,
        )
    )


async def _refuse(case_id: int, number: int, key: str, days: int, why: str) -> None:
    async with transaction():
        await Case.select_for_update().get(id=case_id)
        if await _was_refused(case_id, key):
            return
        line = await history.add(
            case_id,
            EXTENSION_REFUSED,
            _PLATFORM,
            round_no=number,
            text=why,
            detail={"key": key, "days": days},
        )
        await announce(ExtensionRefused(case_id=case_id, history_id=line))


async def _grant(case_id: int, number: int, days: int, until: datetime, receipt: str) -> None:
    """Keep the receipt; move the upstream limit, then those that were held back by it."""
    async with transaction():
        case = await Case.select_for_update().get(id=case_id)
        if not await _write_receipt(case, number, "extension", receipt):
            return
        detail: dict[str, object] = {"days": days, "until": until}
        await history.add(case_id, EXTENSION_GRANTED, _PLATFORM, round_no=number, text=receipt, detail=detail)
        upstream = await Clock.select_for_update().get_or_none(
            case_id=case_id, ticket_id=None, round=number, kind="upstream", state="running"
        )
        if upstream is None:  # the round ended while the platform thought: nothing runs that could move
            return
        before = upstream.due_at
        await clocks.grant(upstream, days, until, receipt)
        await _tell_moved(upstream, before, _PLATFORM)
        counted = await recount([case_id], Counter(await working_days.calendar()), _PLATFORM, locked=True)
        await announce(*(DeadlineMoved(clock_id=one.clock.id) for one in counted.moved))
        await clocks.refresh(case)
        await case.save(update_fields=["due_at", "provisional"])


async def recount_clocks(job: Job) -> None:
    """Count every open clock again under the new working days, and have those concerned told once, at its end."""
    number = await _begin(job)
    if number is None:
        return
    total: int = await db.fetchval("select count(*) from clock where state in ('running', 'paused')")
    done, after, busy = 0, 0, list[int]()
    counter = Counter(await working_days.calendar())
    while True:
        ids = await db.fetch(
            "select distinct case_id from clock where state in ('running', 'paused') and case_id > $1"
            " order by case_id limit $2",
            after,
            BATCH,
        )
        if not ids:
            break
        counter, counted = await _recount(number, [row["case_id"] for row in ids], counter)
        done, after = done + counted.clocks, ids[-1]["case_id"]
        busy += counted.busy
        await job.report(done, total)
    for case_id in busy:  # they were in somebody's hand; now we wait for them, one by one
        counter, _ = await _recount(number, [case_id], counter, wait=True)
    await _finish(number)


async def _begin(job: Job) -> int | None:
    """The row of this recount; None when it is finished."""
    number: int | None = await db.fetchval(
        "insert into recount (job_id, years, started_at) values ($1, $2, $3)"
        " on conflict (job_id) do update set job_id = recount.job_id where recount.ended_at is null returning id",
        job.id,
        [int(year) for year in job.payload.get("years", [])],
        clock.now(),
    )
    return number


async def _recount(
    number: int, case_ids: list[int], counter: Counter, *, wait: bool = False
) -> tuple[Counter, Counted]:
    """Count some cases; with the counter that was used, another one when the working days changed meanwhile."""
    async with transaction():
        if wait:
            await Case.select_for_update().filter(id__in=case_ids)
        calendar = await working_days.calendar(fresh=True)
        if calendar != counter.calendar:
            counter = Counter(calendar)
        counted = await recount(case_ids, counter, _CALENDAR, locked=wait)
        await keep(number, counted)
    return counter, counted


async def _finish(number: int) -> None:
    async with transaction():
        ended = await db.fetchval(
            "update recount set ended_at = $2 where id = $1 and ended_at is null returning moved",
            number,
            clock.now(),
        )
        if ended:
            await announce(LimitsRecounted(recount_id=number))


async def _tell_moved(row: Clock, before: datetime, by: Actor) -> None:
    """Write down and announce that a clock has another limit; a ticket keeps a copy of its own."""
    if row.ticket_id is not None:
        await Ticket.filter(id=row.ticket_id).update(due_at=row.due_at)
    await history.add(
        row.case_id,
        "limit_moved",
        by,
        round_no=row.round,
        ticket_id=row.ticket_id,
        text=row.reason,
        detail={"kind": row.kind, "from": before, "to": row.due_at},
    )
    await announce(DeadlineMoved(clock_id=row.id))

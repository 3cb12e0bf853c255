"""Slow and outward work of cases: results and returns to the hotline platform, recounting of clocks. Safe to run twice."""

from collections.abc import Awaitable, Callable

from channels import alarms
from core import clock, db
from core.actor import Actor, Door, system
from core.db import transaction
from core.errors import GiveUp, TryLater
from core.events import announce
from core.jobs import Job
from integrations import hotline
from integrations.http import CallFailed, Kind
from staff import working_days
from tickets import clocks, history
from tickets.events import DeadlineMoved
from tickets.models import Case, Clock, Ticket
from tickets.sources import SOURCES

ALREADY_CONCLUDED = "4009"
BATCH = 200
_PLATFORM = system("热线平台接口", Door.API)


async def report_result(job: Job) -> None:
    """Send the result of a round to the platform, once; its receipt is kept."""
    case = await Case.get(id=job.payload["case_id"])
    number = int(job.payload["round"])
    if not _reports(case) or await _receipt(case.id, number, "result"):
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
    await _keep(case, number, "result", receipt)


async def report_return(job: Job) -> None:
    """Send the return of an order (退单) to the platform, once."""
    case = await Case.get(id=job.payload["case_id"])
    if not _reports(case) or await _receipt(case.id, case.round, "return"):
        return
    receipt = await _ask(
        lambda: hotline.give_back(case.external_no or "", key=f"return:{case.id}", reason=case.return_reason)
    )
    await _keep(case, case.round, "return", receipt)


def _reports(case: Case) -> bool:
    return SOURCES[case.source].reports_back and bool(case.external_no) and hotline.configured()


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
        if error.kind in (Kind.RETRY, Kind.QUOTA):
            raise TryLater(str(error), after=error.wait or None) from None
        raise GiveUp(str(error)) from None


async def _keep(case: Case, number: int, kind: str, receipt: str) -> None:
    async with transaction():
        fresh = await db.fetchval(
            "insert into upstream_receipt (case_id, round, kind, receipt, at) values ($1, $2, $3, $4, $5)"
            " on conflict do nothing returning true",
            case.id,
            number,
            kind,
            receipt,
            clock.now(),
        )
        if fresh:
            await history.add(
                case.id, "reported", _PLATFORM, round_no=number, text=receipt, detail={"kind": kind}
            )


async def recount_clocks(job: Job) -> None:
    """Count every open clock again; limits above are counted before those below them."""
    total: int = await db.fetchval("select count(*) from clock where state in ('running', 'paused')")
    done, after = 0, 0
    by = system("工作日历")
    while True:
        cases = await db.fetch(
            "select distinct case_id from clock where state in ('running', 'paused') and case_id > $1"
            " order by case_id limit $2",
            after,
            BATCH,
        )
        if not cases:
            return
        for row in cases:
            done += await _recount_case(row["case_id"], by)
        after = cases[-1]["case_id"]
        await job.report(done, total)


async def _recount_case(case_id: int, by: Actor) -> int:
    calendar = await working_days.calendar(fresh=True)
    async with transaction():
        case = await Case.select_for_update().get(id=case_id)
        rows = await (
            Clock.select_for_update()
            .filter(case_id=case_id, state__in=("running", "paused"))
            .order_by("-kind", "id")
        )  # upstream, hospital, department: by the alphabet backwards
        for row in rows:
            before = row.due_at
            if not await clocks.recount(row, calendar):
                continue
            if row.ticket_id is not None:
                await Ticket.filter(id=row.ticket_id).update(due_at=row.due_at)
            await history.add(
                case_id,
                "limit_moved",
                by,
                round_no=row.round,
                ticket_id=row.ticket_id,
                text=row.reason,
                detail={"kind": row.kind, "from": before, "to": row.due_at},
            )
            await announce(DeadlineMoved(clock_id=row.id))
        await clocks.refresh(case)
        await case.save(update_fields=["due_at", "provisional"])
    return len(rows)

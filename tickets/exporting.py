"""Takes a list of cases out as an Excel sheet: asked for by a person, written by a job, fetched by that person alone.

Names and phones are masked as on the screen. The sheet itself is `tickets.case_sheet`.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

from core import audit, clock, db, storage
from core.actor import Actor, Door, Grant, Permission
from core.errors import Forbidden, HuiyinError, NotFound, Refused
from core.jobs import Job, enqueue
from core.models import StoredFile
from staff.actors import actor_of
from tickets.case_sheet import CaseSheet
from tickets.models import Case
from tickets.queries import cases, secrecy
from tickets.queries.case_filter import CaseFilter, read
from tickets.queries.case_rows import load

KIND = "cases.export"
MOST = 50_000
CHUNK = 500
PATIENCE = 60_000  # ms; nobody waits for a job with the hand on the mouse
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Export:
    """A sheet that was asked for, as its owner sees it; `done` of `total` rows while it runs."""

    id: UUID
    query: str
    state: str
    taken: int
    error: str
    asked_at: datetime
    done_at: datetime | None
    file_id: UUID | None
    done: int
    total: int

    @property
    def here(self) -> bool:
        """Whether the sheet can still be fetched."""
        return self.file_id is not None and clock.now() - self.asked_at < KEPT


def _narrowed(by: Actor) -> Actor:
    """The person with nothing but what they hold where they may also take lists out."""
    places = by.scope(Permission.CASE_EXPORT)
    grants = {
        Grant(grant.permission, max(grant.path, place, key=len))
        for grant in by.grants
        for place in places
        if grant.path.startswith(place) or place.startswith(grant.path)
    }
    return replace(by, grants=tuple(sorted(grants, key=lambda grant: (grant.path, grant.permission))))


async def ask(wanted: CaseFilter, *, by: Actor) -> UUID:
    """Ask for the sheet of a list; the id under which it is found.

    Raises:
        Forbidden: this person may not take lists out.
        Refused: one is being written for them already.
    """
    if by.staff_id is None or not by.can(Permission.CASE_EXPORT):
        raise Forbidden
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('cases.export'), $1::int)", by.staff_id)
        if await db.fetchval(
            "select exists (select 1 from case_export where staff_id = $1 and state = 'running')", by.staff_id
        ):
            raise Refused("您的上一份导出还在进行，请等它完成")
        number: UUID = await db.fetchval(
            "insert into case_export (staff_id, query, asked_at) values ($1, $2, $3) returning id",
            by.staff_id,
            wanted.query(),
            clock.now(),
        )
        job = await enqueue(KIND, {"export": str(number)})
        await db.execute("update case_export set job_id = $2 where id = $1", number, job)
        await audit.record(by, "case.export", "case_export", None, export=str(number), query=wanted.query())
    return number


async def forget(case: Case) -> None:
    """Close the sheets in which a case may stand to their owners, if they may not read it whole any more."""
    rows = await db.fetch(
        "select id, staff_id from case_export where file_id is not null and asked_at >= $1 and asked_at > $2",
        case.received_at,
        clock.now() - KEPT,
    )
    known = await secrecy.readers(case, {row["staff_id"] for row in rows})
    await db.execute(
        "update case_export set file_id = null where id = any($1::uuid[])",
        [row["id"] for row in rows if row["staff_id"] not in known],
    )


_SELECT = """
select e.id, e.query, e.state, e.taken, e.error, e.asked_at, e.done_at, e.file_id, j.progress, j.state as job_state
from case_export e left join job j on j.id = e.job_id
"""


async def find(export_id: UUID, *, by: Actor) -> Export:
    """One of this person's own.

    Raises:
        NotFound: none, or somebody else's.
    """
    row = await db.fetchrow(f"{_SELECT} where e.id = $1 and e.staff_id = $2", export_id, by.staff_id)
    if row is None:
        raise NotFound
    return _export(row)


async def recent(*, by: Actor, most: int = 10) -> list[Export]:
    """This person's own, newest first."""
    rows = await db.fetch(
        f"{_SELECT} where e.staff_id = $1 order by e.asked_at desc limit $2", by.staff_id, most
    )
    return [_export(row) for row in rows]


def _export(row: Any) -> Export:
    progress = orjson.loads(row["progress"]) if row["progress"] else {}
    parked = row["state"] == "running" and row["job_state"] in ("parked", "dropped")
    return Export(
        id=row["id"],
        query=row["query"],
        state="refused" if parked else row["state"],
        taken=row["taken"],
        error="导出没有完成，已通知系统管理员" if parked else row["error"],
        asked_at=row["asked_at"],
        done_at=row["done_at"],
        file_id=row["file_id"],
        done=int(progress.get("done", 0)),
        total=int(progress.get("total", 0)),
    )


async def file_of(export_id: UUID, *, by: Actor) -> tuple[StoredFile, bytes]:
    """The sheet of one of this person's own exports; that it was fetched is an audit line.

    Raises:
        NotFound: none, not ready, or kept no longer.
    """
    found = await find(export_id, by=by)
    if not found.here or found.file_id is None or not by.can(Permission.CASE_EXPORT):
        raise NotFound("这份导出已过期或尚未完成，请重新导出")
    file = await storage.find(found.file_id)
    data = await storage.read(file)
    await audit.record(by, "case.export.fetch", "case_export", None, export=str(export_id), rows=found.taken)
    return file, data


async def write(job: Job) -> None:
    """The job: write the sheet. Safe to run twice: the first that is done counts."""
    row = await db.fetchrow(
        "select id, staff_id, query from case_export where id = $1 and state = 'running'",
        UUID(job.payload["export"]),
    )
    if row is None:
        return
    try:
        by = await actor_of(row["staff_id"], Door.WEB)
        if not by.can(Permission.CASE_EXPORT):
            raise Forbidden
        taken, file = await _sheet(read(parse_qsl(row["query"]))[0], by, job)
    except HuiyinError as error:
        await _end(row["id"], "refused", 0, None, error.message)
        return
    await _end(row["id"], "done", taken, file.id, "")


async def _end(export_id: UUID, state: str, taken: int, file_id: UUID | None, error: str) -> None:
    await db.execute(
        "update case_export set state = $2, taken = $3, file_id = $4, error = $5, done_at = $6"
        " where id = $1 and state = 'running'",
        export_id,
        state,
        taken,
        file_id,
        error,
        clock.now(),
    )


async def _sheet(wanted: CaseFilter, by: Actor, job: Job) -> tuple[int, StoredFile]:
    narrow = _narrowed(by)
    ids = await cases.ids_of(wanted, by=narrow, limit=MOST + 1, patience=PATIENCE)
    if len(ids) > MOST:
        raise Refused(f"符合条件的超过 {MOST} 件，一次最多导出 {MOST} 件，请缩小范围（例如按月）后再导出")
    with TemporaryDirectory() as folder:
        sheet, taken = CaseSheet(Path(folder)), 0
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            known = await secrecy.visible(
                chunk, by
            )  # a post that lists are not taken out for bars all the same
            rows = await load([number for number in chunk if number in known], by=narrow)
            taken += len(rows)
            await asyncio.to_thread(sheet.add, rows)
            await job.report(min(start + CHUNK, len(ids)), len(ids), "正在写入表格")
        data = await asyncio.to_thread(sheet.close)
    name = f"诉求_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx"
    return taken, await storage.keep(name, data, by=by.name, checked=True)

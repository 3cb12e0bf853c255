"""Takes a list of patients out as an Excel sheet: asked for by a person, written by a job, fetched by that person alone.

Names and phones are masked; there is no way here to have them whole. Rows go to the disk as they are read, so that memory
does not grow with the list. Each time a sheet is fetched it is a line of the log of exports and of the audit log.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

from core import audit, clock, db, exports, storage
from core.actor import Actor, Door, Permission
from core.errors import Forbidden, HuiyinError, NotFound, Refused
from core.jobs import Job, enqueue
from core.models import StoredFile
from core.sheets import ListSheet
from patients.search import LISTS, List, PatientFilter, read
from patients.search_pages import everything, load
from patients.search_sheet import cells, columns, in_words
from staff.actors import actor_of

KIND = "patients.export"
MOST = 500_000  # rows of one sheet; Excel itself ends at 1,048,576
CHUNK = 1_000
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Export:
    """A sheet that was asked for, as its owner sees it; `done` of `total` rows while it runs."""

    id: UUID
    list: List
    query: str
    state: str
    taken: int
    error: str
    asked_at: datetime
    file_id: UUID | None
    done: int
    total: int

    @property
    def word(self) -> str:
        """门诊, 出院 …"""
        return LISTS[self.list]

    @property
    def here(self) -> bool:
        """Whether the sheet can still be fetched."""
        return self.file_id is not None and clock.now() - self.asked_at < KEPT


async def ask(kind: List, wanted: PatientFilter, *, by: Actor) -> UUID:
    """Ask for the sheet of a list; the id under which it is found.

    Raises:
        Forbidden: this person may not take lists out.
        Refused: one is being written for them already.
    """
    if by.staff_id is None or not by.can(Permission.PATIENT_EXPORT):
        raise Forbidden
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('patients.export'), $1::int)", by.staff_id)
        if await db.fetchval(
            "select exists (select 1 from patient_export e left join job j on j.id = e.job_id where e.staff_id = $1"
            " and e.state = 'running' and j.state not in ('parked', 'dropped'))",
            by.staff_id,
        ):
            raise Refused("您的上一份导出还在进行，请等它完成")
        number: UUID = await db.fetchval(
            "insert into patient_export (staff_id, list, query, asked_at) values ($1, $2, $3, $4) returning id",
            by.staff_id,
            kind,
            wanted.query(),
            clock.now(),
        )
        job = await enqueue(KIND, {"export": str(number)})
        await db.execute("update patient_export set job_id = $2 where id = $1", number, job)
        which = await in_words(kind, wanted)
        await audit.record(by, "patient.export", "patient_export", None, export=str(number), which=which)
    return number


_SELECT = (
    "select e.id, e.list, e.query, e.state, e.taken, e.error, e.asked_at, e.file_id, j.progress, j.state as job_state"
    " from patient_export e left join job j on j.id = e.job_id"
)


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
        list=List(row["list"]),
        query=row["query"],
        state="refused" if parked else row["state"],
        taken=row["taken"],
        error="导出没有完成，已通知系统管理员" if parked else row["error"],
        asked_at=row["asked_at"],
        file_id=row["file_id"],
        done=int(progress.get("done", 0)),
        total=int(progress.get("total", 0)),
    )


async def file_of(export_id: UUID, *, by: Actor) -> tuple[StoredFile, bytes]:
    """The sheet of one of this person's own exports; that it was fetched is a line of both logs.

    Raises:
        NotFound: none, not ready, or kept no longer.
    """
    found = await find(export_id, by=by)
    if not found.here or found.file_id is None or not by.can(Permission.PATIENT_EXPORT):
        raise NotFound("这份导出已过期或尚未完成，请重新导出")
    file = await storage.find(found.file_id)
    data = await storage.read(file)
    wanted = read(found.list, parse_qsl(found.query))[0]
    async with db.transaction():
        await audit.record(
            by, "patient.export.fetch", "patient_export", None, export=str(export_id), rows=found.taken
        )
        await exports.log(
            by,
            exports.Kind.PATIENT_SHEET,
            file.name,
            data,
            which=await in_words(found.list, wanted),
            rows=found.taken,
            columns=[title for title, _ in columns(found.list)],
        )
    return file, data


async def write(job: Job) -> None:
    """Job `patients.export` {"export": id}: write the sheet. Safe to run twice: the first that is done counts."""
    row = await db.fetchrow(
        "select * from patient_export where id = $1 and state = 'running'", UUID(job.payload["export"])
    )
    if row is None:
        return
    try:
        by = await actor_of(row["staff_id"], Door.WEB)
        if not by.can(Permission.PATIENT_EXPORT):
            raise Forbidden
        kind = List(row["list"])
        taken, file = await _sheet(kind, read(kind, parse_qsl(row["query"]))[0], by, job)
    except HuiyinError as error:
        await _end(row["id"], "refused", 0, None, error.message)
        return
    await _end(row["id"], "done", taken, file.id, "")


async def _end(export_id: UUID, state: str, taken: int, file_id: UUID | None, error: str) -> None:
    await db.execute(
        "update patient_export set state = $2, taken = $3, file_id = $4, error = $5, done_at = $6"
        " where id = $1 and state = 'running'",
        export_id,
        state,
        taken,
        file_id,
        error,
        clock.now(),
    )


async def _sheet(kind: List, wanted: PatientFilter, by: Actor, job: Job) -> tuple[int, StoredFile]:
    """Write it within what this person may both read and take out at this moment."""
    ids = await everything(kind, wanted, by, most=MOST + 1)
    if len(ids) > MOST:
        raise Refused(f"符合条件的超过 {MOST} 条，请缩小范围（例如按年或按月）后再导出")
    mark = f"{exports.mark(by)}；范围：{await in_words(kind, wanted)}；姓名和电话已脱敏"
    taken = 0
    with TemporaryDirectory(prefix="huiyin-") as folder:
        sheet = ListSheet(Path(folder), LISTS[kind], columns(kind), mark)
        for start in range(0, len(ids), CHUNK):
            rows = await load(ids[start : start + CHUNK])
            taken += len(rows)
            await asyncio.to_thread(sheet.add, [cells(kind, row) for row in rows])
            await job.report(min(start + CHUNK, len(ids)), len(ids), "正在写入表格")
        data = await asyncio.to_thread(sheet.close)
    name = f"{LISTS[kind]}患者_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx"
    return taken, await storage.keep(name, data, by=by.name, checked=True)


async def forget_expired() -> int:
    """Let go of sheets that are kept no longer, and of their bytes; how many. For the clock."""
    async with db.transaction():
        rows = await db.fetch(
            "with gone as (select id, file_id from patient_export where file_id is not null and asked_at < $1 for update)"
            " update patient_export e set file_id = null from gone where e.id = gone.id returning gone.file_id",
            clock.now() - KEPT,
        )
        await storage.let_go([row["file_id"] for row in rows])
    return len(rows)

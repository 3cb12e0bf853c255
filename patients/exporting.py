"""Takes a list of patients out as an Excel sheet: asked for by a person, written by a job, fetched by that person alone.

Names and phones are masked; there is no way here to have them whole. Rows go to the disk as they are read, so that memory
does not grow with the list. Each time a sheet is fetched it is a line of the log of exports and of the audit log.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl
from uuid import UUID

from core import audit, clock, db, exports, storage
from core.actor import Actor, Door, Permission
from core.asked_sheets import KEPT, Asked, Sheets, fetched, shared
from core.errors import Forbidden, HuiyinError, Refused
from core.jobs import Job
from core.models import StoredFile
from core.sheets import ListSheet
from patients.search import LISTS, List, PatientFilter, read
from patients.search_pages import everything, load
from patients.search_sheet import cells, columns, in_words
from staff.actors import actor_of

KIND = "patients.export"
MOST = 500_000  # rows of one sheet; Excel itself ends at 1,048,576
CHUNK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Asked):
    """A list's sheet that was asked for."""

    list: List

    @property
    def word(self) -> str:
        """门诊, 出院 …"""
        return LISTS[self.list]


sheets = Sheets("patient_export", KIND, lambda row: Export(**shared(row), list=List(row["list"])))


async def ask(kind: List, wanted: PatientFilter, *, by: Actor) -> UUID:
    """Ask for the sheet of a list; the id under which it is found.

    Raises:
        Forbidden: this person may not take lists out.
        Refused: one is being written for them already.
    """
    if by.staff_id is None or not by.can(Permission.PATIENT_EXPORT):
        raise Forbidden
    async with db.transaction():
        if await sheets.busy("running", by=by):
            raise Refused("您的上一份导出还在进行，请等它完成")
        number: UUID = await db.fetchval(
            "insert into patient_export (staff_id, list, query, asked_at) values ($1, $2, $3, $4) returning id",
            by.staff_id,
            kind,
            wanted.query(),
            clock.now(),
        )
        await sheets.begin(number)
        which = await in_words(kind, wanted)
        await audit.record(by, "patient.export", "patient_export", None, export=str(number), which=which)
    return number


async def file_of(export_id: UUID, *, by: Actor) -> tuple[StoredFile, bytes]:
    """The sheet of one of this person's own exports; that it was fetched is a line of both logs.

    Raises:
        NotFound: none, not ready, or kept no longer.
        Forbidden: they may take lists out no longer.
    """
    found = await sheets.find(export_id, by=by)
    if not by.can(Permission.PATIENT_EXPORT):
        raise Forbidden
    file = await storage.find(fetched(found))
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
    row = await sheets.running(job)
    if row is None:
        return
    try:
        by = await actor_of(row["staff_id"], Door.WEB)
        if not by.can(Permission.PATIENT_EXPORT):
            raise Forbidden
        kind = List(row["list"])
        taken, file = await _sheet(kind, read(kind, parse_qsl(row["query"]))[0], by, job)
    except HuiyinError as error:
        await sheets.refused(row["id"], error)
        return
    await sheets.written(row["id"], taken, file)


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
    return await sheets.let_go("asked_at < $1", clock.now() - KEPT)

"""Takes a list of cases out as an Excel sheet: asked for by a person, written by a job, fetched by that person alone.

Names and phones are masked as on the screen. In full only for a purpose, by who may ask for it, and after another
person agreed (`tickets.export_approval`); never of those who asked for secrecy. Each time a sheet is fetched it is a
line of the log of exports. The sheet itself is `tickets.case_sheet`.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from core import audit, clock, db, exports, storage
from core.actor import Actor, Door, Grant, Permission
from core.asked_sheets import KEPT, Asked, Sheets, fetched, shared
from core.errors import Forbidden, HuiyinError, Refused
from core.events import announce
from core.identity import mask_in_text
from core.jobs import Job
from core.models import StoredFile
from staff import queries as staff
from staff.actors import actor_of
from tickets import revealing
from tickets.case_sheet import COLUMNS, CaseSheet
from tickets.events import WholeExportAsked
from tickets.models import Case
from tickets.queries import cases, secrecy
from tickets.queries.case_filter import CaseFilter, read
from tickets.queries.case_rows import CaseRow, load
from tickets.sources import SOURCES
from tickets.states import CASE_LABELS

KIND = "cases.export"
MOST = 50_000
CHUNK = 500
PATIENCE = 60_000  # ms; nobody waits for a job with the hand on the mouse
KEPT_WHOLE = timedelta(days=1)  # from the day it was agreed to


@dataclass(frozen=True, slots=True)
class Whole:
    """That names and phones shall stand in the sheet in full: for whom and what for."""

    recipient: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Asked):
    """A list's sheet that was asked for; a whole one is kept for a day from when it was agreed to."""

    whole: bool = False
    recipient: str = ""
    purpose: str = ""
    decided_name: str = ""
    decided_at: datetime | None = None

    @property
    def until(self) -> datetime:
        """When it is kept no longer."""
        return self.asked_at + KEPT if self.decided_at is None else self.decided_at + KEPT_WHOLE


def _export(row: Any) -> Export:
    more = {name: row[name] for name in ("whole", "recipient", "purpose", "decided_name", "decided_at")}
    return Export(**shared(row), **more)


sheets = Sheets("case_export", KIND, _export)


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


async def ask(wanted: CaseFilter, *, by: Actor, whole: Whole | None = None) -> UUID:
    """Ask for the sheet of a list; the id under which it is found. With `whole` it waits for another person's word.

    Raises:
        Forbidden: this person may not take lists out, or not with names and phones in full.
        Refused: one is being written for them already, or waits.
    """
    if by.staff_id is None or not by.can(Permission.CASE_EXPORT):
        raise Forbidden
    if whole is not None and not by.can(Permission.EXPORT_WHOLE):
        raise Forbidden
    async with db.transaction():
        if await sheets.busy("running" if whole is None else "waiting", by=by):
            raise Refused(
                "您的上一份导出还在进行，请等它完成" if whole is None else "您已有一份完整信息导出在等待审批"
            )
        if whole is not None and await sheets.busy("running", by=by):
            raise Refused("您的上一份导出还在进行，请等它完成")
        number: UUID = await db.fetchval(
            "insert into case_export (staff_id, query, asked_at, state, whole, recipient, purpose)"
            " values ($1, $2, $3, $4, $5, $6, $7) returning id",
            by.staff_id,
            wanted.query(),
            clock.now(),
            "running" if whole is None else "waiting",
            whole is not None,
            whole.recipient if whole else "",
            whole.purpose if whole else "",
        )
        if whole is None:
            await sheets.begin(number)
        else:
            await announce(WholeExportAsked(export_id=str(number)))
        await audit.record(
            by,
            "case.export" if whole is None else "case.export_whole",
            "case_export",
            None,
            export=str(number),
            query=wanted.query(),
            **({} if whole is None else {"recipient": whole.recipient, "purpose": whole.purpose}),
        )
    return number


async def forget(case: Case) -> None:
    """Close the sheets in which a case may stand to their owners, if they may not read it whole any more."""
    rows = await db.fetch(
        "select id, staff_id from case_export where file_id is not null and asked_at >= $1 and asked_at > $2",
        case.received_at,
        clock.now() - KEPT,
    )
    known = await secrecy.readers(case, {row["staff_id"] for row in rows})
    closed = [row["id"] for row in rows if row["staff_id"] not in known]
    await sheets.let_go("id = any($1::uuid[])", closed)


async def forget_expired() -> int:
    """Let go of sheets that are kept no longer, and of their bytes; how many. For the clock."""
    now = clock.now()
    return await sheets.let_go("asked_at < $1 or whole and decided_at < $2", now - KEPT, now - KEPT_WHOLE)


async def file_of(export_id: UUID, *, by: Actor) -> tuple[StoredFile, bytes]:
    """The sheet of one of this person's own exports; that it was fetched is an audit line.

    Raises:
        NotFound: none, not ready, or kept no longer.
        Forbidden: they may take lists out no longer.
    """
    found = await sheets.find(export_id, by=by)
    if not by.can(Permission.CASE_EXPORT) or (found.whole and not by.can(Permission.EXPORT_WHOLE)):
        raise Forbidden
    file = await storage.find(fetched(found))
    data = await storage.read(file)
    async with db.transaction():
        await audit.record(
            by,
            "case.export.fetch",
            "case_export",
            None,
            export=str(export_id),
            rows=found.taken,
            **({"whole": True} if found.whole else {}),
        )
        await exports.log(
            by,
            exports.Kind.CASE_SHEET,
            file.name,
            data,
            which=await in_words(read(parse_qsl(found.query))[0]),
            rows=found.taken,
            columns=[name for name, _ in COLUMNS],
            whole=found.whole,
            recipient=found.recipient,
            purpose=found.purpose,
            approved_by=found.decided_name,
        )
    return file, data


async def in_words(wanted: CaseFilter) -> str:
    """What a list was narrowed to, as a sentence for the log; phones and ID numbers that were searched are masked."""
    tree = await staff.tree()
    parts = []
    for name, text in wanted.pairs():
        value = mask_in_text(text)
        if name in ("unit", "campus"):
            value = tree.label(int(text))
        elif name == "state":
            value = next((label for state, label in CASE_LABELS.items() if state == text), text)
        elif name == "source":
            value = SOURCES[text].label
        elif text == "1" and name in ("again", "todo"):
            value = "是"
        parts.append(f"{CaseFilter.model_fields[name].title or name}：{value}")
    return "；".join(parts) or "全部"


async def write(job: Job) -> None:
    """The job: write the sheet. Safe to run twice: the first that is done counts."""
    row = await sheets.running(job)
    if row is None:
        return
    try:
        by = await actor_of(row["staff_id"], Door.WEB)
        if not by.can(Permission.CASE_EXPORT) or (row["whole"] and not by.can(Permission.EXPORT_WHOLE)):
            raise Forbidden
        taken, file = await _sheet(read(parse_qsl(row["query"]))[0], by, job, row)
    except HuiyinError as error:
        await sheets.refused(row["id"], error)
        return
    await sheets.written(row["id"], taken, file)


async def _mark(wanted: CaseFilter, by: Actor, row: Any) -> str:
    """The watermark: who, when, which, and of a whole one for whom and by whose word."""
    parts = [exports.mark(by), f"范围：{await in_words(wanted)}"]
    if row["whole"]:
        parts += [
            f"含完整姓名和电话，接收方：{row['recipient']}，用途：{row['purpose']}，审批：{row['decided_name']}",
            "仅限上述用途，用后即删",
        ]
    else:
        parts.append("姓名和电话已脱敏")
    return "；".join(parts)


def _code(row: Any) -> str:
    """The number of an export as it stands in the rows and in the name of its file, which the log of exports keeps."""
    return str(row["id"]).replace("-", "")[:8].upper()


def _stamp(by: Actor, row: Any) -> str:
    """What stands in every row of a whole sheet: whose it is, for whom, which export."""
    return f"{by.name} 导出，供 {row['recipient'][:20]} 使用，编号 {_code(row)}" if row["whole"] else ""


async def _filled(rows: list[CaseRow], by: Actor) -> list[CaseRow]:
    """The rows with names and phones in full, but of those whose callers this person may not see."""
    known = await revealing.callers([row.id for row in rows], by=by)
    return [
        replace(row, caller=known[row.id].name, phone=known[row.id].phone or known[row.id].contact)
        if row.id in known
        else row
        for row in rows
    ]


async def _sheet(wanted: CaseFilter, by: Actor, job: Job, asked: Any) -> tuple[int, StoredFile]:
    narrow = _narrowed(by)
    ids = await cases.ids_of(wanted, by=narrow, limit=MOST + 1, patience=PATIENCE)
    if len(ids) > MOST:
        raise Refused(f"符合条件的超过 {MOST} 件，一次最多导出 {MOST} 件，请缩小范围（例如按月）后再导出")
    with TemporaryDirectory() as folder:
        sheet, taken = CaseSheet(Path(folder), await _mark(wanted, by, asked), _stamp(by, asked)), 0
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            known = await secrecy.visible(
                chunk, by
            )  # a post that lists are not taken out for bars all the same
            rows = await load([number for number in chunk if number in known], by=narrow)
            if asked["whole"]:
                rows = await _filled(rows, by)
            taken += len(rows)
            await asyncio.to_thread(sheet.add_cases, rows)
            await job.report(min(start + CHUNK, len(ids)), len(ids), "正在写入表格")
        data = await asyncio.to_thread(sheet.close)
    kind = f"_完整信息_{_code(asked)}" if asked["whole"] else ""
    name = f"诉求{kind}_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx"
    return taken, await storage.keep(name, data, by=by.name, checked=True)

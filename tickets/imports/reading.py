"""The job that reads an imported sheet: what each row is, and what is wrong with which cell. Takes nothing over.

Safe to run twice: it begins by forgetting what an earlier run wrote. Rows stream from the file into the table,
a few hundred at a time, so that memory does not grow with the file.
"""

import tempfile
from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

import orjson

from core import clock, db, storage
from core.actor import Actor, Door, system
from core.jobs import Job
from tickets.imports import faulty_file, queries
from tickets.imports.queries import Import
from tickets.imports.states import ImportState, RowOutcome
from tickets.orders import content_hash
from tickets.sheets.columns import HeaderGuess, Mapping, guess_header
from tickets.sheets.fields import SPECS, Field
from tickets.sheets.reader import Row, Sheet, SheetError, open_sheet
from tickets.sheets.rows import Fault, Parsed, cell_text, parse_row

CHUNK = 250
SOURCE = "hotline"


def importer() -> Actor:
    """The job as an actor: the house itself."""
    return system("工单导入", Door.COMMAND)


@dataclass(frozen=True, slots=True)
class Read:
    """One row as it is written down."""

    row_no: int
    outcome: RowOutcome
    order_no: str
    title: str
    payload: str | None
    cells: list[str]
    faults: tuple[Fault, ...]
    content_hash: str


async def read(job: Job) -> None:
    """Job "import.read"."""
    entry = await queries.one(int(job.payload["import_id"]), importer())
    if entry.state is not ImportState.READING:
        return
    await db.execute("delete from import_row where import_id = $1", entry.id)
    file = await storage.find(entry.file_id)
    try:
        with tempfile.TemporaryDirectory(prefix="huiyin-import-") as folder:
            path = Path(folder) / "sheet"
            await to_thread(path.write_bytes, await storage.read(file))
            await _read(job, entry, path)
    except SheetError as error:
        await _refuse(entry, str(error))


async def _refuse(entry: Import, sentence: str) -> None:
    await db.execute(
        "update import_file set state = 'refused', error = $2, done_at = $3 where id = $1",
        entry.id,
        sentence,
        clock.now(),
    )


async def _read(job: Job, entry: Import, path: Path) -> None:
    sheet = await to_thread(open_sheet, path, filename=entry.name, sheet=entry.sheet)
    header = await to_thread(lambda: guess_header(sheet.rows()))
    if header is None:
        await _refuse(entry, "没有找到表头：前 30 行里没有一行像是列名，请确认表头与工单在同一个工作表")
        return
    mapping = await _mapping(entry, header)
    done = 0
    await db.execute(
        "update import_file set mapping = $2::jsonb, header_row = $3 where id = $1",
        entry.id,
        mapping.model_dump_json(),
        header.last_row,
    )
    if not mapping.missing:
        await job.report(0, 0, "正在读取")
        async for chunk in _chunks(sheet, mapping, header.last_row, clock.today()):
            await _write(entry, mapping, chunk)
            done += len(chunk)
            await job.report(done, 0, "正在读取和比对")  # how many there are is not known before the end
    await _finish(entry, mapping)


async def _mapping(entry: Import, header: HeaderGuess) -> Mapping:
    """What a person said of this file, else what was saved for the sender's header, else the proposal."""
    if entry.mapping is not None and (said := entry.mapping.applied_to(header.headers)):
        return said
    proposed = header.mapping(entry.sender)
    saved = await db.fetchval(
        "select mapping from import_mapping where sender = $1 and signature = $2",
        entry.sender,
        proposed.signature,
    )
    if saved is None:
        return proposed
    return Mapping.model_validate_json(saved).applied_to(header.headers) or proposed


async def _chunks(
    sheet: Sheet, mapping: Mapping, header_row: int, today: date
) -> AsyncIterator[list[tuple[Row, Parsed]]]:
    """Rows below the header with what they say; read in a thread, so that the process goes on meanwhile."""
    rows = (row for row in sheet.rows() if row.number > header_row)

    def take(left: Iterator[Row]) -> list[tuple[Row, Parsed]]:
        return [
            (row, parse_row(row.cells, mapping, row.number, today=today, date_1904=sheet.date_1904))
            for row in islice(left, CHUNK)
        ]

    while chunk := await to_thread(take, rows):
        yield chunk


async def _write(entry: Import, mapping: Mapping, chunk: list[tuple[Row, Parsed]]) -> None:
    at = next((item.column for item in mapping.columns if item.field is Field.ORDER_NO), 0)
    read_rows = [_as_read(row, parsed, at) for row, parsed in chunk if not parsed.skipped]
    if not read_rows:
        return
    numbers = list({row.order_no for row in read_rows if row.content_hash})
    known = await db.fetch(
        "select external_no, content_hash from cases where source = $1 and external_no = any($2::text[])",
        SOURCE,
        numbers,
    )
    before = await db.fetch(
        "select distinct on (order_no) order_no, row_no, content_hash from import_row where import_id = $1"
        " and order_no = any($2::text[]) and content_hash <> '' order by order_no, row_no",
        entry.id,
        numbers,
    )
    cases = {row["external_no"]: str(row["content_hash"]) for row in known}
    first = {row["order_no"]: (int(row["row_no"]), str(row["content_hash"])) for row in before}
    judged = []
    for row in read_rows:
        judged.append(_judged(row, cases, first))
        if row.content_hash:
            first.setdefault(row.order_no, (row.row_no, row.content_hash))
    async with db.connection() as raw:
        await raw.copy_records_to_table(
            "import_row",
            columns=(
                *("import_id", "row_no", "outcome", "order_no", "title", "payload", "cells", "faults"),
                "content_hash",
            ),
            records=[_record(entry.id, row) for row in judged],
        )


def _as_read(row: Row, parsed: Parsed, at: int) -> Read:
    """The row as it is written; `at` is the column of the order's number, shown of faulty rows too."""
    cells = [cell_text(cell).replace("\x00", "") for cell in row.cells]
    order = parsed.order
    if order is None:
        said = cells[at][:64] if at < len(cells) else ""
        return Read(row.number, RowOutcome.FAULTY, said, "", None, cells, parsed.faults, "")
    return Read(
        row.number,
        RowOutcome.NEW,
        order.order_no,
        order.headline(),
        order.model_dump_json(),
        cells,
        (),
        content_hash(order),
    )


def _judged(row: Read, cases: dict[str, str], first: dict[str, tuple[int, str]]) -> Read:
    """The row with its outcome: against earlier rows of the file, then against the cases there are."""
    if not row.content_hash:
        return row
    if earlier := first.get(row.order_no):
        if earlier[1] == row.content_hash:
            return replace(row, outcome=RowOutcome.SAME)
        reason = f"与第 {earlier[0]} 行的工单编号相同而内容不同，请保留一行"
        fault = Fault(row.row_no, "", SPECS[Field.ORDER_NO].label, row.order_no, reason)
        return replace(row, outcome=RowOutcome.FAULTY, faults=(fault,))
    if row.order_no in cases:
        same = cases[row.order_no] == row.content_hash
        return replace(row, outcome=RowOutcome.SAME if same else RowOutcome.CHANGED)
    return row


def _record(import_id: int, row: Read) -> tuple[object, ...]:
    faults = orjson.dumps([asdict(fault) for fault in row.faults]).decode() if row.faults else None
    return (
        *(import_id, row.row_no, row.outcome.value, row.order_no, row.title, row.payload, row.cells, faults),
        row.content_hash,
    )


async def _finish(entry: Import, mapping: Mapping) -> None:
    """Count the rows, lay the faulty ones into a file, and show the preview."""
    missing = "、".join(SPECS[field].label for field in mapping.missing)
    error = f"没有找到“{missing}”这一列，请在下面指定是哪一列" if missing else ""
    kept = await faulty_file.keep(entry.id, entry.name, mapping.headers)
    await db.execute(
        "update import_file set state = 'preview', error = $2, faulty_file_id = $3, total = c.total, fresh = c.fresh,"
        " changed = c.changed, same = c.same, faulty = c.faulty from (select count(*) as total,"
        " count(*) filter (where outcome = 'new') as fresh, count(*) filter (where outcome = 'changed') as changed,"
        " count(*) filter (where outcome = 'same') as same, count(*) filter (where outcome = 'faulty') as faulty"
        " from import_row where import_id = $1) c where id = $1 and state = 'reading'",
        entry.id,
        error,
        kept,
    )

"""The job that takes the good rows of an import over, a chunk at a time, by the road of every order.

Safe to run twice: a chunk and the marks on its rows are one transaction, so a run after a kill goes on with the
rows that are left.
"""

from dataclasses import asdict

import asyncpg
import orjson

from core import audit, clock, db
from core.errors import HuiyinError
from core.jobs import Job
from tickets.imports import faulty_file, queries
from tickets.imports.queries import Import
from tickets.imports.reading import importer
from tickets.imports.states import ImportState, RowOutcome
from tickets.orders import Order
from tickets.receiving import Incoming, Received, receive_many
from tickets.sheets.rows import Fault, raw_row

CHUNK = 100


async def take(job: Job) -> None:
    """Job "import.take"."""
    entry = await queries.one(int(job.payload["import_id"]), importer())
    if entry.state is not ImportState.IMPORTING:
        return
    wanted = [RowOutcome.NEW, RowOutcome.CHANGED] if entry.with_changed else [RowOutcome.NEW]
    left = await db.fetchval(
        "select count(*) from import_row where import_id = $1 and outcome = any($2::text[])", entry.id, wanted
    )
    total = entry.fresh + (entry.changed if entry.with_changed else 0)
    done = total - left
    await job.report(done, total, "正在导入")
    while taken := await _chunk(entry, wanted):
        done += taken
        await job.report(done, total, "正在导入")
    await _finish(entry)


async def _chunk(entry: Import, wanted: list[RowOutcome]) -> int:
    """Take the next rows; how many there were. One the database does not take is told apart from its neighbours."""
    try:
        return await _take(entry, wanted, CHUNK)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
        try:
            return await _take(entry, wanted, 1)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            return await _give_up_first(entry, wanted, str(error))


async def _take(entry: Import, wanted: list[RowOutcome], most: int) -> int:
    async with db.transaction():
        rows = await _next(entry, wanted, most)
        if not rows:
            return 0
        items = [_incoming(entry, row) for row in rows]
        found = await receive_many(items, by=importer(), import_id=entry.id)
        await _mark(entry, [row["row_no"] for row in rows], found)
    return len(rows)


async def _next(entry: Import, wanted: list[RowOutcome], most: int) -> "list[asyncpg.Record]":
    return await db.fetch(
        "select row_no, outcome, payload, cells from import_row where import_id = $1 and outcome = any($2::text[])"
        " order by row_no limit $3 for update skip locked",
        entry.id,
        wanted,
        most,
    )


def _incoming(entry: Import, row: "asyncpg.Record") -> Incoming:
    order = Order.model_validate_json(row["payload"])
    if row["outcome"] == RowOutcome.CHANGED:
        order = order.model_copy(update={"update": True})
    if entry.mapping is None:
        return Incoming(order)
    return Incoming(order, orjson.dumps(raw_row(row["cells"], entry.mapping)))


async def _mark(entry: Import, numbers: list[int], found: list[Received | HuiyinError]) -> None:
    refused = [isinstance(one, HuiyinError) for one in found]
    await db.execute(
        "update import_row r set outcome = m.outcome, case_id = m.case_id, faults = coalesce(m.faults::jsonb, r.faults)"
        " from unnest($2::int[], $3::text[], $4::bigint[], $5::text[]) as m(row_no, outcome, case_id, faults)"
        " where r.import_id = $1 and r.row_no = m.row_no",
        entry.id,
        numbers,
        [RowOutcome.FAILED if bad else RowOutcome.TAKEN for bad in refused],
        [one.case_id if isinstance(one, Received) else None for one in found],
        [
            _faults(number, one.message) if isinstance(one, HuiyinError) else None
            for number, one in zip(numbers, found, strict=True)
        ],
    )


def _faults(row_no: int, reason: str) -> str:
    return orjson.dumps([asdict(Fault(row_no, "", "整行", "", reason))]).decode()


async def _give_up_first(entry: Import, wanted: list[RowOutcome], reason: str) -> int:
    async with db.transaction():
        rows = await _next(entry, wanted, 1)
        for row in rows:
            await db.execute(
                "update import_row set outcome = 'failed', faults = $3::jsonb where import_id = $1 and row_no = $2",
                entry.id,
                row["row_no"],
                _faults(row["row_no"], f"数据库未接受这一行：{reason[:200]}"),
            )
    return len(rows)


async def _finish(entry: Import) -> None:
    kept = await faulty_file.keep(entry.id, entry.name, entry.mapping.headers if entry.mapping else ())
    async with db.transaction():
        row = await db.fetchrow(
            "update import_file set state = 'done', done_at = $2, faulty_file_id = $3, taken = c.taken, failed = c.failed"
            " from (select count(*) filter (where outcome = 'taken') as taken,"
            " count(*) filter (where outcome = 'failed') as failed from import_row where import_id = $1) c"
            " where id = $1 and state = 'importing' returning import_file.taken, import_file.failed",
            entry.id,
            clock.now(),
            kept,
        )
        if row is not None:
            await audit.record(importer(), "import.done", "import", entry.id, **dict(row))

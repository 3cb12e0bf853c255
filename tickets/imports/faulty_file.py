"""Gives the rows that could not be imported back as an .xlsx with the reasons, streamed from the table."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

from core import db, storage
from tickets.imports.queries import read_faults
from tickets.imports.states import BAD
from tickets.sheets.faulty import FaultyRow, write_faulty

CHUNK = 500


async def keep(import_id: int, name: str, headers: Sequence[str]) -> UUID | None:
    """Write the bad rows into a file and keep it; its id, None when there is no bad row."""
    if not await db.fetchval(
        "select exists (select 1 from import_row where import_id = $1 and outcome = any($2::text[]))",
        import_id,
        list(BAD),
    ):
        return None
    loop = asyncio.get_running_loop()

    def rows() -> Iterator[FaultyRow]:
        after = 0
        while True:
            chunk = asyncio.run_coroutine_threadsafe(_page(import_id, after), loop).result()
            if not chunk:
                return
            yield from (row for _, row in chunk)
            after = chunk[-1][0]

    with tempfile.TemporaryDirectory(prefix="huiyin-import-") as folder:
        path = Path(folder) / "faulty.xlsx"
        await asyncio.to_thread(write_faulty, path, headers, rows())
        data = await asyncio.to_thread(path.read_bytes)
    file = await storage.keep(f"{Path(name).stem[:80]} 未导入.xlsx", data, checked=True)
    return file.id


async def _page(import_id: int, after: int) -> list[tuple[int, FaultyRow]]:
    rows = await db.fetch(
        "select row_no, cells, faults from import_row where import_id = $1 and outcome = any($2::text[])"
        " and row_no > $3 order by row_no limit $4",
        import_id,
        list(BAD),
        after,
        CHUNK,
    )
    return [(row["row_no"], FaultyRow(tuple(row["cells"]), read_faults(row["faults"]))) for row in rows]

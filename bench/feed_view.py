"""A view of visits fetched from PostgreSQL by its watermark: how fast rows are kept, how flat memory stays.

Required (the project's figures): 1,000,000 visits below 10 minutes, memory flat, resumable. The pull is cut off and
gone on with on the way. The first argument is the number of rows (1,000,000 unless said). Working on what was kept is
`feed_work`'s business and is measured here for as many rows as the second argument says.
"""

import asyncio
import resource
import sys
import time
from urllib.parse import urlsplit

import uvloop

from bench.stage import Row, stage
from core import db
from core.actor import system
from core.pump import drain
from patients.feeds import links, pulling
from patients.feeds.kinds import SqlForm
from patients.feeds.processing import FEED
from wiring import wire

ROWS, WORKED = 1_000_000, 5_000


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _fill(rows: int) -> None:
    await db.execute("create schema hip")
    await db.execute(
        "create table hip.v_visits as select 'V' || n as visit_no, 'P' || n / 3 as patient_no,"
        " '测试' || chr((19968 + n / 3 % 500)::int) || chr((19968 + n / 1500 % 500)::int) as patient_name, '1' as gender,"
        " date '1940-01-01' + (n / 3 * 7919 % 25000)::int as birth_date,"
        " '199' || lpad((n / 3)::text, 8, '0') as phone, '门诊' as visit_type, '心血管内科' as department,"
        " '东院区' as campus, '完成' as status, timestamp '2026-01-01 08:00' + n * interval '1 second' as started_at,"
        " 'I10.x00' as diagnosis_code, '原发性高血压' as diagnosis_name,"
        " timestamp '2026-01-01 08:00' + n * interval '1 second' as updated_at"
        " from generate_series(0, $1::bigint - 1) as n",
        rows,
    )
    await db.execute("create index on hip.v_visits (updated_at, visit_no)")


async def run(rows: int = ROWS, worked: int = WORKED) -> list[Row]:
    """The rate, the memory, and the rate of the work on a part."""
    async with stage() as place:
        wire()
        await db.open_db(place.database_url, pool_min=1, pool_max=4)
        await db.execute("insert into parameter (name, value) values ('feeds.most_waiting', '1000000')")
        await _fill(rows)
        parts = urlsplit(place.database_url)
        form = SqlForm(
            name="压测",
            mapping="visits_view",
            address=f"postgresql://{parts.hostname}:{parts.port}{parts.path}",
            secret=f"{parts.username}:{parts.password or ''}",
            tls=False,
            view="hip.v_visits",
            mark_column="updated_at",
            key_columns="visit_no",
        )
        number = await links.save(None, form, by=system("压测"))
        began, cuts = time.perf_counter(), 0
        await pulling.pull(await links.link(number), 0)
        early = _memory()
        while not await pulling.pull(await links.link(number), 30):
            cuts += 1
            if await db.fetchval("select count(*) from feed_message") >= rows:
                break
        took = time.perf_counter() - began
        kept = await db.fetchval("select count(*) from feed_message")
        grown = _memory() - early
        began, done = time.perf_counter(), 0
        while done < worked and (taken := await drain(FEED)):
            done += taken
        rate = done / (time.perf_counter() - began)
        parked = await db.fetchval("select count(*) from feed_message where state = 'parked'")
        await db.close_db()
    return [
        (f"{rows:,} rows of a view fetched and kept", round(took, 1), "s"),
        ("rate (required: 1,667)", round(rows / took, 1), "rows/s"),
        ("rows missing (required: 0)", rows - kept, "rows"),
        ("cut off and gone on with", cuts + 1, "times"),
        ("memory that was taken after the first batch", round(grown, 1), "MB"),
        ("worked on by one loop", round(rate, 1), "rows/s"),
        ("parked (required: 0)", parked, "rows"),
    ]


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:3]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run(*given)):
            print(*line)

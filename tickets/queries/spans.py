"""Between which ids the cases of some days lie; so that a list of last year's cases need not begin with today's.

Ids rise with the time of receipt, but nothing forces them to. So each thousand of ids has a row with its first
and last time of receipt, written once no transaction can still bring one of them (`seal`). What has no such row
yet is looked at itself. Exact, whatever order the times are in.
"""

from datetime import datetime

from core import db

SPAN = 1_000
LONGEST_TAIL = 5_000
_SETTLED = "2 minutes"  # twice as long as any statement may take


async def between(start: datetime | None, end: datetime | None) -> tuple[int | None, int | None]:
    """Two ids: every case received from `start` on lies above the first, every one before `end` below the second.

    Args:
        start: included; None when all earlier ones count too.
        end: excluded; None when all later ones count too.
    """
    row = await db.fetchrow(
        "select max(no) + 1 as sealed, min(no) filter (where last_at >= $1) as low,"
        " max(no) filter (where first_at < $2) + 1 as high from case_span",
        start,
        end,
    )
    if row is None or row["sealed"] is None:
        return None, None
    tail = row["sealed"] * SPAN
    above = None if start is None else (row["low"] * SPAN if row["low"] is not None else tail) - 1
    if end is None or await _reaches_into(tail, end):
        return above, None
    return above, (row["high"] or 0) * SPAN


async def _reaches_into(tail: int, end: datetime) -> bool:
    """Whether a case that has no span yet was received before `end`; yes when there are too many to look."""
    row = await db.fetchrow(
        "select count(*) as rows, min(received_at) as first_at from"
        " (select received_at from cases where id >= $1 order by id limit $2) t",
        tail,
        LONGEST_TAIL + 1,
    )
    if row is None or row["first_at"] is None:
        return False
    return bool(row["rows"] > LONGEST_TAIL or row["first_at"] < end)


async def seal(settled: str = _SETTLED) -> None:
    """Write the spans that are complete: those below the newest id that was seen `settled` ago. Safe to run twice."""
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('case_span'))")
        seen: int | None = await db.fetchval(
            "select id from case_span_mark where at <= now() - $1::text::interval", settled
        )
        if seen is not None:
            await db.execute(
                "insert into case_span (no, first_at, last_at) select id / $1, min(received_at), max(received_at)"
                " from cases where id >= (select coalesce(max(no) + 1, 0) from case_span) * $1 and id < $2 / $1 * $1"
                " group by 1",
                SPAN,
                seen,
            )
            await db.execute("delete from case_span_mark")
        await db.execute(
            "insert into case_span_mark (id, at) select max(id), clock_timestamp() from cases having max(id) is not null"
            " on conflict do nothing"
        )

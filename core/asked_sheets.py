"""Sheets that a person asked for, that a job writes, and that this person alone fetches: what their tables share.

Such a table has id, staff_id, query, state ('running', 'done', 'refused', and what its owner adds), taken, error,
asked_at, done_at, file_id and job_id. Who may ask, what stands in a sheet and what is logged, its owner says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from core import clock, db, storage
from core.actor import Actor
from core.errors import HuiyinError, NotFound
from core.jobs import Job, enqueue
from core.models import StoredFile

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A sheet as its owner sees it; `done` of `total` rows while it runs."""

    id: UUID
    query: str
    state: str
    taken: int
    error: str
    asked_at: datetime
    file_id: UUID | None
    done: int
    total: int

    @property
    def here(self) -> bool:
        """Whether the sheet can still be fetched."""
        return self.file_id is not None and clock.now() < self.until

    @property
    def until(self) -> datetime:
        """When it is kept no longer."""
        return self.asked_at + KEPT


T = TypeVar("T", bound=Asked)


def shared(row: Any) -> dict[str, Any]:
    """The fields of `Asked` from a row with its job's `progress` and `job_state`; a job given up counts as refused."""
    progress = orjson.loads(row["progress"]) if row["progress"] else {}
    parked = row["state"] == "running" and row["job_state"] in ("parked", "dropped")
    return {
        "id": row["id"],
        "query": row["query"],
        "state": "refused" if parked else row["state"],
        "taken": row["taken"],
        "error": "导出没有完成，已通知系统管理员" if parked else row["error"],
        "asked_at": row["asked_at"],
        "file_id": row["file_id"],
        "done": int(progress.get("done", 0)),
        "total": int(progress.get("total", 0)),
    }


class Sheets(Generic[T]):
    """The sheets of one table: `made` builds one from its row, `job` is the kind of the job that writes them."""

    def __init__(self, table: str, job: str, made: Callable[[Any], T]) -> None:
        self._table, self._job, self._made = table, job, made

    async def find(self, sheet_id: UUID, *, by: Actor) -> T:
        """One of this person's own.

        Raises:
            NotFound: none, or somebody else's.
        """
        rows = await self._rows("e.id = $2", sheet_id, by=by)
        if not rows:
            raise NotFound
        return rows[0]

    async def recent(self, *, by: Actor, most: int = 10) -> list[T]:
        """This person's own, newest first."""
        return await self._rows("$2::int > 0 order by e.asked_at desc limit $2", most, by=by)

    async def _rows(self, where: str, value: object, *, by: Actor) -> list[T]:
        rows = await db.fetch(
            f"select e.*, j.progress, j.state as job_state from {self._table} e"  # noqa: S608 - a table's name of ours
            f" left join job j on j.id = e.job_id where e.staff_id = $1 and {where}",
            by.staff_id,
            value,
        )
        return [self._made(row) for row in rows]

    async def busy(self, state: str, *, by: Actor) -> bool:
        """Whether this person has one in a state already; until the transaction ends no other is asked for by them."""
        await db.execute("select pg_advisory_xact_lock(hashtext($1), $2::int)", self._job, by.staff_id)
        rows = await self._rows("e.state = $2", state, by=by)
        return any(row.state == state for row in rows)

    async def begin(self, sheet_id: UUID) -> None:
        """Have the sheet written."""
        job = await enqueue(self._job, {"export": str(sheet_id)})
        await db.execute(f"update {self._table} set job_id = $2 where id = $1", sheet_id, job)  # noqa: S608

    async def running(self, job: Job) -> Any:
        """The row that a job is to write; None once another run has ended it."""
        return await db.fetchrow(
            f"select * from {self._table} where id = $1 and state = 'running'",  # noqa: S608
            UUID(job.payload["export"]),
        )

    async def refused(self, sheet_id: UUID, error: HuiyinError) -> None:
        """It cannot be written; its owner reads why."""
        await self._end(sheet_id, "refused", 0, None, error.message)

    async def written(self, sheet_id: UUID, taken: int, file: StoredFile) -> None:
        """It is there; the first of two runs counts."""
        await self._end(sheet_id, "done", taken, file.id, "")

    async def _end(self, sheet_id: UUID, state: str, taken: int, file_id: UUID | None, error: str) -> None:
        await db.execute(
            f"update {self._table} set state = $2, taken = $3, file_id = $4, error = $5, done_at = $6"  # noqa: S608
            " where id = $1 and state = 'running'",
            sheet_id,
            state,
            taken,
            file_id,
            error,
            clock.now(),
        )

    async def let_go(self, where: str, *values: object) -> int:
        """Let go of the sheets of a condition, and of their bytes; how many."""
        async with db.transaction():
            rows = await db.fetch(
                f"with gone as (select id, file_id from {self._table} where file_id is not null and ({where}) for update)"  # noqa: S608
                f" update {self._table} e set file_id = null from gone where e.id = gone.id returning gone.file_id",
                *values,
            )
            await storage.let_go([row["file_id"] for row in rows])
        return len(rows)


def fetched(found: Asked) -> UUID:
    """The file of a sheet that can be fetched now.

    Raises:
        NotFound: it is not ready, or kept no longer.
    """
    if not found.here or found.file_id is None:
        raise NotFound("这份导出已过期或尚未完成，请重新导出")
    return found.file_id

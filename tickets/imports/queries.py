"""The only door to imports and their rows, for who may import; a page at a time. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from core import db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from core.identity import mask_in_text
from tickets.imports.states import IMPORT_LABELS, ROW_LABELS, ImportState, RowOutcome
from tickets.queries import secrecy
from tickets.queries.values import Values
from tickets.sheets.columns import Mapping
from tickets.sheets.rows import Fault

_COLUMNS = (
    "id, sender, name, file_id, state, mapping, error, job_id, total, fresh, changed, same, faulty, taken, failed,"
    " faulty_file_id, created_by, created_at, done_at, sheet, sheets, header_row, with_changed, confirmed_by,"
    " confirmed_at"
)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Import:
    """One import. `mapping` is None until the file was read; `failed` counts good rows that were refused later."""

    id: int
    sender: str
    name: str
    file_id: UUID
    state: ImportState
    mapping: Mapping | None
    error: str
    job_id: int | None
    total: int
    fresh: int
    changed: int
    same: int
    faulty: int
    taken: int
    failed: int
    faulty_file_id: UUID | None
    created_by: str
    created_at: datetime
    done_at: datetime | None
    sheet: str
    sheets: tuple[str, ...]
    header_row: int
    with_changed: bool
    confirmed_by: str
    confirmed_at: datetime | None

    @property
    def label(self) -> str:
        """The state as shown."""
        return IMPORT_LABELS[self.state]

    @property
    def running(self) -> bool:
        """Whether a job works on it."""
        return self.state in (ImportState.READING, ImportState.IMPORTING)


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row of the file: what it is, and the faults of its cells."""

    row_no: int
    outcome: RowOutcome
    order_no: str
    title: str
    case_id: int | None
    faults: tuple[Fault, ...]

    @property
    def label(self) -> str:
        """The outcome as shown."""
        return ROW_LABELS[self.outcome]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the job is; `total` is 0 where it is not known yet; `parked` is why it was given up, "" while it runs."""

    done: int
    total: int
    note: str
    parked: str


def may(by: Actor) -> None:
    """Imports are the centre's: whoever may import sees them all.

    Raises:
        Forbidden: this person may not.
    """
    if not by.can(Permission.CASE_IMPORT):
        raise Forbidden


def read_import(row: "asyncpg.Record") -> Import:
    """An import of a row of `import_file`."""
    given = dict(row)
    mapping = given["mapping"]
    return Import(
        **{
            **given,
            "state": ImportState(given["state"]),
            "mapping": Mapping.model_validate_json(mapping) if mapping else None,
            "sheets": tuple(given["sheets"]),
        }
    )


async def one(import_id: int, by: Actor) -> Import:
    """An import.

    Raises:
        Forbidden: this person may not import.
        NotFound: there is none.
    """
    may(by)
    row = await db.fetchrow(f"select {_COLUMNS} from import_file where id = $1", import_id)  # noqa: S608 - our columns
    if row is None:
        raise NotFound("没有这次导入")
    return read_import(row)


async def locked(import_id: int, by: Actor) -> Import:
    """An import, locked for the length of the transaction."""
    may(by)
    row = await db.fetchrow(f"select {_COLUMNS} from import_file where id = $1 for update", import_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这次导入")
    return read_import(row)


async def listed(by: Actor, *, before: int | None = None) -> list[Import]:
    """Imports, the newest first."""
    may(by)
    rows = await db.fetch(
        f"select {_COLUMNS} from import_file where ($1::bigint is null or id < $1) order by id desc limit $2",  # noqa: S608
        before,
        PAGE,
    )
    return [read_import(row) for row in rows]


async def senders(by: Actor) -> list[str]:
    """Who has sent sheets, the latest first; at most twenty."""
    may(by)
    rows = await db.fetch("select sender from import_file group by sender order by max(id) desc limit 20")
    return [row["sender"] for row in rows]


async def rows(
    import_id: int, outcomes: tuple[RowOutcome, ...], by: Actor, *, after: int = 0, limit: int = PAGE
) -> list[RowLine]:
    """Rows of these outcomes in the order of the file, behind row `after`; not those of cases hidden from this person."""
    may(by)
    values = Values([import_id, list(outcomes), after, limit])
    found = await db.fetch(
        "select r.row_no, r.outcome, r.order_no, r.title, r.case_id, r.faults from import_row r"  # noqa: S608
        " left join cases c on c.id = r.case_id where r.import_id = $1 and r.outcome = any($2::text[])"
        f" and r.row_no > $3 and (c.id is null or {secrecy.condition(by, values, whole=True)})"
        " order by r.row_no limit $4",
        *values,
    )
    return [
        RowLine(
            row["row_no"],
            RowOutcome(row["outcome"]),
            row["order_no"],
            mask_in_text(row["title"]),
            row["case_id"],
            read_faults(row["faults"]),
        )
        for row in found
    ]


def read_faults(kept: str | None) -> tuple[Fault, ...]:
    """The faults as they are kept with a row."""
    return tuple(Fault(**fault) for fault in orjson.loads(kept)) if kept else ()


async def progress(entry: Import) -> Progress:
    """How far the job of an import is."""
    row = await db.fetchrow("select state, error, progress from job where id = $1", entry.job_id)
    if row is None:
        return Progress(0, 0, "等待开始", "")
    if row["progress"] is None:
        return Progress(0, 0, "等待开始", row["error"] if row["state"] == "parked" else "")
    told = orjson.loads(row["progress"])
    return Progress(
        told["done"], told["total"], told["note"], row["error"] if row["state"] == "parked" else ""
    )

"""The one clock: everything that must happen at a time to come is a row here.

A row that is stale when its time comes is marked void, one that is too late to matter missed; both stay to
be seen. The handlers are listed in wiring.py.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core import bell, db
from core.errors import GiveUp
from core.logs import trace_id
from core.pump import Queue, Row


class Came(StrEnum):
    """What became of a due row."""

    DONE = "done"
    VOID = "void"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Due:
    """A row whose time has come: `ref` is the id of what it is about, `ref_version` that thing's version then."""

    id: int
    kind: str
    ref: int
    ref_version: int
    due_at: datetime
    step: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A row to be written: do `kind` for `ref` at `due_at`."""

    due_at: datetime
    kind: str
    ref: int
    ref_version: int = 0
    step: int = 0


Handler = Callable[[Due], Awaitable[tuple[Came, str]]]

HANDLERS: dict[str, Handler] = {}


def on_due(kind: str, handler: Handler) -> None:
    """Have rows of this kind handled by `handler`, which returns what became of it and why."""
    if kind in HANDLERS:
        raise ValueError(f"due kind {kind} is wired twice")
    HANDLERS[kind] = handler


async def schedule(*asks: Ask) -> None:
    """Write rows; the same (kind, ref, ref_version, step) is written once."""
    if not asks:
        return
    await db.execute(
        "insert into due (due_at, kind, ref, ref_version, step, trace_id)"
        " select a, k, r, v, s, $6 from unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::int[], $5::int[])"
        " as t(a, k, r, v, s) on conflict (kind, ref, ref_version, step) do nothing",
        [ask.due_at for ask in asks],
        [ask.kind for ask in asks],
        [ask.ref for ask in asks],
        [ask.ref_version for ask in asks],
        [ask.step for ask in asks],
        trace_id(),
    )


async def void(kind: str, refs: Sequence[int], note: str) -> int:
    """Mark the waiting rows of these things void, with the reason; how many there were."""
    return await db.execute(
        "update due set state = 'void', error = $3, done_at = now()"
        " where kind = $1 and ref = any($2::bigint[]) and state = 'due'",
        kind,
        list(refs),
        note,
    )


async def _run(row: Row) -> tuple[str, str]:
    handler = HANDLERS.get(row["kind"])
    if handler is None:
        raise GiveUp(f"nobody is wired for due kind {row['kind']}")
    came, note = await handler(
        Due(row["id"], row["kind"], row["ref"], row["ref_version"], row["due_at"], row["step"])
    )
    return note, came


DUE = Queue("due", _run)


async def ring() -> None:
    """Wake the clock's pump, for rows that are due at once."""
    await bell.ring("due")

"""What pages show of the auditor: its last rounds, those that found something, the proofs, and the figures for Prometheus.

For operators: ids and counts, no matter of anybody's.
"""

from dataclasses import dataclass
from datetime import date, datetime

import asyncpg
import orjson

from core import db
from core.metrics import AUDITOR
from tickets.auditing.findings import LABELS, Wrong
from tickets.auditing.heartbeat import Pulse, pulse


@dataclass(frozen=True, slots=True)
class Kind:
    """How often one thing was wrong in a round, and how often it was mended."""

    label: str
    found: int
    repaired: int


@dataclass(frozen=True, slots=True)
class Example:
    """One thing that was wrong."""

    label: str
    subject: str
    note: str


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round as shown."""

    id: int
    started_at: datetime
    ended_at: datetime
    took_ms: int
    clocks: int
    tickets: int
    found: int
    repaired: int
    late_seconds: int
    kinds: tuple[Kind, ...]
    examples: tuple[Example, ...]
    alarm: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A daily proof."""

    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the auditor is: its sign of life, its last round, what it found in a day and in a week."""

    pulse: Pulse
    last: RoundLine | None
    rounds_today: int
    repaired_today: int
    repaired_week: int


def _label(wrong: str) -> str:
    return LABELS[Wrong(wrong)] if wrong in set(Wrong) else wrong


def _line(row: asyncpg.Record) -> RoundLine:
    values = dict(row)
    kinds = orjson.loads(values.pop("kinds"))
    examples = orjson.loads(values.pop("examples"))
    return RoundLine(
        **values,
        kinds=tuple(Kind(_label(name), one["found"], one["repaired"]) for name, one in kinds.items()),
        examples=tuple(Example(_label(one["kind"]), one["subject"], one["note"]) for one in examples),
    )


async def rounds(limit: int = 10, *, only_found: bool = False) -> list[RoundLine]:
    """The last rounds, the newest first; those alone that found something, when asked."""
    rows = await db.fetch(
        "select * from auditor_round where found > 0 or not $2 order by started_at desc limit $1",
        limit,
        only_found,
    )
    return [_line(row) for row in rows]


async def one(number: int) -> RoundLine | None:
    """A round by its id."""
    row = await db.fetchrow("select * from auditor_round where id = $1", number)
    return _line(row) if row else None


async def proofs(limit: int = 7) -> list[Proof]:
    """The last daily proofs, the newest first."""
    rows = await db.fetch("select day, text from auditor_proof order by day desc limit $1", limit)
    return [Proof(row["day"], row["text"]) for row in rows]


async def standing() -> Standing:
    """How the auditor is now."""
    last = await rounds(1)
    sums = await db.fetchrow(
        "select count(*) filter (where started_at > now() - interval '24 hours') as rounds,"
        " coalesce(sum(repaired) filter (where started_at > now() - interval '24 hours'), 0) as today,"
        " coalesce(sum(repaired), 0) as week from auditor_round where started_at > now() - interval '7 days'"
    )
    if sums is None:
        raise LookupError("a query of sums gave no row")
    return Standing(
        await pulse(), last[0] if last else None, sums["rounds"], int(sums["today"]), int(sums["week"])
    )


async def gauge() -> None:
    """Set the Prometheus gauges, from the last round in the table: any process may be asked."""
    last = await rounds(1)
    AUDITOR.labels("age_seconds").set((await pulse()).age or -1)
    if last:
        for name in ("took_ms", "clocks", "tickets", "found", "repaired", "late_seconds"):
            AUDITOR.labels(name).set(getattr(last[0], name))
        AUDITOR.labels("alarm").set(bool(last[0].alarm))

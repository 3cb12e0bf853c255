"""The facts behind a number: the same conditions that counted it, as a list page by page. Draws nothing.

What is listed is what was counted: rounds of cases, tickets, or limits; a case with two of them stands there twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from core import db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from reports import reading
from reports.asking import Asked
from reports.catalogue.base import VISITS, grain_of
from reports.computing import standing_of
from reports.dimensions import DIMENSIONS
from reports.grains import GRAINS, RUNNING
from reports.reach import conditions, reach, visible
from reports.reading import Reading
from staff import queries as staff
from tickets import clock_kinds
from tickets.queries.case_rows import CaseRow, load
from tickets.queries.values import Values

PAGE = 30
_RUNNING = frozenset(f"running.{name}" for name in RUNNING)
_ENDLESS = "running.waiting"  # whenever it began
# Of each table of facts: the columns of its key, newest first, and what tells one fact of a case from another.
_KEYS = {
    "case_fact": ("case_id", "round"),
    "ticket_fact": ("ticket_id",),
    "clock_fact": ("clock_id",),
}


@dataclass(frozen=True, slots=True)
class Behind:
    """Which facts: of these measures, and of one value of a dimension ("" and "" for all)."""

    measures: tuple[str, ...]
    by: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A fact of the list: its case, and which of the case's rounds, tickets or limits it is."""

    case: CaseRow
    which: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Lines newest first; `total` is how many there are in all, `before` asks for the next page."""

    total: int
    lines: tuple[Line, ...]
    before: str


def read(of: str, by: str, key: str) -> Behind:
    """What an address asks for.

    Raises:
        NotFound: no such measure or dimension, or measures of different facts.
    """
    measures = tuple(dict.fromkeys(of.split(",")))[:8]
    facts = {_fact(measure) for measure in measures}
    if len(facts) != 1 or (by and by not in DIMENSIONS):
        raise NotFound("没有这个数字的明细")
    return Behind(measures, by, key[:200])


def _fact(measure: str) -> str:
    head, _, name = measure.partition(".")
    known = measure in _RUNNING or (head in GRAINS and name in GRAINS[head].measures)
    grain = grain_of(measure) if known and measure != VISITS else None
    if grain is None:
        raise NotFound("没有这个数字的明细")
    return grain.fact


async def listed(asked: Asked, behind: Behind, *, by: Actor, before: str = "") -> Listed:
    """The next page of the facts, and how many there are.

    Raises:
        Forbidden: this person reads no reports.
        Refused: it took too long.
    """
    if not by.can(Permission.REPORT_READ):
        raise Forbidden
    fact = _fact(behind.measures[0])
    async with reading.reading() as using:
        values = Values()
        limits = await _conditions(asked, behind, by, using, values)
        total = await db.fetchval(f"select count(*) from {fact} f where {limits}", *values)  # noqa: S608
        keys = _KEYS[fact]
        rest = _before(keys, before, values)
        rows = await db.fetch(
            f"select f.case_id, {', '.join(f'f.{key}' for key in keys if key != 'case_id')}"  # noqa: S608
            f"{', f.kind, f.due_at' if fact == 'clock_fact' else ''} from {fact} f where {limits}{rest}"
            f" order by {', '.join(f'f.{key} desc' for key in keys)} limit {PAGE + 1}",
            *values,
        )
    cases = {row.id: row for row in await load(sorted({row["case_id"] for row in rows}), by=by)}
    shown = rows[:PAGE]
    lines = tuple(
        Line(cases[row["case_id"]], _which(fact, row), row["due_at"] if fact == "clock_fact" else None)
        for row in shown
        if row["case_id"] in cases
    )
    more = ".".join(str(rows[PAGE - 1][key]) for key in keys) if len(rows) > PAGE else ""
    return Listed(total, lines, more)


async def _conditions(asked: Asked, behind: Behind, by: Actor, using: Reading, values: Values) -> str:
    tree = await staff.tree()
    standing = await standing_of(asked, tree)
    where = reach(asked, by, tree, standing)
    period = asked.period
    parts = [visible(where, values), *conditions(asked, where, values)]
    if _ENDLESS not in behind.measures:
        parts += [f"f.day >= {values.arg(period.start)}", f"f.day < {values.arg(period.end)}"]
    ways = []
    for measure in behind.measures:
        head, _, name = measure.partition(".")
        if head == "running":
            ways.append(reading.running_condition(name, using, values))
        else:
            using_ = using.using
            ways.append(GRAINS[head].condition(name, using_.response_hours, using_.repeat_days))
    parts.append(f"({' or '.join(f'({way})' for way in ways)})")
    if behind.by:
        parts.append(DIMENSIONS[behind.by].behind(behind.key, values, standing))
    return " and ".join(parts)


def _before(keys: Sequence[str], before: str, values: Values) -> str:
    given = before.split(".")
    if len(given) != len(keys) or not all(part.isascii() and part.isdigit() for part in given):
        return ""
    places = ", ".join(f"{values.arg(int(part))}::bigint" for part in given)
    return f" and ({', '.join(f'f.{key}' for key in keys)}) < ({places})"


def _which(fact: str, row: "asyncpg.Record") -> str:
    match fact:
        case "ticket_fact":
            return f"工单 #{row['ticket_id']}"
        case "clock_fact":
            return clock_kinds.label(row["kind"]) if row["kind"] in clock_kinds.KINDS else row["kind"]
    return f"第 {row['round']} 轮" if row["round"] > 1 else ""

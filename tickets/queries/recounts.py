"""What a change of the working days moved, as far as a person may see the cases; changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from core import db
from core.actor import Actor
from core.identity import mask_in_text
from tickets import clock_kinds
from tickets.queries import secrecy
from tickets.queries.access import scope
from tickets.queries.values import Values

PAGE = 50


@dataclass(frozen=True, slots=True)
class Recount:
    """One recount: of which years, when, how many clocks were counted, how many moved; `ended_at` None while it runs."""

    id: int
    years: tuple[int, ...]
    started_at: datetime
    ended_at: datetime | None
    clocks: int
    moved: int


@dataclass(frozen=True, slots=True)
class MovedLine:
    """A limit that moved, with whose it is."""

    clock_id: int
    case_id: int
    ticket_id: int | None
    title: str
    kind: str
    unit: str
    person: str
    before_at: datetime
    after_at: datetime


async def latest(limit: int = 12) -> list[Recount]:
    """The last recounts, the newest first; the numbers are those of the whole hospital."""
    rows = await db.fetch(
        "select id, years, started_at, ended_at, clocks, moved from recount order by id desc limit $1", limit
    )
    return [
        Recount(
            row["id"],
            tuple(row["years"]),
            row["started_at"],
            row["ended_at"],
            row["clocks"],
            row["moved"],
        )
        for row in rows
    ]


async def one(recount_id: int) -> Recount | None:
    """A recount by its id."""
    row = await db.fetchrow(
        "select id, years, started_at, ended_at, clocks, moved from recount where id = $1", recount_id
    )
    return Recount(**{**dict(row), "years": tuple(row["years"])}) if row else None


def _may_see(by: Actor, values: Values) -> str:
    parts = [secrecy.condition(by, values, whole=True)]  # titles are shown
    if (units := scope(by)) is not None:
        parts.append(f"c.unit_ids && {values.arg(units)}::bigint[]")
    return " and ".join(parts)


async def count(recount_id: int, by: Actor) -> int:
    """How many of the limits that moved this person may see."""
    values = Values([recount_id])
    found: int = await db.fetchval(
        "select count(*) from recount_moved m join cases c on c.id = m.case_id"  # noqa: S608 - our own condition
        f" where m.recount_id = $1 and {_may_see(by, values)}",
        *values,
    )
    return found


async def moved(recount_id: int, by: Actor, *, after: tuple[int, int] = (0, 0)) -> list[MovedLine]:
    """Up to PAGE + 1 limits that moved, by case and clock, from behind `after` (case, clock) on."""
    values = Values([recount_id, *after, PAGE + 1])
    rows = await db.fetch(
        "select m.clock_id, m.case_id, m.ticket_id, c.title, m.kind, coalesce(u.name, '') as unit,"  # noqa: S608
        " coalesce(s.name, '') as person, m.before_at, m.after_at from recount_moved m"
        " join cases c on c.id = m.case_id left join ticket t on t.id = m.ticket_id"
        " left join org_unit u on u.id = t.unit_id"
        " left join staff s on s.id = case when m.ticket_id is null then c.handler_id else t.holder_id end"
        " where m.recount_id = $1 and (m.case_id, m.clock_id) > ($2, $3)"
        f" and {_may_see(by, values)} order by m.case_id, m.clock_id limit $4",
        *values,
    )
    return [
        MovedLine(
            **{
                **dict(row),
                "kind": clock_kinds.label(row["kind"]),
                "title": mask_in_text(row["title"]),
            }
        )
        for row in rows
    ]

"""Every open clock counted again when the working days change: by sets, in batches, whole cases at a time.

Limits above are counted before those that lean on them. What somebody stated (a printed limit) is never counted
again. A batch locks its cases and waits for nobody: what a verb has in hand is left out and counted at the end by
itself. Versions and waiting rows are as `clocks` leaves them: a limit that moved has a new version with a rung of its
own, the old row finds itself void. Safe to run twice: what stands as it should is not touched.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import orjson

from core import clock, db, due
from core.actor import Actor
from core.calendar import Calendar
from tickets import clock_kinds, limits
from tickets.clocks import level_at, next_ask
from tickets.deadlines import Deadline
from tickets.models import Clock

_LOCK = """
select id from cases where id = any($1::bigint[]) order by id for no key update skip locked
"""
_CLOCKS = """
select k.*, c.source, c.merged_into from clock k join cases c on c.id = k.case_id
where k.case_id = any($1::bigint[])
    and (k.state in ('running', 'paused') or k.ticket_id is null and k.kind = any($2::text[]))
"""
_LOCK_CLOCKS = """
select case_id from clock where case_id = any($1::bigint[]) and state in ('running', 'paused')
except all
select case_id from (select case_id from clock where case_id = any($1::bigint[]) and state in ('running', 'paused')
    order by id for no key update skip locked) free
"""
_WRITE = """
update clock k set due_at = f.due_at, provisional = f.provisional, reason = f.reason, version = f.version, level = f.level
from unnest($1::bigint[], $2::timestamptz[], $3::boolean[], $4::text[], $5::int[], $6::int[])
    as f(id, due_at, provisional, reason, version, level)
where k.id = f.id
"""
_TICKETS = """
update ticket t set due_at = f.due_at from unnest($1::bigint[], $2::timestamptz[]) as f(id, due_at) where t.id = f.id
"""
_CASES = """
update cases c set due_at = f.due_at, provisional = f.provisional
from (
    select i.id, min(k.due_at) as due_at, coalesce(bool_or(k.provisional), false) as provisional
    from unnest($1::bigint[]) as i(id)
    left join clock k on k.case_id = i.id and k.ticket_id is null and k.state = 'running' and k.kind = any($2::text[])
    group by i.id
) f
where c.id = f.id and c.merged_into is null and (c.due_at, c.provisional) is distinct from (f.due_at, f.provisional)
"""
_STORY = """
insert into history (case_id, ticket_id, round, verb, actor_id, actor_name, door, at, text, detail)
select c, t, r, 'limit_moved', $1, $2, $3, $4, x, d::jsonb
from unnest($5::bigint[], $6::bigint[], $7::int[], $8::text[], $9::text[]) as f(c, t, r, x, d)
"""
# A rung may lie elsewhere although the limit stays, for its share is counted on working days. Rows in hand are left.
_RUNGS = """
update due d set due_at = f.at
from unnest($1::bigint[], $2::int[], $3::int[], $4::timestamptz[]) as f(ref, version, step, at)
where d.id in (
    select w.id from due w
    join unnest($1::bigint[], $2::int[], $3::int[], $4::timestamptz[]) as g(ref, version, step, at)
        on w.kind = 'clock.step' and w.ref = g.ref and w.ref_version = g.version and w.step = g.step
    where w.state = 'due' and w.attempts = 0 and w.due_at <> g.at
    for update of w skip locked
) and d.kind = 'clock.step' and d.ref = f.ref and d.ref_version = f.version and d.step = f.step
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A limit that is another one now."""

    clock: Clock
    before: datetime


@dataclass(slots=True)
class Counted:
    """What came of a batch: how many clocks were looked at, which limits moved, which cases were in somebody's hand."""

    clocks: int = 0
    moved: list[Moved] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)


_Key = tuple[str, str, datetime, str, datetime | None, bool]


class Counter:
    """Counts clocks again under one calendar; what is the same for many clocks is counted once."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._made: dict[_Key, Deadline] = {}

    def again(self, source: str, row: Clock, above: Deadline | None) -> Deadline | None:
        """The limit as it should be; None for one that nobody computes."""
        if row.rule is None or ("amount" not in row.rule and above is None):
            return None
        kept = orjson.dumps(row.rule, option=orjson.OPT_SORT_KEYS).decode()
        over = (above.due_at, above.provisional) if above else (None, False)
        key = (source, row.kind, row.start_at, kept, *over)
        found = self._made.get(key)
        if found is None:
            found = limits.again(source, row.kind, row.start_at, row.rule, above, self.calendar)
            self._made[key] = found
        return found


async def recount(
    case_ids: Collection[int], calendar: Calendar, by: Actor, *, locked: bool = False
) -> Counted:
    """Count the open clocks of these cases again; inside the caller's transaction.

    Args:
        case_ids: whose.
        calendar: the working days as they are now.
        by: who made them so, for the line of history.
        locked: the caller holds the cases; otherwise those in somebody's hand are left out and named in `busy`.
    """
    ids = sorted(case_ids)
    free = ids if locked else await _lock(ids)
    rows = await db.fetch(_CLOCKS, free, list(clock_kinds.STAND_WHEN_MET))
    done = Counted(busy=sorted(set(ids) - set(free)))
    counter = Counter(calendar)
    changed: list[Clock] = []
    same: list[Clock] = []
    known: dict[tuple[int, int], list[Clock]] = {}
    for row in sorted(rows, key=lambda row: (clock_kinds.order(row["kind"]), row["id"])):
        item = _clock(row)
        family = known.setdefault((item.case_id, item.round), [])
        if item.state in ("running", "paused"):
            done.clocks += 1
            before, wrote = item.due_at, _count(row["source"], item, family, counter)
            if item.due_at != before:
                done.moved.append(Moved(item, before))
            (changed if wrote else same).append(item)
        family.append(item)
    await _write(changed, [moved.clock for moved in done.moved])
    merged = {row["case_id"] for row in rows if row["merged_into"] is not None}  # nobody is reminded of these
    running = [item for item in (*same, *changed) if item.state == "running" and item.case_id not in merged]
    await _arm(running, {one.clock.id for one in done.moved}, calendar)
    if changed:
        await db.execute(_CASES, sorted({item.case_id for item in changed}), clock_kinds.ours())
    await _tell(done.moved, by)
    return done


async def _lock(ids: Sequence[int]) -> list[int]:
    free = {row["id"] for row in await db.fetch(_LOCK, ids)}
    busy = {row["case_id"] for row in await db.fetch(_LOCK_CLOCKS, sorted(free))}
    return sorted(free - busy)


def _clock(row: "asyncpg.Record") -> Clock:
    """A row as the model; it is written by sets and never saved by itself."""
    values = dict(row)
    del values["source"], values["merged_into"]
    rule = values.pop("rule")
    return Clock(**values, rule=orjson.loads(rule) if rule is not None else None)


def _count(source: str, item: Clock, family: Sequence[Clock], counter: Counter) -> bool:
    """Set the limit anew; whether anything of the clock is another now."""
    over = [
        known
        for known in family
        if known.ticket_id is None
        and known.kind in clock_kinds.above(item.kind)
        and (
            known.state in ("running", "paused")
            or (known.kind in clock_kinds.STAND_WHEN_MET and known.state == "met")
        )
    ]
    first = min(over, key=lambda known: known.due_at, default=None)
    above = Deadline(first.due_at, first.provisional, first.reason) if first else None
    new = counter.again(source, item, above)
    if new is None or (new.due_at, new.provisional, new.reason) == (
        item.due_at,
        item.provisional,
        item.reason,
    ):
        return False
    moved = new.due_at != item.due_at
    item.due_at, item.provisional, item.reason = new.due_at, new.provisional, new.reason
    if moved:
        item.version += 1
        item.level = level_at(item, counter.calendar)
    return True


async def _write(changed: Sequence[Clock], moved: Sequence[Clock]) -> None:
    if not changed:
        return
    await db.execute(
        _WRITE,
        [item.id for item in changed],
        [item.due_at for item in changed],
        [item.provisional for item in changed],
        [item.reason for item in changed],
        [item.version for item in changed],
        [item.level for item in changed],
    )
    of_tickets = [item for item in moved if item.ticket_id is not None]
    await db.execute(_TICKETS, [item.ticket_id for item in of_tickets], [item.due_at for item in of_tickets])


async def _arm(running: Sequence[Clock], moved: Collection[int], calendar: Calendar) -> None:
    """A row for the next rung of what moved; for the others, the row's instant where it is another now."""
    asks = [ask for item in running if (ask := next_ask(item, calendar)) is not None]
    await due.schedule(*(ask for ask in asks if ask.ref in moved))
    asks = [ask for ask in asks if ask.ref not in moved]
    await db.execute(
        _RUNGS,
        [ask.ref for ask in asks],
        [ask.ref_version for ask in asks],
        [ask.step for ask in asks],
        [ask.due_at for ask in asks],
    )


async def _tell(moved: Sequence[Moved], by: Actor) -> None:
    """Write down that these limits are others now."""
    if not moved:
        return
    details: list[dict[str, object]] = [
        {"kind": one.clock.kind, "from": one.before, "to": one.clock.due_at} for one in moved
    ]
    await db.execute(
        _STORY,
        by.staff_id,
        by.name,
        by.door,
        clock.now(),
        [one.clock.case_id for one in moved],
        [one.clock.ticket_id for one in moved],
        [one.clock.round for one in moved],
        [one.clock.reason for one in moved],
        [orjson.dumps(detail, default=str).decode() for detail in details],
    )


async def keep(recount_id: int, done: Counted) -> None:
    """Keep for the page what a recount has moved, and how far it is; inside the transaction of the batch."""
    await db.execute(
        "insert into recount_moved (recount_id, clock_id, case_id, ticket_id, kind, before_at, after_at)"
        " select $1, i, c, t, k, b, a from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[],"
        " $6::timestamptz[], $7::timestamptz[]) as f(i, c, t, k, b, a) on conflict do nothing",
        recount_id,
        [one.clock.id for one in done.moved],
        [one.clock.case_id for one in done.moved],
        [one.clock.ticket_id for one in done.moved],
        [one.clock.kind for one in done.moved],
        [one.before for one in done.moved],
        [one.clock.due_at for one in done.moved],
    )
    await db.execute(
        "update recount set clocks = clocks + $2, moved = moved + $3 where id = $1",
        recount_id,
        done.clocks,
        len(done.moved),
    )

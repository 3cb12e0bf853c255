"""Every open clock counted again when the working days change: by sets, in batches, whole cases at a time.

Limits above are counted before those that lean on them. What somebody stated (a printed limit) is never counted
again. A batch locks its cases and waits for nobody: what a verb has in hand is left out and counted at the end by
itself. Versions and waiting rows are as `clocks` leaves them: a limit that moved has a new version with a rung of its
own, the old row finds itself void. Safe to run twice: what stands as it should is not touched.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

import orjson

from core import clock, db, due
from core.actor import Actor
from core.calendar import Calendar
from tickets import clock_kinds, limits
from tickets.clocks import level_at, next_ask
from tickets.deadlines import END_OF_BUSINESS, Deadline, Unit

_LOCK = """
select id from cases where id = any($1::bigint[]) order by id for no key update skip locked
"""
_CLOCKS = """
select k.id, k.case_id, k.ticket_id, k.round, k.kind, k.start_at, k.due_at, k.provisional, k.reason, k.rule, k.state,
    k.version, k.level, k.paused_seconds, c.source, c.merged_into is not null
from clock k join cases c on c.id = k.case_id
where k.case_id = any($1::bigint[])
    and (k.state in ('running', 'paused') or k.state = 'met' and k.ticket_id is null and k.kind = any($2::text[]))
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


@dataclass(slots=True)
class Line:
    """An open clock while it is counted; `rule` is the JSON kept beside it, parsed only where it must be."""

    id: int
    case_id: int
    ticket_id: int | None
    round: int
    kind: str
    start_at: datetime
    due_at: datetime
    provisional: bool
    reason: str
    rule: str | None
    state: str
    version: int
    level: int
    paused_seconds: int
    source: str
    merged: bool

    @property
    def open(self) -> bool:
        """Whether it runs or stands still; others are here because something leans on them."""
        return self.state in ("running", "paused")


@dataclass(frozen=True, slots=True)
class Moved:
    """A limit that is another one now."""

    clock: Line
    before: datetime


@dataclass(slots=True)
class Counted:
    """What came of a batch: how many clocks were looked at, which limits moved, which cases were in somebody's hand."""

    clocks: int = 0
    moved: list[Moved] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)


_Begun = datetime | tuple[date, bool]
_Key = tuple[str, str, _Begun, str, datetime | None, bool]


class Counter:
    """Counts clocks again under one calendar; what is the same for many clocks is counted once."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._made: dict[_Key, Deadline] = {}
        self._rules: dict[str, limits.Kept] = {}

    def again(self, item: Line, above: Deadline | None) -> Deadline | None:
        """The limit as it should be; None for one that nobody computes."""
        if item.rule is None:
            return None
        kept = self._rules.get(item.rule)
        if kept is None:
            kept = self._rules[item.rule] = orjson.loads(item.rule)
        if "amount" not in kept and above is None:
            return None
        over = (above.due_at, above.provisional) if above else (None, False)
        key = (item.source, item.kind, _begun(item.start_at, kept), item.rule, *over)
        found = self._made.get(key)
        if found is None:
            found = limits.again(item.source, item.kind, item.start_at, kept, above, self.calendar)
            self._made[key] = found
        return found


def _begun(start: datetime, kept: limits.Kept) -> _Begun:
    """What matters of the start: its day, and whether the day's end was past; the instant for hours, or where it is told."""
    if kept.get("unit") == Unit.HOURS or kept.get("count_start_day"):
        return start
    end = str(kept["end_of_day"]) if "end_of_day" in kept else END_OF_BUSINESS.isoformat()
    here = clock.local(start)
    return here.date(), here.time() >= time.fromisoformat(end)


async def recount(case_ids: Collection[int], counter: Counter, by: Actor, *, locked: bool = False) -> Counted:
    """Count the open clocks of these cases again; inside the caller's transaction.

    Args:
        case_ids: whose.
        counter: of the working days as they are now.
        by: who made them so, for the line of history.
        locked: the caller holds the cases; otherwise those in somebody's hand are left out and named in `busy`.
    """
    ids = sorted(case_ids)
    free = ids if locked else await _lock(ids)
    rows = await db.fetch(_CLOCKS, free, list(clock_kinds.STAND_WHEN_MET))
    lines = sorted((Line(*row) for row in rows), key=lambda item: (clock_kinds.order(item.kind), item.id))
    done = Counted(busy=sorted(set(ids) - set(free)))
    changed: list[Line] = []
    known: dict[tuple[int, int], list[Line]] = {}
    for item in lines:
        family = known.setdefault((item.case_id, item.round), [])
        family.append(item)
        if not item.open:
            continue
        done.clocks += 1
        before = item.due_at
        if _count(item, family, counter):
            changed.append(item)
        if item.due_at != before:
            done.moved.append(Moved(item, before))
    await _write(changed, [moved.clock for moved in done.moved])
    running = [item for item in lines if item.state == "running" and not item.merged]  # merged: no reminders
    await _arm(running, {one.clock.id for one in done.moved}, counter.calendar)
    if changed:
        await db.execute(_CASES, sorted({item.case_id for item in changed}), clock_kinds.ours())
    await _tell(done.moved, by)
    return done


async def _lock(ids: Sequence[int]) -> list[int]:
    free = {row["id"] for row in await db.fetch(_LOCK, ids)}
    busy = {row["case_id"] for row in await db.fetch(_LOCK_CLOCKS, sorted(free))}
    return sorted(free - busy)


def _count(item: Line, family: Sequence[Line], counter: Counter) -> bool:
    """Set the limit anew; whether anything of the clock is another now."""
    wanted = clock_kinds.above(item.kind)
    over = [
        known
        for known in family
        if known.kind in wanted
        and known.ticket_id is None
        and (known.open or known.kind in clock_kinds.STAND_WHEN_MET)
    ]
    first = min(over, key=lambda known: known.due_at, default=None)
    above = Deadline(first.due_at, first.provisional, first.reason) if first else None
    new = counter.again(item, above)
    if new is None:
        return False
    moved = new.due_at != item.due_at
    if not moved and new.provisional == item.provisional and new.reason == item.reason:
        return False
    item.due_at, item.provisional, item.reason = new.due_at, new.provisional, new.reason
    if moved:
        item.version += 1
        item.level = level_at(item, counter.calendar)
    return True


async def _write(changed: Sequence[Line], moved: Sequence[Line]) -> None:
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


async def _arm(running: Sequence[Line], moved: Collection[int], calendar: Calendar) -> None:
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

"""The list of cases: a page of those that meet a filter, newest first, within what a person may see.

Every answer comes within `PATIENCE`, or a sentence instead of it. Changes nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import inf

import orjson
from asyncpg.exceptions import QueryCanceledError

from core import db
from core.actor import Actor
from core.errors import Refused
from staff import queries as staff
from tickets.queries import search, spans, waiting
from tickets.queries.case_filter import CaseFilter
from tickets.queries.case_rows import CaseRow, load
from tickets.queries.case_sql import (
    LONG_ENDED,
    SET,
    Bounds,
    Question,
    Values,
    conditions,
    due_range,
    found_in_text,
    lead,
    midnight,
    text_join,
    walk,
)
from tickets.states import CaseState

PAGE = 30
MOST_COUNTED = 1_000
PATIENCE = 3_000  # ms; a list that takes longer helps nobody and holds up others
PATIENCE_TO_COUNT = 500
LEAST_WALK, MOST_WALK = 1_000, 20_000  # cases looked at before the other way is tried
_MARGIN = 6  # what the planner expects may be wrong by this factor
_TEXT_COSTS = 3  # to look into a text costs as much as to gather this many cases


class TooBroad(Refused):
    """The list took too long; what would help is told."""

    def __init__(self) -> None:
        super().__init__(
            "符合条件的诉求太分散，没能及时查完。请加上受理日期、科室或状态，或换一个更具体的词再查。"
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first; `before` asks for the next page, None at the end; `total` is known only where it is cheap."""

    rows: tuple[CaseRow, ...]
    before: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """The newest ids that meet a filter, and how many there are in all when that is known."""

    ids: list[int]
    total: int | None = None


async def page(wanted: CaseFilter, *, by: Actor, before: int | None = None, limit: int = PAGE) -> Page:
    """The next `limit` cases below the id `before`.

    Raises:
        TooBroad: it took too long.
    """
    asked = await question(wanted, by, before)
    async with _guarded(PATIENCE):
        found = await find(asked, limit + 1)
        ids = found.ids[:limit]
        rows = await load(ids, by=by)
    more = ids[-1] if len(found.ids) > limit else None
    total = found.total if before is None else None
    if before is None and more is None:
        total = len(ids)
    return Page(tuple(rows), more, total)


async def ids_of(wanted: CaseFilter, *, by: Actor, limit: int, patience: int = PATIENCE) -> list[int]:
    """The newest ids alone; for whoever goes through all of a list. `patience` in milliseconds.

    Raises:
        TooBroad: it took too long.
    """
    asked = await question(wanted, by, None)
    async with _guarded(patience):
        return (await find(asked, limit)).ids


async def count(wanted: CaseFilter, *, by: Actor) -> int | None:
    """How many there are, at most `MOST_COUNTED` + 1, which means "more"; None when counting is too dear."""
    asked = await question(wanted, by, None)
    try:
        async with _guarded(PATIENCE_TO_COUNT):
            found = await find(asked, MOST_COUNTED + 1)
    except TooBroad:
        return None
    return min(found.total if found.total is not None else len(found.ids), MOST_COUNTED + 1)


async def question(wanted: CaseFilter, by: Actor, before: int | None) -> Question:
    """All that must be known before the list is asked for."""
    words = search.words(wanted.q)
    sets = [await search.named(words, by)]
    own_due = wanted.due is not None and not waiting.inside(by)
    if wanted.todo:
        sets.append(await waiting.todo(by))
    if wanted.due is not None and own_due:
        sets.append(await waiting.due(by, *due_range(wanted.due)))
    known = [found for found in sets if found is not None]
    return Question(
        filter=wanted,
        by=by,
        tree=await staff.tree(),
        words=words,
        ids=frozenset(set.intersection(*known)) if known else None,
        before=before,
        bounds=await _bounds(wanted, before),
        due_in_ids=own_due,
    )


async def _bounds(wanted: CaseFilter, before: int | None) -> Bounds:
    """Ids between which all must lie: by the page before, the days, and the states."""
    start = midnight(wanted.since) if wanted.since else None
    end = midnight(wanted.until + timedelta(days=1)) if wanted.until else None
    above, below = await spans.between(start, end) if start or end else (None, None)
    ends = [before, below]
    if wanted.state and LONG_ENDED.issuperset(wanted.state):
        ends.append(await _newest_of(wanted.state))
    return Bounds(above, min((each for each in ends if each is not None), default=None))


async def _newest_of(states: tuple[CaseState, ...]) -> int | None:
    """The id above the newest case in one of these states, which lies far back: thousands newer ones are open.

    The range instead of "=" leaves the planner no index but that of the states.
    """
    newest = [
        await db.fetchval(
            "select id from cases where state >= $1 and state <= $1 order by state, id desc limit 1", state
        )
        for state in states
    ]
    return max((each + 1 for each in newest if each is not None), default=None)


@asynccontextmanager
async def _guarded(patience: int) -> AsyncIterator[None]:
    """One snapshot, a limit of time, and plans of the shape we mean: see case_sql."""
    try:
        async with db.transaction():
            await db.execute(
                "select set_config('statement_timeout', $1, true), set_config('work_mem', '32MB', true),"
                " set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true),"
                " set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
                " set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)",
                str(patience),
            )
            yield
    except QueryCanceledError:
        raise TooBroad from None


async def find(asked: Question, limit: int) -> Found:
    """The newest `limit` ids, by the way that promises to look at fewest cases; when it fails, by the other."""
    if asked.nothing:
        return Found([], 0)
    if asked.ids is not None:
        return await _as_set(asked, limit) or Found([])
    guess = await _guess(asked)
    gather = _as_set if guess.by_filter <= guess.by_text else _as_texts
    gathered = guess.rarest <= guess.passed_by(limit) * (_TEXT_COSTS if asked.in_text else 1)
    if gathered and (found := await gather(asked, limit)) is not None:
        return found
    margin = 2 if asked.in_text else _MARGIN
    ids = await _walk(asked, limit, max(LEAST_WALK, min(MOST_WALK, margin * guess.passed_by(limit))))
    if len(ids) == limit:
        return Found(ids)
    if not gathered and guess.rarest <= SET * _MARGIN and (found := await gather(asked, limit)) is not None:
        return found
    return Found(await _walk(asked, limit, None))


@dataclass(frozen=True, slots=True)
class Guess:
    """What the planner expects: cases that meet the filter, that hold the words, and that a walk would pass by.

    `words` is the share of texts that hold them.
    """

    by_filter: int
    by_text: float
    lead: int
    words: float

    @property
    def rarest(self) -> float:
        """How many must be gathered for a set."""
        return min(self.by_filter, self.by_text)

    def passed_by(self, limit: int) -> int:
        """How many a walk looks at until it has found `limit`, if they lie evenly."""
        return int(limit * self.lead / max(1.0, self.by_filter * self.words)) + limit


async def _guess(asked: Question) -> Guess:
    values = Values()
    parts = {"filter": _plain(asked, values), "lead": lead(asked, values)}
    words = asked.words.told_apart
    if words:
        parts["texts"] = "select 1 from case_search"
        for at, grams in enumerate(words):
            place = values.arg(search.tsquery(grams))
            parts[f"word{at}"] = f"select 1 from case_search where tokens @@ {place}::text::tsquery"  # noqa: S608
    named = ", ".join(f"{name} as materialized ({sql})" for name, sql in parts.items())
    text = await db.fetchval(f"explain (format json) with {named} select from {', '.join(parts)}", *values)
    rows: dict[str, int] = {
        plan["Subplan Name"].removeprefix("CTE "): plan["Plan Rows"]
        for plan in orjson.loads(text)[0]["Plan"]["Plans"]
        if "Subplan Name" in plan
    }
    rarest = min((rows[f"word{at}"] for at in range(len(words))), default=None)
    return Guess(
        by_filter=rows["filter"],
        by_text=inf if rarest is None else rarest,
        lead=rows["lead"],
        words=1.0 if rarest is None else rarest / max(1, rows["texts"]),
    )


async def _walk(asked: Question, limit: int, most: int | None) -> list[int]:
    values = Values()
    source, key = walk(asked, values, most)
    rows = await db.fetch(
        f"select {key} from {source}{text_join(asked, values)} where {conditions(asked, values)}"  # noqa: S608
        f" order by {key} desc limit {limit}",
        *values,
    )
    return [row["id"] for row in rows]


def _plain(asked: Question, values: Values) -> str:
    before = "" if asked.before is None else f" and c.id < {values.arg(asked.before)}"
    return f"select c.id from cases c where {conditions(asked, values)}{before}"  # noqa: S608 - values are parameters


async def _as_set(asked: Question, limit: int) -> Found | None:
    """All that meets the filter, then its texts; None when it is too much to be sorted."""
    values = Values()
    sql = _plain(asked, values)
    return await _newest(sql, f"select f.id from f{text_join(asked, values, 'f.id')}", values, limit)  # noqa: S608


async def _as_texts(asked: Question, limit: int) -> Found | None:
    """All in whose text the words stand, then the filter; None when it is too much to be sorted."""
    values = Values()
    sql = f"select s.case_id as id from case_search s where {found_in_text(asked, values)}"  # noqa: S608
    rest = f"select f.id from f join cases c on c.id = f.id where {conditions(asked, values)}"  # noqa: S608
    return await _newest(sql, rest, values, limit)


async def _newest(sql: str, rest: str, values: Values, limit: int) -> Found | None:
    row = await db.fetchrow(
        f"with f as materialized ({sql} limit {SET + 1}), m as materialized ({rest})"  # noqa: S608
        " select (select count(*) from f) as looked_at, (select count(*) from m) as total,"
        f" array(select id from m order by id desc limit {limit}) as ids",
        *values,
    )
    if row is None or row["looked_at"] > SET:
        return None
    return Found(list(row["ids"]), row["total"])

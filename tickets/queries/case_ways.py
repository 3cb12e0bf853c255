"""The two ways to the newest cases that meet a filter, and the choice between them: a walk, or a set (case_sql).

Reads ids only. How long it may take, and who may see what, is settled before (tickets/queries/cases.py).
"""

import time
from dataclasses import dataclass
from math import inf

import orjson

from core.readers import Reader
from tickets.queries import search
from tickets.queries.case_sql import (
    SET,
    Question,
    conditions,
    found_in_text,
    lead,
    text_join,
    text_places,
    walk,
)
from tickets.queries.values import Values

PATIENCE = 3_000  # ms for a statement; a list that takes longer helps nobody and holds up others
_SHAPE = {
    "work_mem": "32MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}  # why: case_sql
# Which index gathers best depends on the values; a walk has one shape whatever they are, and is planned once.
SETS = Reader("cases.sets", patience=PATIENCE, plan_cache_mode="force_custom_plan", **_SHAPE)
WALKS = Reader("cases.walks", patience=PATIENCE, **_SHAPE)
LEAST_WALK, MOST_WALK = 1_000, 20_000  # cases looked at before the other way is tried
_MARGIN = 6  # what the planner expects may be wrong by this factor
_TEXT_COSTS = 3  # to look into a text costs as much as to gather this many cases
_GUESS_HOLDS, _MOST_GUESSES = (
    600.0,
    5_000,
)  # seconds: statistics change slowly, and only the way rests on them


@dataclass(frozen=True, slots=True)
class Found:
    """The newest ids that meet a filter, and how many there are in all when that is known."""

    ids: list[int]
    total: int | None = None


async def find(asked: Question, limit: int, patience: int = PATIENCE) -> Found:
    """The newest `limit` ids, by the way that promises to look at fewest cases; when it fails, by the other.

    Raises:
        asyncpg.QueryCanceledError: a statement took longer than `patience` milliseconds.
    """
    if asked.nothing:
        return Found([], 0)
    if asked.ids is not None:
        return await as_set(asked, limit, patience) or Found([])
    guess = await guess_of(asked)
    gather = as_set if guess.by_filter <= guess.by_text else as_texts
    gathered = guess.rarest <= guess.passed_by(limit) * (_TEXT_COSTS if asked.in_text else 1)
    if gathered and (found := await gather(asked, limit, patience)) is not None:
        return found
    margin = 2 if asked.in_text else _MARGIN
    most = max(LEAST_WALK, min(MOST_WALK, margin * guess.passed_by(limit)))
    ids = await by_walk(asked, limit, most, patience)
    if len(ids) == limit:
        return Found(ids)
    if not gathered and guess.rarest <= SET * _MARGIN:
        if guess.rarest > SET and most < MOST_WALK:
            # A set would likely be thrown away: first a good deal further.
            ids = await by_walk(asked, limit, MOST_WALK, patience)
            if len(ids) == limit:
                return Found(ids)
        if (found := await gather(asked, limit, patience)) is not None:
            return found
    return Found(await by_walk(asked, limit, None, patience))


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


_guesses: dict[tuple[str, tuple[str, ...]], tuple[float, Guess]] = {}


async def guess_of(asked: Question) -> Guess:
    """What the planner expects, asked once in a while: to plan four queries costs as much as many a list."""
    values, sql = _explained(asked)
    key = (sql, tuple(map(repr, values)))
    at, known = _guesses.get(key, (0.0, None))
    if known is not None and time.monotonic() - at < _GUESS_HOLDS:
        return known
    found = await _asked_planner(asked, sql, values)
    if len(_guesses) >= _MOST_GUESSES:
        _guesses.clear()
    _guesses[key] = (time.monotonic(), found)
    return found


def _explained(asked: Question) -> tuple[Values, str]:
    values = Values()
    parts = {"filter": _plain(asked, values), "lead": lead(asked, values)}
    words = asked.words.told_apart
    if words:
        parts["texts"] = "select 1 from case_search"
        parts["within"] = f"select 1 from case_search s where {text_places(asked, values)}"  # noqa: S608
        for at, grams in enumerate(words):
            place = values.arg(search.tsquery(grams))
            parts[f"word{at}"] = f"select 1 from case_search where tokens @@ {place}::text::tsquery"  # noqa: S608
    named = ", ".join(f"{name} as materialized ({sql})" for name, sql in parts.items())
    return values, f"explain (format json) with {named} select from {', '.join(parts)}"


async def _asked_planner(asked: Question, sql: str, values: Values) -> Guess:
    ((text,),) = await SETS.fetch(sql, *values)
    rows: dict[str, int] = {
        plan["Subplan Name"].removeprefix("CTE "): plan["Plan Rows"]
        for plan in orjson.loads(text)[0]["Plan"]["Plans"]
        if "Subplan Name" in plan
    }
    rarest = min((rows[f"word{at}"] for at in range(len(asked.words.told_apart))), default=None)
    return Guess(
        by_filter=rows["filter"],
        by_text=inf if rarest is None else rarest * rows["within"] / max(1, rows["texts"]),
        lead=rows["lead"],
        words=1.0 if rarest is None else rarest / max(1, rows["texts"]),
    )


async def by_walk(asked: Question, limit: int, most: int | None, patience: int = PATIENCE) -> list[int]:
    values = Values()
    source, key = walk(asked, values, most)
    rows = await WALKS.fetch(
        f"select {key} from {source}{text_join(asked, values)} where {conditions(asked, values)}"  # noqa: S608
        f" order by {key} desc limit {limit}",
        *values,
        patience=patience,
    )
    return [row["id"] for row in rows]


def _plain(asked: Question, values: Values) -> str:
    before = "" if asked.before is None else f" and c.id < {values.arg(asked.before)}"
    if (
        asked.ids is not None
    ):  # each is looked up by itself: else all of a department's would be read beside them
        ids = f"unnest({values.arg(sorted(asked.ids))}::bigint[]) as known (id)"
        one = "cross join lateral (select * from cases where id = known.id offset 0) c"
        return f"select c.id from {ids} {one} where {conditions(asked, values)}{before}"  # noqa: S608
    return f"select c.id from cases c where {conditions(asked, values)}{before}"  # noqa: S608 - values are parameters


async def as_set(asked: Question, limit: int, patience: int = PATIENCE) -> Found | None:
    """All that meets the filter, then its texts; None when it is too much to be sorted."""
    values = Values()
    sql = _plain(asked, values)
    rest = f"select f.id from f{text_join(asked, values, 'f.id')}"  # noqa: S608
    return await _newest(sql, rest, values, limit, patience)


async def as_texts(asked: Question, limit: int, patience: int = PATIENCE) -> Found | None:
    """All in whose text the words stand, then the filter; None when it is too much to be sorted."""
    values = Values()
    sql = f"select s.case_id as id from case_search s where {found_in_text(asked, values)}"  # noqa: S608
    rest = f"select f.id from f join cases c on c.id = f.id where {conditions(asked, values)}"  # noqa: S608
    return await _newest(sql, rest, values, limit, patience)


async def _newest(sql: str, rest: str, values: Values, limit: int, patience: int) -> Found | None:
    (row,) = await SETS.fetch(
        f"with f as materialized ({sql} limit {SET + 1}), m as materialized ({rest})"  # noqa: S608
        " select (select count(*) from f) as looked_at, (select count(*) from m) as total,"
        f" array(select id from m order by id desc limit {limit}) as ids",
        *values,
        patience=patience,
    )
    if row["looked_at"] > SET:
        return None
    return Found(list(row["ids"]), row["total"])

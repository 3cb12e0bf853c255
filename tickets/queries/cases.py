"""The list of cases: a page of those that meet a filter, newest first, within what a person may see.

Every answer comes within `PATIENCE`, or a sentence instead of it. Changes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from asyncpg.exceptions import QueryCanceledError

from core import db
from core.actor import Actor
from core.errors import Refused
from staff import queries as staff
from tickets.queries import search, spans, waiting
from tickets.queries.case_filter import CaseFilter
from tickets.queries.case_rows import CaseRow, load
from tickets.queries.case_sql import LONG_ENDED, Bounds, Question, due_range, midnight
from tickets.queries.case_ways import PATIENCE, find
from tickets.states import CaseState

PAGE = 30
MOST_COUNTED = 1_000
PATIENCE_TO_COUNT = 500


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


async def page(wanted: CaseFilter, *, by: Actor, before: int | None = None, limit: int = PAGE) -> Page:
    """The next `limit` cases below the id `before`.

    Raises:
        TooBroad: it took too long.
    """
    asked = await question(wanted, by, before)
    with _told():
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
    with _told():
        return (await find(asked, limit, patience)).ids


async def count(wanted: CaseFilter, *, by: Actor) -> int | None:
    """How many there are, at most `MOST_COUNTED` + 1, which means "more"; None when counting is too dear."""
    asked = await question(wanted, by, None)
    try:
        with _told():
            found = await find(asked, MOST_COUNTED + 1, PATIENCE_TO_COUNT)
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


@contextmanager
def _told() -> Iterator[None]:
    """That it took too long, as a sentence."""
    try:
        yield
    except QueryCanceledError:
        raise TooBroad from None

"""What was counted of the rows of a questionnaire, kept until the rows change. Counts nothing itself.

The key holds the SQL with its values (so the data scope too) and the number the rows bear since they last changed; what
is kept is found by nobody who did not ask for the very same.
"""

from collections import OrderedDict
from collections.abc import Sequence

import asyncpg

from core import db
from surveys.statistics.scoping import Where
from surveys.statistics.variables import Known

MOST = 200  # results; of a process
MOST_ROWS = 200_000  # of all of them together
_kept: "OrderedDict[tuple[object, ...], Sequence[asyncpg.Record]]" = OrderedDict()


async def fetch(known: Known, sql: str, where: Where) -> "Sequence[asyncpg.Record]":
    """The rows of a query over `survey_row`, counted once for each state of it."""
    key = (known.id, known.revision, sql, *(_plain(value) for value in where.values))
    if known.revision and key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    rows = await db.fetch(sql, *where.values)
    if known.revision:
        _kept[key] = rows
        while len(_kept) > MOST or sum(map(len, _kept.values())) > MOST_ROWS:
            _kept.popitem(last=False)
    return rows


def forget() -> None:
    """Count everything anew: for a benchmark, which wants to know what counting costs."""
    _kept.clear()


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value

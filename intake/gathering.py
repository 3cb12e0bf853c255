"""Orders that arrive while others are being written are written together: so one process takes a thousand a second.

Each caller learns of its own order only, once it is committed; one that the database does not take is told so alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from core.actor import Actor
from core.errors import HuiyinError
from core.gathering import Gatherer
from tickets.receiving import Incoming, Received, receive_many

FLIGHTS = 2
MOST = 64  # orders in one statement


@dataclass(frozen=True, slots=True)
class _Order:
    item: Incoming
    by: Actor


async def _write(batch: Sequence[_Order]) -> list[Received | HuiyinError]:
    return await receive_many([one.item for one in batch], by=batch[0].by)


_gatherer: Gatherer[_Order, Received] = Gatherer(
    _write,
    most=MOST,
    flights=FLIGHTS,
    together=lambda one: one.by,
    alone=(asyncpg.DataError, asyncpg.IntegrityConstraintViolationError),
)


async def take(item: Incoming, by: Actor) -> Received:
    """What became of the order, as `receiving.receive` tells it, once it is committed.

    Raises:
        Refused: as `receiving.receive`.
    """
    return await _gatherer.put(_Order(item, by))

"""Gathers the orders that arrive while others are being written, and writes them together.

An order that comes alone goes at once; in a burst those that wait share one statement, which is what lets one
process take a thousand a second. Each caller still learns of its own order only, once it is committed. An order
the database does not take is told so alone: the others of its batch are then written one by one.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

import asyncpg

from core.actor import Actor
from tickets.receiving import Incoming, Received, receive_many

FLIGHTS = 2  # statements under way at once; more would only make the batches smaller
MOST = 64  # orders in one statement


@dataclass(frozen=True, slots=True)
class _Waiting:
    item: Incoming
    by: Actor
    told: "asyncio.Future[Received]"


class Gatherer:
    """One for each process and running loop."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._flying: set[asyncio.Task[None]] = set()

    async def take(self, item: Incoming, by: Actor) -> Received:
        """What became of the order, as `receiving.receive` tells it, once it is committed.

        Raises:
            Refused: as `receiving.receive`.
        """
        told: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, by, told))
        if len(self._flying) < FLIGHTS:
            flight = asyncio.create_task(self._fly(), name="orders")
            self._flying.add(flight)
            flight.add_done_callback(self._flying.discard)
        return await told

    async def _fly(self) -> None:
        while self._waiting:
            await _write(self._next())

    def _next(self) -> list[_Waiting]:
        """The next batch: orders of one sender."""
        batch = [self._waiting.popleft()]
        while self._waiting and len(batch) < MOST and self._waiting[0].by == batch[0].by:
            batch.append(self._waiting.popleft())
        return batch


async def _write(batch: list[_Waiting]) -> None:
    try:
        found = await receive_many([one.item for one in batch], by=batch[0].by)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        if len(batch) == 1:
            _tell(batch[0], error)
            return
        for one in batch:
            await _write([one])
    except Exception as error:  # noqa: BLE001 - whatever happened, those who wait must hear of it
        for one in batch:
            _tell(one, error)
    else:
        for one, outcome in zip(batch, found, strict=True):
            _tell(one, outcome)


def _tell(one: _Waiting, outcome: Received | BaseException) -> None:
    if one.told.done():  # the caller has gone
        return
    if isinstance(outcome, BaseException):
        one.told.set_exception(outcome)
    else:
        one.told.set_result(outcome)


_gatherers: dict[asyncio.AbstractEventLoop, Gatherer] = {}


def gatherer() -> Gatherer:
    """The gatherer of the running loop."""
    loop = asyncio.get_running_loop()
    found = _gatherers.get(loop)
    if found is None:
        _gatherers.clear()  # a loop of an earlier test is over
        found = _gatherers[loop] = Gatherer()
    return found

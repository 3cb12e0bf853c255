"""Many small writes together: whoever comes while others are being written goes with the next, and is answered after
its commit. What comes alone goes at once. Knows nothing of what is written.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T, R]):
    item: T
    told: "asyncio.Future[R]"
    context: Context


class Gatherer(Generic[T, R]):
    """Collects items for `work` in a process; one for each kind of write, kept by its module.

    Args:
        work: writes the items and gives a result (or an error of ours) for each, in order.
        most: items of one batch.
        flights: batches under way at once: the next is judged while one is written; more would only make them smaller.
        together: items of a batch have the same answer to this.
        apart: items with the same answer are never under way at the same time.
        alone: errors after which the items of a batch are written one by one, so that one does not spoil the rest.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Coroutine[Any, Any, Sequence[R | Exception]]],
        *,
        most: int,
        flights: int = 1,
        together: Callable[[T], object] = lambda _: None,
        apart: Callable[[T], Hashable] = id,
        alone: tuple[type[Exception], ...] = (),
    ) -> None:
        self._work, self._most, self._flights = work, most, flights
        self._together, self._apart, self._alone = together, apart, alone
        self._forget(None)

    def _forget(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._waiting: list[_Waiting[T, R]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._flying = 0
        self._away: set[Hashable] = set()

    async def put(self, item: T) -> R:
        """Have it written; returns once it is, raises what its writing raised."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._forget(loop)  # another loop's, which is gone: tests
        told: asyncio.Future[R] = loop.create_future()
        self._waiting.append(_Waiting(item, told, copy_context()))
        if self._flying < self._flights:
            self._flying += 1
            flight = loop.create_task(self._fly(), context=Context())
            self._tasks.add(flight)  # the loop itself keeps no hold of it
            flight.add_done_callback(self._tasks.discard)
        return await told

    async def _fly(self) -> None:
        while batch := self._next():
            marks = {self._apart(one.item) for one in batch}
            self._away |= marks
            try:
                await self._written(batch)
            finally:
                self._away -= marks
        self._flying -= 1  # here and not when the task is done: whoever comes in between must start another

    def _next(self) -> list[_Waiting[T, R]]:
        """The next batch, in the order in which they came; empty when all that wait must wait for what is under way."""
        taken: list[_Waiting[T, R]] = []
        left: list[_Waiting[T, R]] = []
        seen = set(self._away)
        for one in self._waiting:
            mark = self._apart(one.item)
            alike = not taken or self._together(one.item) == self._together(taken[0].item)
            if len(taken) < self._most and alike and mark not in seen:
                taken.append(one)
            else:
                left.append(one)
            seen.add(mark)
        self._waiting = left
        return taken

    async def _written(self, batch: list[_Waiting[T, R]]) -> None:
        # Who comes alone has its own trace and origin; a batch of several is nobody's request.
        context = batch[0].context if len(batch) == 1 else Context()
        work = asyncio.get_running_loop().create_task(
            self._work([one.item for one in batch]), context=context
        )
        await asyncio.wait({work})
        error = asyncio.CancelledError() if work.cancelled() else work.exception()
        if error is None:
            for one, result in zip(batch, work.result(), strict=True):
                _tell(one.told, result)
        elif isinstance(error, self._alone) and len(batch) > 1:
            for one in batch:
                await self._written([one])
        else:
            for one in batch:
                _tell(one.told, error)


def _tell(told: "asyncio.Future[R]", result: R | BaseException) -> None:
    if told.done():  # whoever waited has gone
        return
    if isinstance(result, BaseException):
        told.set_exception(result)
    else:
        told.set_result(result)

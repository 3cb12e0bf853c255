"""Many small writes in one statement: whoever comes while one is being written goes with the next, and is answered
after it has been committed. Knows nothing of what is written.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batch(Generic[T, R]):
    """Collects items for `work`, which is given at most `most` at a time, never two batches at once in a process.

    Args:
        work: writes the items and gives a result (or an error of ours) for each, in order.
        most: items of one batch.
        apart: items with the same answer never stand in the same batch.
        alone: errors after which the items of a batch are written one by one, so that one does not spoil the rest.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Coroutine[Any, Any, Sequence[R | Exception]]],
        *,
        most: int,
        apart: Callable[[T], object],
        alone: tuple[type[Exception], ...],
    ) -> None:
        self.work, self.most, self.apart, self.alone = work, most, apart, alone
        self.waiting: list[tuple[T, asyncio.Future[R]]] = []
        self.writer: asyncio.Task[None] | None = None
        self.running: asyncio.Task[Sequence[R | Exception]] | None = None

    async def put(self, item: T) -> R:
        """Have it written; returns once it is, raises what its writing raised."""
        loop = asyncio.get_running_loop()
        if self.writer is not None and self.writer.get_loop() is not loop:
            self.waiting, self.writer = [], None  # another loop's, which is gone: tests
        future: asyncio.Future[R] = loop.create_future()
        self.waiting.append((item, future))
        if self.writer is None or self.writer.done():
            # In a context of its own: the transaction or the trace of whoever came first is nobody else's.
            self.writer = loop.create_task(self._write(), context=Context())
        return await future

    async def _write(self) -> None:
        while self.waiting:
            batch = self._next()
            await self._done(batch)

    def _next(self) -> list[tuple[T, asyncio.Future[R]]]:
        taken: list[tuple[T, asyncio.Future[R]]] = []
        left: list[tuple[T, asyncio.Future[R]]] = []
        seen: set[object] = set()
        for entry in self.waiting:
            mark = self.apart(entry[0])
            if len(taken) < self.most and mark not in seen:
                taken.append(entry)
            else:
                left.append(entry)
            seen.add(mark)
        self.waiting = left
        return taken

    async def _done(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        self.running = work = asyncio.create_task(self.work([item for item, _ in batch]))
        await asyncio.wait({work})
        error = work.exception()
        if error is None:
            for (_, future), result in zip(batch, work.result(), strict=True):
                _tell(future, result)
        elif isinstance(error, self.alone) and len(batch) > 1:
            for entry in batch:
                await self._done([entry])
        else:
            for _, future in batch:
                _tell(future, error)


def _tell(future: "asyncio.Future[R]", result: R | BaseException) -> None:
    if future.done():  # whoever waited has gone
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)

"""What an onlooker sees: the live feed of changes, the log of traffic and the counters.

Entries are masked before they are kept; nothing here can change the state.
"""

import asyncio
from collections import Counter, deque
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sandbox.wire import masked

KEPT = 400


class Traffic(BaseModel):
    """One exchange between the product and an outside system."""

    model_config = ConfigDict(frozen=True)

    number: int
    at: float
    direction: Literal["in", "out"]  # in: the product called us
    system: str
    api: str
    status: str
    asked: str
    answered: str
    milliseconds: int


class Change(BaseModel):
    """A hint to reload something: which part, and of whom."""

    model_config = ConfigDict(frozen=True)

    what: Literal["message", "cast", "traffic", "faults", "hotline", "bot", "counters"]
    conversation: str = ""


class Feed:
    """Fan-out of changes to open pages, with the last entries of the log."""

    def __init__(self) -> None:
        self.traffic: deque[Traffic] = deque(maxlen=KEPT)
        self.counters: Counter[str] = Counter()
        self._listeners: set[asyncio.Queue[Change | None]] = set()
        self._number = 0

    def listen(self) -> asyncio.Queue[Change | None]:
        """A queue of changes from now on; give it back to :meth:`leave`."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[Change | None]) -> None:
        """Stop listening."""
        self._listeners.discard(queue)

    def end(self) -> None:
        """Tell every open page that the sandbox stops (``None`` in its queue)."""
        for queue in self._listeners:
            queue.put_nowait(None)

    def publish(self, change: Change) -> None:
        """Tell every open page."""
        for queue in self._listeners:
            queue.put_nowait(change)

    def count(self, name: str, by: int = 1) -> None:
        """Raise a counter."""
        self.counters[name] += by
        self.publish(Change(what="counters"))

    def log(
        self,
        *,
        at: float,
        direction: Literal["in", "out"],
        system: str,
        api: str,
        status: str,
        asked: str,
        answered: str,
        seconds: float,
    ) -> None:
        """Keep one exchange, masked."""
        self._number += 1
        self.traffic.append(
            Traffic(
                number=self._number,
                at=at,
                direction=direction,
                system=system,
                api=api,
                status=status,
                asked=masked(asked),
                answered=masked(answered),
                milliseconds=round(seconds * 1000),
            )
        )
        self.publish(Change(what="traffic"))

    def clear(self) -> None:
        """Empty log and counters; listeners stay."""
        self.traffic.clear()
        self.counters.clear()

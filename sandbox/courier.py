"""Carrying news to the product: callbacks, events, receipts; retried, held back, replayed.

The courier does not know what it carries: a *parcel* builds a fresh request for every attempt
(signatures and nonces are per attempt) and judges the answer.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import aiohttp

from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.faults import Faults
from sandbox.feed import Feed

KEPT = 300


class Host(Protocol):
    """What the courier needs of the sandbox around it."""

    config: Config
    clock: Clock
    feed: Feed
    faults: Faults

    @property
    def http(self) -> aiohttp.ClientSession:
        """The session for calls to the product."""

    def spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Run something in the background."""


class Outcome(StrEnum):
    """How a delivery stands."""

    HELD = "held"
    UNDERWAY = "underway"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class Attempt:
    """One request to the product."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Parcel:
    """What to carry: how to make a request, when it counts as taken, what to do with the answer."""

    system: str
    label: str
    plain: str  # what it says, before encryption, for the log
    make: Callable[[], Attempt]
    taken: Callable[[int, bytes], bool]
    answered: Callable[[bytes], None] | None = None
    retries: tuple[float, ...] = ()
    api: str = "callback"
    wait: float = 0.0  # seconds before the first attempt


@dataclass
class Delivery:
    """A parcel on its way, with its story."""

    number: int
    parcel: Parcel
    at: float
    outcome: Outcome = Outcome.UNDERWAY
    attempts: int = 0
    status: int = 0
    answer: str = ""
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Courier:
    """Delivers parcels in the background."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._number = 0
        self.holding = False
        self.deliveries: dict[int, Delivery] = {}

    def send(self, parcel: Parcel) -> Delivery:
        """Start a delivery, or keep it while the courier is told to hold."""
        self._number += 1
        delivery = Delivery(number=self._number, parcel=parcel, at=self._host.clock.now())
        self.deliveries[delivery.number] = delivery
        while len(self.deliveries) > KEPT:
            self.deliveries.pop(next(iter(self.deliveries)))
        if self.holding:
            delivery.outcome = Outcome.HELD
        else:
            self._start(delivery)
        return delivery

    def replay(self, number: int, times: int) -> list[Delivery]:
        """Carry the same news again ``times`` times at once; raises ``KeyError`` when forgotten."""
        parcel = self.deliveries[number].parcel
        return [self.send(parcel) for _ in range(times)]

    def hold(self) -> None:
        """From now on keep parcels back."""
        self.holding = True

    async def release(self, order: list[int] | None = None, *, backwards: bool = False) -> list[Delivery]:
        """Stop holding and deliver what was kept one after another, in the order asked for."""
        self.holding = False
        held = [d for d in self.deliveries.values() if d.outcome is Outcome.HELD]
        if order is not None:
            held = [self.deliveries[number] for number in order if self.deliveries[number] in held]
        elif backwards:
            held.reverse()
        for delivery in held:
            self._start(delivery)
            await delivery.done.wait()
        return held

    def clear(self) -> None:
        """Forget all deliveries."""
        self.holding = False
        self.deliveries.clear()

    def _start(self, delivery: Delivery) -> None:
        delivery.outcome = Outcome.UNDERWAY
        self._host.spawn(self._carry(delivery))

    async def _carry(self, delivery: Delivery) -> None:
        await asyncio.sleep(delivery.parcel.wait)
        waits = (*delivery.parcel.retries, None)
        for wait in waits:
            delivery.attempts += 1
            if await self._try(delivery):
                delivery.outcome = Outcome.DELIVERED
                break
            self._host.feed.count(f"{delivery.parcel.system}.{delivery.parcel.api}_attempts_failed")
            if wait is not None:
                await asyncio.sleep(wait)
        else:
            delivery.outcome = Outcome.FAILED
            self._host.feed.count(f"{delivery.parcel.system}.{delivery.parcel.api}_failed")
        delivery.done.set()

    async def _try(self, delivery: Delivery) -> bool:
        parcel = delivery.parcel
        fault = self._host.faults.take(parcel.system, parcel.api)
        if fault is not None:
            await asyncio.sleep(fault.delay_ms / 1000)
            if fault.drop or fault.errcode is not None or fault.http is not None:
                delivery.answer = "lost on demand"
                return False
        attempt = parcel.make()
        begun = time.monotonic()
        try:
            async with self._host.http.post(
                attempt.url,
                data=attempt.body,
                headers=attempt.headers,
                timeout=aiohttp.ClientTimeout(total=self._host.config.callback_timeout),
                allow_redirects=False,
            ) as response:
                body = await response.read()
                delivery.status, delivery.answer = response.status, body.decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            body = b""
            delivery.status, delivery.answer = 0, f"{type(error).__name__}: {error}"
        self._host.feed.log(
            at=self._host.clock.now(),
            direction="out",
            system=parcel.system,
            api=parcel.label,
            status=str(delivery.status or "✗"),
            asked=f"POST {attempt.url}\n{parcel.plain}",
            answered=delivery.answer,
            seconds=time.monotonic() - begun,
        )
        if not delivery.status or not parcel.taken(delivery.status, body):
            return False
        if parcel.answered is not None:
            parcel.answered(body)
        return True

"""Waiting for what will be so: polls a condition, with a generous bound; never measures how long it took."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 40.0
STEP = 0.1
Found = TypeVar("Found")


async def until(
    look: Callable[[], Awaitable[Found]], what: str = "", seconds: float = PATIENCE, step: float = STEP
) -> Found:
    """The first true thing that `look` finds; an AssertionError that tells `what` was waited for, and what was seen."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}; last seen: {found!r}")
        await asyncio.sleep(step)

"""A sandbox on a free port with a stand-in hospital on another."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest_asyncio
from aiohttp.test_utils import TestServer

from sandbox.app import create_app
from sandbox.config import Config
from tests.sandbox.actors import Hospital, Outside

Starter = Callable[..., Awaitable[Outside]]
QUICK: dict[str, Any] = {
    "callback_retry_seconds": (0.01, 0.01, 0.01),
    "sms_receipt_seconds": 0.0,
    "sms_retry_seconds": (0.01, 0.01, 0.01),
}


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Starter]:
    """Start a sandbox with settings of the test's choice; all are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> Outside:
            hospital = Hospital(Config())
            there = await stack.enter_async_context(TestServer(hospital.app()))
            config = Config(**{**QUICK, "app_url": str(there.make_url("")).rstrip("/"), **settings})
            hospital.config = config
            server = await stack.enter_async_context(TestServer(create_app(config)))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            outside = Outside(config, hospital, server, http)
            await outside.cast()
            return outside

        yield begin


@pytest_asyncio.fixture
async def outside(start: Starter) -> Outside:
    """A sandbox with the vendors' own limits and quick retries."""
    return await start()

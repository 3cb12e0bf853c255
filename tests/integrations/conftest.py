"""Fixtures of the clients' tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integrations.http import Json
from tests.integrations.outside import Outside, line_up, running


@pytest_asyncio.fixture
async def outside(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outside]:
    """The outside world as the sandbox plays it, and a database for tokens and frames."""
    async with running(monkeypatch) as world:
        yield world


@pytest_asyncio.fixture
async def bot_line(outside: Outside) -> AsyncIterator[list[Json]]:
    """The bot's line, up; the value is the list of frames that came in."""
    frames: list[Json] = []
    async with line_up(frames):
        yield frames

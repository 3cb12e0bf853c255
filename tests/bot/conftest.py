"""Fixtures of the bot's tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.bot.stage import Stage, staged
from tests.tickets.conftest import Cast, cast

__all__ = ["cast", "stage"]


@pytest_asyncio.fixture
async def stage(
    cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The hospital and its phones."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path_factory.mktemp("files")))
    async with staged(cast, redis_url, monkeypatch) as found:
        yield found

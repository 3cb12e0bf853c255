"""Fixtures of the channels' tests: the sandbox outside, jobs wired, Redis open."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from channels import card_updates, jobs
from channels.actions import UPDATE_CARD
from channels.events import ChannelAlarmed, MessageDelivered, MessageFailed, ReceiverUnreachable
from channels.outcome import DELIVER, RECEIPT_DUE
from core import bell, due, events
from core import jobs as core_jobs
from core.events import Event, Reaction
from integrations.wecom_bot_line import BotLine
from tests.integrations.outside import Outside, line_up, running


async def _unheard(_: Event) -> None:
    """A reaction whose outbox rows the tests read instead of running it."""


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wiring.py does for channels, and an outbox row for each event they announce."""
    monkeypatch.setitem(core_jobs.KINDS, DELIVER, jobs.deliver)
    monkeypatch.setitem(core_jobs.KINDS, UPDATE_CARD, card_updates.update_card)
    monkeypatch.setitem(due.HANDLERS, RECEIPT_DUE, jobs.receipt_due)
    for event in (ChannelAlarmed, MessageDelivered, MessageFailed, ReceiverUnreachable):
        monkeypatch.setitem(events.REACTIONS, event, [Reaction(f"tests:{event.__name__}", _unheard)])


@pytest_asyncio.fixture
async def outside(
    database: str, redis_url: str, wired: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Outside]:
    """The outside world as the sandbox plays it, with our database, Redis and jobs on this side."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    bell.open_redis(redis_url)
    async with running(monkeypatch) as world:
        yield world
    await bell.close_redis()


@pytest_asyncio.fixture
async def bot_line(outside: Outside) -> AsyncIterator[BotLine]:
    """The bot's line, up."""
    async with line_up([]) as line:
        yield line


@pytest.fixture
def picture() -> bytes:
    """A PNG of one pixel."""
    return base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )

"""The bot's long connection in a worker: what comes over it is stored at once; who holds it is the lease's business.

Started when a bot is configured. Understands nothing: `inbound` does, in whichever worker takes the row.
"""

import asyncio
import hashlib

import orjson

from channels import alarms
from core import inbound
from core.error_words import without_values
from core.errors import Invalid
from core.logs import logger
from integrations import wecom_bot
from integrations.http import CallFailed, Json
from integrations.wecom_bot_frames import SYSTEM
from integrations.wecom_bot_line import BotLine

log = logger(__name__)
SOURCE = "wecom-bot"
GRACE = 2.0  # seconds for the frame in hand and the lease; a worker has ten for all of its end


class _Running:
    """The line of this process."""

    task: asyncio.Task[None] | None = None
    stopping: asyncio.Event | None = None


_running = _Running()


async def on_frame(frame: Json) -> None:
    """Keep a frame as a row; the same message again changes nothing."""
    raw = orjson.dumps(frame)
    try:
        key = wecom_bot.parse(frame).dedupe_key
    except (Invalid, ValueError) as error:
        digest = hashlib.sha256(raw).hexdigest()[:32]
        await inbound.refuse(SOURCE, f"unread:{digest}", raw, without_values(str(error)))
        return
    await inbound.store(SOURCE, key or hashlib.sha256(raw).hexdigest()[:32], raw)


async def started() -> None:
    """Begin to hold the line, when there is a bot; nothing happens when it is begun already."""
    if not wecom_bot.configured() or (_running.task is not None and not _running.task.done()):
        return
    _running.stopping = asyncio.Event()
    line = BotLine(on_frame, _subscribed)
    _running.task = asyncio.create_task(line.run(_running.stopping), name="bot line")
    _running.task.add_done_callback(_ended)


async def _subscribed(error: CallFailed | None) -> None:
    """An operator sees a bot that is set up wrongly, until a subscription goes well."""
    if error is None:
        await alarms.clear(SYSTEM)
    else:
        await alarms.note(error)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("bot_line_died", exc_info=error)


async def stopped() -> None:
    """Give the line up, so that another process may take it at once."""
    task, stopping = _running.task, _running.stopping
    if task is None or stopping is None:
        return
    stopping.set()
    _, late = await asyncio.wait({task}, timeout=GRACE)
    for each in late:
        each.cancel()
        await asyncio.wait({each}, timeout=1)
    _running.task = None

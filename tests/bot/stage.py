"""The stage of the bot's tests: the small hospital, its people with WeCom in the sandbox, our door on a real port.

What a worker does by itself is done here step by step, until nothing is left to do. No test here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from bot.web import routes
from core import bell, clock, db
from core.actions import REGISTER
from core.actor import Actor, Door, system
from core.due import DUE
from core.inbound import INBOUND
from core.jobs import run_job
from core.outbox import OUTBOX
from core.pump import drain
from core.settings import settings
from core.web import make_app
from staff.sessions import middleware
from tests.integrations.outside import Outside, running
from tests.tickets.conftest import Cast, order
from tickets.models import Ticket
from tickets.receiving import receive

PLATFORM = system("测试热线平台", Door.API)
PEOPLE = (
    "liaison",
    "deputy",
    "head",
    "cashier",
    "bones",
    "centre",
    "second",
    "chief",
    "vice",
    "admin",
    "guest",
)


async def settle() -> None:
    """Run outbox, clock, inbound and jobs until nothing is due; whatever was parked fails the test."""
    for _ in range(100):
        busy = await drain(OUTBOX) + await drain(INBOUND) + await drain(DUE)
        rows = await db.fetch(
            "select id from job where state = 'due' and due_at <= $1 order by id limit 50", clock.now()
        )
        for row in rows:
            await run_job(row["id"])
        if not busy and not rows:
            break
    for table in ("outbox", "inbound", "due", "job"):
        wrong = await db.fetch(
            f"select error from {table} where state = 'parked' or (state = 'due' and error <> '')"  # noqa: S608
        )
        assert not wrong, f"{table}: {[row['error'] for row in wrong]}"


@dataclass
class Stage:
    """The cast, the sandbox, and what people do with their phones."""

    cast: Cast
    outside: Outside
    url: str

    async def opened(self, number: str = "GZ-1", **more: object) -> Ticket:
        """An order that went to the cardiology department; everybody has been told."""
        received = await receive(order(number, **more), by=PLATFORM)
        await settle()
        return await Ticket.get(case_id=received.case_id)

    async def say(self, who: str, text: str, where: str = "app") -> str:
        """Type a line, let everything happen; what the bot said back."""
        before = len(await self.texts(who, where))
        await self.outside.ask("say", {"userid": who, "in": where, "text": text, "wait": True})
        await self.heard(where)
        return "\n".join((await self.texts(who, where))[before:])

    async def heard(self, where: str) -> None:
        """Let everything happen (the bot's frames arrive by themselves)."""
        del where
        await settle()

    async def press(self, who: str, label: str, *, where: str = "app") -> str:
        """Tap the button of this label on the newest card of this phone; what the bot said back."""
        before = len(await self.texts(who, where))
        card, key, menu = await self.button(who, label)
        asked = {"userid": who, "task_id": card["task_id"], "key": key, "menu": menu, "wait": True}
        await self.outside.ask("press", asked)
        await self.heard(where)
        return "\n".join((await self.texts(who, where))[before:])

    async def button(self, who: str, label: str) -> tuple[dict[str, Any], str, bool]:
        """The newest card that shows this button: the card, the key, whether it is in the menu."""
        for card in reversed(await self.cards(who)):
            for button in card.get("button_list", ()):
                if button["text"] == label and not card.get("replace_text"):
                    return card, button["key"], False
            for item in (card.get("action_menu") or {}).get("action_list", ()):
                if item["text"] == label:
                    return card, item["key"], True
        raise AssertionError(f"{who} has no card with {label}: {await self.cards(who)}")

    async def messages(self, who: str) -> list[dict[str, Any]]:
        """What lies on a phone, sent by us."""
        return await self.outside.phone(userid=who)

    async def cards(self, who: str) -> list[dict[str, Any]]:
        """The cards on a phone, oldest first, as they look now."""
        return [message["card"] for message in await self.messages(who) if message.get("card")]

    async def buttons(self, who: str) -> list[str]:
        """The buttons of the newest card."""
        card = (await self.cards(who))[-1]
        return [] if card.get("replace_text") else [each["text"] for each in card.get("button_list", ())]

    async def texts(self, who: str, where: str = "app") -> list[str]:
        """The words on a phone, oldest first."""
        del where
        return [message["text"] for message in await self.messages(who) if message.get("text")]

    async def do(self, name: str, subject: int, by: str, **data: object) -> None:
        """An action by another door."""
        action = REGISTER[name]
        await action.run(subject, action.parse(data), by=getattr(self.cast, by))
        await settle()

    def actor(self, who: str) -> Actor:
        """A member of the cast."""
        return self.cast.people[who]


@asynccontextmanager
async def staged(
    cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch, **changes: Any
) -> AsyncIterator[Stage]:
    """Everything up; no quiet hours and no waiting for bundles, so that a test says what is sent when."""
    bell.open_redis(redis_url)
    app = make_app(middleware)
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await db.executemany(
        "insert into parameter (name, value, changed_by) values ($1, $2, '测试')",
        [("channels.quiet_from", "0"), ("channels.quiet_until", "0"), ("channels.bundle_seconds", "0")],
    )
    try:
        async with running(monkeypatch, app_url=url, **changes) as outside:
            monkeypatch.setenv("HUIYIN_HOTLINE_API", "")  # its platform plays no part here
            settings.cache_clear()
            members = [{"userid": who, "name": f"测试{who}"} for who in PEOPLE]
            await outside.ask("cast", {"wecom": members})
            yield Stage(cast, outside, url)
    finally:
        await runner.cleanup()
        await bell.close_redis()

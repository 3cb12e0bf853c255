"""The real sandbox on a free port, our settings pointing to it, and the few things tests ask of it. No test here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from core.settings import settings
from integrations import http
from integrations.http import CallFailed, Json
from integrations.wecom_bot_line import BotLine
from sandbox.app import create_app
from sandbox.config import Config

USERID, OTHER = "ceshijia", "CeShiYi"
OPENID = "o-ceshibing"
PHONE = "13800000001"
CAST = {
    "wecom": [
        {"userid": USERID, "name": "测试甲", "department": "心血管内科", "title": "联络人"},
        {"userid": OTHER, "name": "测试乙", "department": "心血管内科", "title": "科主任"},
    ],
    "patients": [{"openid": OPENID, "name": "张测试", "phone": PHONE}],
}


@dataclass(frozen=True)
class Outside:
    """A running sandbox."""

    url: str
    config: Config
    http: aiohttp.ClientSession

    async def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST to the control API."""
        async with self.http.post(f"{self.url}/control/{path}", json=body or {}) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == 200, answer
            return answer

    async def look(self, path: str) -> dict[str, Any]:
        """GET from the control API."""
        async with self.http.get(f"{self.url}/control/{path}") as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == 200, answer
            return answer

    async def fault(self, system: str, api: str, **effect: Any) -> None:
        """Order a fault."""
        await self.ask("faults", {"system": system, "api": api, **effect})

    async def phone(self, **whose: str) -> list[dict[str, Any]]:
        """The messages on a phone, oldest first."""
        query = "&".join(f"{name}={value}" for name, value in whose.items())
        messages: list[dict[str, Any]] = (await self.look(f"messages?{query}"))["messages"]
        return [message for message in messages if message["sender"] in ("app", "bot", "wechat", "sms")]

    async def count(self, name: str) -> int:
        """One of the sandbox's counters."""
        return int((await self.look("counters"))["counters"].get(name, 0))

    async def calls(self, api: str) -> int:
        """How often an API was called."""
        return sum(entry["api"] == api for entry in (await self.look("traffic"))["traffic"])


@asynccontextmanager
async def running(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> AsyncIterator[Outside]:
    """A sandbox with the cast, and our settings for it; `changes` are fields of its config."""
    config = Config(port=1, sms_receipt_seconds=0.0, **changes)
    runner = web.AppRunner(create_app(config), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for name, value in environment(url, config).items():
        monkeypatch.setenv(f"HUIYIN_{name}", value)
    settings.cache_clear()
    try:
        async with aiohttp.ClientSession() as session:
            outside = Outside(url, config, session)
            await outside.ask("cast", CAST)
            yield outside
    finally:
        await http.close_http()
        await runner.cleanup()
        settings.cache_clear()


def environment(url: str, config: Config) -> dict[str, str]:
    """Our settings that make the sandbox the outside world."""
    return {
        "WECOM_API": f"{url}/wecom",
        "WECOM_CORP_ID": config.wecom_corp_id,
        "WECOM_AGENT_ID": config.wecom_agent_id,
        "WECOM_SECRET": config.wecom_secret,
        "WECOM_TOKEN": config.wecom_token,
        "WECOM_AES_KEY": config.wecom_aes_key,
        "WECOM_BOT_URL": f"{url}/wecom/aibot".replace("http://", "ws://"),
        "WECOM_BOT_ID": config.wecom_bot_id,
        "WECOM_BOT_SECRET": config.wecom_bot_secret,
        "WECHAT_API": f"{url}/wechat",
        "WECHAT_APP_ID": config.wechat_app_id,
        "WECHAT_SECRET": config.wechat_secret,
        "WECHAT_TOKEN": config.wechat_token,
        "WECHAT_AES_KEY": config.wechat_aes_key,
        "WECHAT_TEMPLATE_RESULT": "tpl-result",
        "SMS_API": f"{url}/sms",
        "SMS_ACCOUNT": config.sms_account,
        "SMS_SECRET": config.sms_secret,
        "HOTLINE_API": f"{url}/hotline",
        "HOTLINE_SECRET": config.hotline_secret,
    }


@asynccontextmanager
async def line_up(frames: list[Json]) -> AsyncIterator[BotLine]:
    """Hold the bot's line; what comes in is appended to `frames`."""

    async def keep(frame: Json) -> None:
        frames.append(frame)

    async def subscribed(error: CallFailed | None) -> None:
        assert error is None, str(error)

    line, stopping = BotLine(keep, subscribed), asyncio.Event()
    task = asyncio.create_task(line.run(stopping))
    try:
        await asyncio.wait_for(line.connected.wait(), 10)
        yield line
    finally:
        stopping.set()
        await asyncio.wait_for(task, 20)

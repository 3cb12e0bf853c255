"""The doors for machines as outsiders meet them: our whole web application over real HTTP, and signed requests."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core import db, inbound
from core.settings import settings
from core.web import make_app
from intake.routes import routes
from integrations.signing import signed
from staff import sessions
from tests.tickets.conftest import Cast, cast

__all__ = ["cast"]

SECRET = "a secret shared with the platform"
SMS_SECRET = "a secret shared with the sms platform"
Client = TestClient[web.Request, web.Application]


@dataclass(frozen=True)
class Door:
    """What an outsider holds: an address and a secret."""

    client: Client

    async def push(
        self, path: str, body: object, secret: str = SECRET, **headers: str
    ) -> tuple[int, dict[str, object]]:
        """Send a signed body (JSON, or bytes as they are); status and answer."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return await self.send(path, raw, **{**signed(secret, raw), **headers})

    async def send(self, path: str, raw: bytes, **headers: str) -> tuple[int, dict[str, object]]:
        """Send bytes under these headers."""
        async with self.client.post(path, data=io.BytesIO(raw), headers=headers) as response:
            return response.status, await response.json()

    async def order(self, body: object, **headers: str) -> tuple[int, dict[str, object]]:
        """Push one order."""
        return await self.push("/api/v1/hotline/orders", body, **headers)

    async def call_back(self, body: object) -> tuple[int, dict[str, object]]:
        """Push one call-back."""
        return await self.push("/api/v1/hotline/callbacks", body)


@pytest_asyncio.fixture
async def door(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    """The doors of the hospital of `cast`."""
    monkeypatch.setenv("HUIYIN_HOTLINE_SECRET", SECRET)
    monkeypatch.setenv("HUIYIN_SMS_SECRET", SMS_SECRET)
    settings.cache_clear()
    app = make_app(sessions.middleware)
    app.add_routes(routes)
    async with TestClient(TestServer(app)) as client:
        yield Door(client)


async def parked(source: str) -> list[tuple[str, bytes]]:
    """What was refused at a door and waits for an operator: reason and body."""
    rows = await db.fetch("select * from inbound where source = $1 and state = 'parked' order by id", source)
    assert all(row["sealed"] for row in rows)
    return [(row["error"], inbound.opened(row)) for row in rows]

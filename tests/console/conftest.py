"""The real web application over real PostgreSQL and Redis, and browsers of the cast of tests/staff."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest_asyncio
from aiohttp.test_utils import BaseTestServer, TestServer

import app
from core import db
from staff.login.password import hashed
from tests.console.browser import PASSWORD, Browser, open_browser
from tests.staff.cast import House, build


@dataclass(frozen=True)
class Console:
    """The running application and who works there."""

    server: BaseTestServer
    house: House
    enter: Callable[[str], Awaitable[Browser]]
    stranger: Callable[[], Browser]


@pytest_asyncio.fixture(scope="session")
async def password_hash() -> str:
    """Of the one password of the cast."""
    return await hashed(PASSWORD)


@pytest_asyncio.fixture
async def console(database_url: str, redis_url: str, password_hash: str) -> AsyncIterator[Console]:
    """alice is a liaison, head her head, admin keeps the machine, auditor keeps watch; one password for all."""
    browsers: list[Browser] = []
    async with TestServer(app.make()) as server:
        house = await build()
        await db.execute("update staff set password_hash = $1", password_hash)

        def stranger() -> Browser:
            browsers.append(open_browser(server))
            return browsers[-1]

        async def enter(name: str) -> Browser:
            browser = stranger()
            assert (await browser.enter(name)).status == 303
            return browser

        yield Console(server, house, enter, stranger)
        for browser in browsers:
            await browser.session.close()

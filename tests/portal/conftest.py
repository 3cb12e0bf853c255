"""The real web application and the patients of tests/patients at its patients' side."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import BaseTestServer, TestServer

import app
from core import db
from core.settings import settings
from staff.login.password import hashed
from tests.console.browser import PASSWORD
from tests.patients.cast import Ward, admit
from tests.portal.visitors import Visitor, open_visitor


@dataclass(frozen=True)
class Side:
    """The running application, the house with its patients, and a way to open a browser."""

    server: BaseTestServer
    ward: Ward
    visitor: Callable[[], Visitor]


@pytest_asyncio.fixture(scope="session")
async def password_hash() -> str:
    """Of the one password of the staff's cast."""
    return await hashed(PASSWORD)


@pytest_asyncio.fixture
async def side(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Side]:
    """The patients' side; captchas are asked for only where a test says so."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    browsers: list[Visitor] = []
    async with TestServer(app.make()) as server:
        ward = await admit()
        await db.execute("insert into parameter (name, value) values ('portal.captcha_after', '20')")

        def visitor() -> Visitor:
            browsers.append(open_visitor(server))
            return browsers[-1]

        yield Side(server, ward, visitor)
        for browser in browsers:
            await browser.leave()
    settings.cache_clear()

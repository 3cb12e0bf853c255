"""The whole application works as the role that cannot alter the audit log."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

import app
import timetable
from core import audit_rights, db
from core.settings import settings
from staff.login.password import hashed
from tests.console.browser import PASSWORD, Browser, open_browser
from tests.staff.cast import build
from tickets import templating

ROLE = f"huiyin_console_test_{os.getpid()}"


@pytest_asyncio.fixture
async def auditor(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Browser]:
    """The auditor's browser on an application that works as the role."""
    await audit_rights.apply(database_url, ROLE, "a secret of this test")
    monkeypatch.setenv(
        "HUIYIN_DATABASE_URL", audit_rights.as_role(database_url, ROLE, "a secret of this test")
    )
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    settings.cache_clear()
    async with TestServer(app.make()) as server:
        await build()
        await db.execute("update staff set password_hash = $1", await hashed(PASSWORD))
        browser = open_browser(server)
        assert (await browser.enter("auditor")).status == 303
        yield browser
        await browser.session.close()
    raw = await asyncpg.connect(database_url)
    await raw.execute(f"drop owned by {ROLE}; drop role {ROLE}")
    await raw.close()


async def test_every_schedule_and_the_pages_need_no_more_than_that_role_has(auditor: Browser) -> None:
    await templating.load_defaults()
    failed = []
    for schedule in timetable.SCHEDULES:
        try:
            await schedule.work()
        except asyncpg.InsufficientPrivilegeError as error:
            failed.append((schedule.name, str(error)))
    assert failed == []
    assert (await auditor.post("/audit/verify", part=True)).one("//b") == "审计链完整"
    page = await auditor.get("/audit/archives")
    assert f"应用账号 {ROLE} 对审计表只能写入和读取" in page.one("//*[@class='audit-facts']")

"""A running hospital and a real Chromium in front of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from openpyxl import Workbook
from playwright.async_api import Browser, Page, async_playwright

from devtools.browser import chromium
from devtools.environment import ROOT
from tests.story.conftest import FAILED, hospital, pytest_runtest_makereport
from tests.story.hospital import Hospital

__all__ = ["hospital", "pytest_runtest_makereport"]  # fixtures and hooks of the stories serve here too

PATIENCE = 20_000  # milliseconds; two cores may be busy


@dataclass
class Windows:
    """Browser windows of different people, and what their pages complained about."""

    browser: Browser
    hospital: Hospital
    complaints: list[str] = field(default_factory=list)

    async def open(self, *, width: int = 1440, height: int = 900) -> Page:
        """An empty window."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    async def desk(self, number: str, *, width: int = 1440, height: int = 900) -> Page:
        """The console, signed in by the log-in page."""
        page = await self.open(width=width, height=height)
        await page.goto(f"{self.hospital.web}/login")
        await page.fill("input[name=number]", number)
        await page.fill("input[name=password]", self.hospital.password)
        await page.click("button[type=submit]")
        await page.wait_for_url(f"{self.hospital.web}/")
        return page


@pytest_asyncio.fixture(scope="module")
async def windows(hospital: Hospital) -> AsyncIterator[Windows]:
    """One Chromium for the module."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield Windows(browser, hospital)
        await browser.close()


@pytest_asyncio.fixture(autouse=True)
async def pictures(windows: Windows, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Close all windows after a test; of one that failed each is kept as a picture under .data/pictures."""
    yield
    if request.node.stash.get(FAILED, False):
        folder = ROOT / ".data" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        pages = [page for context in windows.browser.contexts for page in context.pages]
        for at, page in enumerate(pages, start=1):
            await page.screenshot(path=folder / f"{request.node.name}-{at}.png", full_page=True)
    for context in windows.browser.contexts:
        await context.close()
    windows.complaints.clear()


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[[list[list[object]]], Awaitable[Path]]:
    """Writes rows as an .xlsx like a hotline platform exports it."""
    return lambda rows: _written(tmp_path / "工单导出.xlsx", rows)


async def _written(path: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    page = book.active
    if page is None:
        raise TypeError("a new workbook has a sheet")
    for row in rows:
        page.append(row)
    book.save(path)
    return path

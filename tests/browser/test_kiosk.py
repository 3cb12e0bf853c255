"""A kiosk in a real browser with the sandbox's card bridge beside it: card in, page, countdown, and nothing left."""

import re

from playwright.async_api import Page, expect

from core import db
from core.actor import system
from patients import bindings_terminals as terminals
from patients.bindings_terminals import Described, TerminalKind
from tests.browser.conftest import Windows
from tests.browser.measuring import faults_of, told
from tests.browser.test_portal import register
from tests.story.hospital import Hospital

BY = system("测试")


async def put_in(hospital: Hospital, kind: str, number: str) -> None:
    """Put a card into the sandbox's reader."""
    data = {"do": "in", "kind": kind, "number": number}
    async with hospital.phones.session.post(f"{hospital.at.sandbox}/bridge/", data=data) as answer:
        assert answer.status == 200


async def screen(windows: Windows, hospital: Hospital, described: Described) -> Page:
    """A screen that was registered and paired."""
    await db.execute(
        "insert into parameter (name, value) values ('kiosk.bridge', $1) on conflict (name) do update set value = $1",
        f"{hospital.at.sandbox}/bridge",
    )
    number, _ = await terminals.register(described, by=BY, key=hospital.env["SANDBOX_BRIDGE_KEY"])
    code = await terminals.pairing_code(number, by=BY)
    page = await windows.open(width=1080, height=1920)
    await page.goto(f"{hospital.web}/kiosk/")
    await page.get_by_label("配对码").fill(code)
    await page.get_by_role("button", name="配对").click()
    await expect(page.get_by_role("heading", name="欢迎使用自助服务")).to_be_visible()
    return page


async def agree(page: Page) -> None:
    """Whoever comes for the first time reads and agrees; on the way to the first page."""
    await page.wait_for_url(re.compile(r"/(p/agree|kiosk/home)"))
    if "/p/agree" in page.url:
        await page.get_by_role("button", name="同意并继续").click()


async def test_a_card_opens_a_page_and_when_nobody_touches_it_nothing_of_it_is_left(
    windows: Windows, hospital: Hospital
) -> None:
    await register()
    page = await screen(windows, hospital, Described("自助机甲", TerminalKind.KIOSK, place="一楼"))
    faults = await faults_of(page, big=True)
    await page.get_by_role("link", name="诊疗卡").click()
    await expect(page.get_by_role("status")).to_contain_text("请把卡平放在读卡区")
    faults += await faults_of(page, big=True)
    await put_in(hospital, "medical", "P-portal")
    await agree(page)
    await expect(page.get_by_role("heading", name="周*戊，您好")).to_be_visible()
    faults += await faults_of(page, big=True)
    assert faults == [], told(faults)

    kept = await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    await page.clock.install()
    await page.reload()
    await page.clock.run_for(61_000)
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    assert 0 < int(await page.locator("#idle-left").inner_text()) <= 30
    await page.get_by_role("button", name="我还在，继续使用").click()
    await expect(page.get_by_role("alertdialog")).to_be_hidden()
    await page.clock.run_for(95_000)
    await expect(page.get_by_role("heading", name="欢迎使用自助服务")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="周*戊")).to_be_hidden()
    await page.goto(f"{hospital.web}/kiosk/home")
    await expect(page.get_by_role("heading", name="欢迎使用自助服务")).to_be_visible()
    assert (
        await db.fetchval(
            "select count(*) from portal_session where ended_at is null and terminal_id is not null"
        )
        == 0
    )


async def test_a_card_that_nobody_knows_and_a_reader_that_is_away_are_told_in_words(
    windows: Windows, hospital: Hospital
) -> None:
    page = await screen(windows, hospital, Described("自助机乙", TerminalKind.KIOSK))
    await page.get_by_role("link", name="社保卡").click()
    await put_in(hospital, "social", "S-000")
    await expect(page.get_by_role("alert")).to_contain_text("请到服务台办理")
    assert await faults_of(page, big=True) == []
    pull = {"do": "plug"}
    async with hospital.phones.session.post(f"{hospital.at.sandbox}/bridge/", data=pull) as answer:
        assert answer.status == 200
    await page.get_by_role("link", name="重新读卡").click()
    await expect(page.get_by_role("status")).to_contain_text("读卡器没有响应")
    async with hospital.phones.session.post(f"{hospital.at.sandbox}/bridge/", data=pull) as answer:
        assert answer.status == 200

"""Filling in at a kiosk and at a bed: every kind of question by the numbers for elderly users; whoever touches the screen
stays signed in; afterwards nothing of it can be had, by the history neither."""

from datetime import timedelta

from playwright.async_api import Page, expect

from core import clock, db
from patients.bindings_terminals import Described, TerminalKind
from tests.browser import every_kind
from tests.browser.conftest import Windows
from tests.browser.measuring import faults_of, told
from tests.browser.test_kiosk import agree, put_in, screen
from tests.story.hospital import Hospital

TALL, WIDE, BED = (1080, 1920), (1280, 1024), (1280, 800)


async def asks_here(page: Page) -> list[str]:
    """The questions that are shown."""
    found: list[str] = await page.evaluate(
        "[...document.querySelectorAll('fieldset[data-code]')].filter((set) => set.checkVisibility()).map((set) => set.dataset.code)"
    )
    return found


async def answer_what_must_be(page: Page) -> None:
    """The two questions that are required."""
    for code in await asks_here(page):
        if code in ("single", "scale"):
            await page.locator(f'fieldset[data-code="{code}"] label').first.click()


async def by_card(windows: Windows, hospital: Hospital) -> Page:
    """Somebody at a kiosk, signed in by card, with a questionnaire that waits."""
    version = await every_kind.published()
    await every_kind.asked(version, plan="一")
    await every_kind.asked(version, plan="二")
    page = await screen(windows, hospital, Described("自助机丙", TerminalKind.KIOSK, place="一楼"))
    await page.get_by_role("link", name="诊疗卡").click()
    await put_in(hospital, "medical", every_kind.PATIENT)
    await agree(page)
    await expect(page.get_by_role("heading", name="郑*庚，您好")).to_be_visible()
    return page


async def test_every_kind_of_question_keeps_the_numbers_at_a_kiosk_lying_standing_and_at_a_bed(
    windows: Windows, hospital: Hospital
) -> None:
    page = await by_card(windows, hospital)
    await page.locator("a.cell").first.click()
    await page.wait_for_selector("#filling.live")
    faults: list[str] = []
    seen: list[str] = []
    while await page.locator("#filling.live").count():
        seen += await asks_here(page)
        for width, height in (TALL, WIDE, BED):
            await page.set_viewport_size({"width": width, "height": height})
            faults += await faults_of(page, big=True)
        await answer_what_must_be(page)
        here = await asks_here(page)
        await page.click("#next")
        await page.wait_for_function(
            "(here) => document.querySelector('[data-done]') || !document.querySelector(`fieldset[data-code='${here}']`).checkVisibility()",
            arg=here[0],
        )
    assert seen == list(every_kind.QUESTIONS)
    assert (
        await page.locator("input[type=file]:not([hidden])").count() == 0
    )  # nobody browses the terminal's disk
    faults += await faults_of(page, big=True)
    assert faults == [], told(list(dict.fromkeys(faults)))
    await expect(page.get_by_role("link", name="还有 1 份问卷，继续填写")).to_be_visible()
    assert windows.complaints == []


async def test_whoever_touches_the_screen_stays_signed_in_and_whoever_comes_next_finds_nothing(
    windows: Windows, hospital: Hospital
) -> None:
    page = await by_card(windows, hospital)
    await page.get_by_role("button", name="English").click()
    await page.locator("a.cell").first.click()
    await page.wait_for_selector("#filling.live")
    draft = page.url
    await page.clock.install()
    await page.reload()
    await page.wait_for_selector("#filling.live")
    long_ago = clock.now() - timedelta(seconds=100)
    await db.execute("update portal_session set seen_at = $1 where ended_at is null", long_ago)
    await page.clock.run_for(16_000)
    async with page.expect_response("**/kiosk/alive") as told_server:
        await page.locator('fieldset[data-code="single"] label').first.click()
    assert await (await told_server.value).json() == {"signed": True}
    fresh = await db.fetchval("select max(seen_at) from portal_session where ended_at is null")
    assert fresh > long_ago + timedelta(seconds=50)

    await page.clock.run_for(61_000)
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    await page.mouse.click(5, 5)  # anywhere
    await expect(page.get_by_role("alertdialog")).to_be_hidden()
    await page.clock.run_for(95_000)
    await expect(page.get_by_role("heading", name="欢迎使用自助服务")).to_be_visible()
    for address in (draft, f"{draft}/edit", f"{hospital.web}/kiosk/home"):
        await page.goto(address)
        await expect(page.get_by_role("heading", name="欢迎使用自助服务")).to_be_visible()
    kept = {cookie["name"] for cookie in await page.context.cookies()}
    assert kept == {"huiyin_device", "huiyin_terminal", "huiyin_screen"}
    assert await page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert windows.complaints == []


async def test_where_the_session_has_been_ended_elsewhere_the_next_touch_leads_to_the_start(
    windows: Windows, hospital: Hospital
) -> None:
    page = await by_card(windows, hospital)
    await page.locator("a.cell").first.click()
    await page.wait_for_selector("#filling.live")
    await page.clock.install()
    await page.reload()
    await page.wait_for_selector("#filling.live")
    await db.execute("update portal_session set ended_at = now() where ended_at is null")
    await page.clock.run_for(16_000)
    await page.locator('fieldset[data-code="single"] label').first.click()
    await expect(page.get_by_role("heading", name="欢迎使用自助服务")).to_be_visible()

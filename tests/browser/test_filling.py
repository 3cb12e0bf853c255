"""A questionnaire in a real browser: phone and desktop, with scripts and without, offline and back, on another device."""

import pytest
from playwright.async_api import Page, expect

from core import db
from surveys.responses import entrances
from surveys.responses.rows import Channel
from tests.browser.conftest import Windows
from tests.browser.measuring import faults_of, told
from tests.story.hospital import Hospital
from tests.surveys.responses_stage import DEFINITION, HOUSE, publish


async def door() -> str:
    """An open door to a fresh questionnaire; its address without the host."""
    version = await publish(DEFINITION)
    return f"/p/s/{(await entrances.create(version.questionnaire_id, Channel.QR, '测试走廊', by=HOUSE)).code}"


async def pick(page: Page, code: str, value: str) -> None:
    await page.locator(f'fieldset[data-code="{code}"] label:has(input[value="{value}"])').first.click()


async def first_screen(page: Page) -> None:
    """The first three questions, and on to the next screen."""
    await pick(page, "nurse", "4")
    await pick(page, "pain", "yes")
    await pick(page, "relief", "5")
    await page.click("#next")


async def rows(state: str) -> int:
    found: int = await db.fetchval("select count(*) from response where state = $1", state)
    return found


@pytest.mark.parametrize("width", [390, 1440])
async def test_answers_wait_while_there_is_no_network_and_go_out_later(
    windows: Windows, hospital: Hospital, width: int
) -> None:
    path, before = await door(), await rows("completed")
    page = await windows.open(width=width)
    await page.goto(hospital.web + path)
    await first_screen(page)
    await expect(page.locator("#state")).to_have_text("已自动保存")
    await page.reload()  # nothing is lost, and it goes on at its own address
    await page.wait_for_url("**/p/r/*")
    await expect(page.locator('fieldset[data-code="ward"]')).to_be_visible()
    await page.context.set_offline(True)
    await page.click("#next")
    await page.fill('fieldset[data-code="wish"] textarea', "夜里再安静一些")
    await expect(page.locator("#state")).to_contain_text("恢复后自动发送")
    await page.click("#next")
    await page.fill('fieldset[data-code="phone"] input', "13800000001")
    await page.click("#next")
    await expect(page.locator("#state")).to_contain_text("恢复后自动提交")
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="感谢您的反馈")).to_be_visible()
    assert await rows("completed") == before + 1
    assert await page.evaluate("Object.keys(localStorage)") == []
    kept = await db.fetchrow(
        "select answers -> 'wish' ->> 't' as wish, private is not null as private, active_ms > 0 as timed"
        " from response where state = 'completed' order by completed_at desc limit 1"
    )
    assert kept is not None
    assert tuple(kept) == ("夜里再安静一些", True, True)
    assert windows.complaints == []


async def test_without_scripts_the_same_questionnaire_is_a_form_a_screen(
    windows: Windows, hospital: Hospital
) -> None:
    path, before = await door(), await rows("completed")
    context = await windows.browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="zh-CN"
    )
    page = await context.new_page()
    await page.goto(hospital.web + path)
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_text("还有几处需要您看一下")).to_be_visible()
    await page.locator('fieldset[data-code="nurse"] input[value="4"]').check(force=True)
    await page.locator('fieldset[data-code="pain"] input[value="no"]').check(force=True)
    await page.get_by_role("button", name="下一步").click()
    for _ in range(2):
        await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("heading", name="感谢您的反馈")).to_be_visible()
    assert await rows("completed") == before + 1
    await context.close()


async def test_a_link_is_begun_on_one_device_and_ended_on_another(
    windows: Windows, hospital: Hospital
) -> None:
    path = await door()
    phone, desk = await windows.open(width=390), await windows.open()
    await phone.goto(hospital.web + path)
    await first_screen(phone)
    await expect(phone.locator("#state")).to_have_text("已自动保存")
    await phone.reload()
    await phone.wait_for_url("**/p/r/*")
    await desk.goto(phone.url)
    await expect(desk.locator('fieldset[data-code="ward"]')).to_be_visible()
    assert await desk.locator('fieldset[data-code="nurse"] input[value="4"]').is_checked()


async def test_every_screen_keeps_the_numbers_for_elderly_users(windows: Windows, hospital: Hospital) -> None:
    path = await door()
    faults: list[str] = []
    for letters in ("plain", "big"):
        page = await windows.open(width=390)
        await page.goto(hospital.web + path)
        if letters == "big":
            await page.get_by_role("button", name="大字版").click()
            await expect(page.locator("html.big")).to_be_attached()
        faults += await faults_of(page, big=letters == "big")
        await first_screen(page)
        faults += await faults_of(page, big=letters == "big")
    assert faults == [], told(faults)

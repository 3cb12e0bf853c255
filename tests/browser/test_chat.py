"""The group chat of a ticket on the case page, between two people in two browsers, with the bot present."""

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import Windows
from tests.story.hospital import Hospital
from tests.story.orders import pushed

BUBBLE = ".im-line .im-bubble"


async def chat_of(windows: Windows, who: str, case: int) -> Page:
    """The case page of somebody, whose chat has come up."""
    page = await windows.desk(who)
    await page.goto(f"{windows.hospital.web}/cases/{case}")
    await expect(page.locator("#case-chat textarea")).to_be_editable()
    return page


async def say(page: Page, text: str) -> None:
    """Type a line and send it."""
    field = page.locator("#case-chat textarea")
    await field.fill(text)
    await field.press("Enter")


async def test_two_people_talk_on_the_case_page_and_the_bot_does_what_it_is_told(
    windows: Windows, hospital: Hospital
) -> None:
    case, ticket = await pushed(hospital, "CHAT-1")
    await hospital.settled()
    centre = await chat_of(windows, "centre", case)
    liaison = await chat_of(windows, "liaison", case)
    await say(centre, "患者下午会再来电，请先联系")
    await expect(liaison.locator(BUBBLE, has_text="患者下午会再来电")).to_have_count(1)
    await say(liaison, "好的，马上联系")
    await expect(centre.locator(BUBBLE, has_text="马上联系")).to_have_count(1)
    await say(liaison, "@回音 签收")
    for page in (centre, liaison):
        await expect(page.locator(BUBBLE, has_text=f"#{ticket} 已签收")).to_have_count(1)
        await expect(page.locator(f"#ticket-{ticket}")).to_contain_text("办理中", timeout=40_000)
    await centre.reload()
    await expect(centre.locator(BUBBLE, has_text="马上联系")).to_have_count(1)
    said = await centre.locator(BUBBLE).all_inner_texts()
    spoken = [text.strip() for text in said if re.search("再来电|马上联系|@回音 签收", text)]
    assert spoken[:3] == ["患者下午会再来电，请先联系", "好的，马上联系", "@回音 签收"]
    assert re.search(
        f"：@回音 签收\\s+#{ticket} 已签收", spoken[3]
    )  # the bot answers under the line it was told
    assert windows.complaints == []

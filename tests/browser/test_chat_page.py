"""The page of all group chats between a desktop and a phone: a group is made, run, searched and ended there."""

from playwright.async_api import Page, expect

from tests.browser.conftest import Windows
from tests.story.hospital import Hospital

BUBBLE = ".im-line .im-bubble"


async def say(page: Page, text: str) -> None:
    """Type a line and send it."""
    field = page.locator(".im-composer textarea")
    await field.fill(text)
    await field.press("Enter")


async def opened(windows: Windows, who: str, *, width: int = 1440, height: int = 900) -> Page:
    """The page of somebody who has signed in."""
    page = await windows.desk(who, width=width, height=height)
    await page.goto(f"{windows.hospital.web}/chat")
    return page


async def test_a_group_lives_from_its_making_to_its_end_on_a_desktop_and_a_phone(
    windows: Windows, hospital: Hospital
) -> None:
    desk = await opened(windows, "centre")
    phone = await opened(windows, "liaison", width=390, height=844)
    other = await opened(windows, "liaison")
    await desk.get_by_role("button", name="建群").click()
    await desk.get_by_label("群名称").fill("冬季流感协调")
    await desk.get_by_label("姓名或工号").fill("liaison")
    await desk.locator(".im-ask input[type=checkbox]").first.check()
    await desk.get_by_role("button", name="建群").last.click()
    await expect(desk.locator(".im-title")).to_have_text("冬季流感协调")

    for page in (phone, other):
        await page.locator(".im-room", has_text="冬季流感协调").click()
        await expect(page.locator(".im-composer textarea")).to_be_editable()
    await say(desk, "请各科室报一下输液室座位数")
    for page in (phone, other):
        await expect(page.locator(BUBBLE)).to_have_text(["请各科室报一下输液室座位数"])
    await say(phone, "内科现有 24 个")
    for page in (desk, other):
        await expect(page.locator(BUBBLE).last).to_have_text("内科现有 24 个")

    await desk.locator("[data-part=count]").click()
    await desk.get_by_role("button", name="发布公告").click()
    await desk.get_by_label("发布群公告").last.fill("周五十五点开会")
    await desk.get_by_role("button", name="发布", exact=True).click()
    for page in (phone, other):
        await expect(page.locator(".im-announcement")).to_contain_text("周五十五点开会")
    await phone.get_by_role("button", name="知道了").click()
    for page in (phone, other):
        await expect(page.locator(".im-announcement")).to_be_hidden()
    await expect(desk.locator(".im-panel summary")).to_have_text("2/2 人已阅")

    await desk.get_by_label("全员禁言").check()
    for page in (phone, other):
        await expect(page.locator("[data-part=hushed]")).to_be_visible()
        await expect(page.locator(".im-composer")).to_be_hidden()
    await desk.get_by_label("全员禁言").uncheck()
    for page in (phone, other):
        await expect(page.locator(".im-composer")).to_be_visible()

    await phone.get_by_role("button", name="搜索聊天记录").click()
    await phone.get_by_role("searchbox", name="搜索聊天记录").fill("座位")
    await phone.locator(".im-hits button").click()
    await expect(phone.locator(".im-line.found")).to_contain_text("座位数")

    await desk.get_by_role("button", name="解散群聊").click()
    await desk.get_by_role("button", name="解散", exact=True).click()
    for page in (desk, phone, other):
        await expect(page.locator("[data-part=closed]")).to_be_visible()
        await expect(page.locator(".im-composer")).to_be_hidden()
    lists = [
        await page.locator(".im-list > li:not(.im-day, .im-unread)").all_inner_texts()
        for page in (desk, phone, other)
    ]
    assert len({len(lines) for lines in lists}) == 1
    assert windows.complaints == []

"""The home page arranged by pointer and by keys, on a desktop and a phone; a reload keeps what was made of it."""

from playwright.async_api import Page, expect

from tests.browser.conftest import Windows
from tests.story.hospital import Hospital

SHOWN = "[data-place=shown] > [data-card] h2"
HOME = ".modules .module h2"


async def titles(page: Page, where: str = SHOWN) -> list[str]:
    """The modules in their order."""
    return await page.locator(where).all_inner_texts()


async def arranging(windows: Windows, who: str, *, width: int = 1440, height: int = 900) -> Page:
    """Somebody's home page, being arranged, with every module loaded so that nothing moves by itself."""
    page = await windows.desk(who, width=width, height=height)
    await page.get_by_role("link", name="定制首页").click()
    await expect(page.locator("[data-place=shown] .waiting")).to_have_count(0)
    return page


async def test_modules_are_moved_by_keys_sized_hidden_and_stay_so_after_a_reload(
    windows: Windows, hospital: Hospital
) -> None:
    page = await arranging(windows, "centre")
    before = await titles(page)
    grip = page.get_by_role("button", name="移动 未读群聊")
    await grip.focus()
    async with page.expect_response("**/home/arrange") as saved:
        await grip.press("Home")
    assert (await saved.value).status == 204
    await expect(grip).to_be_focused()
    await expect(page.get_by_role("status").last).to_have_text(f"未读群聊，第 1 个，共 {len(before)} 个")
    async with page.expect_response("**/home/arrange"):
        await grip.press("ArrowRight")
    others = [title for title in before if title != "未读群聊"]
    wanted = [others[0], "未读群聊", *others[1:]]
    assert await titles(page) == wanted

    card = page.locator("[data-card]", has=grip)
    async with page.expect_response("**/home/arrange"):
        await card.get_by_role("button", name="整行").click()
    async with page.expect_response("**/home/arrange"):
        await page.get_by_role("button", name="隐藏 全部页面").click()
    wanted.remove("全部页面")

    await page.reload()
    assert await titles(page) == wanted
    assert await titles(page, "[data-place=hidden] h2") == ["全部页面"]
    await page.get_by_role("button", name="完成").click()
    await page.wait_for_url(f"{hospital.web}/")
    assert await titles(page, HOME) == wanted
    wide = page.locator(".module", has=page.get_by_role("heading", name="未读群聊"))
    grid = await page.locator(".modules").bounding_box()
    box = await wide.bounding_box()
    assert grid is not None
    assert box is not None
    assert abs(box["width"] - grid["width"]) < 2

    await page.get_by_role("link", name="定制首页").click()
    async with page.expect_response("**/home/arrange"):
        await page.get_by_role("button", name="显示 全部页面").click()
    await expect(page.locator("[data-card]", has_text="全部页面").locator(".way").first).to_be_visible()
    await page.get_by_role("button", name="恢复默认").click()
    await page.locator("#confirm").get_by_role("button", name="确定").click()
    await expect(page.locator(".notice-words")).to_have_text("首页已恢复默认")
    assert await titles(page) == before
    assert windows.complaints == []


async def drag(page: Page, what: str, onto: str) -> None:
    """Take a module by its grip and let it go over another."""
    grip = page.get_by_role("button", name=f"移动 {what}")
    await grip.scroll_into_view_if_needed()
    start = await grip.bounding_box()
    assert start is not None
    await page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    await page.mouse.down()
    await expect(page.locator(".drag-ghost")).to_have_text(what)
    target = await page.locator(f"[data-card][data-title='{onto}']").bounding_box()
    assert target is not None
    x, y = target["x"] + target["width"] / 2, target["y"] + min(target["height"] / 2, 60)
    await page.mouse.move(x, y, steps=12)
    await expect(page.locator(".lifted")).to_have_count(1)


async def test_a_module_is_dragged_to_another_place_and_stays_there(
    windows: Windows, hospital: Hospital
) -> None:
    for who, width, height in (("second", 1440, 900), ("chief", 390, 844)):
        page = await arranging(windows, who, width=width, height=height)
        before = await titles(page)
        first, second, *rest = before
        await drag(page, second, first)
        await expect(page.locator(SHOWN).first).to_have_text(second)
        async with page.expect_response("**/home/arrange") as saved:
            await page.mouse.up()
        assert (await saved.value).status == 204
        await expect(page.locator(".drag-ghost")).to_have_count(0)
        await page.reload()
        assert await titles(page) == [second, first, *rest]
        if width < 500:
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width
    assert windows.complaints == []

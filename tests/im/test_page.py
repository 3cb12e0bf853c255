"""The chat on a page, in a real Chromium: two people, weak networks, Chinese input, pictures."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from core import db
from core.actor import Actor
from devtools.browser import chromium
from im import actions, queries
from tests.im.conftest import HOUSE, Cast, ids, write
from tests.im.remote import cookie_of, here

BUBBLE = ".im-line .im-bubble"


@dataclass
class Window:
    """A browser that opens rooms as somebody, and what its pages complained about."""

    address: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    async def open(self, room: int, who: Actor, *, width: int = 1440) -> Page:
        context = await self.browser.new_context(
            viewport={"width": width, "height": 800}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        name, value = (await cookie_of(who)).split("=", 1)
        await context.add_cookies([{"name": name, "value": value, "url": self.address}])
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        await page.goto(f"{self.address}/room/{room}")
        await expect(page.locator("[data-part=loading]")).to_be_hidden()
        return page


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all of these tests; each person gets a context of their own."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        await started.close()


@pytest_asyncio.fixture
async def window(cast: Cast, redis_url: str, files: None, browser: Browser) -> AsyncIterator[Window]:
    async with here() as address:
        opened = Window(address, browser)
        yield opened
        for context in browser.contexts:
            await context.close()


async def shown(page: Page) -> list[str]:
    """The text of each bubble, top to bottom."""
    return [text.strip() for text in await page.locator(BUBBLE).all_inner_texts()]


async def test_two_people_talk_mention_answer_and_see_what_was_read(cast: Cast, window: Window) -> None:
    alice = await window.open(cast.room, cast.alice)
    bob = await window.open(cast.room, cast.bob, width=390)
    field_ = alice.locator("textarea")
    await field_.press_sequentially("请 @测")
    await field_.press("Enter")  # chooses from the list, does not send
    await field_.press_sequentially("今天答复")
    await field_.press("Enter")
    await expect(bob.locator(BUBBLE)).to_have_text(["请 @测试乙 今天答复"])
    await expect(bob.locator(".im-mention")).to_have_text("@测试乙")
    await expect(alice.locator(".im-read")).to_have_text("全部已读")

    await bob.locator(BUBBLE).click()
    await bob.get_by_role("button", name="回复").click()
    await bob.locator("textarea").fill("收到")
    await bob.get_by_role("button", name="发送", exact=True).click()
    await expect(alice.locator(".im-quote")).to_contain_text("测试甲：请 @测试乙 今天答复")

    (first, answer) = (await queries.since(cast.room, 1, by=cast.alice)).messages
    assert (first.mentions, answer.quote is not None and answer.quote.seq) == (
        tuple(ids(cast.bob)),
        first.seq,
    )
    assert window.complaints == []


async def test_what_is_written_without_network_is_sent_once_and_all_end_with_the_same_list(
    cast: Cast, window: Window
) -> None:
    alice = await window.open(cast.room, cast.alice)
    bob = await window.open(cast.room, cast.bob)
    await bob.context.set_offline(True)
    await expect(bob.locator("[data-part=offline]")).to_be_visible()
    for text in ("断网一", "断网二"):
        await bob.locator("textarea").fill(text)
        await bob.locator("textarea").press("Enter")
    await alice.locator("textarea").fill("你还在吗")
    await alice.locator("textarea").press("Enter")
    await expect(alice.locator(BUBBLE)).to_have_text(["你还在吗"])
    assert await shown(bob) == ["断网一", "断网二"]

    await bob.context.set_offline(False)
    for page in (alice, bob):
        await expect(page.locator(BUBBLE)).to_have_text(["你还在吗", "断网一", "断网二"], timeout=20_000)
    texts = [one.text for one in (await queries.since(cast.room, 1, by=cast.alice)).messages]
    assert texts == ["你还在吗", "断网一", "断网二"]
    assert await bob.evaluate("sessionStorage.length") == 0


async def test_what_was_written_and_not_sent_outlives_a_reload(cast: Cast, window: Window) -> None:
    bob = await window.open(cast.room, cast.bob)
    await bob.evaluate(
        "room => sessionStorage.setItem(`huiyin-chat:${room}`, JSON.stringify([{client_id: crypto.randomUUID(),"
        " at: '', refused: '', text: '重载之前写的', mentions: [], reply_to: null, file: null}]))",
        cast.room,
    )
    await bob.reload()
    await expect(bob.locator(BUBBLE)).to_have_text(["重载之前写的"])
    await bob.reload()
    await expect(bob.locator(BUBBLE)).to_have_text(["重载之前写的"])


async def test_a_refused_message_says_why_and_can_be_deleted(cast: Cast, window: Window) -> None:
    for number in range(20):
        await write(cast.room, cast.alice, str(number))
    alice = await window.open(cast.room, cast.alice)
    await alice.locator("textarea").fill("第二十一条")
    await alice.locator("textarea").press("Enter")
    await expect(alice.locator(".im-failed")).to_have_text("未发送：发送太快了，请稍等几秒再发")
    await alice.get_by_role("button", name="删除").click()
    await expect(alice.locator(BUBBLE)).to_have_count(20)


async def test_enter_that_belongs_to_the_input_method_does_not_send(cast: Cast, window: Window) -> None:
    alice = await window.open(cast.room, cast.alice)
    await alice.locator("textarea").fill("pin yin")
    await alice.locator("textarea").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    assert await alice.locator("textarea").input_value() == "pin yin"
    await alice.locator("textarea").press("Shift+Enter")
    await alice.locator("textarea").press("Enter")
    await expect(alice.locator(BUBBLE)).to_have_text(["pin yin"])


async def test_a_picture_is_shown_small_and_opens_in_full_and_a_bad_file_says_why(
    cast: Cast, window: Window, tmp_path: Path
) -> None:
    alice = await window.open(cast.room, cast.alice)
    bob = await window.open(cast.room, cast.bob)
    drawn = io.BytesIO()
    Image.new("RGB", (1200, 800), "navy").save(drawn, "PNG")
    (tmp_path / "现场.png").write_bytes(drawn.getvalue())
    (tmp_path / "木马.exe").write_bytes(b"MZ")
    await alice.locator("input[type=file]").set_input_files([tmp_path / "现场.png", tmp_path / "木马.exe"])

    thumbnail = bob.get_by_role("button", name="查看图片 现场.png")
    await expect(thumbnail.locator("img")).to_have_js_property("naturalWidth", 1200)
    box = await thumbnail.bounding_box()
    assert box is not None
    assert box["width"] <= 240
    await thumbnail.click()
    await expect(bob.locator("dialog img")).to_be_visible()
    await bob.keyboard.press("Escape")
    await expect(bob.locator("dialog")).to_be_hidden()
    await expect(alice.locator(".im-failed")).to_contain_text("不是可以上传的文件类型")


async def test_what_is_unread_stands_below_a_line_and_older_lines_come_on_scrolling_up(
    cast: Cast, window: Window
) -> None:
    for number in range(120):
        await actions.say(cast.room, f"第 {number} 行", key=str(number))
    await actions.mark_read(cast.room, 118, by=cast.bob)
    bob = await window.open(cast.room, cast.bob)
    await expect(bob.locator(".im-unread ~ .im-line")).to_have_count(3)
    await expect(bob.locator(BUBBLE)).to_have_count(50)
    for count in (100, 120):
        await bob.locator("[data-part=scroll]").evaluate("box => { box.scrollTop = 0 }")
        await expect(bob.locator(BUBBLE)).to_have_count(count)
    assert (await shown(bob))[:2] == ["第 0 行", "第 1 行"]

    await bob.locator("[data-part=scroll]").evaluate("box => { box.scrollTop = 0 }")
    alice = await window.open(cast.room, cast.alice)
    await alice.locator("textarea").fill("新的一行")
    await alice.locator("textarea").press("Enter")
    fresh = bob.get_by_role("button", name="1 条新消息")
    await fresh.click()
    await expect(fresh).to_be_hidden()
    await expect(bob.locator(BUBBLE).last).to_be_in_viewport()
    await expect(alice.locator(".im-read")).to_have_text("全部已读")


async def test_a_closed_room_can_only_be_read_and_a_stranger_sees_a_sentence(
    cast: Cast, window: Window
) -> None:
    await write(cast.room, cast.alice, "最后一句")
    await actions.close_room("ticket:12", by=HOUSE)
    bob = await window.open(cast.room, cast.bob)
    await expect(bob.locator(BUBBLE)).to_have_text(["最后一句"])
    await expect(bob.locator("form")).to_be_hidden()
    await expect(bob.locator("[data-part=closed]")).to_be_visible()

    charlie = await window.open(cast.room, cast.charlie)
    await expect(charlie.locator("[data-part=problem]")).to_have_text("没有找到，或您无权查看")
    await expect(charlie.locator(BUBBLE)).to_have_count(0)


async def test_a_session_that_ended_says_so(cast: Cast, window: Window) -> None:
    alice = await window.open(cast.room, cast.alice)
    await db.execute("update session set ended_at = now()")
    await alice.locator("textarea").fill("还能发吗")
    await alice.locator("textarea").press("Enter")
    await expect(alice.locator("[data-part=ended]")).to_be_visible()


async def test_text_that_looks_like_markup_is_text(cast: Cast, window: Window) -> None:
    nasty = '<img src=x onerror="document.title=1"> javascript:alert(1) https://example.org/?q=1'
    await write(cast.room, cast.alice, nasty)
    bob = await window.open(cast.room, cast.bob)
    await expect(bob.locator(BUBBLE)).to_have_text([nasty])
    links = await bob.locator(f"{BUBBLE} a").evaluate_all("all => all.map(a => a.href)")
    assert (links, await bob.locator(f"{BUBBLE} img").count()) == (["https://example.org/?q=1"], 0)

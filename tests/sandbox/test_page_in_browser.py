"""The page in a real browser: a person presses, types and sends files; the hospital hears it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import FilePayload, Page, async_playwright

from devtools.browser import chromium
from tests.sandbox.actors import Outside, button_card

DESKTOP, PHONE = (1440, 900), (390, 844)


@asynccontextmanager
async def browser_page(size: tuple[int, int]) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of Debian's Chromium and what its console complains about."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium())
        page = await browser.new_page(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(10_000)
        yield page, complaints
        await browser.close()


async def heard(outside: Outside, number: int) -> list[dict[str, str]]:
    """The callbacks the hospital got, once there are ``number``."""
    for _ in range(2000):
        if len(outside.hospital.received) >= number:
            return [got.event for got in outside.hospital.received]
        await outside.get("/control/callbacks")
    raise AssertionError(f"only {len(outside.hospital.received)} of {number} callbacks came")


async def test_a_card_appears_is_pressed_turns_grey_and_a_line_is_typed(outside: Outside) -> None:
    async with browser_page(DESKTOP) as (page, complaints):
        await page.goto(outside.url("/#/phones/Alice,Bob"))
        await page.get_by_text("还没有消息").or_(page.get_by_text("暂无消息")).first.wait_for()
        code = (await outside.send("Alice", template_card=button_card()))["response_code"]
        alice = page.locator(".phone").first
        await alice.locator(".conversation", has_text="工单 1024").click()
        await alice.get_by_role("button", name="签收").click()
        entered, pressed = await heard(outside, 2)
        body = {
            "atall": 1,
            "agentid": "1000002",
            "response_code": code,
            "button": {"replace_name": "甲测试已签收"},
        }
        await outside.wecom("message/update_template_card", body)
        await alice.get_by_role("button", name="甲测试已签收", disabled=True).wait_for()
        await alice.get_by_label("输入消息").fill("回复 1024 已联系患者")
        await alice.get_by_label("输入消息").press("Enter")
        typed = (await heard(outside, 3))[2]
        await alice.locator(".mine .bubble", has_text="已联系患者").wait_for()
    assert (entered["Event"], pressed["EventKey"], pressed["FromUserName"]) == (
        "enter_agent",
        "sign",
        "Alice",
    )
    assert (typed["Content"], complaints) == ("回复 1024 已联系患者", [])


async def test_a_choice_on_a_card_and_a_picture_from_the_paperclip_arrive(outside: Outside) -> None:
    options = [{"id": "a", "text": "门诊部"}, {"id": "b", "text": "总务科"}]
    card = button_card(
        "choose",
        card_type="multiple_interaction",
        button_list=[],
        select_list=[{"question_key": "dept", "title": "科室", "option_list": options}],
        submit_button={"text": "确认转派", "key": "go"},
    )
    await outside.send("Alice", template_card=card)
    picture = FilePayload(name="现场.png", mimeType="image/png", buffer=b"\x89PNG\r\n\x1a\n0123456789")
    async with browser_page(DESKTOP) as (page, complaints):
        await page.goto(outside.url("/#/phones/Alice"))
        await page.locator(".selector select").select_option(label="总务科")
        await page.get_by_role("button", name="确认转派").click()
        await heard(outside, 1)
        await page.locator("input[type=file]").set_input_files([picture])
        events = await heard(outside, 2)
        await page.locator(".mine .picture").wait_for()
    assert "<OptionId><![CDATA[b]]></OptionId>" in outside.hospital.received[0].plain
    assert [event["MsgType"] for event in events] == ["event", "image"]
    assert complaints == []


async def test_an_order_is_dispatched_and_called_back_from_the_platforms_view(outside: Outside) -> None:
    outside.hospital.default = (201, "{}")
    async with browser_page(DESKTOP) as (page, complaints):
        await page.goto(outside.url("/#/hotline"))
        await page.get_by_role("button", name="派发到医院").click()
        await page.locator(".order").get_by_role("button", name="推送回访").click()
        await page.get_by_label("满意度").select_option("不满意")
        await page.locator(".inline-form").get_by_role("button", name="推送回访").click()
        await page.locator(".story li").nth(1).get_by_text("医院已收").wait_for()
    order, back = outside.hospital.received
    assert (order.path, back.path) == ("/api/v1/hotline/orders", "/api/v1/hotline/callbacks")
    assert (back.json["order_no"], back.json["satisfied"]) == (order.json["order_no"], "不满意")
    assert complaints == []


async def test_no_view_is_wider_than_a_phone(outside: Outside) -> None:
    await outside.send("Alice", template_card=button_card(sub_title_text="很长的说明" * 40))
    widths = {}
    async with browser_page(PHONE) as (page, complaints):
        for view in ("phones", "phones/Alice", "hotline", "faults", "log"):
            await page.goto("about:blank")
            await page.goto(outside.url(f"/#/{view}"))
            await (
                page.locator(".person, .bubble, .card, .sample, .chip")
                .locator("visible=true")
                .first.wait_for()
            )
            widths[view] = await page.evaluate("document.documentElement.scrollWidth")
    assert widths == dict.fromkeys(widths, PHONE[0])
    assert complaints == []

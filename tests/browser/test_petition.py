"""A petition in a real browser, from the letter to the archive: registered, taken up, answered, delivered, filed."""

import os
import re
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Page, expect

from core import db
from tests.browser.conftest import Windows
from tests.story.hospital import Hospital
from tickets.models import Case, Clock, Ticket

ANSWER = "经查系统重复计费一次，已提交退费申请并向患者致歉"
SHOTS = os.environ.get("PETITION_SHOTS", "")


async def shot(page: Page, name: str) -> None:
    """A picture for whoever wants to look."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def act(page: Page, verb: str) -> None:
    """Press an action's button on the case page, wherever it stands."""
    button = page.locator("#part-actions").get_by_role("button", name=verb, exact=True)
    if not await button.is_visible():
        await page.locator("#part-actions summary").click()
    await button.click()


async def send(page: Page, label: str, *, asked: bool = False) -> None:
    """Send the drawer's form, say yes where a question comes first, and wait until the drawer has gone."""
    drawer = page.locator("#drawer-body")
    await drawer.get_by_role("button", name=label, exact=True).click()
    if asked:
        await page.locator("#confirm button[value=yes]").click()
    await expect(drawer.locator("form")).to_be_hidden()


async def make(page: Page, label: str) -> None:
    """Make a document from the petition's panel."""
    await page.locator("#panel-petition").get_by_role("button", name=label, exact=True).first.click()
    await send(page, "生成")


async def test_a_petition_from_letter_to_archive(windows: Windows, hospital: Hospital) -> None:
    page = await windows.desk("centre")
    await page.goto(f"{hospital.web}/petitions/new")
    await shot(page, "new-desktop")
    await page.locator("label.choice", has_text="来信").click()
    await page.fill("input[name=name]", "测试甲")
    await page.fill("input[name=phone]", "13800000009")
    await page.fill("input[name=address]", "测试市测试区测试路 2 号")
    await page.locator("label.choice", has_text="申诉求决").click()
    await page.fill("input[name=title]", "反映检查费重复收取")
    await page.fill("textarea[name=content]", "本人就诊时被重复收取检查费 120 元，请求退还并说明原因。")
    await page.locator(".register-foot button[type=submit]").click()
    await page.wait_for_url(re.compile(r"/cases/\d+"))
    await expect(page.locator("#panel-petition")).to_contain_text("信访〔")
    case = await Case.get(source="petition")

    await act(page, "决定受理")
    await send(page, "决定受理")
    await expect(page.locator("#part-head")).to_contain_text("已受理")
    await make(page, "受理告知书")
    await act(page, "登记告知")
    await send(page, "登记告知")
    await expect(page.locator("#panel-petition")).to_contain_text("受理告知书 信访受理〔")

    await act(page, "派单")
    await page.locator("#drawer-body").get_by_label(re.compile("收费处")).first.check()
    await send(page, "派单")
    await expect(page.locator("main")).to_contain_text("待签收")
    ticket = await Ticket.get(case_id=case.id)
    async with hospital.desk("cashier") as cashier:
        await cashier.act("tickets", ticket.id, "answer", text=ANSWER)
    await expect(page.locator("main")).to_contain_text(ANSWER, timeout=40_000)
    await page.locator(f"#ticket-{ticket.id}").get_by_role("button", name="通过", exact=True).click()
    await send(page, "通过")

    await page.reload()
    await act(page, "拟写处理意见")
    drawer = page.locator("#drawer-body")
    await drawer.locator("label.choice", has_text=re.compile("^支持$")).click()
    for name, words in (
        ("claims", "要求退还多收的检查费 120 元。"),
        ("facts", "经查，收费系统重复计费一次。"),
        ("opinion", "支持您的请求，120 元已退回原支付账户。"),
        ("basis", "《医疗机构投诉管理办法》"),
    ):
        await drawer.locator(f"textarea[name={name}]").fill(words)
    await drawer.locator("input[name=organ]").fill("测试市卫生健康委员会")
    await shot(page, "opinion-drawer")
    await send(page, "拟写处理意见")
    await expect(page.locator("#part-head")).to_contain_text("待审核")

    chief = await windows.desk("chief")
    await chief.goto(page.url)
    await act(chief, "签发意见")
    await send(chief, "签发意见", asked=True)
    await expect(chief.locator("#part-head")).to_contain_text("意见待送达")

    await page.reload()
    await make(page, "信访处理意见书")
    await act(page, "登记送达")
    await drawer.locator("input[name=receiver]").fill("测试甲")
    await send(page, "登记送达")
    await expect(page.locator("#part-clocks")).to_contain_text("申请复查期限")
    await shot(page, "case-desktop")

    window = await Clock.get(case_id=case.id, kind="review_window")  # the thirty days go by
    await Clock.filter(id=window.id).update(
        start_at=window.start_at - timedelta(days=40), due_at=window.due_at - timedelta(days=40)
    )
    await act(page, "信访办结")
    await drawer.locator("textarea[name=result]").fill("期限届满，信访人未申请复查")
    await send(page, "信访办结")
    await expect(page.locator("#part-head")).to_contain_text("已办结")
    await make(page, "办结报告")
    await act(page, "立卷归档")
    await send(page, "立卷归档", asked=True)
    await expect(page.locator("#part-head")).to_contain_text("信访归档")

    await page.locator("#panel-petition").get_by_role("link", name="卷内目录").click()
    await page.wait_for_url(re.compile(r"/petitions/\d+/file"))
    names = await page.locator("main table td b").all_inner_texts()
    assert names == [
        "信访处理意见书",
        "受理告知书",
        "办结报告",
        "受理告知书送达记录",
        "信访处理意见书送达记录",
    ]
    await shot(page, "file-desktop")
    assert await db.fetchval("select archive_no from cases where id = $1", case.id) is not None
    assert windows.complaints == []


async def test_the_pages_of_petitions_fit_a_phone(windows: Windows, hospital: Hospital) -> None:
    case = await Case.filter(source="petition").first()
    assert case is not None  # of the story before
    page = await windows.desk("centre", width=390, height=844)
    for name, path in (
        ("new", "/petitions/new"),
        ("case", f"/cases/{case.id}"),
        ("file", f"/petitions/{case.id}/file"),
    ):
        await page.goto(hospital.web + path)
        wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        await shot(page, f"{name}-phone")
        assert (path, wide) == (path, 0)

"""The main road in a real browser: import, assign, answer from the sandbox's phone, review, report opened."""

import io
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import docx
from playwright.async_api import Page, expect

from core import db
from tests.browser.conftest import Windows
from tests.story.hospital import Hospital
from tests.story.orders import pushed, ticket_of
from tests.story.waiting import until

ANSWER = "已电话联系来电人说明排队原因并致歉，来电人表示理解"
ROWS: list[list[object]] = [
    ["12345热线工单导出表"],
    ["工单编号", "工单标题", "诉求内容", "诉求类型", "求助人员", "求助号码", "区交办时间", "承办科室"],
    [
        "LL-1",
        "反映门诊排队过久",
        "来电人在门诊排队三小时，要求说明原因。",
        "投诉",
        "张测试",
        "13800000001",
        "2026-11-20 09:00",
        "",
    ],
    [
        "LL-2",
        "咨询出院结算",
        "来电人咨询出院结算需要带什么材料。",
        "咨询",
        "李测试",
        "13800000002",
        "2026-11-20 09:05",
        "",
    ],
    ["LL-3", "号码写坏了", "来电人反映收费问题。", "投诉", "王测试", "abc", "昨天吧", ""],
]


async def do(page: Page, verb: str) -> None:
    """Press an action's button on the case page and wait for its drawer or for its end."""
    await page.get_by_role("button", name=verb, exact=True).first.click()


async def test_an_imported_order_is_assigned_answered_by_phone_reviewed_and_reported(
    windows: Windows, hospital: Hospital, sheet: Callable[[list[list[object]]], Awaitable[Path]]
) -> None:
    page = await windows.desk("centre")
    await page.goto(f"{hospital.web}/imports")
    await page.set_input_files("input[type=file]", await sheet(ROWS))
    await page.get_by_role("button", name="读取文件").click()
    await page.get_by_role("button", name="确认导入").wait_for()
    await expect(page.locator("main")).to_contain_text("abc")  # the faulty cell with its value
    await page.get_by_role("button", name="确认导入").click()

    async def taken() -> bool:
        return bool(await db.fetchval("select count(*) = 2 from cases where external_no like 'LL-%'"))

    await until(taken, "both good rows are cases")
    await page.goto(f"{hospital.web}/cases?text=排队过久")
    await page.get_by_text("反映门诊排队过久").first.click()
    await page.wait_for_url(re.compile(r"/cases/\d+"))
    await expect(page.locator("main")).to_contain_text("上级时限")

    await do(page, "派单")
    drawer = page.locator("#drawer-body")
    await drawer.wait_for()
    await choose_department(page, "心血管内科")
    await drawer.get_by_role("button", name="派单").click()
    await page.get_by_text("待签收").first.wait_for()
    ticket = await ticket_of("LL-1")

    await hospital.phones.card("liaison", ticket, "签收")
    phone = await windows.open()  # the sandbox opens the conversation in which something has come
    await phone.goto(f"{hospital.at.sandbox}/#/phones/liaison")
    handset = phone.locator(".phone").first
    await handset.get_by_role("button", name="签收").last.click()
    await handset.get_by_text(f"#{ticket} 已签收").first.wait_for()
    await handset.get_by_label("输入消息").fill(f"回复 {ticket} {ANSWER}")
    await handset.get_by_label("输入消息").press("Enter")
    await handset.get_by_text("等待审核").first.wait_for()

    await expect(page.locator("main")).to_contain_text(ANSWER, timeout=40_000)  # the page follows by itself
    await page.locator(f"#ticket-{ticket}").get_by_role("button", name="通过", exact=True).click()
    await confirm(page, "通过")
    await page.get_by_role("button", name="提交审核", exact=True).wait_for()
    await do(page, "提交审核")
    await drawer.locator("textarea[name=reply]").fill("您反映的排队问题已核实并改进，向您致歉。")
    await drawer.get_by_role("button", name="提交审核").click()
    await page.get_by_text("待审核").first.wait_for()

    chief = await windows.desk("chief")
    await chief.goto(page.url)
    await do(chief, "审核通过")
    await confirm(chief, "审核通过", asked=True)
    await chief.get_by_text("已答复").first.wait_for()

    await page.reload()
    await do(page, "生成文书")
    await drawer.wait_for()
    await drawer.get_by_role("button", name=re.compile("生成")).click()
    await page.locator("a[href*='/reports/']").first.click()
    await expect(page.locator("body")).to_contain_text(ANSWER)
    async with page.expect_download() as coming:
        await page.get_by_text(re.compile("下载")).first.click()
    report = await coming.value
    text = "\n".join(opened(Path(await report.path())))
    assert ANSWER in text
    assert "终结报告" in text
    assert windows.complaints == []


async def choose_department(page: Page, name: str) -> None:
    """Pick a department in the drawer's list of departments."""
    await page.locator("#drawer-body").get_by_label(re.compile(name)).first.check()


async def confirm(page: Page, verb: str, *, asked: bool = False) -> None:
    """Send the drawer's form as it stands, and say yes where a question comes first."""
    await page.locator("#drawer-body").get_by_role("button", name=verb, exact=True).click()
    if asked:
        await page.locator("#confirm button[value=yes]").click()


def opened(path: Path) -> list[str]:
    """All paragraphs and cells of a .docx."""
    document = docx.Document(io.BytesIO(path.read_bytes()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [*(paragraph.text for paragraph in document.paragraphs), *cells]


async def test_the_list_and_the_case_page_fit_a_phone(windows: Windows, hospital: Hospital) -> None:
    await pushed(hospital, "FIT-1")
    page = await windows.desk("centre", width=390, height=844)
    for path in ("/", "/cases", "/cases/new", "/imports"):
        await page.goto(hospital.web + path)
        wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert (path, wide) == (path, 0)
    await page.goto(f"{hospital.web}/cases")
    await page.locator("a.row-title:visible").first.click()
    await page.wait_for_url(re.compile(r"/cases/\d+"))
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0

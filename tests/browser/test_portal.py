"""A patient with a phone, in a real browser: in by a code, bound, heard; every page by the numbers for elderly users."""

import re
from datetime import date

from playwright.async_api import Page, expect

from core import crypto, db
from tests.browser.conftest import Windows
from tests.browser.measuring import faults_of, told
from tests.story.hospital import Hospital
from tests.story.waiting import until

PHONE, NAME, NUMBER = "13800000021", "周测戊", "990000199001010025"
OPEN = (
    "/p/",
    "/p/sign-in",
    "/p/sign-in?by=1&way=identity",
    "/p/feedback",
    "/p/feedback/new/complaint",
    "/p/feedback/new/report",
    "/p/feedback/find",
    "/p/terms/binding",
    "/p/nowhere",
)
SIGNED = (
    "/p/",
    "/p/people",
    "/p/people/add",
    "/p/visits",
    "/p/notices",
    "/p/rights",
    "/p/account",
    "/p/feedback",
    "/p/feedback/new/praise",
    "/p/account/phone",
)


async def register() -> None:
    """The patient in the hospital's books, with one visit."""
    if await db.fetchval("select 1 from patient where number = 'P-portal'"):
        return
    ring = crypto.key_ring()
    patient = await db.fetchval(
        "insert into patient (number, name, gender, born_on, phone, phone_hash, id_number, id_hash)"
        " values ('P-portal', $1, '女', $2, $3, $4, $5, $6) returning id",
        NAME,
        date(1990, 1, 1),
        ring.encrypt(PHONE, "patient.phone"),
        crypto.search_hash(PHONE),
        ring.encrypt(NUMBER, "patient.id_number"),
        crypto.search_hash(NUMBER),
    )
    unit = await db.fetchval("select id from org_unit where kind = 'department' order by id limit 1")
    await db.execute(
        "insert into visit (patient_id, kind, number, unit_id, start_on, doctor) values ($1, 'outpatient', 'MZ-portal',"
        " $2, $3, '王测甲')",
        patient,
        unit,
        date(2026, 11, 2),
    )


async def code_on(hospital: Hospital, phone: str) -> str:
    """The code in the text that lies on a phone of the sandbox."""
    found: list[str] = []

    async def came() -> bool:
        shown = await hospital.phones.get(f"phones/sms:{phone}")
        texts = [one["text"] for talk in shown["conversations"] for one in talk["messages"]]
        found[:] = [code for text in texts for code in re.findall(r"验证码(\d{6})", text)]
        return bool(found)

    await until(came, f"a code arrives at {phone}")
    return found[-1]


async def letters(page: Page, hospital: Hospital, *, big: bool) -> None:
    """Have the browser ask for large or plain letters."""
    value = "big" if big else "plain"
    await page.context.add_cookies([{"name": "huiyin_letters", "value": value, "url": hospital.web}])


async def enter(page: Page, hospital: Hospital) -> None:
    """In by the code on the phone, and bound to oneself."""
    await page.goto(f"{hospital.web}/p/sign-in")
    await page.get_by_label("手机号").fill(PHONE)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").fill(await code_on(hospital, PHONE))
    await page.locator("main").get_by_role("button", name="登录").click()
    if not await db.fetchval("select 1 from portal_agreement where kind = 'service'"):
        await expect(page.get_by_role("heading", name="患者端服务与个人信息说明")).to_be_visible()
        assert await faults_of(page, big=False) == []
        await page.get_by_role("button", name="同意并继续").click()
    await page.get_by_role("link", name="绑定就诊人").click()
    await page.get_by_text("本人", exact=True).click()
    await page.get_by_label("就诊人姓名").fill(NAME)
    await page.get_by_label("就诊人证件号码").fill(NUMBER)
    await page.get_by_label("我已阅读并同意").check()
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("status")).to_contain_text("绑定成功")


async def test_every_page_keeps_to_the_numbers_small_and_large_on_phone_and_desktop(
    windows: Windows, hospital: Hospital
) -> None:
    await register()
    faults: list[str] = []
    page = await windows.open(width=390, height=844)
    for paths in (OPEN, SIGNED):
        for width, big in ((390, False), (390, True), (1440, False)):
            await page.set_viewport_size({"width": width, "height": 844})
            await letters(page, hospital, big=big)
            for path in paths:
                await page.goto(f"{hospital.web}{path}")
                faults += [
                    f"{width} {'large' if big else 'plain'} {line}" for line in await faults_of(page, big=big)
                ]
        if paths is OPEN:
            await letters(page, hospital, big=False)
            await enter(page, hospital)
    assert faults == [], told(faults)
    assert windows.complaints == []


async def test_a_complaint_from_the_phone_and_its_way_to_the_receipt_in_large_letters(
    windows: Windows, hospital: Hospital
) -> None:
    page = await windows.open(width=390, height=844)
    await page.goto(f"{hospital.web}/p/feedback")
    await page.get_by_role("button", name="大字版").click()
    assert await page.locator("html.big").count() == 1
    await page.get_by_role("link", name="投诉").click()
    await page.get_by_label("发生了什么").fill("缴费窗口只开了一个，排队一个多小时。")
    await page.get_by_label("匿名提交").check()
    await expect(page.locator("#f-caller_name")).to_be_hidden()
    await page.get_by_label("匿名提交").uncheck()
    await page.locator("#f-caller_name").fill("吴测己")
    await page.get_by_label("联系电话").fill("13800000022")
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_role("heading", name="提交成功")).to_be_visible()
    assert await faults_of(page, big=True) == []
    code = await page.locator("dd.number").nth(1).inner_text()

    other = await windows.open(width=1440)
    await other.goto(f"{hospital.web}/p/feedback/find")
    await other.get_by_label("查询码").fill(code)
    await other.get_by_label("联系电话后四位").fill("0022")
    await other.get_by_role("button", name="查询").click()
    await expect(other.get_by_role("heading", name="办理进度")).to_be_visible()
    await expect(other.locator("ol.steps li[aria-current]")).to_be_visible()
    assert await faults_of(other, big=False) == []
    assert windows.complaints == []


async def test_english_and_without_scripts(windows: Windows, hospital: Hospital) -> None:
    context = await windows.browser.new_context(java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{hospital.web}/p/feedback/new/inquiry")
    assert await page.locator("html").get_attribute("lang") == "en"
    await page.locator("#f-content").fill("Where do I get a copy of my record?")
    await page.locator("#f-caller_phone").fill("13800000023")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("heading", name="Received")).to_be_visible()
    shown = await page.locator("main").inner_text()
    assert "We have received it (Question)" in shown
    await context.close()

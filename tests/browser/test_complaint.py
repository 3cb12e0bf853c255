"""A complaint in a real browser and on three phones: registered at the desk, handled by three departments from chat
alone, reviewed and closed by the centre."""

from playwright.async_api import Page, expect

from core import db
from tests.browser.conftest import Windows
from tests.browser.test_road import confirm, do
from tests.story.hospital import Hospital
from tests.story.waiting import until

CONTENT = (
    "患者在心内科就诊后到骨科检查，两处说法不一，收费窗口又重复收取检查费，家属称将联系媒体，要求解释并退费。"
)
PHONES = {"心血管内科": "liaison", "收费处": "cashier", "骨科": "bones"}
HEADS = {"心血管内科": "head", "骨科": "surgeon"}
REPLY = "经三个科室共同核实，检查费重复收取属实，已退还；诊疗意见已由两科医生共同向您说明，向您致歉。"


async def registered(page: Page, base: str) -> int:
    """Fill in the form while on the phone; the case's id."""
    await page.goto(f"{base}/feedback/new")
    await page.locator("textarea[name=content]").fill(CONTENT)
    await page.locator("select[name=channel]").select_option("来电")
    await page.locator("input[name=caller_name]").fill("张测试")
    await page.locator("input[name=caller_phone]").fill("13800000001")
    for wish in ("解释", "退费", "媒体"):
        await page.get_by_label(wish, exact=True).check()
    for unit in PHONES:
        await page.locator(".fb-departments").get_by_label(unit).check()
    await page.get_by_role("button", name="登记", exact=True).click()
    await page.wait_for_url("**/cases/*")
    return int(page.url.rsplit("/", 1)[1])


async def tickets(case: int) -> dict[str, int]:
    """The tickets by department."""
    rows = await db.fetch(
        "select t.id, u.name from ticket t join org_unit u on u.id = t.unit_id where t.case_id = $1", case
    )
    return {row["name"]: row["id"] for row in rows}


async def handled(hospital: Hospital, unit: str, ticket: int) -> None:
    """One department, by its phone only: signs by the card, notes what it did, answers; its head agrees."""
    phones, who = hospital.phones, PHONES[unit]
    await phones.press(who, await phones.card(who, ticket, "签收"), "签收")
    await phones.told(who, f"#{ticket} 已签收")
    await phones.ask(who, f"处理记录 {ticket} {unit}已电话联系患者家属", f"#{ticket} 的处理记录已登记")
    await phones.ask(who, f"回复 {ticket} {unit}已核实，情况如实并已改进", f"#{ticket} 的答复已提交")
    if head := HEADS.get(unit):
        await phones.press(head, await phones.card(head, ticket, "同意"), "同意")


async def waiting(case: int) -> bool:
    """Whether every ticket waits for the centre."""
    rows = await db.fetch("select t.state, t.unit_id from ticket t where t.case_id = $1", case)
    return all(row["state"] in ("answered", "endorsed") for row in rows)


async def test_a_complaint_is_handled_by_three_departments_from_chat_alone(
    windows: Windows, hospital: Hospital
) -> None:
    page = await windows.desk("centre")
    case = await registered(page, hospital.web)
    told = await hospital.phones.told("chief", "【高风险】")
    assert "风险：媒体" in told

    found = await tickets(case)
    assert set(found) == set(PHONES)
    for unit, ticket in found.items():
        await handled(hospital, unit, ticket)
    await until(lambda: waiting(case), "every department has answered")

    await page.reload()
    await expect(page.locator("#part-feedback .fb-list").first).to_contain_text("骨科已电话联系患者家属")
    for ticket in found.values():
        card = page.locator(f"#ticket-{ticket}")
        await card.get_by_role("button", name="通过", exact=True).click()
        await confirm(page, "通过")
        await expect(card).to_contain_text("已办结")
    await page.reload()
    await do(page, "提交审核")
    await page.locator("#drawer-body textarea[name=reply]").fill(REPLY)
    await confirm(page, "提交审核")
    await expect(page.locator("#part-head")).to_contain_text("待审核")

    chief = await windows.desk("chief")
    await chief.goto(page.url)
    await do(chief, "审核通过")
    await confirm(chief, "审核通过", asked=True)
    await expect(chief.locator("#part-head")).to_contain_text("已答复")

    await page.reload()
    await do(page, "登记回访")
    await page.locator("#drawer-body").get_by_label("满意", exact=True).check()
    await confirm(page, "登记回访")
    await expect(page.locator("#part-head")).to_contain_text("已回访")
    await page.get_by_role("button", name="办结", exact=True).first.click()
    await expect(page.locator("#part-head")).to_contain_text("已办结")

    row = await db.fetchrow("select state, round from cases where id = $1", case)
    assert row is not None
    assert tuple(row) == ("closed", 1)
    by = await db.fetch(
        "select distinct h.door from history h where h.case_id = $1 and h.verb in ('sign', 'answer', 'note_handling')",
        case,
    )
    assert [line["door"] for line in by] == ["wecom"]
    assert windows.complaints == []

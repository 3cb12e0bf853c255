"""A patient in a real browser: found by pinyin, opened, their phone corrected; the HIS says the old one again in vain."""

from playwright.async_api import expect

from core import db
from core.embedded import process
from patients.feeds import links
from patients.feeds.links import LinkForm
from sandbox.his.player import send
from tests.browser.conftest import Windows
from tests.patients.feed import ENGINEER
from tests.patients.history import Sender, person, stay
from tests.story.hospital import Hospital
from tests.story.waiting import until

OLD, NEW = "13800000011", "13800000088"


async def taken(count: int) -> None:
    """Wait until so many messages were worked on."""

    async def done() -> bool:
        return await db.fetchval("select count(*) from feed_message where state = 'done'") == count  # type: ignore[no-any-return]

    await until(done, f"{count} messages of the feed are worked on")


async def test_a_corrected_phone_stays_when_the_his_says_the_old_one_again(
    hospital: Hospital, windows: Windows
) -> None:
    await links.save(
        None, LinkForm(name="测试 HIS", application="HIS", facility="HOSP", mapping="hl7"), by=ENGINEER
    )
    port = process.free_port()
    program = hospital.add("feeds", "feeds.py")
    program.env = {**program.env, "HUIYIN_MLLP_PORT": str(port)}
    program.start()

    async def up() -> bool:
        return "feeds_ready" in program.words()

    await until(up, "feeds is ready")
    his = Sender()
    visit = stay("MZ1", ward="心血管内科", campus="东院区", kind="O")
    answer = await send("127.0.0.1", port, his.send("ADT^A04", "0830", visit))
    assert "MSA|AA" in answer
    await taken(1)

    page = await windows.desk("liaison")
    await page.goto(f"{hospital.web}/patients/outpatient")
    await page.get_by_label("姓名").fill("csj")
    await page.get_by_role("button", name="查询").click()
    await page.get_by_role("link", name="测试甲").click()
    await expect(page.get_by_role("heading", name="测试甲")).to_be_visible()
    await expect(page.locator(".file-head")).to_contain_text("138****0011")
    await page.locator(".file-head").get_by_role("button", name="更正").click()
    drawer = page.locator("#drawer-body")
    await drawer.locator("select[name=field]").select_option("phone")
    await drawer.locator("[name=value]").fill(NEW)
    await drawer.locator("[name=reason]").fill("患者本人来电更正号码")
    await drawer.get_by_role("button", name="保存").click()
    await expect(page.locator(".file-head")).to_contain_text("138****0088")

    answer = await send("127.0.0.1", port, his.send("ADT^A31", "0900", pid=person(phone=OLD)))
    assert "MSA|AA" in answer
    await taken(2)
    await page.reload()
    await expect(page.locator(".file-head")).to_contain_text("138****0088")
    await expect(page.locator(".file-head")).to_contain_text("人工更正")
    await expect(page.locator(".happened")).to_contain_text("更正电话")
    await page.goto(f"{hospital.web}/patients/outpatient?phone={NEW}")
    await expect(page.locator(".patient-list")).to_contain_text("测试甲")

    narrow = await windows.desk("liaison", width=390, height=844)
    await narrow.goto(page.url)
    await narrow.get_by_role("link", name="测试甲").click()
    await expect(narrow.locator(".file-head")).to_contain_text("138****0088")
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await narrow.evaluate(over) == 0
    assert windows.complaints == []
    program.stop()

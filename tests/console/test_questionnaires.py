"""The form of a kind of feedback on the desk's register page: with scripts, without them, kept with the case."""

from collections.abc import AsyncIterator

import pytest_asyncio
from aiohttp import FormData
from playwright.async_api import expect

from core import db
from tests.console.browser import Browser, Page
from tests.console.desk import Desk, open_desk
from tests.console.test_form_designer import window
from tickets.forms import queries

NEW = "/feedback/new"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The hospital of the case tests behind the real application."""
    async with open_desk() as opened:
        yield opened


def fields(page: Page, **more: str) -> dict[str, str]:
    """The hidden fields of the page with what is typed beside them."""
    hidden = {
        entry.get("name"): entry.get("value")
        for entry in page.tree.xpath("//form[contains(@class, 'fb-new')]//input[@type='hidden']")
    }
    return {**hidden, "kind": "投诉", "content": "排队三小时仍未看上病，要求说明原因", **more}


async def send(browser: Browser, data: dict[str, str], *files: tuple[str, bytes]) -> Page:
    form = FormData()
    for name, text in data.items():
        form.add_field(name, text)
    for name, content in files:
        form.add_field(name, content, filename="a.png", content_type="image/png")
    return await browser.post(NEW, form)


async def test_each_kind_brings_its_own_questions(desk: Desk) -> None:
    centre = await desk.enter("centre")
    first = "//section//h2[contains(., '补充信息')]"
    assert (await centre.get(NEW)).words(first) == ["投诉补充信息"]
    assert (await centre.get("/feedback/questions?kind=表扬", part=True)).words(first) == ["表扬补充信息"]
    assert (await centre.get("/feedback/questions?kind=求助", part=True)).words(first) == []
    assert (await (await desk.enter("admin")).get("/feedback/questions?kind=表扬")).status == 403


async def test_without_scripts_what_an_answer_calls_for_is_shown_before_the_case_is_opened(
    desk: Desk,
) -> None:
    centre = await desk.enter("centre")
    page = await centre.get(NEW)
    legends = "//fieldset[not(@hidden)]/legend"
    assert "住院病区和床号" not in page.words(legends)
    again = await send(centre, fields(page, **{"q.scene": "inpatient"}))
    assert (again.status, "住院病区和床号" in again.words(legends)) == (200, True)
    assert again.words("//div[@class='faults']") == ["按您的选择，还有几个问题请填写"]
    assert again.tree.xpath("//input[@name='q.scene'][@checked]/@value") == ["inpatient"]
    assert await db.fetchval("select count(*) from cases") == 0
    done = await send(centre, fields(again, **{"q.scene": "inpatient", "q.bed.ward": "五病区"}))
    case_id = int(done.headers["Location"].rsplit("/", 1)[1])
    assert [(line.title, line.text) for line in await queries.told(case_id)] == [
        ("事情发生在", "住院"),
        ("住院病区和床号", "病区：五病区"),
    ]


async def test_a_faulty_answer_is_told_beside_its_question_and_nothing_is_lost(desk: Desk) -> None:
    centre = await desk.enter("centre")
    page = await centre.get(NEW)
    bad = await send(centre, fields(page, **{"q.scene": "other", "q.reply_score": "9"}))
    assert (bad.status, bad.words("//fieldset//div[@class='fault']")) == (
        422,
        ["请填写“其他”的具体内容", "应为 1 到 5 的整数"],
    )
    assert bad.words("//textarea[@name='content']") == ["排队三小时仍未看上病，要求说明原因"]


async def test_files_of_an_answer_become_material_of_the_case_and_only_ones_own_count(desk: Desk) -> None:
    centre, second = await desk.enter("centre"), await desk.enter("second")
    page = await centre.get(NEW)
    chosen = {"q.material": "yes", "q-seen": "aspect scene talked reply reply_score material files"}
    done = await send(centre, {**fields(page), **chosen}, ("q.files", PNG))
    assert done.status == 303
    case_id = int(done.headers["Location"].rsplit("/", 1)[1])
    assert [
        tuple(row)
        for row in await db.fetch("select kind, name, added_by from attachment where case_id = $1", case_id)
    ] == [("original", "a.png", "测试客服甲")]
    stolen = {"q.files": str(await db.fetchval("select file_id from attachment"))}
    refused = await send(second, {**fields(await second.get(NEW)), **chosen, **stolen})
    assert (refused.status, refused.words("//fieldset//div[@class='fault']")) == (
        422,
        ["附件没有上传成功，请重新上传"],
    )


async def test_in_a_browser_questions_come_and_go_with_the_answers_and_with_the_kind(desk: Desk) -> None:
    async with window(desk, NEW, who="centre") as (page, complaints):
        questions = page.locator(".fb-questions")
        await expect(questions.locator("[data-code=bed]")).to_be_hidden()
        await questions.get_by_text("住院", exact=True).click()
        await expect(questions.locator("[data-code=bed]")).to_be_visible()
        await questions.get_by_label("病区").fill("五病区")
        await questions.get_by_text("门诊", exact=True).click()
        await expect(questions.locator("[data-code=bed]")).to_be_hidden()
        await page.locator(".fb-kind input[value=表扬]").check()
        await expect(questions.locator("h2")).to_have_text("表扬补充信息")
        await questions.get_by_text("整个科室").click()
        await questions.get_by_text("医生", exact=True).click()
        checked = questions.locator("[name='q.whom']:checked")
        assert [await box.get_attribute("value") for box in await checked.all()] == ["doctor"]
        await page.locator("[name=content]").fill("医生讲解很耐心，特此表扬")
        await page.get_by_role("button", name="登记", exact=True).click()
        await page.wait_for_url("**/cases/*")
        assert complaints == []
    case_id = await db.fetchval("select id from cases")
    assert [(line.title, line.text) for line in await queries.told(case_id)] == [("想表扬", "医生")]

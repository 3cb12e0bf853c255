"""The pages of questionnaires as the people who keep them use them: by their addresses, and in a real browser."""

import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiohttp import FormData
from PIL import Image
from playwright.async_api import Page, expect

from core import db
from core.settings import settings
from surveys.bank import queries as bank
from surveys.definition import Definition
from surveys.exchange import EXCEL, Format, exported
from surveys.questionnaires import actions, queries
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Questionnaire
from tests.console.browser import Browser
from tests.console.desk import Desk, open_desk
from tests.console.test_form_designer import draft, send, window

PAGE = "/settings/questionnaires"


@pytest_asyncio.fixture
async def desk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """The hospital of the case tests behind the real application."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with open_desk() as opened:
        yield opened


async def made(desk: Desk, **more: Any) -> Questionnaire:
    definition = Definition.model_validate({**draft(), **more})
    return await actions.create(Kind.OUTPATIENT, definition, by=desk.centre)


async def kind_of(browser: Browser, path: str) -> tuple[int, str]:
    """Status and type of a file, which may be any bytes."""
    async with browser.session.get(browser.server.make_url(path)) as answer:
        await answer.read()
        return answer.status, answer.content_type


async def test_a_questionnaire_goes_from_a_template_through_review_into_use(desk: Desk) -> None:
    centre, chief = await desk.enter("centre"), await desk.enter("chief")
    began = await centre.post(PAGE, {"template": "outpatient"})
    path = began.headers["Location"]
    found = await queries.by_id(int(path.rsplit("/", 1)[1]))
    assert (found.kind, found.title, found.active) == (Kind.OUTPATIENT, "门诊患者满意度调查", False)
    handed = await send(centre, f"{path}/publish", {"revision": 1, "note": "首版"})
    assert handed.headers["HX-Redirect"] == path
    reading = await centre.get(path)
    assert (
        reading.words("//ul[@class='review-changes']")[0] == f"首次发布，共 {len(found.draft.questions)} 项"
    )
    assert reading.tree.xpath("//form[contains(@action, '/approve')]") == []
    assert (await centre.post(f"{path}/approve")).status == 403
    waiting = await chief.get(PAGE)
    assert waiting.words("//div[@class='form-words']//span") == ["审核中"]
    assert (await chief.post(f"{path}/approve")).headers["Location"] == f"{path}/versions"
    assert (await queries.open_version(found.id)).definition == found.draft
    listed = await chief.get(PAGE + "?kind=outpatient&q=门诊")
    assert listed.words("//div[@class='form-words']//span") == ["使用中"]
    version = await queries.open_version(found.id)
    english = await chief.get(f"{PAGE}/versions/{version.id}?language=en")
    assert english.words("//fieldset[@data-code='reg_easy']/legend") == [
        "Was it easy to make the appointment?*"
    ]
    assert english.words("//table//tr/td[2]")[0] == "平均，(x − 1) ÷ 4 × 100"


async def test_what_is_sent_back_is_told_to_who_designs(desk: Desk) -> None:
    found = await made(desk)
    path = f"{PAGE}/{found.id}"
    centre, chief = await desk.enter("centre"), await desk.enter("chief")
    await send(centre, f"{path}/publish", {"revision": 1})
    await chief.post(f"{path}/send-back", {"words": "请补充英文"})
    page = await centre.get(path)
    assert "请补充英文" in " ".join(page.words("//div[contains(@class, 'notice-still')]"))


@pytest.mark.parametrize("form", Format)
async def test_files_of_every_format_come_in_and_go_out(desk: Desk, form: Format) -> None:
    centre = await desk.enter("centre")
    file = exported(Definition.model_validate(draft()), Kind.GENERAL, form)
    data = FormData()
    data.add_field("kind", "general")
    data.add_field("file", file.data, filename=file.name)
    began = await centre.post(PAGE, data)
    found = await queries.by_id(int(began.headers["Location"].rsplit("/", 1)[1]))
    assert found.draft == Definition.model_validate(draft())
    assert await kind_of(centre, f"{PAGE}/{found.id}/export?format={form}") == (200, file.mime)


async def test_a_faulty_file_is_refused_with_its_places_and_makes_nothing(desk: Desk) -> None:
    centre = await desk.enter("centre")
    data = FormData()
    data.add_field("kind", "general")
    data.add_field(
        "file",
        b'{"resourceType": "Questionnaire", "item": [{"linkId": "a", "type": "time", "text": "\xe5\x87\xa0\xe7\x82\xb9"}]}',
        filename="x.json",
    )
    page = await centre.post(PAGE, data)
    assert (page.status, page.words("//div[@role='alert']//li")) == (
        422,
        ["题目“几点”：不支持“时间”题型 Questionnaire.item[0]"],
    )
    assert (await centre.post(PAGE, {"kind": "poem"})).status == 422
    assert (await centre.post(PAGE, {"template": "poem"})).status == 404
    assert await db.fetchval("select count(*) from questionnaire") == 0


async def test_a_picture_is_kept_for_all_and_what_is_none_is_refused(desk: Desk) -> None:
    centre = await desk.enter("centre")
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "#0a9396").save(picture, "PNG")
    kept = FormData()
    kept.add_field("picture", picture.getvalue(), filename="图.png")
    told = await centre.post("/settings/pictures", kept)
    assert told.status == 201
    anybody = await desk.enter("liaison")
    assert await kind_of(anybody, f"/pictures/{json.loads(told.text)['id']}") == (200, "image/png")
    other = FormData()
    other.add_field("picture", "不是图片".encode(), filename="x.txt")
    assert (await centre.post("/settings/pictures", other)).status == 422
    assert (await centre.get("/pictures/none")).status == 404


async def test_a_questionnaire_by_steps_is_tried_as_a_visit_would_be_asked(desk: Desk) -> None:
    centre = await desk.enter("centre")
    began = await centre.post(PAGE, {"template": "journey"})
    path = began.headers["Location"]
    found = await queries.by_id(int(path.rsplit("/", 1)[1]))
    sent = {"draft": found.draft.model_dump(mode="json"), "without": ["lab", "imaging", "ward"]}
    html = json.loads((await send(centre, f"{path}/preview", sent)).text)["html"]
    seen = [
        code
        for code in ("reg_easy", "lab_wait", "img_wait", "ward_nurse", "overall")
        if f'data-code="{code}"' in html
    ]
    assert seen == ["reg_easy", "overall"]
    assert await kind_of(centre, f"{PAGE}/example") == (200, EXCEL)


async def test_a_picture_of_another_hospital_hinders_publishing(desk: Desk) -> None:
    picture = {"kind": "picture", "code": "p", "title": "平面图", "text": "一层", "picture": str(UUID(int=1))}
    found = await made(desk, pages=[{"items": [picture]}])
    refused = await send(await desk.enter("centre"), f"{PAGE}/{found.id}/publish", {"revision": 1})
    assert [(one["field"], one["reason"]) for one in json.loads(refused.text)["error"]["details"]] == [
        ("p:picture", "图片不在本系统中，请重新上传")
    ]


async def test_the_bank_is_filled_from_the_designer_and_kept_in_order(desk: Desk) -> None:
    found, centre = await made(desk), await desk.enter("centre")
    item = found.draft.questions[0].model_dump(mode="json")
    told = await send(
        centre, f"{PAGE}/{found.id}/bank", {"item": item, "group": "满意度", "subgroup": "票据"}
    )
    code = json.loads(told.text)["code"]
    offered = json.loads((await centre.get(f"{PAGE}/{found.id}/bank?q=票据")).text)
    assert [(one["code"], one["group"], one["item"]["title"]) for one in offered["items"]] == [
        (code, "满意度", "有没有票据")
    ]
    refused = await send(
        centre, f"{PAGE}/{found.id}/bank", {"item": {**item, "title": ""}, "group": "满意度"}
    )
    assert refused.status == 422
    page = await centre.get("/settings/bank?group=满意度&subgroup=票据")
    assert page.words("//a[@class='row-title']") == ["有没有票据"]
    await centre.post(f"/settings/bank/{code}/move", {"group": "通用", "subgroup": ""})
    await centre.post(f"/settings/bank/{code}/retire")
    assert [(one.group, one.retired) for one in await bank.listed(retired=True)] == [("通用", True)]
    assert (await centre.post(f"/settings/bank/{code}/move", {"group": " "})).status == 422


# --- in a browser ---------------------------------------------------------------------------------


async def add(page: Page, kind: str, title: str) -> None:
    """A question of a kind behind the selected one, with its title."""
    await page.locator("details.design-kinds summary").first.click()
    await page.click(f".design-kind[data-kind={kind}]")
    await page.locator(".design-editor").get_by_label("题目", exact=True).fill(title)


async def test_scores_languages_comments_and_bank_by_clicking(desk: Desk) -> None:
    found = await actions.create(Kind.GENERAL, Definition(title="测试"), by=desk.centre)
    async with window(desk, f"{PAGE}/{found.id}", who="centre") as (page, complaints):
        sheet = page.locator(".design-sheet")
        await add(page, "stars", "总评")
        await add(page, "ranking", "先改什么")
        await add(page, "pain", "疼痛")
        await page.get_by_text("存入题库").click()
        await page.get_by_label("大类").last.fill("症状")
        await page.get_by_role("button", name="存为新题").click()
        await expect(page.locator(".design-editor")).to_contain_text("已存入题库（第 1 版）")
        await page.locator(".design-editor summary", has_text="意见").click()
        await page.locator(".design-editor textarea[aria-label=意见]").fill("要不要加文字？")
        await page.get_by_role("button", name="记下").click()
        await expect(page.locator("[data-line=q3] .design-said-here")).to_be_visible()
        await page.click(".design-whole")
        await page.locator("summary", has_text="计分").click()
        await page.get_by_role("button", name="添加得分").click()
        await page.get_by_label("得分名称").fill("总分")
        await page.locator("summary", has_text="其他语言").click()
        await page.get_by_role("button", name="添加 English").click()
        await page.locator("summary", has_text="其他语言").click()
        await page.get_by_label("English：总评").fill("Overall")
        await page.locator(".design-preview-head select").select_option("en")
        await expect(sheet.locator("[data-code=q1] legend")).to_have_text("Overall")
        for look in ("kiosk", "large", "desk"):
            await page.click(f"[data-look={look}]")
            await expect(page.locator(".design-device")).to_have_attribute("data-look", look)
        await expect(page.locator("[data-part=state]")).to_have_text("草稿已保存")
        assert complaints == []
    kept = await queries.by_id(found.id)
    assert [(rule.label, rule.questions) for rule in kept.draft.scores] == [("总分", ("q1", "q3"))]
    assert kept.draft.languages == {"en": {"q:q1.title": "Overall"}}
    assert [(one.question, one.words) for one in await queries.comments(found.id)] == [
        ("q3", "要不要加文字？")
    ]
    assert [one.question.title for one in await bank.listed()] == ["疼痛"]


async def test_ranking_body_map_and_signature_with_scripts_fill_the_same_fields(desk: Desk) -> None:
    items = [
        {"kind": "ranking", "code": "r", "title": "排序", "most": 2},
        {"kind": "body_map", "code": "b", "title": "哪里痛", "sides": "back"},
        {"kind": "signature", "code": "s", "title": "签名"},
        {"kind": "blank", "code": "t", "title": "{q:b}痛了多久"},
    ]
    found = await made(desk, pages=[{"items": items}])
    async with window(desk, f"{PAGE}/{found.id}", who="centre") as (page, complaints):
        sheet = page.locator(".design-sheet")
        places = "[...document.querySelectorAll('.design-sheet .ask-ranks select')].map(s => s.name + '=' + s.value).sort()"
        ranks = sheet.locator(".ask-rank-go")
        await ranks.filter(has_text="第三项").click()
        await ranks.filter(has_text="第一项").press("Enter")
        await ranks.filter(has_text="第二项").click()  # no place is left for it
        assert await page.evaluate(places) == ["q.r.a=2", "q.r.b=", "q.r.c=1"]
        await ranks.filter(has_text="第一项").press("Alt+ArrowUp")
        assert await page.evaluate(places) == ["q.r.a=1", "q.r.b=", "q.r.c=2"]
        await sheet.locator("[data-region=back_lower_back]").click()
        await expect(sheet.get_by_role("checkbox", name="腰部")).to_be_checked()
        await expect(sheet.locator("[data-code=t] legend")).to_contain_text("腰部痛了多久")
        await sheet.get_by_role("checkbox", name="臀部").press("Space")
        await expect(sheet.locator("[data-region=back_buttock]")).to_have_class("near on")
        canvas = await sheet.locator("canvas").bounding_box()
        assert canvas is not None
        await sheet.locator("canvas").scroll_into_view_if_needed()
        canvas = await sheet.locator("canvas").bounding_box()
        assert canvas is not None
        await page.mouse.move(canvas["x"] + 20, canvas["y"] + 20)
        await page.mouse.down()
        await page.mouse.move(canvas["x"] + 80, canvas["y"] + 40, steps=4)
        await page.mouse.up()
        file = sheet.locator("input[name='q.s'][type=file]")
        await expect(file).to_have_value(re.compile("signature.png"))
        assert complaints == []


async def test_on_a_phone_nothing_sticks_out_of_any_page(desk: Desk) -> None:
    found = await made(desk)
    await send(await desk.enter("centre"), f"{PAGE}/{found.id}/publish", {"revision": 1})
    async with window(desk, PAGE, width=390, who="chief") as (page, complaints):
        for path in (
            PAGE,
            f"{PAGE}?new=1",
            f"{PAGE}/{found.id}",
            f"{PAGE}/{found.id}/versions",
            "/settings/bank",
        ):
            await page.goto(str(desk.server.make_url(path)))
            assert (path, await page.evaluate("document.documentElement.scrollWidth")) == (path, 390)
        assert complaints == []

"""The page of forms as an administrator uses it: by its addresses, and in a real browser."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest_asyncio
from aiohttp import FormData
from playwright.async_api import Page, async_playwright, expect

from core import db
from devtools.browser import chromium
from staff.sessions import COOKIE
from surveys.definition import Definition, conditions
from surveys.questions import KINDS
from surveys.reading import to_file
from tests.console.browser import Browser
from tests.console.browser import Page as Answer
from tests.console.desk import Desk, open_desk
from tests.surveys.test_questions import GOOD
from tickets.forms import actions, queries
from tickets.forms.kinds import FormKind

PAGE = "/settings/forms"
YES_NO = [{"code": "yes", "label": "有"}, {"code": "no", "label": "没有"}]
IS_YES = {"op": "eq", "args": [{"q": "a"}, {"code": "yes"}]}


def draft(**more: Any) -> dict[str, Any]:
    """A question, and one that depends on it."""
    return {
        "title": "测试表单",
        "pages": [
            {
                "items": [
                    {"kind": "single", "code": "a", "title": "有没有票据", "options": YES_NO},
                    {"kind": "blank", "code": "b", "title": "票据编号", "show_if": IS_YES, **more},
                ]
            }
        ],
    }


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The hospital of the case tests behind the real application."""
    async with open_desk() as opened:
        yield opened


async def form_of(desk: Desk) -> queries.Form:
    return await actions.create(FormKind.INQUIRY, Definition.model_validate(draft()), by=desk.admin)


async def send(browser: Browser, path: str, body: Any) -> Answer:
    """What the designer sends."""
    async with browser.session.post(
        browser.server.make_url(path),
        data=body if isinstance(body, bytes) else json.dumps(body),
        headers={"X-CSRF-Token": browser.csrf, "Accept": "application/json", "HX-Request": "true"},
    ) as answer:
        return Answer(answer.status, await answer.text(), dict(answer.headers), path)


async def test_the_list_shows_the_shipped_form_of_each_kind_in_use(desk: Desk) -> None:
    page = await (await desk.enter("admin")).get(PAGE)
    assert page.words("//section//h2") == [kind.value for kind in FormKind]
    assert page.words("//div[@class='form-words']//span") == ["使用中"] * 5


async def test_who_may_not_manage_forms_neither_sees_nor_changes_them(desk: Desk) -> None:
    form = await form_of(desk)
    liaison = await desk.enter("liaison")
    paths = (PAGE, f"{PAGE}/{form.id}", f"{PAGE}/{form.id}/export")
    assert [(await liaison.get(path)).status for path in paths] == [403, 403, 403]
    sent = {"draft": draft(title="x"), "revision": 1}
    doors = ("save", "preview", "publish", "copy", "disable")
    assert [(await send(liaison, f"{PAGE}/{form.id}/{door}", sent)).status for door in doors] == [403] * 5
    assert await queries.form(form.id) == form


async def test_a_draft_is_previewed_saved_and_published(desk: Desk) -> None:
    form, admin = await form_of(desk), await desk.enter("admin")
    changed = draft(required=True)
    seen = json.loads((await send(admin, f"{PAGE}/{form.id}/preview", {"draft": changed})).text)
    assert (seen["sound"], seen["problems"]) == (True, [])
    assert 'data-code="b" hidden disabled' in seen["html"]
    saved = await send(admin, f"{PAGE}/{form.id}/save", {"draft": changed, "revision": 1})
    assert json.loads(saved.text) == {"revision": 2}
    published = await send(admin, f"{PAGE}/{form.id}/publish", {"revision": 2})
    assert (published.status, published.headers["HX-Redirect"]) == (200, PAGE)
    in_force = await queries.in_force("咨询")
    assert in_force is not None
    assert in_force.definition == Definition.model_validate(changed)


async def test_what_hinders_publishing_is_told_by_question_and_place(desk: Desk) -> None:
    form, admin = await form_of(desk), await desk.enter("admin")
    await send(admin, f"{PAGE}/{form.id}/save", {"draft": draft(title=""), "revision": 1})
    refused = await send(admin, f"{PAGE}/{form.id}/publish", {"revision": 2})
    assert (refused.status, json.loads(refused.text)["error"]["details"]) == (
        422,
        [{"field": "b:title", "label": "未命名的题目 b", "reason": "请写出题目", "value": ""}],
    )


async def test_a_stale_or_broken_draft_is_refused_in_a_sentence(desk: Desk) -> None:
    form, admin = await form_of(desk), await desk.enter("admin")
    bodies: list[tuple[Any, int, str]] = [
        ({"draft": draft(), "revision": 9}, 409, "测试管理员刚刚保存过这份表单，请刷新页面后再改"),
        ({"draft": {"pages": 1}, "revision": 1}, 422, "表单内容有误"),
        (b"{", 422, "没有收到完整的表单，请刷新页面后再试"),
        (b"[" * 100_000, 422, "没有收到完整的表单，请刷新页面后再试"),
        (b" " * 1_000_001, 422, "表单太大，请减少题目或选项"),
    ]
    for body, status, message in bodies:
        answer = await send(admin, f"{PAGE}/{form.id}/save", body)
        assert (answer.status, json.loads(answer.text)["error"]["message"]) == (status, message)
    assert (await queries.form(form.id)).revision == 1


async def test_a_form_goes_into_a_file_and_comes_back_as_another(desk: Desk) -> None:
    form, admin = await form_of(desk), await desk.enter("admin")
    file = await admin.get(f"{PAGE}/{form.id}/export")
    assert file.text.encode() == to_file(form.draft, "咨询")
    data = FormData()
    data.add_field("kind", "表扬")
    data.add_field("file", file.text.encode(), filename="f.json", content_type="application/json")
    made = await admin.post(PAGE, data)
    new = await queries.form(int(made.headers["Location"].rsplit("/", 1)[1]))
    assert (new.kind, new.draft, new.active) == (FormKind.PRAISE, form.draft, False)


async def test_a_broken_file_is_refused_with_the_place_and_makes_nothing(desk: Desk) -> None:
    admin = await desk.enter("admin")
    before = await db.fetchval("select count(*) from form")
    broken = {"format": "huiyin.form", "version": 1, "definition": draft(kind="script")}
    data = FormData()
    data.add_field("kind", "表扬")
    data.add_field("file", json.dumps(broken).encode(), filename="f.json", content_type="application/json")
    page = await admin.post(PAGE, data)
    assert (page.status, page.words("//div[@role='alert']//li")) == (
        422,
        ["第 1 页第 2 项“票据编号”：没有这种题型 pages.0.items.1"],
    )
    assert await db.fetchval("select count(*) from form where kind = '表扬' and title = '测试表单'") == before


async def test_a_disabled_form_is_brought_back_by_one_of_its_versions(desk: Desk) -> None:
    admin, version = await desk.enter("admin"), await queries.in_force("投诉")
    assert version is not None
    await admin.post(f"{PAGE}/{version.form_id}/disable")
    assert await queries.in_force("投诉") is None
    await admin.post(f"{PAGE}/versions/{version.id}/enforce")
    assert await queries.in_force("投诉") == version
    page = await admin.get(f"{PAGE}/versions/{version.id}")
    assert page.words("//h1") == ["投诉补充信息"]
    assert page.words("//fieldset[not(@hidden)]/legend")[:2] == ["投诉主要涉及哪些方面", "事情发生在"]


async def test_every_kind_of_question_is_drawn_with_fields_that_it_reads_back(desk: Desk) -> None:
    items = [
        {"kind": kind, "code": f"q{at}", "title": kind, "required": True, **GOOD[kind][0]}
        for at, kind in enumerate(KINDS)
    ]
    form = await form_of(desk)
    whole = {"title": "全部题型", "pages": [{"items": items}]}
    told = json.loads(
        (await send(await desk.enter("admin"), f"{PAGE}/{form.id}/preview", {"draft": whole})).text
    )
    page = Answer(200, told["html"], {}, "")
    drawn = {
        field.get("data-code"): {
            control.get("name") for control in field.xpath(".//input|.//select|.//textarea")
        }
        for field in page.tree.xpath("//fieldset")
    }
    wanted = {
        f"q{at}": {name.replace("q.k", f"q.q{at}") for name in GOOD[kind][1]}
        if kind not in {"paragraph", "picture"}
        else set()
        for at, kind in enumerate(KINDS)
    }
    assert {code: names & drawn[code] for code, names in wanted.items()} == wanted
    assert page.tree.xpath("//@style | //style | //@*[starts-with(name(), 'on')]") == []


# --- in a browser ---------------------------------------------------------------------------------


@asynccontextmanager
async def window(
    desk: Desk, path: str, *, width: int = 1440, who: str = "admin"
) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page in Chromium, signed in, and what it complained about."""
    browser = await desk.enter(who)
    token = next(cookie.value for cookie in browser.session.cookie_jar if cookie.key == COOKIE)
    complaints: list[str] = []
    async with async_playwright() as playwright:
        chrome = await playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        context = await chrome.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
        await context.add_cookies([{"name": COOKIE, "value": token, "url": str(desk.server.make_url("/"))}])
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.goto(str(desk.server.make_url(path)))
        yield page, complaints
        await chrome.close()


async def test_a_form_is_put_together_tried_and_published_by_clicking(desk: Desk) -> None:
    form = await actions.create(FormKind.INQUIRY, Definition(title="咨询"), by=desk.admin)
    async with window(desk, f"{PAGE}/{form.id}") as (page, complaints):
        editor, sheet = page.locator(".design-editor"), page.locator(".design-sheet")
        for kind, title in (("single", "就诊类型"), ("blank", "床号"), ("long_text", "说明")):
            await page.click(".design-kinds summary")
            await page.click(f".design-kind[data-kind={kind}]")
            await editor.get_by_label("题目", exact=True).fill(title)
        await page.click("[data-line=q1] .design-line-go")
        await page.get_by_label("第 1 项", exact=True).fill("门诊")
        await page.get_by_label("第 2 项", exact=True).fill("住院")
        await page.click("[data-line=q2] .design-line-go")
        await page.click("[data-place=show_if] [data-adds=row]")
        await page.locator("[data-place=show_if]").get_by_label("答案").select_option("b")
        await expect(page.locator("[data-readout=show_if]")).to_have_text("当“就诊类型”是“住院”时显示")
        await expect(page.locator("[data-line=q2] .design-rule")).to_have_text("当“就诊类型”是“住院”时显示")
        await page.click("[data-line=q1] .design-line-go")
        await page.click("[data-adds=jump]")
        await expect(page.locator("[data-place='jumps.0'] .design-readout")).to_have_text(
            "选“门诊”跳到第 3 题"
        )

        await expect(sheet.locator("[data-code=q2]")).to_be_hidden()
        await sheet.get_by_text("住院").click()
        await expect(sheet.locator("[data-code=q2]")).to_be_visible()
        await page.click("[data-line=q3] .design-line-go")
        await editor.get_by_label("题目", exact=True).fill("其他说明")
        await expect(sheet).to_contain_text("其他说明")
        await expect(sheet.locator("[data-code=q2]")).to_be_visible()  # what was tried outlives a change
        await page.click(".design-tracing summary")
        await expect(page.locator(".design-step").nth(1)).to_have_text(
            "显示 “床号”显示条件：“就诊类型”是“住院” → 成立跳题条件：“就诊类型”是“门诊” → 不成立"
        )
        await page.click("[data-do=publish]")
        await page.wait_for_url(f"**{PAGE}")
        assert complaints == []
    version = await queries.in_force("咨询")
    assert version is not None
    assert [item.title for item in version.definition.questions] == ["就诊类型", "床号", "其他说明"]
    assert version.conditions == conditions(version.definition)
    assert set(version.conditions) == {"q2"}


async def test_order_by_keyboard_and_by_dragging_undo_and_what_hinders_publishing(desk: Desk) -> None:
    form = await form_of(desk)
    async with window(desk, f"{PAGE}/{form.id}") as (page, complaints):
        titles = page.locator(".design-line-words b")
        await page.locator("[data-line=b] .design-line-go").focus()
        await page.keyboard.press("Alt+ArrowUp")
        await expect(titles).to_have_text(["1. 票据编号", "2. 有没有票据"])
        await expect(page.locator("[data-line=b] .design-bad")).to_have_text("1")
        await page.click("[data-do=publish]")
        await expect(page.locator("[data-place=show_if] .fault")).to_have_text("只能引用排在前面的题目")
        await expect(page.locator("#notices")).to_contain_text("表单还不能发布")
        await page.keyboard.press("Control+z")
        await expect(titles).to_have_text(["1. 有没有票据", "2. 票据编号"])
        await page.drag_and_drop("[data-line=a]", "[data-line=b]", target_position={"x": 60, "y": 40})
        await expect(titles).to_have_text(["1. 票据编号", "2. 有没有票据"])
        await page.click("[data-do=undo]")
        await expect(page.locator("[data-part=state]")).to_have_text("草稿已保存")
        assert [text for text in complaints if "422" not in text] == []
    assert (await queries.form(form.id)).draft == form.draft


async def test_on_a_phone_one_part_at_a_time_is_shown_and_nothing_sticks_out(desk: Desk) -> None:
    form = await form_of(desk)
    async with window(desk, f"{PAGE}/{form.id}", width=390) as (page, complaints):
        parts = [page.locator(f".design-{name}") for name in ("outline", "editor", "preview")]
        assert [await part.is_visible() for part in parts] == [True, False, False]
        await page.click("[data-line=b] .design-line-go")
        assert [await part.is_visible() for part in parts] == [False, True, False]
        await page.click(".design-tabs [data-show=preview]")
        assert [await part.is_visible() for part in parts] == [False, False, True]
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        assert complaints == []

"""The page of the list of cases, taking a list out, and the home modules that count; over the real application."""

import io
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio
from openpyxl import load_workbook
from playwright.async_api import async_playwright, expect

from console.home import placed
from console.widgets import cases as figures
from console.widgets import todo
from console.widgets.shapes import Figures, Lines
from core import clock, db
from core.asked_sheets import KEPT
from core.errors import Forbidden, Refused
from core.jobs import run_job
from core.settings import settings
from devtools.browser import chromium
from staff.sessions import COOKIE
from tests.console.browser import Browser, Page
from tests.console.desk import Desk, open_desk
from tests.tickets import many
from tests.tickets.many import Known, expected
from tickets import exporting
from tickets.case_sheet import COLUMNS
from tickets.queries.case_filter import CaseFilter, read

ROWS = "//tr[@data-open]//a[contains(@class, 'row-title')]/@href"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


@pytest_asyncio.fixture
async def known(desk: Desk) -> AsyncIterator[list[Known]]:
    """A hundred cases."""
    known = await many.write(desk.people, 100)
    with clock.frozen(many.NOW):
        yield known


def ids(page: Page) -> list[int]:
    return [int(path.rsplit("/", 1)[1]) for path in page.tree.xpath(ROWS)]


def asked(query: str) -> CaseFilter:
    return read(parse_qsl(query))[0]


async def test_the_page_shows_the_newest_and_asks_for_the_rest_as_one_wants_them(
    desk: Desk, known: list[Known]
) -> None:
    centre = await desk.enter("centre")
    page = await centre.get("/cases")
    shown = ids(page)
    assert (page.status, shown) == (200, [one.id for one in known][:30])
    while following := page.tree.xpath("//tr[@class='more']//a/@hx-get"):
        page = await centre.get(following[0], part=True)
        assert "<html" not in page.text
        shown += ids(page)
    assert shown == [one.id for one in known]


@pytest.mark.parametrize(
    "query", ["state=closed&state=archived", "q=挂号&type=投诉", "unit=4&due=late", "again=1"]
)
async def test_the_address_is_the_list_for_everybody_within_their_reach(
    desk: Desk, known: list[Known], query: str
) -> None:
    for name in ("centre", "liaison"):
        browser = await desk.enter(name)
        page = await browser.get(f"/cases?{query}")
        assert ids(page) == expected(asked(query), desk.people[name], known)[:30]
        again = await browser.get(f"/cases?{query}")  # reloaded, or in another tab
        assert ids(again) == ids(page)


async def test_the_page_says_how_many_there_are(
    desk: Desk, known: list[Known], monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = await desk.enter("centre")
    assert (await centre.get("/cases/count?all=1", part=True)).text.strip() == "共 100 件"
    some = len(expected(asked("type=投诉"), desk.centre, known))
    assert (await centre.get("/cases/count?type=投诉", part=True)).text.strip() == f"共 {some} 件"
    none = await centre.get("/cases?q=没有人写过")
    assert (none.one("//*[contains(@class, 'case-count')]"), ids(none)) == ("共 0 件", [])
    assert "没有符合条件的诉求" in none.text


async def test_what_is_filtered_stands_in_words_and_each_part_can_be_taken_away(
    desk: Desk, known: list[Known]
) -> None:
    centre = await desk.enter("centre")
    page = await centre.get("/cases?state=closed&state=archived&unit=4&handler=me&due=late&todo=1&q=<b>甲")
    chips = page.words("//*[@class='chip']")
    assert chips == [
        "搜索<b>甲",
        "状态已办结",
        "状态已归档",
        "科室东院区 · 心血管内科",
        "时限已超期",
        "经办人我",
        "待我处理",
    ]
    links = page.tree.xpath("//*[@class='chip']/a/@href")
    assert asked(links[1].split("?")[1]) == asked("state=archived&unit=4&handler=me&due=late&todo=1&q=<b>甲")
    for link in links:
        assert (await centre.get(link)).status == 200
    last = await centre.get("/cases?again=1")
    assert last.tree.xpath("//*[@class='chip']/a/@href") == ["/cases?all=1"]


async def test_a_part_that_makes_no_sense_is_told_and_the_rest_counts(desk: Desk, known: list[Known]) -> None:
    page = await (await desk.enter("centre")).get("/cases?type=投诉&since=2026-02-30&unit=777&before=x")
    assert page.status == 200
    assert page.words("//*[@class='faults']") == [
        "“收到日期起”未生效：日期格式应为 2026-11-21（2026-02-30）",
        "“科室”未生效：没有这个科室（777）",
    ]
    assert ids(page) == expected(asked("type=投诉"), desk.centre, known)[:30]


async def test_each_person_has_their_usual_lists_and_they_open(desk: Desk, known: list[Known]) -> None:
    usual = {}
    for name in ("liaison", "centre", "chief"):
        browser = await desk.enter(name)
        page = await browser.get("/cases")
        usual[name] = page.words("//a[contains(@class, 'tab')]")
        for path in page.tree.xpath("//a[contains(@class, 'tab')]/@href"):
            opened = await browser.get(path)
            assert (path, opened.status, opened.tree.xpath("//a[contains(@class, 'tab here')]/@href")) == (
                path,
                200,
                [path],
            )
    assert usual == {
        "liaison": ["全部", "待我处理", "未办结", "今天到期", "已超期"],
        "centre": ["全部", "待我处理", "未办结", "待派单", "今天到期", "已超期"],
        "chief": ["全部", "待我处理", "未办结", "待派单", "待审核", "今天到期", "已超期"],
    }


async def test_nobody_without_the_right_to_read_opens_the_list(desk: Desk, known: list[Known]) -> None:
    admin = await desk.enter("admin")
    for path in ("/cases", "/cases/count"):
        assert (await admin.get(path)).status == 403
    assert (await admin.get("/cases/exports")).status == 403


async def test_a_list_opens_with_the_view_its_owner_marked_until_it_is_unmarked(
    desk: Desk, known: list[Known]
) -> None:
    centre, second = await desk.enter("centre"), await desk.enter("second")
    for name, query in (("投诉", "type=投诉"), ("重办", "again=1")):
        await centre.post("/views", {"page": "cases", "name": name, "query": query})
    marks = (await centre.get("/cases")).tree.xpath("//button[contains(@formaction, '/opens')]/@formaction")
    assert len(marks) == 2
    assert (await centre.post(marks[0])).headers["Location"] == "/cases?type=投诉".replace(
        "投诉", "%E6%8A%95%E8%AF%89"
    )
    assert (await centre.get("/cases")).headers["Location"] == "/cases?type=%E6%8A%95%E8%AF%89"
    assert ids(await centre.get("/cases?all=1")) == [one.id for one in known][:30]
    await centre.post(marks[1])  # one at a time
    assert (await centre.get("/cases")).headers["Location"] == "/cases?again=1"
    assert (await second.get("/cases")).status == 200
    assert (await second.post(marks[1])).status == 404
    await centre.post(marks[1])
    assert ids(await centre.get("/cases")) == [one.id for one in known][:30]


async def run_jobs() -> None:
    for row in await db.fetch("select id from job where kind = $1 and state = 'due'", exporting.KIND):
        assert await run_job(row["id"]) == "done"


async def sheet_of(browser: Browser, path: str) -> list[tuple[object, ...]]:
    """The rows of a sheet as Excel reads them."""
    async with browser.session.get(browser.server.make_url(f"{path}/file")) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        data = await answer.read()
    book = load_workbook(io.BytesIO(data))
    return [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]


async def test_a_list_is_taken_out_as_a_sheet_by_who_may_and_fetched_by_nobody_else(
    desk: Desk, known: list[Known]
) -> None:
    danger = '=HYPERLINK("http://198.51.100.1","点我")'
    await db.execute("update cases set title = $1 where id = 100", danger)
    await db.execute("update cases set confidential = false where id = 100")
    centre, second, liaison = [await desk.enter(name) for name in ("centre", "second", "liaison")]
    page = await centre.get("/cases?type=投诉")
    (button,) = page.tree.xpath("//form[@action='/cases/exports']")
    asked_for = await centre.post("/cases/exports", {"query": button.xpath("input[@name='query']/@value")[0]})
    path = asked_for.headers["Location"]
    running = await centre.get(path)
    assert (running.status, "正在导出" in running.text) == (200, True)
    assert "正在查找" in (await centre.get(f"{path}/progress", part=True)).text
    assert (await centre.get(f"{path}/file")).status == 404
    assert (await centre.post("/cases/exports", {"query": ""})).status == 409
    await run_jobs()
    done = await centre.get(f"{path}/progress", part=True)
    assert done.headers["HX-Redirect"] == path
    complaints = expected(asked("type=投诉"), desk.centre, known)
    assert f"已导出 {len(complaints)} 件" in (await centre.get(path)).text

    head, *rows = await sheet_of(centre, path)
    assert head == tuple(title for title, _ in COLUMNS)
    assert [str(row[0]).split("-")[1] for row in rows] == [str(key) for key in complaints]
    by_id = {one.id: one for one in known}
    for row, key in zip(rows, complaints, strict=True):
        one = by_id[key]
        assert (row[1], row[4], row[8]) == (f"GZ-{key:06d}", "投诉", one.urgency)
        received = clock.local(one.received_at).replace(tzinfo=None)
        assert isinstance(row[13], datetime)
        assert abs((row[13] - received).total_seconds()) < 1
        secret = one.secret and key != 100
        assert (
            row[11:13] == ("要求保密", None) if secret else ("张*试", f"{one.phone[:3]}****{one.phone[-4:]}")
        )
    if 100 in complaints:
        assert rows[0][3] == f"'{danger}"

    for other in (second, liaison):
        assert (await other.get(f"{path}/file")).status in (403, 404)
    assert (await liaison.post("/cases/exports", {"query": ""})).status == 403
    lines = await db.fetch("select action, detail from audit where action like 'case.export%' order by id")
    told = [(line["action"], orjson.loads(line["detail"])) for line in lines]
    number = path.rsplit("/", 1)[1]
    assert told == [
        ("case.export", {"export": number, "query": "type=%E6%8A%95%E8%AF%89"}),
        ("case.export.fetch", {"export": number, "rows": len(complaints)}),
    ]


async def test_whoever_may_take_out_one_campus_takes_out_no_more(desk: Desk, known: list[Known]) -> None:
    """The deputy director holds the right for the east campus only, whatever else they may read."""
    vice = desk.vice
    assert vice.id is not None
    await db.execute("insert into post (staff_id, unit_id, role) values ($1, 6, 'liaison')", vice.id)
    browser = await desk.enter("vice")
    seen = ids(await browser.get("/cases?unit=6"))
    path = (await browser.post("/cases/exports", {"query": "unit=6"})).headers["Location"]
    await run_jobs()
    rows = (await sheet_of(browser, path))[1:]
    east = [one.id for one in known if 6 in one.units and 2 in one.units]
    assert [str(row[0]).split("-")[1] for row in rows] == [str(key) for key in east]
    assert set(seen) - set(east)  # they read more than they may take out


async def test_a_list_that_is_too_long_is_not_taken_out_and_it_is_said_why(
    desk: Desk, known: list[Known], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST", 50)
    number = await exporting.ask(CaseFilter(), by=desk.centre)
    await run_jobs()
    told = await exporting.sheets.find(number, by=desk.centre)
    assert (told.state, told.file_id, told.error.split("，")[0]) == ("refused", None, "符合条件的超过 50 件")
    await exporting.ask(CaseFilter(type=("表扬",)), by=desk.centre)  # the next one may begin


async def test_the_job_run_twice_writes_one_sheet_and_a_dead_one_is_told(
    desk: Desk, known: list[Known]
) -> None:
    number = await exporting.ask(CaseFilter(type=("表扬",)), by=desk.centre)
    with pytest.raises(Refused, match="还在进行"):
        await exporting.ask(CaseFilter(), by=desk.centre)
    await run_jobs()
    first = await exporting.sheets.find(number, by=desk.centre)
    await db.execute("update job set state = 'due', lease_until = null where kind = $1", exporting.KIND)
    await run_jobs()
    assert await exporting.sheets.find(number, by=desk.centre) == first
    dead = await exporting.ask(CaseFilter(), by=desk.centre)
    await db.execute("update job set state = 'parked' where payload->>'export' = $1", str(dead))
    told = await exporting.sheets.find(dead, by=desk.centre)
    assert (told.state, told.error) == ("refused", "导出没有完成，已通知系统管理员")


async def test_who_has_lost_the_right_gets_nothing_and_a_sheet_is_kept_seven_days(
    desk: Desk, known: list[Known]
) -> None:
    number = await exporting.ask(CaseFilter(type=("表扬",)), by=desk.vice)
    await db.execute("delete from post where staff_id = $1", desk.vice.id)
    await run_jobs()
    lost = await exporting.sheets.find(number, by=desk.vice)
    assert (lost.state, lost.error) == ("refused", Forbidden().message)
    kept = await exporting.ask(CaseFilter(type=("表扬",)), by=desk.centre)
    await run_jobs()
    centre = await desk.enter("centre")
    with clock.frozen(many.NOW + KEPT):
        assert not (await exporting.sheets.find(kept, by=desk.centre)).here
    assert (await centre.get(f"/cases/exports/{uuid4()}")).status == 404
    assert (await centre.get("/cases/exports/none")).status == 404


async def test_the_figures_of_the_home_page_are_those_of_the_lists_they_lead_to(
    desk: Desk, known: list[Known]
) -> None:
    labels = {}
    for name in ("liaison", "centre", "chief"):
        browser = await desk.enter(name)
        content = await figures.load(desk.people[name])
        assert isinstance(content, Figures)
        labels[name] = [item.label for item in content.items]
        for item in content.items:
            page = await browser.get(f"/cases/count?{item.path.split('?')[1]}", part=True)
            assert (item.label, page.text.strip()) == (item.label, f"共 {item.value} 件")
    assert labels == {
        "liaison": ["待我处理", "已超期", "今天到期"],
        "centre": ["待我处理", "已超期", "今天到期", "待派单"],
        "chief": ["待我处理", "已超期", "今天到期", "待派单", "待审核"],
    }
    assert "cases" not in {place.widget.name for place in await placed(desk.admin)}


async def test_what_waits_stands_on_the_home_page_the_most_pressing_first(
    desk: Desk, known: list[Known]
) -> None:
    content = await todo.load(desk.liaison)
    assert isinstance(content, Lines)
    mine = [
        one for one in known if 4 in one.ticket_due and many.ticket_state(one) in ("assigned", "in_progress")
    ]
    pressing = sorted(mine, key=lambda one: (one.ticket_due[4], one.id))[: todo.MOST]
    assert [line.path for line in content.items] == [f"/cases/{one.id}" for one in pressing]
    assert content.items[0].tone == "late"
    nobody = await todo.load(desk.second)
    assert isinstance(nobody, Lines)


async def test_in_a_browser_one_searches_loads_more_and_opens_a_case_on_a_screen_and_a_phone(
    desk: Desk, known: list[Known]
) -> None:
    jar = (await desk.enter("centre")).session.cookie_jar
    token = next(cookie.value for cookie in jar if cookie.key == COOKIE)
    base = str(desk.server.make_url("")).rstrip("/")
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium())
        for width, height in ((1440, 900), (390, 844)):
            context = await browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
            await context.add_cookies([{"name": COOKIE, "value": token, "url": base}])
            page = await context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(f"{base}/cases?all=1")
            rows = page.locator("tr[data-open]")
            await page.get_by_role("link", name="加载更多").click()
            await expect(rows).to_have_count(60)
            if width == 390:
                await page.locator(".fold-handle").click()
            await page.locator("details.pick summary").first.click()
            await page.get_by_label("已归档").check()
            await page.get_by_label("搜索").fill("挂号")
            await page.get_by_role("button", name="查询").click()
            await page.wait_for_url("**/cases?*")
            query = page.url.split("?")[1]
            assert sorted(parse_qsl(query)) == [("q", "挂号"), ("state", "archived")]
            wanted = expected(asked("q=挂号&state=archived"), desk.centre, known)
            await expect(rows).to_have_count(min(30, len(wanted)))
            assert await page.evaluate("document.documentElement.scrollWidth") == width
            await rows.first.locator("td").nth(1).click()
            await page.wait_for_url(f"**/cases/{wanted[0]}")
            await page.go_back()
            await expect(rows).to_have_count(min(30, len(wanted)))
            await context.close()
        await browser.close()
    assert complaints == []

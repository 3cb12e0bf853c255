"""The page of statistics, the lists behind its numbers, and its sheet; over the real application."""

import io
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest_asyncio
from openpyxl import load_workbook

from core import clock, db
from reports import cubes
from tests.console.desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The hospital with three cases: two of cardiology, one of the cash desk."""
    del database_url, redis_url
    async with open_desk() as found:
        await found.receive(number="T-1", category="医疗卫生->医疗服务->排队")
        await found.receive(number="T-2", category="医疗卫生->医疗服务->态度", caller_phone="13800000002")
        await found.receive(
            number="T-3", departments=["收费处"], category="医疗卫生->收费", appeal_type="咨询"
        )
        await cubes.seal()
        yield found


def link(href: str) -> tuple[str, dict[str, str]]:
    """Path and query of a link."""
    parts = urlsplit(href)
    return parts.path, dict(parse_qsl(parts.query))


async def test_every_linked_number_of_the_page_is_how_many_its_list_has(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await browser.get("/statistics")
    assert page.status == 200
    links = page.tree.xpath("//a[contains(@href, '/statistics/cases?')]")
    counted = {
        element.get("href"): int(text)
        for element in links
        if (text := element.text_content().replace(",", "").strip()).isdigit()
    }
    assert len(counted) > 30
    for href, number in counted.items():
        listed = await browser.get(href)
        assert (href, listed.one("//b[@class='stat-total']")) == (href, str(number))
    assert max(counted.values()) == 3


async def test_a_chart_shows_what_its_table_says(desk: Desk) -> None:
    page = await (await desk.enter("centre")).get("/statistics")
    data = orjson.loads(str(page.tree.xpath("//div[@id='chart-sources-type']/@data-chart")[0]))
    assert (data["labels"], data["series"][0]["values"]) == (["投诉", "咨询"], [2, 1])
    rows = page.tree.xpath("//section[@id='sources']//div[@class='stat-pair'][last()]//tbody/tr")
    assert [[cell.text_content().strip() for cell in row[:2]] for row in rows] == [
        ["投诉", "2"],
        ["咨询", "1"],
    ]


async def test_filters_and_the_way_down_stand_in_the_address(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await browser.get("/statistics?span=month&place=5&type=咨询")
    assert page.one("//section[@class='stat-tiles']/div[1]/b") == "1"
    assert page.words("//nav[@class='stat-climb']/*[not(name()='svg')]") == ["全部", "东院区", "收费处"]
    (up,) = page.tree.xpath("//nav[@class='stat-climb']/a[.='东院区']/@href")
    assert link(up)[1]["place"] == "2"
    nonsense = await browser.get("/statistics?span=age&at=yesterday&place=x&type=nothing&source=moon")
    assert nonsense.one("//section[@class='stat-tiles']/div[1]/b") == "3"


async def test_a_department_sees_its_own_and_an_administrator_nothing(desk: Desk) -> None:
    head = await desk.enter("head")
    assert (await head.get("/statistics")).one("//section[@class='stat-tiles']/div[1]/b") == "2"
    assert (await head.get("/statistics?place=5")).one("//section[@class='stat-tiles']/div[1]/b") == "0"
    page = await head.get("/statistics/cases?of=case.received&by=place&key=5")
    assert page.one("//b[@class='stat-total']") == "0"
    admin = await desk.enter("admin")
    for path in ("/statistics", "/statistics/cases?of=case.received", "/statistics/sheet"):
        assert (await admin.get(path)).status == 403
    assert (await head.get("/statistics/cases?of=case.moon")).status == 404


async def test_the_sheet_holds_the_numbers_a_mark_and_leaves_a_line_in_the_audit(desk: Desk) -> None:
    browser = await desk.enter("centre")
    async with browser.session.get(browser.server.make_url("/statistics/sheet?span=year")) as answer:
        assert answer.status == 200
        book = load_workbook(io.BytesIO(await answer.read()))
    figures = book["指标"]
    assert [cell.value for cell in figures[4]][1:4] == ["受理量", 3, 3]
    assert str(figures["A2"].value).startswith("测试客服甲 于 ")
    assert str(figures["A2"].value).endswith("范围：全部院区")
    types = book["诉求类型"]
    assert [[cell.value for cell in row[:2]] for row in types.iter_rows(min_row=4)] == [
        ["投诉", 2],
        ["咨询", 1],
    ]
    line = await db.fetchrow("select actor_name, detail from audit where action = 'statistics.export'")
    assert line is not None
    assert line["actor_name"] == "测试客服甲"
    year = clock.today().replace(month=1, day=1)
    assert orjson.loads(line["detail"]) == {"query": f"span=year&at={year}", "scope": "全部院区"}


async def test_a_report_is_made_of_the_period_numbered_kept_and_its_makers_own(desk: Desk) -> None:
    browser = await desk.enter("centre")
    drawer = await browser.get("/statistics/reports/new?span=year&place=4", part=True)
    assert drawer.tree.xpath(
        "//select[@name='kind']/option[@selected]/@value | //input[@name='kind'][@checked]/@value"
    ) == ["statistics_annual"]
    made = await browser.post(
        "/statistics/reports/new?span=year&place=4",
        {"kind": "statistics_annual", "causes": "候诊秩序<b>", "measures": "增设分诊台"},
    )
    assert (made.status, made.headers["Location"]) == (303, "/statistics/reports/1")
    page = await browser.get("/statistics/reports/1")
    year = clock.today().year
    assert page.one("//h1[@class='word-title']") == f"{year}年度投诉分析报告"
    words = page.one("//main")
    assert "共受理诉求 2 件" in words
    assert "候诊秩序<b>" in words
    assert page.one("//header/div/b") == f"年度分析〔{year}〕1号 年度投诉分析报告（{year}年）"
    listed = await browser.get("/statistics/reports")
    assert listed.words("//tbody/tr/td[1]") == [f"年度分析〔{year}〕1号"]
    async with browser.session.get(browser.server.make_url("/statistics/reports/1/file")) as answer:
        assert (answer.status, (await answer.read())[:2]) == (200, b"PK")
    other = await desk.enter("chief")
    assert (await other.get("/statistics/reports/1")).status == 404
    assert (await other.get("/statistics/reports/1/file")).status == 404
    assert await db.fetchval("select count(*) from audit where action like 'statistics.report%'") == 2

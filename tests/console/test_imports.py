"""The pages of imports: a file goes in by the form, the preview says what it would do, and it goes over when confirmed."""

import io
import re
from pathlib import Path

import pytest
from aiohttp import FormData
from openpyxl import load_workbook

from core import db, jobs
from core.settings import settings
from tests.console.browser import Browser, Page
from tests.console.conftest import Console
from tests.sheets.exports import DISTRICT, DISTRICT_ROW, district_xlsx


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are kept where the test ends."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


def row(number: str, **more: object) -> list[object]:
    given = dict(zip(DISTRICT, DISTRICT_ROW, strict=True)) | {"工单编号": number} | more
    return [given[header] for header in DISTRICT]


def form(browser: Browser, data: bytes, name: str = "导出.xlsx", sender: str = "测试热线") -> FormData:
    """What the browser posts."""
    made = FormData(quote_fields=False)  # names of files as browsers send them
    made.add_field("csrf_token", browser.csrf)
    made.add_field("sender", sender)
    made.add_field("file", data, filename=name, content_type="application/octet-stream")
    return made


async def work() -> None:
    """Do the jobs of imports that wait."""
    for waiting in await db.fetch("select id from job where kind like 'import.%' and state = 'due'"):
        await jobs.run_job(waiting["id"])


async def brought(browser: Browser, tmp_path: Path, *rows: list[object]) -> str:
    """Upload a sheet of these rows; the address of its page."""
    answer = await browser.post(
        "/imports", form(browser, district_xlsx(tmp_path / "a.xlsx", rows=rows).read_bytes())
    )
    assert answer.status == 303
    return answer.headers["Location"]


def figures(page: Page) -> dict[str, str]:
    """The numbers above the rows by their words."""
    words = page.words("//*[contains(@class, 'import-figures')]//*[contains(@class, 'figure')]/b")
    labels = page.words("//*[contains(@class, 'import-figures')]//*[contains(@class, 'figure')]/span")
    return dict(zip(labels, words, strict=True))


async def test_a_sheet_goes_from_the_form_through_the_preview_into_cases(
    console: Console, tmp_path: Path
) -> None:
    carol = await console.enter("carol")
    assert "工单导入" in (await carol.get("/")).text
    path = await brought(
        carol, tmp_path, row("A-1"), row("A-2"), row("A-2"), row("A-3", 求助号码="<b>不是电话")
    )
    running = await carol.get(path)
    assert running.tree.xpath("//*[@hx-get]/@hx-get") == [f"{path}/progress"]
    assert "等待开始" in (await carol.get(f"{path}/progress", part=True)).text
    await work()
    assert (await carol.get(f"{path}/progress", part=True)).headers["HX-Redirect"] == path
    preview = await carol.get(path)
    assert figures(preview) == {"全部": "4", "有误": "1", "新工单": "2", "内容有变": "0", "重复": "1"}
    (line,) = preview.words("//table[contains(@class, 'import-rows')]/tbody/tr")
    assert line == "8 A-3 L 求助号码 <b>不是电话 不是电话号码，应为手机号或带区号的固定电话"
    assert preview.words("//tbody//b/b") == []
    assert [one.strip() for one in (await carol.get(f"{path}?show=new")).words("//tbody/tr/td[2]")] == [
        "A-1",
        "A-2",
    ]
    assert (await carol.post(f"{path}/confirm")).status == 303
    await work()
    done = await carol.get(path)
    assert figures(done) == {"全部": "4", "已导入": "2", "未导入": "1", "重复": "1"}
    cases = [f"/cases/{found['id']}" for found in await db.fetch("select id from cases order by id")]
    assert done.tree.xpath("//tbody//a/@href") == cases
    listed = await carol.get("/imports")
    assert listed.tree.xpath("//tbody//a/@href") == [path]


async def test_faulty_rows_are_downloaded_as_a_sheet(console: Console, tmp_path: Path) -> None:
    carol = await console.enter("carol")
    path = await brought(carol, tmp_path, row("A-1"), row("A-2", 诉求内容=""))
    await work()
    link = (await carol.get(path)).tree.xpath("//a[@download]/@href")
    assert link == [f"{path}/faulty"]
    async with carol.session.get(console.server.make_url(link[0])) as answer:
        data = await answer.read()
        assert "attachment" in answer.headers["Content-Disposition"]
    assert "诉求内容”：没有填写" in str(list(load_workbook(io.BytesIO(data)).worksheets[0].values))


async def test_columns_are_changed_on_the_page_and_a_field_twice_is_told_at_its_column(
    console: Console, tmp_path: Path
) -> None:
    carol = await console.enter("carol")
    path = await brought(carol, tmp_path, row("A-1"))
    await work()
    page = await carol.get(path)
    names = page.tree.xpath("//select[starts-with(@name, 'column-')]/@name")
    assert len(names) == len(DISTRICT)
    chosen = {
        name: "".join(page.tree.xpath(f"//select[@name='{name}']/option[@selected]/@value")) for name in names
    }
    assert (chosen["column-0"], chosen["column-11"]) == ("order_no", "caller_phone")
    told = await carol.post(f"{path}/columns", {**chosen, "column-11": "order_no"})
    assert told.status == 422
    assert told.words(
        "//*[contains(@class, 'import-column') and contains(@class, 'field-bad')]//*[@class='fault']"
    ) == ["“工单编号”已对应另一列"]
    assert (await carol.post(f"{path}/columns", {**chosen, "column-11": ""})).status == 303
    await work()
    assert (await carol.post(f"{path}/confirm")).status == 303
    await work()
    assert await db.fetchval("select caller_phone is null from cases") is True


@pytest.mark.parametrize(
    ("name", "data", "sender", "sentence"),
    [
        ("a.xlsx", b"", "测试热线", "文件是空的"),
        ("a.pdf", b"%PDF-1.7", "测试热线", "这是 PDF 文件，请向平台索取 Excel 或 CSV 格式的工单"),
        ("a.csv", "工单编号,内容\nA-1,文字\n".encode(), "", "请写明来源，最多 60 个字"),
        ("", b"", "测试热线", "请选择文件"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told_on_the_form(
    console: Console, name: str, data: bytes, sender: str, sentence: str
) -> None:
    carol = await console.enter("carol")
    page = await carol.post("/imports", form(carol, data, name, sender))
    assert (page.status, page.one("//*[contains(@class, 'faults')]")) == (422, sentence)


async def test_only_the_centre_opens_imports(console: Console, tmp_path: Path) -> None:
    carol, alice, stranger = await console.enter("carol"), await console.enter("alice"), console.stranger()
    path = await brought(carol, tmp_path, row("A-1"))
    paths = ("/imports", path, f"{path}/progress", f"{path}/faulty", "/imports/999999", "/imports/x")
    assert [(await carol.get(one)).status for one in paths] == [200, 200, 200, 404, 404, 404]
    assert [(await alice.get(one)).status for one in paths] == [403] * 6
    assert [(await stranger.get(one)).status for one in paths] == [303] * 6
    assert [(await alice.post(f"{path}/{what}")).status for what in ("columns", "confirm")] == [403, 403]


async def test_the_pages_hold_nothing_inline(console: Console, tmp_path: Path) -> None:
    carol = await console.enter("carol")
    path = await brought(carol, tmp_path, row("A-1"), row("A-2", 求助号码="x"))
    texts = [(await carol.get(path)).text, (await carol.get("/imports")).text]
    await work()
    texts += [(await carol.get(path)).text, (await carol.get(f"{path}?show=new")).text]
    for text in texts:
        assert re.findall(r" style=| on[a-z]+=\"|<style|<script(?![^>]*src=)", text) == []

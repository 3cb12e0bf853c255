"""The pages of statistics and of rounds: what is shown, taken out, refused, and to whom."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import docx
import openpyxl
import pytest_asyncio

from core import clock, db
from core.actor import Door, system
from surveys.definition import Definition
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.rows import insert, insert_version, put_in_force
from surveys.responses.drafting import Opening
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission, submit
from tests.console.desk import Desk, open_desk
from tests.surveys.responses_stage import DEFINITION, WHOLE
from tests.surveys.test_anonymous import STAFF

HOUSE = system("测试", Door.COMMAND)


@pytest_asyncio.fixture
async def desk(database: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


async def published(kind: Kind, definition: dict[str, Any]) -> int:
    made = Definition.model_validate(definition)
    found = await insert(kind, made, HOUSE)
    await put_in_force(found, await insert_version(found, made, HOUSE))
    return found


async def answered() -> int:
    """Twelve responses to a questionnaire, half of them of cardiology."""
    of = await published(Kind.INPATIENT, DEFINITION)
    for at in range(12):
        opening = Opening(uuid4(), of, Channel.WEB)
        given = WHOLE | {"nurse": {"n": str(3 + at % 3)}, "wish": {"t": "=1+1 食堂太远"}}
        await submit(Submission(opening.id, HOUSE, given, opening=opening))
    await db.execute(
        "update response set unit_id = 4 where id in (select id from response order by id limit 6)"
    )
    return of


async def test_the_board_the_cross_table_the_texts_and_the_sheet(desk: Desk) -> None:
    of = await answered()
    browser = await desk.enter("centre")
    page = await browser.get(f"/surveys/statistics?questionnaire={of}&score=nursing")
    assert page.status == 200
    assert page.words("//section[@id='scores']//tbody/tr/td[1]/b") == ["护士沟通", "环境"]
    assert "第 1、3 题平均；x 换算为 (x − 1) ÷ 4 × 100" in page.words("//section[@id='scores']//small")
    assert page.words("//a[@class='stat-value']") == ["12"]
    cross = await browser.get(f"/surveys/statistics/cross?questionnaire={of}&row=q:nurse&column=q:pain")
    assert cross.words("//table//tbody/tr/td[1]") == ["3", "4", "5"]
    assert cross.words("//table//tbody/tr/td[2]") == ["人数太少，不显示"] * 3  # four each
    same = await browser.get(f"/surveys/statistics/cross?questionnaire={of}&row=q:nurse&column=q:nurse")
    assert same.status == 422
    texts = await browser.get(f"/surveys/statistics/texts?questionnaire={of}&words=食堂")
    assert len(texts.words("//ul[@class='sv-texts']/li/p")) == 12
    async with browser.session.get(
        browser.server.make_url(f"/surveys/statistics/sheet?questionnaire={of}&score=nursing")
    ) as answer:
        book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
    rows = [[cell.value for cell in row[:3]] for row in book["得分"].iter_rows(min_row=4)]
    assert [row[0] for row in rows] == ["护士沟通", "环境"]
    assert [row[2] for row in rows] == [12, 12]
    assert await db.fetchval("select count(*) from audit where action = 'survey.statistics_export'") == 1
    assert await db.fetchval("select count(*) from data_export where kind = 'statistics'") == 1
    strange = await browser.get("/surveys/statistics?questionnaire=999999&since=x&unit=-1&filter=a=b")
    assert strange.status == 404


async def test_the_analysis_report_is_word_with_native_charts_and_its_makers_own(desk: Desk) -> None:
    of = await answered()
    browser = await desk.enter("centre")
    assert (await browser.get(f"/surveys/statistics/reports/new?questionnaire={of}", part=True)).status == 200
    made = await browser.post(
        f"/surveys/statistics/reports/new?questionnaire={of}&score=nursing", {"causes": "夜班人手少<b>"}
    )
    assert (made.status, made.headers["Location"]) == (303, "/surveys/statistics/reports/1")
    page = await browser.get("/surveys/statistics/reports/1")
    assert "夜班人手少<b>" in page.one("//main")
    async with browser.session.get(browser.server.make_url("/surveys/statistics/reports/1/file")) as answer:
        data = await answer.read()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        charts = [name for name in archive.namelist() if name.startswith("word/charts/")]
        told = archive.read("word/charts/chart1.xml").decode()
    assert charts == ["word/charts/chart1.xml", "word/charts/chart2.xml"]
    assert "护士沟通" in told
    document = docx.Document(io.BytesIO(data))
    words = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert ("共收到答卷 12 份" in words, "〔图" in words) == (True, False)
    other = await desk.enter("chief")
    assert (await other.get("/surveys/statistics/reports/1")).status == 404


async def test_a_staff_survey_is_opened_filled_in_once_closed_and_read(desk: Desk) -> None:
    of = await published(Kind.STAFF, STAFF)
    chief = await desk.enter("chief")
    form = {"questionnaire_id": str(of), "title": "年度调查", "opens_on": str(clock.today())}
    bad = await chief.post("/surveys/rounds/new", form | {"closes_on": "2020-01-01"})
    assert (bad.status, bad.words("//div[@class='fault']")) == (422, ["不能早于开始日期和今天"])
    opened = await chief.post(
        "/surveys/rounds/new", form | {"closes_on": str(clock.today() + timedelta(days=3))}
    )
    assert (opened.status, opened.headers["Location"]) == (303, "/surveys/rounds")
    liaison = await desk.enter("liaison")
    waiting = await liaison.get("/surveys/rounds")
    assert len(waiting.tree.xpath("//div[@class='sv-rate']//a")) == 1
    assert len(waiting.tree.xpath("//table//tbody/tr")) == 1  # reads for cardiology
    admin = await (await desk.enter("admin")).get("/surveys/rounds")
    assert (len(admin.tree.xpath("//div[@class='sv-rate']//a")), admin.tree.xpath("//table")) == (1, [])
    sheet = await liaison.get("/surveys/rounds/1/sheets/0")
    assert sheet.status == 200
    empty = await liaison.post("/surveys/rounds/1/sheets/0", {})
    assert (empty.status, empty.words("//div[@class='fault']")) == (422, ["请填写这一题"])
    given = {"q.pay": "4", "q.words": "多排一个夜班护士"}
    assert (await liaison.post("/surveys/rounds/1/sheets/0", given)).status == 303
    again = await liaison.post("/surveys/rounds/1/sheets/0", given)
    assert again.status == 409
    assert (await chief.get("/surveys/rounds/1/results")).status == 409
    assert (await liaison.post("/surveys/rounds/1/close", {})).status == 403
    running = await chief.get("/surveys/rounds")
    assert running.words("//form[contains(@action, '/rounds/1/close')]//button") == ["提前结束"]
    assert (await chief.post("/surveys/rounds/1/close", {})).status == 303
    over = await chief.get("/surveys/rounds")
    assert over.tree.xpath("//td//a/@href") == ["/surveys/rounds/1/results"]
    assert "开展一轮" in over.words("//a")
    read = await chief.get("/surveys/rounds/1/results")
    assert read.status == 200
    assert "多排一个夜班护士" not in read.text
    assert (await chief.get("/surveys/rounds/1/sheets/999")).status == 404

"""The pages of patients: lists with chips, views and the sheet; records shown safely; analysis; the whole export asked for."""

import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import pytest_asyncio

from core import clock, crypto, db, jobs
from core.settings import settings
from tests.console.desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The running application and its people."""
    async with open_desk() as opened:
        yield opened


async def admit(number: str = "P-1", name: str = "欧阳测试", unit: int = 4, **more: Any) -> tuple[int, int]:
    """A patient with a visit of yesterday in a department: 4 is cardiology in the east."""
    phone = "13800000077"
    patient = await db.fetchval(
        "insert into patient (number, name, gender, born_on, phone, phone_hash) values ($1, $2, '女', '1960-05-01', $3, $4)"
        " returning id",
        number,
        name,
        crypto.key_ring().encrypt(phone, "patient.phone"),
        crypto.search_hash(phone),
    )
    given = {"kind": "outpatient", "state": "closed", "diagnosis": "高血压病", "doctor": "王测甲", **more}
    day = clock.today() - timedelta(days=1)
    visit = await db.fetchval(
        f"insert into visit (patient_id, number, unit_id, start_on, end_on, {', '.join(given)})"  # noqa: S608 - our own names
        f" values ($1, $2, $3, $4, $4, {', '.join(f'${at}' for at in range(5, 5 + len(given)))}) returning id",
        patient,
        f"V-{number}",
        unit,
        day,
        *given.values(),
    )
    return patient, visit


async def test_a_list_is_asked_by_conditions_kept_as_a_view_and_taken_out_masked(desk: Desk) -> None:
    await admit()
    await admit("P-2", "李测试", unit=4, diagnosis="2型糖尿病")
    centre = await desk.enter("centre")
    page = await centre.get("/patients/outpatient?name=oyc&diagnosis=血压&phone=12")
    assert page.words("//td//a[@class='row-title']") == ["欧阳测试"]
    assert page.words("//div[@class='chips']//span[@class='chip']") == ["姓名oyc", "诊断血压"]
    assert "“电话或身份证号”未生效" in page.one("//div[@class='faults']")
    assert "138****0077" in page.text
    assert "13800000077" not in page.text
    assert (await centre.get("/patients/outpatient/count?name=oyc")).text.strip() == "共 1 人次"
    kept = await centre.post("/views", {"page": "patients-outpatient", "name": "欧阳", "query": "name=oyc"})
    assert kept.headers["Location"] == "/patients/outpatient?name=oyc"
    assert "欧阳" in (await centre.get("/patients/outpatient")).one("//div[@class='views']")
    asked = await centre.post("/patients/outpatient/sheet", {"query": "name=oyc"})
    at = asked.headers["Location"]
    assert "正在导出门诊患者" in (await centre.get(at)).text
    assert (await centre.post("/patients/outpatient/sheet", {"query": ""}, part=True)).status == 409
    assert (await (await desk.enter("chief")).get(at)).status == 404
    assert (
        await jobs.run_job(await db.fetchval("select id from job where kind = 'patients.export'")) == "done"
    )
    assert "已导出 1 条" in (await centre.get(at)).text
    sheet = await centre.session.get(centre.server.make_url(f"{at}/file"))
    book = openpyxl.load_workbook(io.BytesIO(await sheet.read()))
    assert [row[0] for row in book["导出说明"].iter_rows(values_only=True)][1:] == [
        "范围：门诊：姓名：oyc",
        "姓名和电话已脱敏",
    ]
    rows = list(book["门诊"].iter_rows(values_only=True))
    assert len(rows) == 2
    assert (rows[1][0], rows[1][3], rows[1][-1]) == ("欧阳*试", "138****0077", "高血压病")
    log = await db.fetchrow("select kind, filter, rows, whole from data_export")
    assert log is not None
    assert dict(log) == {"kind": "patient.sheet", "filter": "门诊：姓名：oyc", "rows": 1, "whole": False}
    liaison = await desk.enter("liaison")
    assert (await liaison.post("/patients/outpatient/sheet", {"query": ""})).status == 403


async def test_what_a_system_wrote_is_shown_as_words_and_never_as_a_page(desk: Desk) -> None:
    patient, visit = await admit(complaint="<img src=x onerror=alert(1)>")
    document = await db.fetchval(
        "insert into record_document (patient_id, visit_id, number, kind, title, text, author, written_at)"
        " values ($1, $2, 'D1', '病历', '入院<b>记录</b>', '<script>alert(1)</script>\n主诉：头晕', '王测甲', now()) returning id",
        patient,
        visit,
    )
    report = await db.fetchval(
        "insert into report (patient_id, visit_id, number, kind, name, state, conclusion, pictures, reported_at)"
        " values ($1, $2, 'R1', 'imaging', '胸部CT', 'final', '<svg onload=alert(1)>', 'javascript:alert(1)', now())"
        " returning id",
        patient,
        visit,
    )
    liaison = await desk.enter("liaison")
    for part in (True, False):
        for path in (f"visits/{visit}", f"documents/{document}", f"reports/{report}"):
            page = await liaison.get(f"/patients/{patient}/{path}", part=part)
            assert page.status == 200
            for bad in ("<script>alert", "<img src=x", "<svg onload", "<b>记录", "javascript:alert"):
                assert bad not in page.text
    assert "&lt;script&gt;alert(1)" in (await liaison.get(f"/patients/{patient}/documents/{document}")).text
    bones = await desk.enter("bones")
    assert (await bones.get(f"/patients/{patient}/documents/{document}")).status == 404
    seen = await db.fetch("select subject_id from audit where action = 'patient.record' and result = 'ok'")
    assert {row["subject_id"] for row in seen} == {patient}
    assert len(seen) == 7


async def test_each_tab_of_the_file_opens_and_a_feedback_begins_with_the_patient(desk: Desk) -> None:
    patient, visit = await admit()
    head = await desk.enter("head")
    for tab in ("timeline", "visits", "reports", "trends", "orders", "documents", "contacts", "looks"):
        page = await head.get(f"/patients/{patient}?tab={tab}")
        assert (page.status, len(page.words("//nav[@aria-label='档案内容']/a[@aria-current]"))) == (200, 1)
    assert "打开档案" in (await head.get(f"/patients/{patient}?tab=looks")).text
    liaison = await desk.enter("liaison")
    refused = await liaison.get(f"/patients/{patient}?tab=looks")  # not permitted: the timeline instead
    assert refused.words("//nav[@aria-label='档案内容']/a[@aria-current]") == ["时间轴"]
    await liaison.post(f"/patients/{patient}/visits/{visit}/correct/bed", {"value": "9床"})
    shown = await liaison.get(f"/patients/{patient}/visits/{visit}", part=True)
    assert "医院系统：（空）" in shown.text
    bad = await liaison.post(
        f"/patients/{patient}/visits/{visit}/correct/unit_id", {"value": "999"}, part=True
    )
    assert (bad.status, "没有这个科室" in bad.text) == (422, True)
    form = await liaison.get(f"/feedback/new?patient={patient}")
    names = [
        form.tree.xpath(f"//input[@name='{name}']/@value") for name in ("patient_name", "patient_number")
    ]
    assert names == [["欧阳测试"], ["P-1"]]


async def test_patients_are_analysed_by_conditions_over_visits_marks_and_cases(desk: Desk) -> None:
    first, visit = await admit()
    await admit("P-2", "李测试", diagnosis="2型糖尿病")
    await admit("P-3", "骨测试", unit=6)
    case, _ = await desk.receive()
    await db.execute(
        "insert into visit_link (case_id, visit_id, patient_id, state) values ($1, $2, $3, 'confirmed')",
        case.id,
        visit,
        first,
    )
    centre = await desk.enter("centre")

    async def told(query: str) -> list[str]:
        return (await centre.get(f"/patients/analysis?{query}")).words("//td//a[@class='row-title']")

    assert sorted(await told("")) == ["李测试", "欧阳测试", "骨测试"]
    assert await told("diagnosis=糖尿病") == ["李测试"]
    assert await told("has=with") == ["欧阳测试"]
    assert await told("has=without&unit=4") == ["李测试"]
    assert await told("times=2") == []
    assert await told("oldest=40") == []
    assert await told(f"until={date(2020, 1, 1)}&since={date(2019, 1, 1)}") == []
    page = await centre.get("/patients/analysis?unit=4")
    assert page.words("//section[@class='analysis-tiles']//b") == ["2", "2", "1.0", "1", "0"]
    wrong = await centre.get("/patients/analysis?times=no&since=2026-01-02&until=2026-01-01")
    assert len(wrong.words("//div[@class='faults']")) == 2
    liaison = await desk.enter("liaison")
    found = await liaison.get("/patients/analysis")
    assert sorted(found.words("//td//a[@class='row-title']")) == ["李测试", "欧阳测试"]
    sheet = await centre.session.get(centre.server.make_url("/patients/analysis/sheet?has=with"))
    book = openpyxl.load_workbook(io.BytesIO(await sheet.read()))
    assert [row[0] for row in book["患者"].iter_rows(values_only=True)] == ["姓名", "欧阳*试"]


async def test_everything_is_asked_for_on_a_page_and_agreed_to_on_another_desk(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYIN_EXPORT_FOLDER", str(tmp_path))
    settings.cache_clear()
    admin = await desk.enter("admin")
    faulty = await admin.post("/operate/everything/new", {"reason": "短"}, part=True)
    assert faulty.status == 422
    await admin.post("/operate/everything/new", {"reason": "更换系统的数据迁移"})
    row = await db.fetchrow("select id, state, opened from everything_export")
    assert row is not None
    assert tuple(row)[1:] == ("waiting", False)
    path = f"/operate/everything/{row['id']}/decide"
    assert (await admin.post(path, {"agreed": "true"})).status == 403
    chief = await desk.enter("chief")
    assert "更换系统的数据迁移" in (await chief.get("/operate/everything")).text
    await chief.post(path, {"agreed": "true"})
    assert await db.fetchval("select state from everything_export") == "running"

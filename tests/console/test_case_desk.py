"""Registering by hand, the patient's file, linking visits and the Word templates, through their pages."""

import io
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import docx
import orjson
import pytest
import pytest_asyncio
from aiohttp import FormData

from core import crypto, db
from core.settings import settings
from tests.console.browser import Browser, Page
from tests.console.desk import Desk, open_desk, settle
from tickets.models import Case
from tickets.word.preview import to_text

PHONE = "13800000001"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


def form(page: Page, **typed: object) -> FormData:
    """The page's form as the browser sends it, with what was typed."""
    data = FormData(quote_fields=False)
    for hidden in page.tree.xpath("//form[contains(@class, 'register')]//input[@type='hidden']"):
        data.add_field(hidden.get("name"), hidden.get("value"))
    for name, value in typed.items():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, tuple):
                data.add_field(name, io.BytesIO(entry[1]), filename=entry[0])
            else:
                data.add_field(name, str(entry))
    return data


def faults(page: Page) -> dict[str, str]:
    """Label → what is said beside the field."""
    return {
        " ".join(field.xpath(".//*[contains(@class, 'form-label')]")[0].text_content().split()).rstrip(
            "*"
        ): " ".join(field.xpath(".//*[@class='fault']")[0].text_content().split())
        for field in page.tree.xpath("//*[contains(@class, 'field-bad')]")
    }


async def admit(phone: str = PHONE) -> tuple[int, int]:
    """A patient and a visit in cardiology yesterday."""
    ring = crypto.key_ring()
    patient = await db.fetchval(
        "insert into patient (number, name, phone, phone_hash) values ('P-1', '测试甲', $1, $2) returning id",
        ring.encrypt(phone, "patient.phone"),
        crypto.search_hash(phone),
    )
    visit = await db.fetchval(
        "insert into visit (patient_id, kind, number, unit_id, start_on, end_on)"
        " values ($1, 'outpatient', 'MZ1', 4, $2, $2) returning id",
        patient,
        date(2026, 3, 1),
    )
    return patient, visit


async def enter_order(browser: Browser, **typed: object) -> Page:
    return await browser.post("/cases/new", form(await browser.get("/cases/new"), **typed))


async def test_an_order_written_down_by_hand_is_a_case_like_any_other(desk: Desk) -> None:
    browser = await desk.enter("centre")
    done = await enter_order(
        browser,
        order_no="GZ-9",
        content="候诊时间过长，要求说明原因",
        appeal_type="投诉",
        departments=["东院区心血管内科"],
        campus="东院区",
        caller_phone=PHONE,
        occurred_at="2026-03-01T08:30",
        reply_required="false",
        files=("来信.txt", "来信".encode()),
    )
    case = await Case.get(external_no="GZ-9")
    assert (done.status, done.headers["Location"]) == (303, f"/cases/{case.id}")
    assert (case.registered_by, case.title, case.reply_required, case.caller_phone, case.campus_id) == (
        "测试客服甲",
        "候诊时间过长，要求说明原因",
        False,
        PHONE,
        2,
    )
    assert case.occurred_at is not None
    assert case.occurred_at.isoformat() == "2026-03-01T00:30:00+00:00"  # typed on the hospital's clock
    tickets = await db.fetch("select unit_id from ticket where case_id = $1", case.id)
    assert [row["unit_id"] for row in tickets] == [4]
    kept = await db.fetch("select kind, name from attachment where case_id = $1", case.id)
    assert [tuple(row) for row in kept] == [("original", "来信.txt")]


async def test_what_is_faulty_is_told_beside_its_field_and_files_need_not_be_given_again(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await enter_order(
        browser,
        order_no="有 空格",
        caller_phone="电话",
        caller_name="测试乙",
        files=("来信.txt", "来信".encode()),
    )
    assert page.status == 422
    assert faults(page) == {
        "工单编号": "只能由汉字、字母、数字、“-”和“_”组成，不能有空格",
        "诉求内容": "没有填写",
        "来电号码": "不是电话号码，应为手机号或带区号的固定电话",
    }
    assert page.tree.xpath("//input[@name='caller_name']/@value") == ["测试乙"]
    assert await Case.all().count() == 0
    again = await browser.post("/cases/new", form(page, order_no="GZ-9", content="候诊时间过长"))
    assert again.status == 303
    assert [row["name"] for row in await db.fetch("select name from attachment")] == ["来信.txt"]


async def test_a_bad_file_is_told_and_nothing_is_registered(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await enter_order(browser, content="候诊时间过长", files=("假.png", b"not a picture"))
    assert (page.status, "“假.png”" in page.one("//*[@id='order-files-fault']")) == (422, True)
    assert await Case.all().count() == 0


async def test_a_form_without_a_number_sent_twice_is_one_case(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await browser.get("/cases/new")
    first, second = [
        await browser.post("/cases/new", form(page, content="电话投诉，没有工单编号")) for _ in range(2)
    ]
    assert first.headers["Location"] == second.headers["Location"]
    assert (await Case.all().count(), (await Case.get()).external_no or "")[0] == 1
    told = await browser.get(second.headers["Location"])
    assert "没有重复登记" in told.one("//*[@id='notices']//*[@class='notice-words']")


async def test_a_number_that_is_known_is_told_with_a_link_and_may_be_sent_as_an_update(desk: Desk) -> None:
    case, _ = await desk.receive()
    browser = await desk.enter("centre")
    page = await enter_order(browser, order_no="GZ-1", content="内容不同的同号工单")
    assert page.status == 409
    assert page.tree.xpath("//*[@class='known']/a/@href") == [f"/cases/{case.id}"]
    assert case.number in page.one("//*[@class='faults']")
    update = form(page, order_no="GZ-1", content="内容不同的同号工单", update="true")
    assert (await browser.post("/cases/new", update)).status == 303
    assert (await Case.get(id=case.id)).content == "内容不同的同号工单"


async def test_a_file_that_somebody_else_brought_cannot_be_attached_by_its_id(desk: Desk) -> None:
    other = await desk.enter("second")
    faulty = await enter_order(other, files=("来信.txt", "来信".encode()))
    stolen = faulty.tree.xpath("//input[@name='kept']/@value")[0]
    browser = await desk.enter("centre")
    await enter_order(browser, content="候诊时间过长", kept=[stolen, "not-an-id"])
    assert await db.fetchval("select count(*) from attachment") == 0


async def test_registering_is_for_the_centre(desk: Desk) -> None:
    browser = await desk.enter("liaison")
    assert [(await browser.get("/cases/new")).status, (await browser.post("/cases/new")).status] == [403, 403]


async def test_a_proposed_visit_is_confirmed_on_the_page_and_stands_in_the_patients_file(desk: Desk) -> None:
    patient, visit = await admit()
    case, _ = await desk.receive()
    browser = await desk.enter("centre")
    page = await browser.get(f"/cases/{case.id}")
    assert "来电号码与患者手机一致" in page.words("//*[@id='part-visits']//ul[@class='reasons']/li")
    empty = await browser.get(f"/patients/{patient}")
    assert (await browser.post(f"/cases/{case.id}/visits/{visit}/confirm", part=True)).status == 200
    filed = await browser.get(f"/patients/{patient}")
    numbers = [
        entry.words("//a[starts-with(@href, '/cases/') and contains(@class, 'row-title')]")
        for entry in (empty, filed)
    ]
    assert numbers == [[], [case.number]]
    liaison = await desk.enter("liaison")
    assert (await liaison.post(f"/cases/{case.id}/visits/{visit}/reject", part=True)).status == 403


async def test_another_visit_is_found_and_linked_by_hand(desk: Desk) -> None:
    _, visit = await admit("19900000009")
    case, _ = await desk.receive(caller_name="", patient_name="", caller_phone="")
    browser = await desk.enter("centre")
    found = await browser.get(f"/cases/{case.id}/visits?q=19900000009", part=True)
    path = found.tree.xpath("//button/@hx-post")
    assert path == [f"/cases/{case.id}/visits/{visit}/link"]
    await browser.post(path[0], part=True)
    linked = await db.fetchrow("select state, reasons from visit_link where case_id = $1", case.id)
    assert tuple(linked or ()) == ("confirmed", ["人工关联"])


async def test_a_patient_is_found_masked_and_shown_for_a_reason(desk: Desk) -> None:
    patient, _ = await admit()
    browser = await desk.enter("liaison")
    pages = [await browser.get(f"/patients?q={PHONE}"), await browser.get(f"/patients/{patient}")]
    assert ["138****0001" in page.one("//main") for page in pages] == [True, True]
    assert PHONE not in pages[1].text
    shown = await browser.post(f"/patients/{patient}/reveal", {"reason": "电话核实诉求"}, part=True)
    assert shown.words("//dd") == ["测试甲", PHONE, "—", "—"]
    bones = await desk.enter("bones")  # never seen there
    nobody = await bones.get(f"/patients?q={PHONE}")
    assert (len(nobody.tree.xpath("//article")), (await bones.get(f"/patients/{patient}")).status) == (0, 404)


def word(*lines: str) -> bytes:
    document, target = docx.Document(), io.BytesIO()
    for line in lines:
        document.add_paragraph(line)
    document.save(target)
    return target.getvalue()


async def upload(browser: Browser, data: bytes, name: str = "") -> Page:
    sent = FormData(quote_fields=False)
    sent.add_field("name", name)
    sent.add_field("file", io.BytesIO(data), filename="办理单.docx")
    return await browser.post("/settings/word/handling_form/upload", sent, part=True)


async def test_a_template_is_checked_before_it_is_taken_and_its_document_follows_it(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    browser = await desk.enter("chief")
    bad = await upload(browser, word("{{ case.nummer }}"))
    assert (bad.status, bad.words("//*[@class='faults']//h3")) == (422, ["未知变量（1）", "缺少变量（3）"])
    good = word("本院办理单 {{ case.number }}", "{{ case.content }}{{ case.hospital_deadline }}")
    taken = await upload(browser, good, "本院抬头")
    assert taken.headers["HX-Redirect"] == "/settings/word"
    page = await browser.get("/settings/word")
    assert "本院抬头" in page.one("//section[3]")
    sent = {"kind": "handling_form", "tickets": str(ticket.id)}
    await browser.post(f"/cases/{case.id}/report", sent, part=True)
    row = await db.fetchrow("select id, context from case_report")
    assert row is not None
    async with browser.session.get(desk.server.make_url(f"/reports/{row['id']}/file")) as answer:
        assert to_text(await answer.read()).startswith(f"本院办理单 {case.number}")
    assert orjson.loads(row["context"])["case"]["number"] == case.number


async def test_versions_are_tried_downloaded_and_put_back_into_use(desk: Desk) -> None:
    browser = await desk.enter("admin")
    await browser.get("/settings/word")
    first = await db.fetchval("select id from word_template where kind = 'handling_form'")
    await upload(browser, word("{{ case.number }}{{ case.content }}{{ case.hospital_deadline }}"))
    tried = await browser.get(f"/settings/word/{first}/try")
    assert "退费三天未到账" in tried.one("//main")
    done = await browser.post(f"/settings/word/{first}/activate", part=True)
    assert done.headers["HX-Redirect"] == "/settings/word"
    rows = await db.fetch(
        "select version, active from word_template where kind = 'handling_form' order by version"
    )
    assert [tuple(row) for row in rows] == [(1, True), (2, False)]
    variables = await browser.get("/settings/word/handling_form/variables", part=True)
    assert "{{ case.hospital_deadline }}" in variables.words("//code")
    assert "{{ event.facts }}" not in variables.words("//code")  # it goes out before anything is known


async def test_templates_are_for_those_who_keep_them(desk: Desk) -> None:
    await settle()
    for name, status in (("chief", 200), ("admin", 200), ("centre", 403), ("liaison", 403)):
        assert (await (await desk.enter(name)).get("/settings/word")).status == status
    chief = await desk.enter("chief")
    for path in ("/settings/word/no_such/variables", "/settings/word/999/try", "/settings/word/999/file"):
        assert (await chief.get(path)).status == 404

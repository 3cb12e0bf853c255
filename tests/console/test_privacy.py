"""Personal data behind real pages: sheets in full need two people, an auditor sees what left, requests are handled."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from docx import Document
from openpyxl import load_workbook

from core import clock, crypto, db, storage
from core.outbox import OUTBOX
from core.pump import drain
from core.settings import settings
from patients import consent
from patients.consent import Channel, Purpose
from tests.console.browser import Page
from tests.console.desk import Desk
from tests.console.privacy_cast import (
    ID,
    PHONE,
    agreed_to,
    asked_for,
    audited_desk,
    bytes_of,
    jobs,
    patient,
    stored,
    unlocked,
)
from tickets import exporting
from tickets.privacy import packing


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The hospital with an auditor beside the cast of the case tests."""
    assert database_url, redis_url
    async with audited_desk() as opened:
        yield opened


def book(data: bytes) -> tuple[list[tuple[object, ...]], str]:
    """The rows of the first sheet and the words of the sheet that says where it comes from."""
    opened = load_workbook(io.BytesIO(data))
    told = "".join(str(row[0]) for row in opened["导出说明"].iter_rows(values_only=True))
    return [tuple(row) for row in opened.worksheets[0].iter_rows(values_only=True)], told


async def test_a_sheet_in_full_is_written_only_after_another_person_agreed_and_says_so(desk: Desk) -> None:
    await desk.receive(caller_name="测试甲", caller_phone=PHONE)
    await desk.receive(order_no="GZ-2", caller_name="测试乙", caller_phone="19900000002", anonymous=True)
    centre, chief, liaison, auditor = [
        await desk.enter(name) for name in ("centre", "chief", "liaison", "auditor")
    ]
    drawer = await centre.get("/cases/exports/whole?type=投诉", part=True)
    assert drawer.words("//dl//dd") == ["诉求类型：投诉"]
    bad = await centre.post("/cases/exports/whole?type=投诉", {"recipient": "医", "purpose": ""}, part=True)
    assert (bad.status, len(bad.words("//*[@class='fault']"))) == (422, 2)
    given = {"recipient": "医务科 测试丙", "purpose": "逐一回访投诉人"}
    path = (await centre.post("/cases/exports/whole?type=投诉", given)).headers["Location"]
    assert "等待审批" in (await centre.get(path)).text
    assert await db.fetchval("select count(*) from job where kind = $1", exporting.KIND) == 0
    assert (await bytes_of(centre, f"{path}/file"))[0] == 404
    # neither who asked nor who has no such right may agree
    assert (await centre.post(f"{path}/decide", {"agreed": "true"})).status == 403
    assert (await liaison.post(f"{path}/decide", {"agreed": "true"})).status == 403
    seen = await chief.get("/cases/exports/waiting")
    assert seen.words("//dl[@class='facts']/dd") == ["诉求类型：投诉", *given.values()]
    assert (await chief.post(f"{path}/decide", {"agreed": "true"})).status == 303
    assert (await chief.post(f"{path}/decide", {"agreed": "true"})).status == 404  # once
    await jobs(exporting.KIND)
    assert (await bytes_of(chief, f"{path}/file"))[0] == 404  # fetched by who asked alone
    status, data = await bytes_of(centre, f"{path}/file")
    rows, told = book(data)
    assert (status, [row[11:13] for row in rows[1:]]) == (200, [("测试乙", "19900000002"), ("测试甲", PHONE)])
    stamps = {str(row[-1]) for row in rows[1:]}  # in every row, and below every printed page
    assert len(stamps) == 1
    (stamp,) = stamps
    assert stamp.startswith("测试客服甲 导出，供 医务科 测试丙 使用，编号 ")
    footer = load_workbook(io.BytesIO(data)).worksheets[0].oddFooter
    assert footer is not None
    assert footer.left.text == stamp
    for word in ("测试客服甲 于", "接收方：医务科 测试丙", "用途：逐一回访投诉人", "审批：测试中心主任"):
        assert word in told
    with clock.frozen(clock.now() + exporting.KEPT_WHOLE + timedelta(minutes=1)):
        assert not (await exporting.sheets.find(UUID(path.rsplit("/", 1)[1]), by=desk.centre)).here
    line = await db.fetchrow("select * from data_export where kind = 'case.sheet'")
    assert line is not None
    assert (line["who"], line["rows"], line["whole"], line["recipient"], line["purpose"], line["approved_by"]) == (
        "测试客服甲", 2, True, *given.values(), "测试中心主任",
    )  # fmt: skip
    assert stamp.rpartition(" ")[2] in line["title"]  # leads from a copied row to the log
    listed = await auditor.get("/exports?whole=1")
    assert [words.split(" ")[0] for words in listed.words("//tbody/tr/td[1]//b")] == [line["title"]]


async def test_who_lost_the_right_meanwhile_fetches_nothing_whole_and_nobody_has_two_at_once(
    desk: Desk,
) -> None:
    await desk.receive(caller_name="测试甲", caller_phone=PHONE)
    centre, chief = await desk.enter("centre"), await desk.enter("chief")
    given = {"recipient": "医务科 测试丙", "purpose": "逐一回访投诉人"}
    path = (await centre.post("/cases/exports/whole", given)).headers["Location"]
    assert (await centre.post("/cases/exports/whole", given)).status == 409
    await chief.post(f"{path}/decide", {"agreed": "true"})
    assert (await centre.post("/cases/exports/whole", given)).status == 409  # it is being written
    await jobs(exporting.KIND)
    await db.execute("update post set role = 'supervisor' where staff_id = $1", desk.centre.id)
    again = await desk.enter("centre")
    assert (await bytes_of(again, f"{path}/file"))[0] == 403
    assert await db.fetchval("select count(*) from data_export") == 0


async def test_what_is_refused_is_not_written_and_its_reason_is_told(desk: Desk) -> None:
    await desk.receive()
    centre, chief = await desk.enter("centre"), await desk.enter("chief")
    given = {"recipient": "外单位", "purpose": "对方希望联系"}
    path = (await centre.post("/cases/exports/whole", given)).headers["Location"]
    assert (await chief.post(f"{path}/decide", {"agreed": "false"})).status == 409  # without a reason
    await chief.post(f"{path}/decide", {"agreed": "false", "note": "不属于本院工作"})
    assert "测试中心主任 没有同意：不属于本院工作" in (await centre.get(path)).text
    # who holds both rights still needs somebody else
    own = (await chief.post("/cases/exports/whole", given)).headers["Location"]
    assert (await chief.post(f"{own}/decide", {"agreed": "true"})).status == 403


async def test_who_may_agree_is_told_that_a_sheet_waits_and_who_asked_what_became_of_it(desk: Desk) -> None:
    await desk.receive()
    centre, chief = await desk.enter("centre"), await desk.enter("chief")
    path = (
        await centre.post("/cases/exports/whole", {"recipient": "医务科", "purpose": "逐一回访投诉人"})
    ).headers["Location"]
    await drain(OUTBOX)
    await chief.post(f"{path}/decide", {"agreed": "false", "note": "不属于本院工作"})
    await drain(OUTBOX)
    told = await db.fetch(
        "select receiver_id, split_part(text, e'\n', 1) as line from message where purpose = 'export.whole' order by id"
    )
    assert [tuple(row) for row in told] == [
        (desk.people["chief"].id, "测试客服甲 申请导出未脱敏的诉求清单，等您审批。"),
        (desk.people["centre"].id, "您申请的未脱敏导出没有通过：测试中心主任 没有同意：不属于本院工作。"),
    ]


async def test_who_may_agree_for_one_campus_agrees_to_nothing_wider(desk: Desk) -> None:
    await desk.receive()
    centre, vice = await desk.enter("centre"), await desk.enter("vice")
    path = (
        await centre.post("/cases/exports/whole", {"recipient": "医务科", "purpose": "逐一回访投诉人"})
    ).headers["Location"]
    assert "没有等待审批的导出" in (await vice.get("/cases/exports/waiting")).text
    assert (await vice.post(f"{path}/decide", {"agreed": "true"})).status == 403


async def test_a_masked_sheet_and_a_document_are_marked_and_logged_and_the_log_is_the_auditors(
    desk: Desk,
) -> None:
    case, _ = await desk.receive()
    centre, auditor = await desk.enter("centre"), await desk.enter("auditor")
    path = (await centre.post("/cases/exports", {"query": "q=13800000001"})).headers["Location"]
    await jobs(exporting.KIND)
    rows, told = book((await bytes_of(centre, f"{path}/file"))[1])
    assert ([row[11:13] for row in rows[1:]], "姓名和电话已脱敏" in told) == (
        [("测*甲", "138****0001")],
        True,
    )
    made = await centre.post(f"/cases/{case.id}/report", {"kind": "handling_form", "tickets": "1"}, part=True)
    assert made.status == 200
    report = await db.fetchval("select id from case_report")
    _, data = await bytes_of(centre, f"/reports/{report}/file")
    footers = [p.text for section in Document(io.BytesIO(data)).sections for p in section.footer.paragraphs]
    assert "测试客服甲 于" in "".join(footers)
    assert (await centre.get("/exports")).status == 403
    page = await auditor.get("/exports")
    assert [words.split(" ")[0] for words in page.words("//tbody/tr/td[1]//small")] == [
        "诉求文书",
        "诉求清单",
    ]
    assert "搜索：138****0001" in page.text  # nor does the log tell the number that was searched
    assert (await auditor.get("/exports?from=昨天")).status == 422
    status, sheet = await bytes_of(auditor, "/exports/sheet?kind=case.sheet")
    lines = list(load_workbook(io.BytesIO(sheet)).worksheets[0].iter_rows(values_only=True))
    assert (status, [line[3] for line in lines]) == (200, ["类别", "诉求清单"])
    assert await db.fetchval("select title from data_export order by id desc limit 1") == "导出记录"


async def test_a_person_is_asked_for_consent_at_the_desk_and_every_purpose_tells_how_it_stands(
    desk: Desk,
) -> None:
    one = await patient()
    liaison, bones = await desk.enter("liaison"), await desk.enter("bones")
    part = await liaison.get(f"/patients/{one}/consent", part=True)
    assert part.words("//tbody/tr[4]/td") == ["健康宣教", *["不联系 尚未取得本人同意"] * 3]
    path = f"/patients/{one}/consent/new"
    given = {"given": "given", "purposes": ["education"], "channels": ["sms", "wechat"], "way": "书面签字"}
    missing = await liaison.post(path, given, part=True)
    assert (missing.status, missing.words("//*[@class='fault']")) == (
        422,
        ["同意须留凭证：文件编号、录音编号或上传扫描件"],
    )
    noted = await liaison.post(path, {**given, "proof": "同意书 12 号"}, part=True)
    assert noted.headers["HX-Redirect"] == f"/patients/{one}"
    part = await liaison.get(f"/patients/{one}/consent", part=True)
    assert part.words("//tbody/tr[4]/td") == ["健康宣教", "可以联系", "可以联系", "不联系 尚未取得本人同意"]
    for there in (f"/patients/{one}/consent", path):
        assert (await bones.get(there, part=True)).status in (200, 404)
    assert (await bones.get(f"/patients/{one}/consent", part=True)).status == 404
    assert (await bones.post(path, {**given, "proof": "x1"}, part=True)).status == 404


async def test_a_request_is_a_case_of_its_own_kind_with_fifteen_working_days_and_no_department(
    desk: Desk,
) -> None:
    await patient()
    case, centre = await asked_for(desk, "read")
    row = await db.fetchrow(
        "select c.appeal_type, c.state, k.rule from cases c join clock k on k.case_id = c.id where c.id = $1",
        case,
    )
    assert row is not None
    rule = orjson.loads(row["rule"])
    assert (row["appeal_type"], row["state"], rule["amount"], rule["unit"]) == (
        "个人信息", "received", 15, "working_days",
    )  # fmt: skip
    page = await centre.get(f"/cases/{case}")
    assert "查阅" in page.one("//section[contains(@class, 'privacy-card')]//dl/div[2]/dd")


async def test_nothing_is_done_before_the_asker_is_identified_nor_beyond_what_was_asked(desk: Desk) -> None:
    one = await patient()
    case, centre = await asked_for(desk, "read")
    assert (await centre.post(f"/cases/{case}/privacy/erase", {"confirmed": "yes"}, part=True)).status == 409
    form = {"field": "name", "value": "测试丁", "reason": "身份证原件"}
    assert (await centre.post(f"/cases/{case}/privacy/correct", form, part=True)).status == 409
    await db.execute("delete from privacy_request")
    assert (await centre.post(f"/cases/{case}/privacy/pack", part=True)).status == 409
    for name in ("liaison", "admin", "auditor"):
        other = await desk.enter(name)
        assert (await other.post(f"/cases/{case}/privacy/pack", part=True)).status in (403, 404)
    assert await db.fetchval("select name from patient where id = $1", one) == "测试甲"
    plain, _ = await desk.receive()
    check = {"patient_number": "P-1", "rights": ["read"], "note": "核对身份证原件"}
    assert (await centre.post(f"/cases/{plain.id}/privacy/check", check, part=True)).status == 409


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"patient_number": "P-9"}, "没有这个编号的患者"),
        ({"asker": "监护人"}, "代本人申请的须填写"),
        (
            {"asker": "近亲属（本人已故）", "asker_name": "测试乙"},
            "患者未登记为已故；近亲属只能就死者的个人信息提出（第四十九条）",
        ),
        ({"note": "是"}, "不能少于 4 个字"),
        ({"asker": "监护人", "asker_name": "测试乙"}, "代本人申请的须写明证明名称和编号"),
        (
            {"asker": "受托人", "asker_name": "测试乙", "proof": "授权委托书原件"},
            "受托人申请的须“核对委托书和双方证件”",
        ),
    ],
    ids=["nobody", "unnamed", "living", "short", "unproven", "other way"],
)
async def test_a_faulty_identity_check_is_told_beside_its_field(
    desk: Desk, more: dict[str, str], fault: str
) -> None:
    await patient()
    case, centre = await asked_for(desk, "read")
    check = {"patient_number": "P-1", "rights": ["read"], "note": "核对身份证原件", **more}
    page = await centre.post(f"/cases/{case}/privacy/check", check, part=True)
    assert (page.status, page.words("//*[@class='fault']")) == (422, [fault])


async def test_the_package_holds_all_of_one_person_and_nothing_of_another_and_expires(desk: Desk) -> None:
    await patient()
    await patient("P-2", "13800000009")
    await desk.receive(order_no="GZ-1", title="门诊排队过久", caller_phone=PHONE)
    await desk.receive(order_no="GZ-2", title="他人的诉求", caller_phone="13800000009")
    case, centre = await asked_for(desk, "copy")
    await agreed_to(desk, case, "pack", centre)
    assert (await centre.post(f"/cases/{case}/privacy/pack", part=True)).status == 409  # one at a time
    await jobs(packing.KIND)
    page = await centre.get(f"/cases/{case}")
    (path,) = page.tree.xpath("//a[contains(@href, '/privacy/packages/')]/@href")
    status, data = await bytes_of(centre, path)
    assert status == 200
    with pytest.raises(RuntimeError, match="password"):
        zipfile.ZipFile(io.BytesIO(data)).read("data.json")
    archive = await unlocked(case, data)
    whole = orjson.loads(archive.read("data.json"))
    parts = {name: part["records"] for name, part in whole["parts"].items()}
    assert (parts["person"][0]["phone"], parts["person"][0]["id_number"]) == (PHONE, ID)
    assert [one["number"] for one in parts["visits"]] == ["MZ-P-1"]
    assert parts["cases"][0]["title"] == "门诊排队过久"
    assert "他人的诉求" not in archive.read("data.json").decode()
    assert "13800000009" not in archive.read("data.json").decode()
    words = [p.text for p in Document(io.BytesIO(archive.read("个人信息副本.docx"))).paragraphs]
    assert words[0] == "个人信息副本"
    line = await db.fetchrow("select kind, whole, recipient, case_id from data_export")
    assert line is not None
    assert tuple(line) == ("person.package", True, "本人", case)
    assert (await bytes_of(await desk.enter("liaison"), path))[0] in (403, 404)
    with clock.frozen(clock.now() + timedelta(days=7, minutes=1)):
        (package,) = await packing.of(case)
        assert not package.here
        kept = await stored()
        assert await packing.forget_expired() == 1
        await jobs(storage.REMOVE)
    assert (await bytes_of(centre, path))[0] == 404
    assert len(kept - await stored()) == 1  # the bytes are gone with it, and nothing else is


async def test_a_secret_case_of_the_person_is_in_no_package(desk: Desk) -> None:
    await patient()
    secret, _ = await desk.receive(order_no="GZ-7", title="举报收受酬金", caller_phone=PHONE)
    await db.execute("update cases set secret = true where id = $1", secret.id)
    case, centre = await asked_for(desk, "copy")
    await agreed_to(desk, case, "pack", centre)
    await jobs(packing.KIND)
    page = await centre.get(f"/cases/{case}")
    (path,) = page.tree.xpath("//a[contains(@href, '/privacy/packages/')]/@href")
    archive = await unlocked(case, (await bytes_of(centre, path))[1])
    whole = archive.read("data.json").decode()
    assert ("酬金" in whole, "个人信息" in whole) == (False, True)


async def test_a_correction_keeps_what_stood_there_sealed_and_shows_both_masked(desk: Desk) -> None:
    one = await patient()
    case, centre = await asked_for(desk, "correct")
    path = f"/cases/{case}/privacy/correct"
    bad = await centre.post(path, {"field": "phone", "value": "电话", "reason": "本人说的"}, part=True)
    assert (bad.status, "不是电话号码" in bad.text) == (422, True)
    good = {"field": "phone", "value": "199 0000 0005", "reason": "身份证和手机实名"}
    assert (await centre.post(path, good, part=True)).status == 200
    row = await db.fetchrow("select phone, phone_hash from patient where id = $1", one)
    assert row is not None
    assert crypto.key_ring().decrypt(row["phone"], "patient.phone") == "19900000005"
    assert row["phone_hash"] == crypto.search_hash("19900000005")
    kept = await db.fetchrow("select before, after from privacy_correction")
    assert kept is not None
    assert [
        crypto.key_ring().decrypt(kept[side], f"privacy_correction.{side}") for side in ("before", "after")
    ] == [PHONE, "19900000005"]
    page = await centre.get(f"/cases/{case}")
    assert "电话：138****0001 → 199****0005" in page.text
    assert "19900000005" not in page.text


async def test_deletion_erases_what_may_go_and_blocks_what_the_law_keeps_with_its_ground(desk: Desk) -> None:
    one = await patient()
    case, centre = await asked_for(desk, "erase")
    drawer: Page = await centre.get(f"/cases/{case}/privacy/erase", part=True)
    assert "不少于 15 年" in drawer.text
    await agreed_to(desk, case, "erase", centre)
    assert await db.fetchval("select wechat_openid from patient where id = $1", one) is None
    rows = await db.fetch(
        "select what, outcome, amount, ground <> '' as told from privacy_erasure order by id"
    )
    found = {row["what"]: (row["outcome"], row["amount"], row["told"]) for row in rows}
    assert found["wechat"] == ("erased", 1, False)
    assert found["records"] == ("blocked", 1, True)
    assert {outcome for outcome, _, told in found.values() if told} == {"blocked", "kept"}
    assert (await consent.may_reach(one, Purpose.SURVEY, Channel.SMS)).why == "已按本人要求停止处理个人信息"
    assert "已停止处理" in (await centre.get(f"/cases/{case}")).text

"""Feedback from the patients' side: it becomes a case once, its own visit goes with it, and the anonymous stay so."""

import io

from aiohttp import FormData

from core import db
from tests.portal.conftest import Side
from tests.portal.test_walk import BIND
from tests.portal.visitors import Visitor

WORDS = {"content": "候诊两个小时，没有人解释原因", "caller_phone": "13800000001", "caller_name": "张测试"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001"
    "f61738550000000049454e44ae426082"
)


async def bound(side: Side) -> Visitor:
    """The patient of the east, signed in by her phone and bound to herself."""
    alice = side.visitor()
    await alice.enter("13800000001")
    await alice.get("/p/people/add")
    answer = await alice.post("/p/people/add", {"name": "张测试", "id_number": "990000199001010025", **BIND})
    assert answer.status == 303
    return alice


def form(**texts: str) -> FormData:
    """A form with files."""
    data = FormData(quote_fields=False)
    for name, value in texts.items():
        data.add_field(name, value)
    return data


async def test_what_is_sent_twice_is_one_case_with_its_visit_and_its_picture(side: Side) -> None:
    alice = await bound(side)
    visit = side.ward.visit["east_1"]
    page = await alice.get(f"/p/feedback/new/complaint?visit={visit}")
    assert page.tree.xpath("//select[@name='visit']/option[@selected]/@value") == [str(visit)]
    locations = []
    for _ in range(2):
        data = form(draft="b" * 32, visit=str(visit), **WORDS)
        data.add_field("files", io.BytesIO(PNG), filename="窗口.png", content_type="image/png")
        sent = await alice.post("/p/feedback/new/complaint", data)
        assert sent.status == 303, sent.one("//main")
        locations.append(sent.headers["Location"])

    row = await db.fetchrow("select * from cases")
    assert row is not None
    assert (row["appeal_type"], row["patient_name"], row["caller_name"]) == ("投诉", "张测试", "张测试")
    assert list(row["departments"]) == ["东院区心血管内科"]
    assert await db.fetchval("select array_agg(name) from attachment") == ["窗口.png"]
    assert await db.fetchval("select count(*) from cases") == 1
    linked = await db.fetchrow("select visit_id, state from visit_link where case_id = $1", row["id"])
    assert linked is not None
    assert tuple(linked) == (visit, "confirmed")

    receipt = await side.visitor().get(locations[0])
    code = await db.fetchval("select query_code from feedback")
    assert receipt.words("//dd[@class='number']")[1] == code
    found = await side.visitor().post("/p/feedback/find", {"code": code.lower(), "tail": "0001"})
    assert found.headers["Location"].startswith("/p/f/")
    assert "候诊两个小时" in (await alice.get("/p/feedback")).text


async def test_an_anonymous_report_leaves_nobody_behind(side: Side) -> None:
    alice = await bound(side)
    before = await db.fetchval("select coalesce(max(id), 0) from audit")
    given = {
        **WORDS,
        "draft": "c" * 32,
        "content": "有人索要红包，请核实",
        "anonymous": "true",
        "patient_name": "张测试",
        "visit": str(side.ward.visit["east_1"]),
    }
    sent = await alice.post("/p/feedback/new/report", given)
    assert sent.status == 303, sent.one("//main")

    row = await db.fetchrow(
        "select caller_name, caller_phone, patient_name, anonymous, departments from cases"
    )
    assert row is not None
    assert tuple(row) == ("", None, "", True, [])
    assert await db.fetchval("select count(*) from portal_feedback") == 0
    lines = await db.fetch(
        "select actor_id, actor_name, address, agent, session from audit where id > $1", before
    )
    assert len(lines) > 0
    assert {tuple(line) for line in lines} == {(None, "患者端 cccccccc", "", "", "")}
    history = await db.fetch("select distinct actor_name from history")
    assert [line["actor_name"] for line in history] == ["患者端 cccccccc"]
    assert "有人索要红包" not in (await alice.get("/p/feedback")).text
    assert "有人索要红包" in (await alice.get(sent.headers["Location"])).text


async def test_what_is_faulty_is_told_beside_its_field_and_nothing_typed_is_lost(side: Side) -> None:
    eve = side.visitor()
    page = await eve.get("/p/feedback/new/complaint")
    draft = page.tree.xpath("//input[@name='draft']/@value")[0]
    data = form(draft=draft, content="短", caller_phone="12345", caller_name="钱<b>")
    data.add_field("files", io.BytesIO(PNG), filename="窗口.png", content_type="image/png")
    answer = await eve.post("/p/feedback/new/complaint", data)
    assert answer.status == 422
    assert answer.words("//*[@id='e-content']") == ["请写明情况，至少 5 个字"]
    assert answer.words("//*[@id='e-caller_phone']") == ["电话号码有误，请核对"]
    assert answer.tree.xpath("//input[@name='caller_name']/@value") == ["钱<b>"]
    kept = answer.tree.xpath("//input[@name='kept']/@value")
    assert (len(kept), answer.words("//ul[@class='kept']/li")) == (1, ["窗口.png"])

    stolen = await side.visitor().post(
        "/p/feedback/new/complaint", {**WORDS, "draft": "d" * 32, "kept": kept[0]}
    )
    assert stolen.status == 422  # a browser without a name brings a captcha first
    liar = form(draft=draft, **WORDS)
    liar.add_field(
        "files", io.BytesIO(b"MZ\x90\x00 no picture"), filename="照片.png", content_type="image/png"
    )
    refused = await eve.post("/p/feedback/new/complaint", liar)
    assert (refused.status, len(refused.words("//*[@id='e-files']"))) == (422, 1)
    assert await db.fetchval("select count(*) from cases") == 0

    sent = await eve.post("/p/feedback/new/complaint", {**WORDS, "draft": draft, "kept": kept[0]})
    assert sent.status == 303
    assert await db.fetchval("select array_agg(name) from attachment") == ["窗口.png"]


async def test_what_is_too_long_is_told_and_never_cut(side: Side) -> None:
    eve = side.visitor()
    await eve.get("/p/feedback/new/complaint")
    given = {**WORDS, "draft": "a" * 32, "content": "长" * 20_001, "occurred_on": "2026-13-45"}
    answer = await eve.post("/p/feedback/new/complaint", given)
    assert answer.status == 422
    assert len(answer.words("//*[@id='e-content']")) == 1
    assert len(answer.words("//*[@id='e-occurred_on']")) == 1
    assert len(answer.tree.xpath("//textarea[@name='content']")[0].text) == 20_001


async def test_the_result_is_rated_once_and_what_is_open_may_be_added_to(side: Side) -> None:
    alice = await bound(side)
    await alice.post("/p/feedback/new/complaint", {"draft": "e" * 32, **WORDS})
    case = await db.fetchval("select id from cases")
    base = f"/p/feedback/{case}"
    assert (await alice.post(f"{base}/more", {"text": "补充：是下午三点"})).status == 303
    assert (await alice.post(f"{base}/more", {"text": " "})).status == 422
    assert "补充：是下午三点" in (await alice.get(base)).text
    assert await db.fetchval("select text from history where verb = 'supplement'") == "补充：是下午三点"
    assert (await alice.post(f"{base}/rating", {"satisfied": "满意"})).status == 409

    await db.execute("update cases set state = 'called_back'")
    await db.execute("update case_round set reply = '已加开窗口', tell_by = 'sms'")
    shown = await alice.get(base)
    assert "已加开窗口" in shown.text
    assert shown.words("//ol[@class='steps']/li[@aria-current]") != []
    assert (await alice.post(f"{base}/rating", {"satisfied": "好极了"})).status == 422
    assert (await alice.post(f"{base}/rating", {"satisfied": "满意", "remark": "好" * 1001})).status == 422
    assert (await alice.post(f"{base}/rating", {"satisfied": "满意", "solved": "已解决"})).status == 303
    assert (await alice.post(f"{base}/rating", {"satisfied": "不满意"})).status == 409
    assert await db.fetchval("select array_agg(satisfied) from feedback_rating") == ["满意"]


async def test_a_request_about_ones_data_becomes_a_case_of_the_centre(side: Side) -> None:
    alice = await bound(side)
    await alice.get("/p/rights")
    sent = await alice.post("/p/rights", {"draft": "f" * 32, "rights": "copy", "content": "请给我一份副本"})
    assert sent.status == 303
    row = await db.fetchrow("select appeal_type, patient_number, content from cases")
    assert row is not None
    assert tuple(row) == ("个人信息", "P-east", "申请事项：复制。\n请给我一份副本")

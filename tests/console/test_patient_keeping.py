"""A patient's file: a phone that staff corrected is not undone by the feed; contacts, marks, merges and pairs."""

from collections.abc import AsyncIterator

import pytest_asyncio

from channels import actions
from channels.drafts import Receiver, ReceiverKind
from core import crypto, db
from core.outbox import OUTBOX
from core.pump import drain
from patients.feeds.links import Link
from patients.feeds.processing import FEED
from tests.channels.help import draft
from tests.console.desk import Desk, open_desk
from tests.patients.feed import open_link, put
from tests.patients.history import Sender, person, potassium, stay


def seen(number: str, **more: str) -> str:
    """An out-patient visit in the eastern cardiology."""
    return stay(number, ward="心血管内科", campus="东院区", kind="O", **more)


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The running application and its people."""
    async with open_desk() as opened:
        yield opened


async def arrive(link: Link, *messages: str) -> None:
    """Keep the messages and work on them."""
    for text in messages:
        await put(link, text)
    while await drain(FEED):
        pass
    assert await db.fetchval("select count(*) from feed_message where state <> 'done'") == 0


async def patient(number: str = "P000123") -> int:
    """The id of a record."""
    found: int = await db.fetchval("select id from patient where number = $1", number)
    return found


async def phone() -> str:
    """The phone in the row."""
    return crypto.key_ring().decrypt(
        await db.fetchval("select phone from patient where number = 'P000123'"), "patient.phone"
    )


async def test_a_corrected_phone_is_not_undone_by_the_feed_until_the_correction_is_taken_back(
    desk: Desk,
) -> None:
    his, link = Sender(), await open_link()
    await arrive(link, his.send("ADT^A04", "0830", seen("MZ1")))
    nurse = await desk.enter("liaison")
    address = f"/patients/{await patient()}"
    why = {"reason": "患者本人来电更正"}
    bad = await nurse.post(f"{address}/correct", {"field": "phone", "value": "12", **why})
    assert (bad.status, "不是电话号码" in bad.text) == (422, True)
    bare = await nurse.post(
        f"{address}/correct", {"field": "phone", "value": "138 0000 0088", "reason": "改"}
    )
    assert bare.status == 422
    await nurse.post(f"{address}/correct", {"field": "phone", "value": "138 0000 0088", **why})
    assert await phone() == "13800000088"
    await arrive(link, his.send("ADT^A31", "0900", pid=person(phone="13800000055")))
    assert await phone() == "13800000088"
    page = await nurse.get(address)
    assert "人工更正" in page.text
    drawer = await nurse.get(f"{address}/correct")
    (line,) = [one for one in drawer.words("//tbody/tr") if one.startswith("电话")]
    assert line.startswith("电话 138****0088 人工更正 ")
    assert "：患者本人来电更正" in line
    assert "测试 HIS" in line
    assert "138****0055 与接口不同" in line
    (name,) = [one for one in drawer.words("//tbody/tr") if one.startswith("姓名")]
    assert name.startswith("姓名 测试甲 测试 HIS ")
    assert (await nurse.post(f"{address}/uncorrect/phone", {"reason": "撤"})).status == 422
    await nurse.post(f"{address}/uncorrect/phone", {"reason": "患者确认医院系统里的号码"})
    assert await phone() == "13800000055"
    bones = await desk.enter("bones")
    assert (
        await bones.post(f"{address}/correct", {"field": "phone", "value": "13800000088", **why})
    ).status == 404
    rows = await db.fetch(
        "select action, detail::text as detail from audit where action like 'patient.%correct' order by id"
    )
    assert [row["action"] for row in rows] == ["patient.correct", "patient.uncorrect"]
    assert all("138" not in row["detail"] for row in rows)


async def test_contacts_are_added_marked_wrong_and_made_the_first_to_call(desk: Desk) -> None:
    his, link = Sender(), await open_link()
    await arrive(link, his.send("ADT^A04", "0830", seen("MZ1"), "NK1|1|测试乙|SPO||13800000033"))
    nurse = await desk.enter("liaison")
    address = f"/patients/{await patient()}"
    await nurse.post(f"{address}/contact", {"relation": "女儿", "name": "测试丙", "phone": "13800000044"})
    rows = await db.fetch("select id, source, relation from patient_contact order by id")
    assert [(row["source"], row["relation"]) for row in rows] == [("feed", "配偶"), ("staff", "女儿")]
    spouse, daughter = (row["id"] for row in rows)
    await nurse.post(f"{address}/contacts/{daughter}/preferred", {})
    await nurse.post(f"{address}/contacts/{spouse}/wrong", {})
    refused = await nurse.post(f"{address}/contacts/{spouse}/preferred", {})
    assert refused.status == 409
    await arrive(link, his.send("ADT^A31", "0900", "NK1|1|测试丁|CHD||13800000066"))
    rows = await db.fetch(
        "select relation, preferred, wrong_at is not null as wrong from patient_contact order by id"
    )
    assert [tuple(row) for row in rows] == [
        ("配偶", False, True),
        ("女儿", True, False),
        ("子女", False, False),
    ]


async def test_a_mark_is_set_and_taken_back_with_a_reason(desk: Desk) -> None:
    his, link = Sender(), await open_link()
    await arrive(link, his.send("ADT^A04", "0830", seen("MZ1")))
    nurse = await desk.enter("liaison")
    address = f"/patients/{await patient()}"
    await nurse.post(f"{address}/flag", {"flag": "dispute", "note": "测试"})
    assert "医疗纠纷" in (await nurse.get(address)).text
    assert (await nurse.post(f"{address}/flag", {"flag": "dispute"})).status == 409
    assert (await nurse.post(f"{address}/unflag/dispute", {"reason": ""})).status == 422
    await nurse.post(f"{address}/unflag/dispute", {"reason": "已调解"})
    row = await db.fetchrow("select cleared_by, cleared_because from patient_flag")
    assert row is not None
    assert tuple(row) == ("测试联络人甲", "已调解")


async def test_a_likely_pair_is_decided_by_a_person_and_the_merge_can_be_undone(desk: Desk) -> None:
    his, link = Sender(), await open_link()
    await arrive(
        link,
        his.send("ADT^A04", "0830", seen("MZ1"), pid=person(id_number="")),
        his.send("ADT^A04", "0831", seen("MZ2"), pid=person("P2", id_number="")),
    )
    first, second = await patient(), await patient("P2")
    centre = await desk.enter("centre")
    page = await centre.get("/patients/pairs")
    assert page.words("//article//div[@class='pair-why']") == [
        "姓名和电话相同姓名、出生日期和性别相同吻合度 100"
    ]
    await centre.post(f"/patients/pairs/{first}/{second}/same", {})
    owners = await db.fetch("select distinct patient_id from visit")
    assert [row["patient_id"] for row in owners] == [first]
    led = await centre.get(f"/patients/{second}")
    assert led.status == 303
    merge = await db.fetchval("select id from patient_merge")
    assert (await centre.post(f"/patients/{first}/unmerge/{merge}", {"reason": ""})).status == 422
    await centre.post(f"/patients/{first}/unmerge/{merge}", {"reason": "不是同一人"})
    owners = await db.fetch("select patient_id from visit order by number")
    assert [row["patient_id"] for row in owners] == [first, second]
    assert (await centre.get("/patients/pairs")).words("//article") == []


async def test_a_guarded_file_is_opened_only_for_a_reason_and_security_is_told(desk: Desk) -> None:
    his, link = Sender(), await open_link()
    await arrive(link, his.send("ADT^A04", "0830", seen("MZ1")))
    number = await patient()
    address, visit = f"/patients/{number}", await db.fetchval("select id from visit")
    nurse = await desk.enter("liaison")
    await nurse.post(f"{address}/flag", {"flag": "guarded", "note": "本院职工"})
    shut = await nurse.get(address)
    assert ("受保护的档案" in shut.text, "测试甲" in shut.text) == (True, False)
    assert (await nurse.get(f"{address}/visits/{visit}")).status == 403
    assert (await nurse.get(f"{address}/correct")).status == 403
    contact = {"relation": "女儿", "name": "测试丙", "phone": "13800000044"}
    why = {"reason": "患者本人来电更正"}
    for path, given in {
        "correct": {"field": "name", "value": "测试乙", **why},
        "contact": contact,
        "flag": {"flag": "frequent"},
        "unflag/guarded": {"reason": "不再需要"},
        f"visits/{visit}/correct/doctor": {"value": "李试乙"},
    }.items():
        assert (await nurse.post(f"{address}/{path}", given)).status == 403, path
    assert await db.fetchval("select count(*) from patient_contact") == 0
    assert (await nurse.get(f"{address}/consent")).status == 403
    assert (await nurse.post(f"{address}/open", {"reason": "看看"})).status == 422
    await nurse.post(f"{address}/open", {"reason": "患者来电催办，核对就诊经过"})
    assert "测试甲" in (await nurse.get(address)).text
    assert (await nurse.get(f"{address}/visits/{visit}")).status == 200
    assert (await nurse.post(f"{address}/contact", contact)).status == 303
    head = await desk.enter("centre")
    assert "测试甲" not in (await head.get(address)).text  # open to whoever said why, and to nobody else
    line = await db.fetchrow("select detail::text as detail from audit where action = 'patient.open_guarded'")
    assert line is not None
    assert "核对就诊经过" in line["detail"]
    assert await db.fetchval("select count(*) from outbox where event = 'GuardedOpened'") == 1
    case_id = await db.fetchval(
        "insert into cases (source, state, title, content, received_at) values ('hotline', 'accepted', '测试', '测试',"
        " now()) returning id"
    )
    await db.execute(
        "insert into visit_link (case_id, visit_id, patient_id) select $1, id, patient_id from visit", case_id
    )
    for shown in (f"/cases/{case_id}", f"/cases/{case_id}/visits?q=MZ1"):
        answer = await head.get(shown)
        assert (answer.status, "受保护的档案" in answer.text, "测试甲" in answer.text) == (200, True, False)
    for how in ("confirm", "reject", "link"):
        assert (await head.post(f"/cases/{case_id}/visits/{visit}/{how}", {})).status == 403
    await head.post(f"{address}/open", {"reason": "核对投诉所涉的就诊经过"})
    assert "测试甲" in (await head.get(f"/cases/{case_id}/visits?q=MZ1")).text
    assert (await head.post(f"/cases/{case_id}/visits/{visit}/confirm", {})).status in (200, 204, 303)
    await db.execute("update patient_opening set until = at")
    assert "测试甲" not in (await nurse.get(address)).text  # its hours are over


async def test_the_file_of_somebody_dead_tells_what_their_death_stopped(desk: Desk) -> None:
    his, link = Sender(), await open_link()
    await arrive(link, his.send("ADT^A04", "0830", seen("MZ1")))
    number = await patient()
    await db.execute(
        "insert into questionnaire (kind, title, draft, changed_by, changed_at, created_at)"
        " values ('general', '门诊满意度', '{}', '测试', now(), now())"
    )
    await db.execute(
        "insert into survey_ask (questionnaire_id, patient_id, visit_id, open_until, created_at)"
        " select q.id, v.patient_id, v.id, '2099-01-01', now() from questionnaire q, visit v where q.title = '门诊满意度'"
    )
    message = await actions.send(
        draft(
            "late",
            subject="",
            receiver=Receiver(kind=ReceiverKind.PERSON, id=number, name="测试甲", phone="13800000011"),
        )
    )
    centre = await desk.enter("centre")
    assert "因患者已故停止" not in (await centre.get(f"/patients/{number}")).text
    await arrive(link, his.send("ADT^A31", "0900", pid=person(dead="Y")))
    while await drain(OUTBOX):
        pass
    await db.execute(
        "update message set state = 'failed', reason = '没有发送：患者已故' where id = $1", message
    )
    page = await centre.get(f"/patients/{number}")
    assert page.one("//div[contains(@class, 'file-dead')]//summary") == "因患者已故停止 2 项"
    told = " ".join(page.words("//div[contains(@class, 'file-dead')]//li"))
    assert ("门诊满意度 患者已故，已停止填写" in told, "没有发送：患者已故" in told) == (True, True)
    await arrive(link, his.send("ADT^A31", "0910", pid=person(dead="N")))
    while await drain(OUTBOX):
        pass
    page = await centre.get(f"/patients/{number}")
    assert "因患者已故停止" not in page.text
    assert "待填写" in page.text
    assert "没有发送：患者已故" in page.text  # nothing goes out by itself
    only = await centre.get(f"/patients/{number}?layer=survey")
    assert ("待填写" in only.text, "没有发送：患者已故" in only.text) == (True, False)


async def test_what_a_corrected_report_said_before_is_still_to_be_read(desk: Desk) -> None:
    his, link = Sender(), await open_link()
    await arrive(
        link,
        his.send("ADT^A04", "0830", seen("MZ1")),
        his.send("ORU^R01", "0930", seen("MZ1"), *potassium("6.9", "H")),
        his.send("ORU^R01", "0935", seen("MZ1"), *potassium("6.9", "H")),  # the same again is no version
        his.send("ORU^R01", "1000", seen("MZ1"), *potassium("4.1", "N", state="C")),
    )
    nurse = await desk.enter("liaison")
    report = await db.fetchval("select id from report")
    page = await nurse.get(f"/patients/{await patient()}/reports/{report}")
    assert "4.1" in page.words("//table[contains(@class, 'results')]")[0]
    before = page.one("//details[@class='told']")
    assert before.startswith("更正前的内容（1 个版本）")
    assert "血钾6.9mmol/L3.5-5.3" in before
    assert "4.1" not in before

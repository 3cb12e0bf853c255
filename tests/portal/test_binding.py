"""Whom an account may act for: proven by the registered phone, agreed to, a child by the guardian, ended at once."""

from datetime import date

from core import clock, crypto, db
from tests.portal.conftest import Side
from tests.portal.visitors import READ, Visitor, code_on

ADULT = {"name": "欧阳样甲", "id_number": "990000198511120107", "relation": "spouse", "agreed": "true"} | READ


async def alice_of(side: Side) -> Visitor:
    """Somebody with the phone of the patient of the east."""
    alice = side.visitor()
    await alice.enter("13800000001")
    await alice.get("/p/people/add")
    return alice


async def test_another_patient_is_bound_by_the_code_that_goes_to_their_registered_phone(side: Side) -> None:
    alice = await alice_of(side)
    asked = await alice.post("/p/people/add", ADULT)
    assert asked.headers["Location"] == "/p/people/prove"
    assert "13800000003" not in (await alice.get("/p/people/prove")).text
    assert (await alice.post("/p/people/prove", {"code": "12"})).status == 422
    bound = await alice.post("/p/people/prove", {"code": await code_on("13800000003")})
    assert bound.headers["Location"] == "/p/people"
    row = await db.fetchrow(
        "select patient_id, relation, proof, terms_version, guardian from patient_binding"
    )
    assert row is not None
    assert tuple(row) == (side.ward.patient["both"], "spouse", "phone_code", 2, False)
    assert "欧阳样甲" in (await alice.get("/p/")).text
    assert "急诊" in (await alice.get("/p/visits")).text

    await alice.get("/p/people")
    ended = await alice.post(f"/p/people/{side.ward.patient['both']}/unbind")
    assert ended.status == 303
    assert (await alice.get("/p/visits")).status == 404
    assert await db.fetchval("select ended_at is not null from patient_binding") is True


async def test_who_is_not_registered_is_asked_for_a_code_all_the_same(side: Side) -> None:
    alice = await alice_of(side)
    asked = await alice.post("/p/people/add", {**ADULT, "name": "没有此人"})
    assert (asked.status, asked.headers["Location"]) == (303, "/p/people/prove")
    assert await code_on("13800000003") == ""
    answer = await alice.post("/p/people/prove", {"code": "123456"})
    assert answer.words("//*[@id='e-code']") == ["验证码不正确或已过期"]
    assert await db.fetchval("select count(*) from patient_binding") == 0


async def test_nothing_is_bound_without_agreement_and_a_child_only_by_its_guardian(side: Side) -> None:
    alice = await alice_of(side)
    answer = await alice.post("/p/people/add", {**ADULT, "agreed": ""})
    assert answer.words("//*[@id='e-agreed']") == ["请阅读并勾选同意"]

    born = date(clock.today().year - 5, 6, 1)
    number = child_number(born)
    await db.execute(
        "insert into patient (number, name, gender, born_on, phone, phone_hash, id_number, id_hash)"
        " values ('P-child', '小测', '女', $1, $2, $3, $4, $5)",
        born,
        crypto.key_ring().encrypt("13800000001", "patient.phone"),
        crypto.search_hash("13800000001"),
        crypto.key_ring().encrypt(number, "patient.id_number"),
        crypto.search_hash(number),
    )
    child = {"name": "小测", "id_number": number, "agreed": "true"} | READ
    tried = [
        (await alice.post("/p/people/add", {**child, **more})).words("//*[starts-with(@id, 'e-')]")
        for more in ({"relation": "self"}, {"relation": "child"}, {"relation": "spouse", "guardian": "true"})
    ]
    assert tried == [
        ["不满 14 周岁，请由父母或其他监护人绑定"],
        ["就诊人不满 14 周岁，须由监护人勾选同意"],
        ["就诊人不满 14 周岁，请选择“子女”或“其他亲属或受托人”"],
    ]
    bound = await alice.post("/p/people/add", {**child, "relation": "child", "guardian": "true"})
    assert bound.status == 303, bound.one("//main")
    row = await db.fetchrow("select relation, proof, guardian from patient_binding")
    assert row is not None
    assert tuple(row) == ("child", "registered_phone", True)


def child_number(born: date) -> str:
    """A sample number of somebody born on that day."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    body = f"990000{born:%Y%m%d}002"
    total = sum(weight * int(sign) for weight, sign in zip(weights, body, strict=True))
    return body + "10X98765432"[total % 11]


async def test_one_says_for_what_and_how_one_may_be_reached(side: Side) -> None:
    alice = await alice_of(side)
    east = {"name": "张测试", "id_number": "990000199001010025", "relation": "self", "agreed": "true"} | READ
    await alice.post("/p/people/add", east)
    page = await alice.get("/p/notices")
    ticked = set(page.tree.xpath("//input[@type='checkbox'][@checked]/@name"))
    assert "survey.sms" in ticked
    assert "research.sms" not in ticked
    wanted = (ticked - {"survey.sms"}) | {"education.wechat"}
    assert (await alice.post("/p/notices", dict.fromkeys(wanted, "true"))).status == 303
    rows = await db.fetch("select purpose, channel, given, way, said_by from consent order by purpose")
    assert [tuple(row) for row in rows] == [
        ("education", "wechat", True, "患者端勾选", ""),
        ("survey", "sms", False, "患者端勾选", ""),
    ]
    again = await alice.get("/p/notices")
    assert set(again.tree.xpath("//input[@type='checkbox'][@checked]/@name")) == wanted

"""What people agree to: read in their language before anything else, by versions that an administrator publishes."""

import pytest

from core import db
from core.actor import system
from core.errors import Forbidden, Invalid
from patients import agreements
from patients.agreements import Kind, Words
from tests.console.browser import open_browser
from tests.portal.conftest import Side
from tests.portal.visitors import READ, code_on

NEW = Words(
    "服务说明（修订）", "修订后的正文，" * 5, "Service notice, revised", "The revised text of this notice."
)


async def test_nobody_sees_a_page_of_an_account_before_they_have_agreed_and_again_when_it_changes(
    side: Side,
) -> None:
    alice = side.visitor()
    await alice.get("/p/sign-in")
    await alice.post("/p/sign-in/phone", {"phone": "13800000001"})
    await alice.post("/p/sign-in/code", {"code": await code_on("13800000001")})
    for path in ("/p/", "/p/people", "/p/visits", "/p/ask/1", "/p/feedback/new/complaint"):
        asked = await alice.get(path)
        assert (asked.status, asked.headers["Location"]) == (303, f"/p/agree?next={path}")
    assert (await alice.get("/p/rights")).status == 200  # one's rights hang on no agreement
    assert (await alice.get("/p/terms/service")).status == 200
    page = await alice.get("/p/agree?next=/p/people", **{"Accept-Language": "en"})
    assert page.one("//h1") == "How this service works and what it does with your data"
    stale = await alice.post("/p/agree", {"version": "1", "next": "/p/people"})
    assert (stale.status, "文本刚刚更新" in stale.text) == (422, True)
    english = {"Accept-Language": "en"}
    agreed = await alice.post("/p/agree", {"version": "2", "next": "/p/people"}, **english)
    assert agreed.headers["Location"] == "/p/people"
    assert (await alice.get("/p/people")).status == 200
    assert await agreements.publish(Kind.SERVICE, NEW, by=system("测试")) == 3
    assert (await alice.get("/p/people")).headers["Location"] == "/p/agree?next=/p/people"
    assert "说明已更新" in (await alice.get("/p/agree")).text
    await alice.agree()
    rows = await db.fetch(
        "select kind, version, language, way, account_id is not null as account, patient_id from portal_agreement order by id"
    )
    assert [tuple(row) for row in rows] == [
        ("service", 2, "en", "sign_in", True, None),
        ("service", 3, "zh-CN", "sign_in", True, None),
    ]
    assert "第 3 版" in (await alice.get("/p/account")).one("//main")
    old = await alice.get("/p/terms/service?version=1")
    assert "患者端服务与个人信息说明" in old.one("//h1")


async def test_a_binding_keeps_the_versions_that_were_read_and_refuses_others(side: Side) -> None:
    alice = side.visitor()
    await alice.enter("13800000001")
    await alice.get("/p/people/add")
    one = {"name": "张测试", "id_number": "990000199001010025", "relation": "self", "agreed": "true"}
    late = await alice.post("/p/people/add", {**one, **READ, "agreed_version": "1"})
    assert (late.status, "文本刚刚更新" in late.text) == (422, True)
    assert await db.fetchval("select count(*) from patient_binding") == 0
    assert (await alice.post("/p/people/add", {**one, **READ})).status == 303
    rows = await db.fetch("select kind, version, language, way, patient_id from portal_agreement order by id")
    assert [tuple(row) for row in rows] == [
        ("service", 2, "zh-CN", "sign_in", None),
        ("binding", 2, "zh-CN", "binding", side.ward.patient["east"]),
    ]


async def test_an_administrator_publishes_both_languages_or_nothing(side: Side, password_hash: str) -> None:
    await db.execute("update staff set password_hash = $1", password_hash)
    admin = open_browser(side.server)
    await admin.enter("admin")
    listed = await admin.get("/settings/terms")
    assert "第 2 版" in listed.one("//main")
    drawer = await admin.get("/settings/terms/service")
    assert "How this service works" in drawer.text
    given = {"title": NEW.title, "body": NEW.body, "title_en": NEW.title_en, "body_en": ""}
    refused = await admin.post("/settings/terms/service", given)
    assert (refused.status, "英文正文" in refused.text) == (422, True)
    assert (await agreements.terms("service")).version == 2
    done = await admin.post("/settings/terms/service", {**given, "body_en": NEW.body_en})
    assert done.status in (200, 204, 303)
    now = await agreements.terms("service")
    assert (now.version, now.told("en"), now.told("zh-CN")) == (
        3,
        (NEW.title_en, NEW.body_en),
        (NEW.title, NEW.body.strip()),
    )
    with pytest.raises(Invalid):
        await agreements.publish(Kind.SERVICE, NEW, by=system("测试"))
    with pytest.raises(Forbidden):
        await agreements.publish(Kind.SERVICE, NEW, by=await side.ward.house.actor("alice"))
    await admin.session.close()

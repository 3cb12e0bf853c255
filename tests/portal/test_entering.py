"""Signing in: the code of one's phone and nothing else; what is not known here is told like what was mistyped."""

from core import db
from tests.portal.conftest import Side
from tests.portal.visitors import code_on

EAST = {"name": "张测试", "id_number": "990000199001010025"}


async def test_a_phone_code_signs_in_once_and_where_it_was_asked_for(side: Side) -> None:
    alice, eve = side.visitor(), side.visitor()
    assert (await alice.get("/p/people")).headers["Location"] == "/p/sign-in?next=/p/people"
    await alice.get("/p/sign-in")
    await eve.get("/p/sign-in")

    asked = await alice.post("/p/sign-in/phone", {"phone": "138 0000 0001", "next": "/p/people"})
    assert (asked.status, asked.headers["Location"]) == (303, "/p/sign-in/code?next=/p/people")
    shown = await alice.get("/p/sign-in/code?next=/p/people")
    assert "138****0001" in shown.text
    assert "13800000001" not in shown.text

    code = await code_on("13800000001")
    assert len(code) == 6
    stolen = await eve.post("/p/sign-in/code", {"code": code, "next": "/p/people"})
    assert stolen.headers["Location"].startswith("/p/sign-in?")
    wrong = await alice.post(
        "/p/sign-in/code", {"code": "000000" if code != "000000" else "1", "next": "/p/"}
    )
    assert (wrong.status, wrong.words("//*[@id='e-code']")) == (422, ["验证码不正确或已过期"])

    entered = await alice.post("/p/sign-in/code", {"code": code, "next": "/p/people"})
    assert (entered.status, entered.headers["Location"]) == (303, "/p/people")
    assert (await alice.get("/p/people")).headers["Location"] == "/p/agree?next=/p/people"
    await alice.agree()
    assert (await alice.get("/p/people")).status == 200
    assert (await eve.post("/p/sign-in/code", {"code": code, "next": "/p/"})).status == 303
    assert (await eve.get("/p/people")).status == 303

    rows = await db.fetch("select tries, used_at is not null as used from portal_code")
    assert [tuple(row) for row in rows] == [(2, True)]
    actions = await db.fetchval(
        "select array_agg(action order by id) from audit where action like 'portal.%'"
    )
    assert actions == ["portal.code", "portal.enter", "portal.agree"]


async def test_five_tries_and_a_code_is_over(side: Side) -> None:
    alice = side.visitor()
    await alice.get("/p/sign-in")
    await alice.post("/p/sign-in/phone", {"phone": "13800000001"})
    code = await code_on("13800000001")
    for _ in range(5):
        await alice.post("/p/sign-in/code", {"code": "12"})
    answer = await alice.post("/p/sign-in/code", {"code": code})
    assert answer.headers["Location"].startswith("/p/sign-in?")
    assert (await alice.get("/p/people")).status == 303


async def test_one_number_gets_one_code_a_minute_and_a_device_few(side: Side) -> None:
    alice = side.visitor()
    await alice.get("/p/sign-in")
    assert (await alice.post("/p/sign-in/phone", {"phone": "13800000001"})).status == 303
    again = await alice.post("/p/sign-in/phone", {"phone": "13800000001"})
    assert again.status == 429
    assert "秒后再获取" in again.one("//div[@role='alert']")
    await db.execute("update parameter set value = '3' where name = 'portal.codes_device_hour'")
    await db.execute("insert into parameter (name, value) values ('portal.codes_device_hour', '3')")
    assert [
        (await alice.post("/p/sign-in/phone", {"phone": f"1990000000{at}"})).status for at in range(4)
    ] == [303, 303, 429, 429]


async def test_who_is_not_registered_walks_the_same_road_as_who_is(side: Side) -> None:
    known, unknown = side.visitor(), side.visitor()
    pages = []
    for visitor, given in ((known, EAST), (unknown, {"name": "无此人", "id_number": "990000198511120107"})):
        await visitor.get("/p/sign-in?way=identity")
        asked = await visitor.post("/p/sign-in/identity", given)
        waiting = await visitor.get("/p/sign-in/code")
        wrong = await visitor.post("/p/sign-in/code", {"code": "123"})
        pages.append(
            (
                asked.status,
                asked.headers["Location"],
                waiting.one("//main"),
                wrong.status,
                wrong.one("//main"),
            )
        )
    assert pages[0] == pages[1]
    assert await db.fetchval("select count(*) from message where purpose = 'portal.code'") == 1

    entered = await known.post("/p/sign-in/code", {"code": await code_on("13800000001")})
    assert entered.status == 303
    await known.agree()
    assert "张测试" in (await known.get("/p/")).text


async def test_a_browser_without_a_name_of_ours_must_bring_a_captcha(side: Side) -> None:
    alice = side.visitor()
    answer = await alice.post("/p/sign-in/phone", {"phone": "13800000001"})
    assert answer.status == 422
    token = answer.tree.xpath("//input[@name='captcha_token']/@value")[0]
    assert (await alice.get(f"/p/captcha/{token}.png")).headers["Content-Type"] == "image/png"
    assert (await alice.get(f"/p/captcha/{token}.wav")).headers["Content-Type"] == "audio/wav"
    right = await db.fetchval("select answer from captcha order by expires_at desc limit 1")
    await db.execute("update parameter set value = '0' where name = 'portal.captcha_after'")
    given = {"phone": "13800000001", "captcha": right, "captcha_token": token}
    assert (await alice.post("/p/sign-in/phone", given)).status == 303
    assert (await alice.post("/p/sign-in/phone", given)).status == 422


async def test_a_session_is_new_at_every_sign_in_and_ends_everywhere_at_once(side: Side) -> None:
    phone, desktop = side.visitor(), side.visitor()
    await phone.enter("13800000001")
    await db.execute("update portal_code set created_at = created_at - interval '2 minutes'")
    await desktop.enter("13800000001")
    tokens = await db.fetchval("select count(distinct token_hash) from portal_session where ended_at is null")
    assert tokens == 2
    left = await desktop.post("/p/sign-out", {"everywhere": "1"})
    assert left.headers["Location"] == "/p/"
    assert [(await one.get("/p/people")).status for one in (phone, desktop)] == [303, 303]


async def test_a_form_without_the_sessions_token_changes_nothing(side: Side) -> None:
    alice = side.visitor()
    await alice.enter("13800000001")
    alice.csrf = "another"
    refused = await alice.post("/p/sign-out", {"everywhere": "1"})
    assert (refused.status, "页面已过期" in refused.text) == (403, True)
    alice.csrf = ""
    foreign = await alice.post("/p/sign-out", Origin="https://elsewhere.example")
    assert foreign.status == 403
    assert (await alice.get("/p/account")).status == 200


async def test_nobody_is_led_away_from_our_pages(side: Side) -> None:
    for wanted in (
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/p/\\elsewhere",
        "/login",
        "/p//elsewhere",
    ):
        alice = side.visitor()
        await alice.get("/p/sign-in")
        await db.execute("delete from portal_code")
        entered = await alice.enter("13800000001", wanted)
        assert entered.headers["Location"] == "/p/"

"""The pages of what happened with one's account, of proving again, and the card of how a person signs in."""

from datetime import timedelta

import pytest

from core import audit, clock, db
from core.actor import system
from staff import sessions
from tests.console.conftest import Console

NOTICES, PROVE = "/account/notices", "/account/prove"
STAFF = "/settings/staff"
REASON = {"reason": "本人当面说明，已核实"}
CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0"


async def serious(console: Console, name: str, kind: str = "password") -> int:
    number: int = await db.fetchval(
        "insert into account_notice (staff_id, kind, serious, at, by_name) values ($1, $2, true, $3, '测试keeper') returning id",
        console.house.staff[name],
        kind,
        clock.now(),
    )
    return number


async def test_after_the_log_in_one_is_led_to_what_is_serious_once_and_confirms_it(console: Console) -> None:
    await serious(console, "alice")
    alice = console.stranger()
    assert (await alice.enter("alice")).headers["Location"] == NOTICES
    page = await alice.get(NOTICES)
    assert page.words("//*[@class='notices-what']/b") == ["管理员重设了登录密码"]
    (confirm,) = page.tree.xpath("//form[contains(@action, '/mine')]/@action")
    assert (await (await console.enter("bob")).post(confirm)).status == 404
    assert (await alice.post(confirm)).headers["Location"] == NOTICES
    assert (await alice.get(NOTICES)).words("//*[@class='notices-what']") == []
    await serious(console, "alice", "phone")
    again = console.stranger()
    assert (await again.enter("alice")).headers["Location"] == NOTICES
    third = console.stranger()
    assert (await third.enter("alice")).headers["Location"] == "/"


async def test_not_me_holds_the_account_and_the_keeper_lets_it_go_with_a_reason(console: Console) -> None:
    alice = await console.enter("alice")
    other = await console.enter("alice")
    assert (await alice.post(f"{NOTICES}/not-me")).headers["Location"] == NOTICES
    left = await alice.post(f"{NOTICES}/not-me", {"sure": "1"})
    assert left.headers["Location"] == "/login?by=1"
    assert (await other.get("/")).headers["Location"].startswith("/login")
    assert (await console.stranger().enter("alice")).status == 401
    keeper = await console.enter("keeper")
    path = f"{STAFF}/{console.house.staff['alice']}"
    page = await keeper.get(path)
    assert "本人报告“不是我”" in page.one("//*[@id='login']//*[@class='people-explained']")
    assert page.words("//*[@id='login']//button[contains(@hx-get, 'release')]") == ["解除冻结"]
    short = await keeper.post(f"{path}/release", {"reason": "已核实"}, part=True)
    assert (short.status, short.one("//*[@class='fault']")) == (422, "不能少于 6 个字")
    assert (await keeper.post(f"{path}/release", REASON)).status == 303
    assert await db.fetchval(
        "select held_at is null and password_hash = '' from staff where number = 'alice'"
    )


@pytest.mark.parametrize("act", ["unlock", "second", "sessions", "unbind"])
async def test_nothing_is_done_to_a_log_in_without_a_reason(console: Console, act: str) -> None:
    keeper = await console.enter("keeper")
    path = f"{STAFF}/{console.house.staff['alice']}/{act}"
    assert (await keeper.get(path, part=True)).tree.xpath(
        "//textarea[@name='reason']|//input[@name='reason']"
    )
    assert (await keeper.post(path, {"reason": "  遗失  "}, part=True)).status == 422
    assert await db.fetchval("select count(*) from audit where action like 'staff.%'") == 0
    assert (await keeper.post(path, REASON)).status == 303
    for name in ("admin", "auditor", "head"):
        assert (await (await console.enter(name)).post(path, REASON)).status == 403


async def test_the_card_names_devices_and_ends_one_log_in(console: Console) -> None:
    alice = console.house.staff["alice"]
    token = await sessions.begin(alice, address="192.0.2.9", agent=CHROME)
    keeper = await console.enter("keeper")
    page = await keeper.get(f"{STAFF}/{alice}")
    assert page.words("//*[@id='login']//*[@class='people-device']/b") == ["Chrome · Windows"]
    (end,) = page.tree.xpath("//*[@id='login']//button[contains(@hx-get, '/sessions/')]/@hx-get")
    assert (await keeper.post(end, REASON)).status == 303
    assert await sessions.end(token) is None
    detail = await db.fetchval("select detail->>'reason' from audit where action = 'staff.end_sessions'")
    assert detail == REASON["reason"]


async def test_an_old_session_proves_again_before_it_touches_others_and_gets_a_new_id(
    console: Console,
) -> None:
    keeper = await console.enter("keeper")
    path = f"{STAFF}/{console.house.staff['alice']}"
    await db.execute("update session set created_at = created_at - interval '16 minutes'")
    asked = await keeper.get(f"{path}/second", part=True, **{"HX-Current-URL": f"http://x{path}?a=1"})
    assert asked.headers["HX-Redirect"] == f"{PROVE}?next={path}%3Fa%3D1"
    assert (await keeper.post(f"{path}/sessions", REASON)).headers["Location"].startswith(PROVE)
    assert await db.fetchval("select count(*) from audit where action = 'staff.end_sessions'") == 0
    assert (await keeper.get(path)).status == 200  # looking is not asked for
    before = await db.fetchval("select token_hash from session where ended_at is null")
    wrong = await keeper.post(PROVE, {"typed": "wrong", "next": path})
    assert (wrong.status, wrong.one("//*[@id='typed-fault']")) == (422, "密码不正确")
    right = await keeper.post(PROVE, {"typed": "Test-1234", "next": path})
    assert (right.status, right.headers["Location"]) == (303, path)
    assert await db.fetchval("select token_hash from session where ended_at is null") != before
    keeper.csrf = (await keeper.get(path)).tree.xpath("//input[@name='csrf_token']/@value")[0]
    assert (await keeper.post(f"{path}/sessions", REASON)).headers["Location"] == path


async def test_proving_leads_nowhere_but_to_our_own_pages(console: Console) -> None:
    keeper = await console.enter("keeper")
    away = await keeper.post(PROVE, {"typed": "Test-1234", "next": "//evil.example/x"})
    assert away.headers["Location"] == "/"


async def test_a_cookie_in_another_browser_ends_its_session(console: Console) -> None:
    alice = console.stranger()
    await alice.post(
        "/login", {"number": "alice", "password": "Test-1234"}, part=False, **{"User-Agent": CHROME}
    )
    newer = CHROME.replace("140", "141")
    assert (await alice.get("/", part=False, **{"User-Agent": newer})).status == 200
    assert (
        (await alice.get("/", part=False, **{"User-Agent": "curl/8.0"}))
        .headers["Location"]
        .startswith("/login")
    )
    assert (
        (await alice.get("/", part=False, **{"User-Agent": CHROME})).headers["Location"].startswith("/login")
    )
    assert await db.fetchval("select count(*) from audit where action = 'login.moved'") == 1


async def test_the_session_a_browser_had_before_ends_with_the_next_log_in(console: Console) -> None:
    alice = await console.enter("alice")
    await alice.enter("bob")
    live = await db.fetch(
        "select s.number from session e join staff s on s.id = e.staff_id where e.ended_at is null"
    )
    assert [row["number"] for row in live] == ["bob"]


async def test_a_change_of_posts_ends_the_log_ins(console: Console) -> None:
    alice, keeper = await console.enter("alice"), await console.enter("keeper")
    unit = console.house.unit["west_surgery"]
    given = {"role": "liaison", "unit": str(unit), "rank": "1"}
    assert (await keeper.post(f"{STAFF}/{console.house.staff['alice']}/posts", given)).status == 303
    assert (await alice.get("/")).headers["Location"].startswith("/login")


async def test_an_audit_log_that_is_not_sealed_stands_on_the_operator_page(console: Console) -> None:
    with clock.frozen(clock.now() - timedelta(minutes=11)):
        await audit.record(system("测试"), "test.line", "test", None)
    page = await (await console.enter("admin")).get("/operate")
    assert page.words("//section[@role='alert']//h2") == ["审计日志没有封印"]

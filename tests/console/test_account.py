"""One's own account: who one is, the WeCom account, the password, and where one is signed in."""

from datetime import timedelta

import pytest

from core import clock, db
from staff import actions, sessions
from staff.devices import device, is_phone
from tests.console.browser import PASSWORD, Browser
from tests.console.conftest import Console

NEW = "tulip-River7-stone"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Mobile/15E148 wxwork/4.1 MicroMessenger/7"


async def change(
    browser: Browser, old: str, new: str, again: str | None = None
) -> tuple[int, dict[str, str]]:
    """Status, and the faults by field."""
    page = await browser.post("/account/password", {"old": old, "new": new, "again": again or new}, part=True)
    found = {
        field: words
        for field in ("old", "new", "again")
        for words in page.words(f"//*[@id='password-{field}-fault']")
    }
    assert page.tree.xpath("//input[@type='password']/@value") == []  # what was typed is never sent back
    return page.status, found


async def devices(browser: Browser) -> list[list[str]]:
    """The lines of the table: device with its mark, address."""
    page = await browser.get("/account")
    return [
        [" ".join(cell.text_content().split()) for cell in row.xpath("./td[position() <= 2]")]
        for row in page.tree.xpath("//table//tbody/tr")
    ]


async def lines(action: str) -> int:
    """How many audit lines tell of it."""
    found: int = await db.fetchval("select count(*) from audit where action = $1", action)
    return found


async def test_the_page_says_who_one_is_and_is_linked_from_the_person_menu(console: Console) -> None:
    alice = await console.enter("alice")
    home = await alice.get("/")
    assert home.words("//details//a[@href='/account']") == ["我的账号"]
    page = await alice.get("/account")
    told = dict(zip(page.words("//dl/dt"), page.words("//dl/dd"), strict=True))
    assert told == {
        "姓名": "测试alice",
        "工号": "alice",
        "手机": "未登记",
        "岗位": "科室联络人 东院区 · 心血管内科",
    }
    assert "已绑定账号 wx_alice" in page.text
    dora = await (await console.enter("dora")).get("/account")
    assert dora.words("//*[@class='account-post']/small") == ["次序 2"]


async def test_a_code_is_shown_with_what_to_send_and_binds_who_sends_it(console: Console) -> None:
    alice = await console.enter("alice")
    await alice.post("/account/unbind")
    assert "绑定后可在企业微信中接收工单" in (await alice.get("/account")).text
    part = await alice.post("/account/bind-code", part=True)
    code = part.one("//output")
    assert part.one("//*[@class='bind-code-line']") == f"绑定 {code}"
    assert part.one("//small").startswith("10 分钟内有效（")
    await actions.bind_wecom(code, "new_phone")
    assert "已绑定账号 new_phone" in (await alice.get("/account")).text
    assert await lines("staff.unbind_wecom") == 1


async def test_one_sees_where_one_is_signed_in_and_ends_one_of_them(console: Console) -> None:
    alice = await console.enter("alice")
    who = console.house.staff["alice"]
    with clock.frozen(clock.now() - timedelta(minutes=3)):
        office = await sessions.begin(who, address="198.51.100.7", agent=CHROME)
        await sessions.begin(console.house.staff["bob"], address="198.51.100.9", agent=CHROME)
    with clock.frozen(clock.now() - timedelta(days=2)):
        await sessions.begin(who, address="198.51.100.8", agent=PHONE)  # over by itself
    assert [line[1] for line in await devices(alice)] == ["127.0.0.1", "198.51.100.7"]
    assert (await devices(alice))[0][0].endswith("这一台")
    assert (await devices(alice))[1][0] == "Chrome · Windows"

    page = await alice.get("/account")
    _, end = page.tree.xpath("//table//form/@action")
    await alice.post(end)
    assert await sessions.actor_from_cookie(office, "") is None
    assert [line[1] for line in await devices(alice)] == ["127.0.0.1"]
    assert (await alice.post(end)).status == 404
    assert await lines("login.end") == 1


async def test_ending_all_others_leaves_this_one_and_those_of_other_people(console: Console) -> None:
    alice = await console.enter("alice")
    others = [await console.enter("alice") for _ in range(2)]
    bob = await console.enter("bob")
    await alice.post("/account/sessions/others")
    answered = [(await browser.get("/account")).status for browser in (alice, *others, bob)]
    assert answered == [200, 303, 303, 200]
    kept = await db.fetchrow(
        "select detail->>'sessions_ended' as n from audit where action = 'login.end_others'"
    )
    assert kept is not None
    assert kept["n"] == "2"


async def test_nobody_ends_the_session_of_another_person(console: Console) -> None:
    alice, bob = await console.enter("alice"), await console.enter("bob")
    (end,) = (await bob.get("/account")).tree.xpath("//table//form/@action")
    assert (await alice.post(end)).status == 404
    assert (await bob.get("/account")).status == 200
    left = await bob.post(end)  # ending the present one is leaving
    assert (left.status, left.headers["Location"]) == (303, "/login")
    assert (await bob.get("/account")).status == 303


async def test_a_new_password_needs_the_old_one_and_ends_every_session(console: Console) -> None:
    alice, elsewhere = await console.enter("alice"), await console.enter("alice")
    assert await change(alice, "Wrong-123", NEW) == (422, {"old": "原密码不正确"})
    assert await change(alice, PASSWORD, NEW, "tulip-River8-stone") == (
        422,
        {"again": "两次输入的新密码不一致"},
    )
    weak = "这个密码太容易被猜到：请不要用姓名、工号、医院、年份、键盘顺序或常见口令"
    assert await change(alice, PASSWORD, PASSWORD) == (422, {"new": weak})
    done = await alice.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert (done.status, done.headers["Location"]) == (303, "/login")
    assert [(await browser.get("/")).status for browser in (alice, elsewhere)] == [303, 303]
    stranger = console.stranger()
    assert (await stranger.enter("alice", PASSWORD)).status == 401
    assert (await stranger.enter("alice", NEW)).status == 303
    assert await lines("staff.set_password") == 1


@pytest.mark.parametrize(
    ("weak", "lacks"),
    [
        ("Ab-4567", "至少 8 个字符"),
        ("abc-45678", "包含大写字母"),
        ("ABC-45678", "包含小写字母"),
        ("Abc-defgh", "包含数字"),
        ("Abc456789", "包含特殊符号"),
    ],
)
async def test_a_weak_password_is_refused_with_what_it_lacks(console: Console, weak: str, lacks: str) -> None:
    alice = await console.enter("alice")
    assert await change(alice, PASSWORD, weak) == (422, {"new": f"密码应{lacks}"})
    assert (await console.stranger().enter("alice", PASSWORD)).status == 303


async def test_guessing_the_old_password_from_a_session_is_locked_like_a_log_in(console: Console) -> None:
    alice = await console.enter("alice")
    answered = [(await change(alice, f"Wrong-{at}00", NEW))[0] for at in range(6)]
    assert answered == [422, 422, 422, 422, 422, 429]


def test_what_a_browser_calls_itself_is_put_into_words() -> None:
    seen = {agent: (device(agent), is_phone(agent)) for agent in (CHROME, PHONE, "", "curl/8.5")}
    assert seen == {
        CHROME: ("Chrome · Windows", False),
        PHONE: ("企业微信 · iPhone", True),
        "": ("未知设备", False),
        "curl/8.5": ("curl/8.5", False),
    }

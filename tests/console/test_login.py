"""The door: who comes in, who does not, and what they are told."""

import pytest

from console.login_page import safe_next
from core import db
from tests.console.browser import PASSWORD
from tests.console.conftest import Console


async def test_a_person_comes_in_where_they_wanted_to_go_and_leaves_again(console: Console) -> None:
    alice = console.stranger()
    turned_away = await alice.get("/settings/holidays?year=2026")
    assert (turned_away.status, turned_away.headers["Location"]) == (
        303,
        "/login?next=/settings/holidays?year%3D2026",
    )
    form = await alice.get("/login?next=/settings/holidays?year%3D2026")
    wanted = form.tree.xpath("//input[@name='next']/@value")[0]

    entered = await alice.enter("alice", next=wanted)
    assert (entered.status, entered.headers["Location"]) == (303, "/settings/holidays?year=2026")
    assert (await alice.get(wanted)).status == 200
    assert (await alice.get("/login")).headers["Location"] == "/"

    left = await alice.post("/logout")
    assert (left.status, left.headers["Location"]) == (303, "/login")
    assert (await alice.get("/login")).one("//*[@role='status']") == "您已安全退出"
    assert (await alice.get("/")).status == 303


async def test_a_wrong_password_is_told_on_the_page_and_never_sent_back(console: Console) -> None:
    page = await console.stranger().enter("alice", "Wrong-<b>1234")
    assert (page.status, page.words("//*[@role='alert']//b")) == (401, ["工号或密码不正确"])
    assert page.tree.xpath("//input[@name='number']/@value") == ["alice"]
    assert "Wrong" not in page.text


async def test_an_unknown_person_is_told_the_same(console: Console) -> None:
    known = await console.stranger().enter("alice", "Wrong-1234")
    unknown = await console.stranger().enter("nobody", "Wrong-1234")
    assert (unknown.status, unknown.one("//*[@role='alert']")) == (
        known.status,
        known.one("//*[@role='alert']"),
    )


async def test_after_five_failures_even_the_right_password_has_to_wait(console: Console) -> None:
    alice = console.stranger()
    failed = [(await alice.enter("alice", "Wrong-1234")).status for _ in range(5)]
    locked = await alice.enter("alice", PASSWORD)
    assert failed == [401] * 5
    assert (locked.status, locked.one("//*[@role='alert']")) == (
        429,
        "失败次数过多，请在 15 分钟后再试，或联系系统管理员解锁",
    )
    assert (await console.stranger().enter("head")).status == 303


async def test_what_is_not_filled_in_is_named_beside_its_field(console: Console) -> None:
    page = await console.stranger().enter("", "")
    assert (page.status, page.one("//*[@id='number-fault']"), page.one("//*[@id='password-fault']")) == (
        422,
        "请填写",
        "请填写",
    )


async def test_a_form_without_the_sessions_token_changes_nothing(console: Console) -> None:
    keeper = await console.enter("keeper")
    keeper.csrf = ""
    refused = await keeper.post("/settings/parameters/session.idle_minutes", {"value": "60"})
    assert (refused.status, refused.one("//h1")) == (403, "页面已过期，请刷新后再试")
    assert await db.fetchval("select count(*) from parameter where name = 'session.idle_minutes'") == 0


async def test_a_form_on_another_site_cannot_sign_one_in(console: Console) -> None:
    refused = await console.stranger().post(
        "/login", {"number": "alice", "password": PASSWORD}, Origin="https://elsewhere.example"
    )
    assert (refused.status, refused.one("//h1")) == (403, "请求来自别的网站，已拒绝")
    assert "Set-Cookie" not in refused.headers
    assert await db.fetchval("select count(*) from session") == 0


@pytest.mark.parametrize(
    ("wanted", "gone_to"),
    [
        ("/operate?queue=job", "/operate?queue=job"),
        ("", "/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("/login?next=/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_log_in_leads_nowhere_but_to_our_own_pages(wanted: str, gone_to: str) -> None:
    assert safe_next(wanted) == gone_to

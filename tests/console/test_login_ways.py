"""The pages of the other ways: what a browser keeps, what it is led to, and what it is told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from core import clock, db, parameters
from core.actor import system
from core.settings import settings
from integrations import signing
from staff.login import certificate, crowd
from staff.login.certificate import FAILED
from tests.console.browser import PASSWORD, Browser
from tests.console.conftest import Console
from tests.integrations.outside import Outside
from tests.staff.phone import Phone, held

INSIDE = "Mozilla/5.0 (iPhone) AppleWebKit/605.1 Mobile/15E148 wxwork/4.1 MicroMessenger/7"


@dataclass(frozen=True)
class Door:
    """The console with WeCom and a mobile CA."""

    console: Console
    phone: Phone

    @property
    def outside(self) -> Outside:
        """The sandbox."""
        return self.phone.outside


@pytest_asyncio.fixture
async def door(console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Door]:
    async with held(console.house, monkeypatch, tmp_path) as phone:
        monkeypatch.setenv("HUIYIN_PUBLIC_URL", str(console.server.make_url("")).rstrip("/"))
        settings.cache_clear()
        yield Door(console, phone)


async def confirmed(door: Door, browser: Browser, name: str) -> str:
    """Go to WeCom, say who one is there; the path one is led back to."""
    away = await browser.get("/login/wecom?next=/chat")
    address = away.headers["Location"].removesuffix("#wechat_redirect")
    async with door.outside.http.get(f"{address}&as=wx_{name}", allow_redirects=False) as answer:
        back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


async def test_inside_wecom_one_is_known_without_a_word_and_leaves_when_one_leaves(door: Door) -> None:
    alice = door.console.stranger()
    alice.session.headers["User-Agent"] = INSIDE
    sent = await alice.get("/login?next=/chat")
    assert (sent.status, sent.headers["Location"]) == (303, "/login/wecom?next=/chat")
    entered = await alice.get(await confirmed(door, alice, "alice"))
    assert (entered.status, entered.headers["Location"]) == (303, "/chat")
    home = await alice.get("/chat")
    assert home.status == 200
    alice.csrf = home.tree.xpath("//input[@name='csrf_token']/@value")[0]
    await alice.post("/logout")
    stays = await alice.get("/login")
    assert (stays.status, stays.one("//*[@class='gate-said']")) == (200, "您已安全退出")


async def test_on_a_desktop_one_goes_to_the_qr_code(door: Door) -> None:
    away = await door.console.stranger().get("/login/wecom")
    gone = urlsplit(away.headers["Location"])
    assert (away.status, gone.path) == (303, "/wecom/wwlogin/sso/login")
    back = parse_qs(gone.query)["redirect_uri"][0]
    assert back == f"{settings().public_url}/login/wecom/back"


async def test_a_link_back_that_another_browser_asked_for_opens_nothing(door: Door) -> None:
    alice, mallory = door.console.stranger(), door.console.stranger()
    path = await confirmed(door, mallory, "alice")
    page = await alice.get(path)
    assert (page.status, page.one("//*[@role='alert']//b")) == (401, "企业微信登录已超时或已用过，请重新登录")
    assert await db.fetchval("select count(*) from session") == 0


async def test_who_is_not_bound_reads_how_to_bind_and_who_cancels_may_try_again(door: Door) -> None:
    await door.outside.ask("cast", {"wecom": [{"userid": "wx_new", "name": "测试新人"}]})
    new = door.console.stranger()
    page = await new.get(await confirmed(door, new, "new"))
    assert (page.status, page.one("//h1")) == (403, "企业微信尚未绑定")
    assert page.tree.xpath("//a[contains(@class, 'gate-enter')]/@href") == ["/login?by=1&next=/account"]
    state = parse_qs((await confirmed(door, new, "new")).partition("?")[2])["state"][0]
    cancelled = await new.get(f"/login/wecom/back?state={state}")
    assert cancelled.status == 200
    assert "没有在企业微信里确认登录" in cancelled.one("//*[@class='gate-note']")


async def test_who_must_have_two_factors_gives_the_password_after_wecom(door: Door) -> None:
    await parameters.change("login.second_factor", "all", by=system())
    alice = door.console.stranger()
    on = await alice.get(await confirmed(door, alice, "alice"))
    assert on.headers["Location"] == "/login/second?next=/chat"
    page = await alice.get("/login/second?next=/chat")
    assert page.one("//h1") == "再次确认身份"
    wrong = await alice.post("/login/second", {"code": "Wrong-1234", "next": "/chat"})
    assert (wrong.status, wrong.one("//*[@role='alert']")) == (401, "密码不正确")
    right = await alice.post("/login/second", {"code": PASSWORD, "next": "/chat"})
    assert (right.status, right.headers["Location"]) == (303, "/chat")
    assert (await alice.get("/login/second")).headers["Location"] in ("/login?by=1", "/")


async def test_a_certificate_is_bound_and_opens_and_the_ca_itself_calls(door: Door) -> None:
    alice = await door.console.enter("alice")
    serial = await door.phone.issue("alice", "sm2")
    begun = await alice.post("/account/certificates")
    assert begun.headers["Location"] == "/account/certificates/new"
    assert len((await alice.get("/account/certificates/new")).tree.xpath("//img[@class='gate-qr']")) == 1
    assert (await alice.post("/account/certificates/state", part=True)).status == 204
    told = await door.outside.ask("ca/sign", {"serial": serial})
    assert told["delivery"]["outcome"] == "delivered"
    done = await alice.post("/account/certificates/state", part=True)
    assert done.headers["HX-Redirect"] == "/account"
    page = await alice.get("/account")
    assert serial in page.one("//*[@id='certificates']")

    phone = door.console.stranger()
    await phone.post("/login/ca", {"next": "/chat"})
    await door.outside.ask("ca/sign", {"serial": serial})
    entered = await phone.post("/login/ca/state", {"next": "/chat"}, part=True)
    assert entered.headers["HX-Redirect"] == "/chat"
    assert (await phone.get("/chat")).status == 200

    (unbind,) = page.tree.xpath("//*[@id='certificates']//form[contains(@action, 'unbind')]/@action")
    bob = await door.console.enter("bob")
    assert (await bob.post(unbind)).status == 404
    await alice.post(unbind)
    stranger = door.console.stranger()
    await stranger.post("/login/ca")
    await door.outside.ask("ca/sign", {"serial": serial})
    assert (await stranger.post("/login/ca/state", part=True)).one("//*[@role='alert']/p") == FAILED


async def test_the_browser_that_did_not_ask_gets_nothing_from_a_signature(door: Door) -> None:
    serial = await door.phone.bound("alice")
    alice, mallory = door.console.stranger(), door.console.stranger()
    await alice.post("/login/ca")
    await mallory.post("/login/ca")  # the last one asked is the one that is signed
    await door.outside.ask("ca/sign", {"serial": serial})
    assert (await alice.post("/login/ca/state", part=True)).status == 204
    assert (await door.console.stranger().post("/login/ca/state", part=True)).one("//p") == "二维码已过期"


async def test_the_cas_door_is_closed_to_everybody_else(door: Door) -> None:
    body = b'{"task":"T0","status":"refused","nonce":"0123456789abcdef"}'
    url = door.console.server.make_url(certificate.CALLBACK)
    answers = []
    for headers in ({}, signing.signed("another", body), signing.signed(door.outside.config.ca_secret, body)):
        async with door.outside.http.post(url, data=body, headers=headers) as answer:
            answers.append((answer.status, await answer.json()))
    assert [status for status, _ in answers] == [401, 401, 200]
    assert answers[2][1] == {"taken": False}
    async with door.outside.http.post(url, data=bytes(70_000)) as answer:
        assert answer.status == 413


async def test_a_second_factor_is_set_up_by_a_press_and_its_picture_stays(console: Console) -> None:
    alice = await console.enter("alice")
    assert (await alice.get("/account/second")).tree.xpath("//img[@class='gate-qr']") == []
    assert await db.fetchval("select totp_pending is null from staff where number = 'alice'") is True
    await alice.post("/account/settle/second/begin")
    shown = (await alice.get("/account/second")).one("//code")
    wrong = await alice.post("/account/settle/second", {"code": "123"})
    assert (wrong.status, wrong.one("//code")) == (422, shown)
    await alice.post("/account/settle/second/begin")
    assert (await alice.get("/account/second")).one("//code") != shown


async def test_captchas_of_one_address_have_an_end(console: Console) -> None:
    await parameters.change(crowd.MOST.name, "20", by=system())
    stranger = console.stranger()
    answers = [(await stranger.post("/login/captcha", part=True)).status for _ in range(21)]
    assert answers == [200] * 20 + [429]
    assert await db.fetchval("select count(*) from captcha where expires_at > $1", clock.now()) == 20


async def test_who_keeps_accounts_sees_certificates_and_unties_them(door: Door) -> None:
    serial = await door.phone.bound("alice")
    alice = door.console.house.staff["alice"]
    keeper = await door.console.enter("keeper")
    page = await keeper.get(f"/settings/staff/{alice}")
    assert serial in page.one("//*[@id='login']//table[1]")
    (unbind,) = page.tree.xpath("//button[contains(@hx-get, '/certificates/')]/@hx-get")
    assert (await (await door.console.enter("bob")).post(unbind, {"reason": "手机遗失已核实"})).status == 403
    short = await keeper.post(unbind, {"reason": "遗失"}, part=True)
    assert (short.status, short.one("//*[@class='fault']")) == (422, "不能少于 6 个字")
    assert (await keeper.post(unbind, {"reason": "手机遗失已核实"})).status == 303
    assert await db.fetchval("select count(*) from staff_certificate where unbound_at is null") == 0

"""Sessions over real HTTP: the cookie, the CSRF token, and when a session is over."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core import clock, db, parameters
from core.actor import Door, system
from core.settings import settings
from core.web import json_answer, make_app
from staff import sessions
from tests.staff.cast import House

Browser = TestClient[web.Request, web.Application]
JSON = {"Accept": "application/json"}


async def who(request: web.Request) -> web.Response:
    """Who is signed in, and their CSRF token."""
    return json_answer({"name": sessions.require(request).name, "csrf": request["csrf"]})


async def change(request: web.Request) -> web.Response:
    """An unsafe step that anyone may take."""
    actor = sessions.present(request)
    return json_answer({"done_by": actor.name if actor else ""})


@pytest_asyncio.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    """A browser before a small application, not signed in."""
    app = make_app(sessions.middleware)
    app.router.add_get("/who", who)
    app.router.add_post("/change", change)
    async with TestClient(TestServer(app)) as client:
        yield client


async def sign_in(browser: Browser, house: House, name: str) -> tuple[str, str]:
    """Put a session of this person into the browser; its token and CSRF token."""
    token = await sessions.begin(house.staff[name], address="127.0.0.1", agent="a test")
    browser.session.cookie_jar.update_cookies({sessions.COOKIE: token}, browser.make_url("/"))
    return token, (await (await browser.get("/who", headers=JSON)).json())["csrf"]


async def answer(browser: Browser) -> tuple[int, str]:
    """Status, and the name of who is signed in or the error's code."""
    response = await browser.get("/who", headers=JSON)
    body = await response.json()
    return response.status, body["name"] if response.status == 200 else body["error"]["code"]


async def test_without_a_session_nobody_is_signed_in(browser: Browser) -> None:
    assert await answer(browser) == (401, "unauthenticated")


async def test_a_session_is_its_person_until_it_is_ended(browser: Browser, house: House) -> None:
    token, _ = await sign_in(browser, house, "alice")
    assert await answer(browser) == (200, "测试alice")
    assert await sessions.end(token) == house.staff["alice"]
    assert await sessions.end(token) is None
    assert await answer(browser) == (401, "unauthenticated")


async def test_a_cookie_that_we_never_gave_is_nobody(browser: Browser) -> None:
    for forged in ("x", "'; drop table session; --", "电", "a" * 5000):
        browser.session.cookie_jar.clear()
        browser.session.cookie_jar.update_cookies({sessions.COOKIE: forged}, browser.make_url("/"))
        assert await answer(browser) == (401, "unauthenticated")


async def test_the_database_holds_no_token(browser: Browser, house: House) -> None:
    token, _ = await sign_in(browser, house, "alice")
    assert len(token) >= 43  # 256 bits in base64
    assert await db.fetchval("select count(*) from session s where strpos(s::text, $1) > 0", token) == 0
    assert await db.fetchval("select count(*) from session") == 1


@pytest.mark.parametrize("carrier", ["header", "form", "multipart"])
async def test_an_unsafe_request_with_the_token_passes(browser: Browser, house: House, carrier: str) -> None:
    _, csrf = await sign_in(browser, house, "alice")
    if carrier == "header":
        response = await browser.post("/change", headers={**JSON, sessions.CSRF_HEADER: csrf}, json={})
    elif carrier == "form":
        response = await browser.post("/change", headers=JSON, data={sessions.CSRF_FIELD: csrf})
    else:
        parts = {sessions.CSRF_FIELD: csrf, "file": io.BytesIO(b"bytes")}
        response = await browser.post("/change", headers=JSON, data=parts)
    assert (response.status, await response.json()) == (200, {"done_by": "测试alice"})


@pytest.mark.parametrize("given", [{}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "令牌"}])
async def test_an_unsafe_request_without_the_token_is_refused(
    browser: Browser, house: House, given: dict[str, str]
) -> None:
    await sign_in(browser, house, "alice")
    response = await browser.post("/change", headers={**JSON, **given}, json={})
    assert response.status == 403
    assert (await response.json())["error"]["message"] == "页面已过期，请刷新后再试"


async def test_the_token_of_another_session_does_not_pass(browser: Browser, house: House) -> None:
    _, of_bob = await sign_in(browser, house, "bob")
    await sign_in(browser, house, "alice")
    response = await browser.post("/change", headers={**JSON, sessions.CSRF_HEADER: of_bob}, json={})
    assert response.status == 403


@pytest.mark.parametrize(
    "origin", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
async def test_a_request_from_another_site_is_refused_even_with_the_token(
    browser: Browser, house: House, origin: dict[str, str]
) -> None:
    _, csrf = await sign_in(browser, house, "alice")
    response = await browser.post("/change", headers={**JSON, sessions.CSRF_HEADER: csrf, **origin}, json={})
    assert response.status == 403
    assert (await response.json())["error"]["message"] == "请求来自别的网站，已拒绝"


async def test_a_machine_without_a_session_needs_no_token(browser: Browser) -> None:
    response = await browser.post("/change", headers=JSON, json={})
    assert (response.status, await response.json()) == (200, {"done_by": ""})


async def test_half_an_hour_without_a_step_ends_it_and_every_step_prolongs_it(
    browser: Browser, house: House
) -> None:
    start = clock.now()
    await sign_in(browser, house, "alice")
    for minutes in (25, 50, 75):
        with clock.frozen(start + timedelta(minutes=minutes)):
            assert await answer(browser) == (200, "测试alice")
    with clock.frozen(start + timedelta(minutes=106)):
        assert await answer(browser) == (401, "unauthenticated")


async def test_what_a_page_asks_by_itself_does_not_prolong_it(browser: Browser, house: House) -> None:
    start = clock.now()
    token, _ = await sign_in(browser, house, "alice")
    with clock.frozen(start + timedelta(minutes=25)):
        response = await browser.get("/who", headers={**JSON, sessions.BACKGROUND_HEADER: "1"})
        assert response.status == 200
        actor = await sessions.actor_from_cookie(token, "192.0.2.1")
        assert actor is not None
        assert (actor.id, actor.door, actor.address) == (house.staff["alice"], Door.CHAT, "192.0.2.1")
    with clock.frozen(start + timedelta(minutes=31)):
        assert await answer(browser) == (401, "unauthenticated")
        assert await sessions.actor_from_cookie(token, "192.0.2.1") is None


async def test_the_idle_time_is_a_parameter(browser: Browser, house: House) -> None:
    start = clock.now()
    await sign_in(browser, house, "alice")
    await parameters.change(sessions.IDLE_MINUTES.name, "120", by=system())
    with clock.frozen(start + timedelta(minutes=119)):
        assert await answer(browser) == (200, "测试alice")


async def test_no_session_outlives_its_longest_time_however_busy(browser: Browser, house: House) -> None:
    start = clock.now()
    await sign_in(browser, house, "alice")
    for quarter in range(1, 14 * 4 + 1):
        with clock.frozen(start + timedelta(minutes=15 * quarter)):
            assert await answer(browser) == (200, "测试alice")
    with clock.frozen(start + timedelta(hours=14, minutes=2)):
        assert await answer(browser) == (401, "unauthenticated")


async def test_a_disabled_person_is_out_at_the_next_step(browser: Browser, house: House) -> None:
    await sign_in(browser, house, "alice")
    await db.execute("update staff set active = false where id = $1", house.staff["alice"])
    assert await answer(browser) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("url", "flags"),
    [
        ("http://127.0.0.1:8000", "HttpOnly; Path=/; SameSite=Lax"),
        ("https://hy.example", "HttpOnly; Path=/; SameSite=Lax; Secure"),
    ],
)
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    monkeypatch: pytest.MonkeyPatch, url: str, flags: str
) -> None:
    monkeypatch.setenv("HUIYIN_PUBLIC_URL", url)
    settings.cache_clear()
    response = web.Response()
    sessions.set_cookie(response, "token")
    assert response.cookies[sessions.COOKIE].OutputString() == f"huiyin_session=token; {flags}"
    assert response.headers["Cache-Control"] == "no-store"
    settings.cache_clear()

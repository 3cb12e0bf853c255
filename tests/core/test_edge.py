"""The edge of the real application: every address, every answer, errors, files and sockets included."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import BaseTestServer, TestServer

import app
from core import db, edge
from core.errors import Invalid
from core.settings import settings
from staff import sessions
from staff.login import password
from tests.console.browser import PASSWORD

WANTED = {
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "X-Frame-Options",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Cache-Control",
    "X-Trace-Id",
}
FORM = "application/x-www-form-urlencoded"
CORS = re.compile(r"^access-control-", re.IGNORECASE)


@pytest.fixture
def https(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As behind a proxy that speaks TLS."""
    monkeypatch.setenv("HUIYIN_PUBLIC_URL", "https://huiyin.test")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest_asyncio.fixture
async def server(database_url: str, redis_url: str) -> AsyncIterator[BaseTestServer]:
    """The application with one administrator, and a liaison who holds nothing but a password."""
    async with TestServer(app.make()) as running:
        await db.execute(
            "insert into org_unit (id, parent_id, path, kind, name) values (1, null, '/1/', 'group', '测试医院')"
        )
        stored = await password.hashed(PASSWORD)
        for number in ("admin", "liaison"):
            staff_id = await db.fetchval(
                "insert into staff (number, name, password_hash, password_set_at) values ($1, $1, $2, now()) returning id",
                number,
                stored,
            )
            if number == "admin":
                await db.execute(
                    "insert into post (staff_id, unit_id, role) values ($1, 1, 'administrator')", staff_id
                )
        await db.execute(
            "insert into parameter (name, value, changed_by) values ('login.second_factor', 'off', 'tests')"
        )
        yield running


def addresses(*methods: str) -> list[tuple[str, str]]:
    """Method and an address for every route there is."""
    found = set()
    for route in app.make().router.routes():
        if route.resource is None or route.method not in methods:
            continue
        found.add((route.method, re.sub(r"\{[^}]+\}", "1", route.resource.canonical)))
    return sorted(found)


@asynccontextmanager
async def browser(server: BaseTestServer, who: str) -> AsyncIterator[ClientSession]:
    """A browser with the session of `who`; with none, and without a place for cookies, of "stranger"."""
    jar = aiohttp.DummyCookieJar() if who == "stranger" else CookieJar(unsafe=True)
    async with ClientSession(server.make_url("/"), cookie_jar=jar) as http:
        if who != "stranger":
            staff_id = await db.fetchval("select id from staff where number = $1", who)
            token = await sessions.begin(staff_id, address="127.0.0.1", agent="tests")
            jar.update_cookies({sessions.COOKIE: token})
        yield http


@pytest_asyncio.fixture
async def stranger(server: BaseTestServer) -> AsyncIterator[ClientSession]:
    """Somebody without a session; no cookie is kept."""
    async with browser(server, "stranger") as http:
        yield http


@pytest_asyncio.fixture
async def admin(server: BaseTestServer) -> AsyncIterator[ClientSession]:
    """A signed-in administrator."""
    async with browser(server, "admin") as http:
        yield http


@pytest.mark.parametrize("who", ["stranger", "admin"])
async def test_every_answer_carries_the_headers_names_no_server_opens_to_no_other_site_and_is_no_failure(
    who: str, server: BaseTestServer
) -> None:
    bare, seen = {}, set()
    tried = [
        *addresses("GET", "POST"),
        ("GET", "/nothing/here"),
        ("PUT", "/cases"),
        ("OPTIONS", "/api/v1/cases"),
    ]
    async with browser(server, who) as http:
        for method, path in tried:
            origin = {"Origin": "https://elsewhere.test"}
            async with http.request(method, path, headers=origin, allow_redirects=False) as answer:
                missing = WANTED - set(answer.headers)
                opened = [name for name in answer.headers if CORS.match(name)]
                if missing or opened or answer.status == 500 or answer.headers["Server"] != "huiyin":
                    bare[f"{method} {path}"] = (answer.status, missing, opened, answer.headers.get("Server"))
                seen.add(answer.status)
                text = await answer.text(errors="replace") if "text" in answer.content_type else ""
                assert "Traceback" not in text
    assert bare == {}
    assert {200, 400, 403, 404, 405} <= seen


async def test_every_address_that_changes_something_refuses_another_site_and_a_session_without_its_token(
    admin: ClientSession,
) -> None:
    refused = {}
    for method, path in addresses("POST", "PUT", "PATCH", "DELETE"):
        # the patients' side has sessions of its own, for which this one is nothing: tests/portal/test_entering.py
        bare: tuple[dict[str, str], ...] = () if path.startswith(("/p/", "/kiosk/")) else ({},)
        for headers in ({"Origin": "https://elsewhere.test"}, {"Sec-Fetch-Site": "cross-site"}, *bare):
            async with admin.request(method, path, headers=headers, json={}) as answer:
                if answer.status != 403:
                    refused[f"{method} {path} {headers}"] = answer.status
    assert refused == {}
    async with admin.get("/account") as page:
        assert page.status == 200  # the session itself is live


async def test_a_stored_page_is_kept_by_nobody_and_a_style_sheet_for_ever(
    admin: ClientSession, stranger: ClientSession
) -> None:
    for path in ("/", "/account", "/api/v1/cases", "/api/v1/openapi.json"):
        async with admin.get(path) as page:
            assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
    async with stranger.get("/static/css/tokens.css") as sheet:
        assert (sheet.status, sheet.headers["Cache-Control"]) == (200, "no-cache")
        assert sheet.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_policy_lets_in_nothing_from_elsewhere_and_nothing_written_into_the_page(
    https: None,
) -> None:
    policy = edge.policy()
    assert ("unsafe" in policy, "*" in policy, "http:" in policy) == (False, False, False)
    assert "connect-src 'self' wss://huiyin.test;" in policy


async def test_by_tls_cookies_are_bound_to_this_host_and_only_such_cookies_count(
    https: None, server: BaseTestServer
) -> None:
    form = {"number": "admin", "password": PASSWORD}
    async with ClientSession(server.make_url("/"), cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.post("/login", data=form, allow_redirects=False) as answer:
            lines = answer.headers.getall("Set-Cookie")
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        (line,) = [one for one in lines if one.startswith("__Host-huiyin_session=")]
        token = line.split("=", 1)[1].split(";", 1)[0]
        assert len(token) > 40
        for one in lines:
            assert one.startswith("__Host-huiyin_")
            assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= {
                part.strip() for part in one.split(";")
            }
            assert "Domain" not in one
        for name, status in (("__Host-huiyin_session", 200), ("huiyin_session", 303)):
            async with http.get(
                "/account", headers={"Cookie": f"{name}={token}"}, allow_redirects=False
            ) as page:
                assert (name, page.status) == (name, status)


async def test_by_tls_the_chat_takes_the_cookie_of_this_host_too(https: None, server: BaseTestServer) -> None:
    who = await db.fetchval("select id from staff where number = 'admin'")
    token = await sessions.begin(who, address="127.0.0.1", agent="tests")
    address = "/socket.io/?EIO=4&transport=websocket"
    async with ClientSession(server.make_url("/"), cookie_jar=aiohttp.DummyCookieJar()) as http:
        headers = {
            "Cookie": f"__Host-huiyin_session={token}",
            "Origin": str(server.make_url("/")).rstrip("/"),
        }
        async with http.ws_connect(address, headers=headers) as socket:
            assert (await socket.receive_str()).startswith("0{")
            await socket.send_str("40")
            assert (await socket.receive_str()).startswith("40{")


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/login", 17 * 1024, 413),
        ("/login", 8 * 1024, 401),
        ("/api/v1/feedback", 2 * 1024 * 1024, 401),
        ("/api/v1/cases/1/accept", 2 * 1024 * 1024, 413),
    ],
)
async def test_each_address_takes_as_much_as_it_needs_and_no_more(
    path: str, size: int, status: int, stranger: ClientSession
) -> None:
    body = io.BytesIO(b"number=9999&password=" + b"x" * size if path == "/login" else b"x" * size)
    headers = {"Content-Type": FORM if path == "/login" else "application/json"}
    async with stranger.post(path, data=body, headers=headers) as answer:
        assert answer.status == (422 if path == "/login" and status == 401 else status)


async def test_a_body_without_a_length_is_counted_as_it_comes(stranger: ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"number=" + b"x" * 1000

    headers = {"Content-Type": FORM}
    async with stranger.post("/login", data=pieces(), headers=headers) as answer:
        assert answer.status == 413


async def test_a_body_that_does_not_come_is_not_waited_for(
    server: BaseTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "PATIENCE", 0.2)
    async with aiohttp.ClientSession() as http:
        stop = asyncio.Event()

        async def drops() -> AsyncIterator[bytes]:
            yield b"number=1"
            await stop.wait()

        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await http.post(
                server.make_url("/login"),
                data=drops(),
                headers={"Content-Type": FORM, "Content-Length": "100"},
            )
        stop.set()


@pytest.mark.parametrize(("levels", "refused"), [(40, False), (41, True), (5000, True)])
def test_json_deeper_than_anything_of_ours_is_refused(levels: int, refused: bool) -> None:
    body = b"[" * levels + b"]" * levels
    told = ""
    try:
        edge.check_depth(body)
    except Invalid as error:
        told = error.message
    assert told == ("请求体嵌套超过 40 层" if refused else "")
    edge.check_depth(b'{"a": "' + b"[" * 500 + b'", "b": "\\"[[["}')


async def test_deep_json_is_refused_at_the_door(admin: ClientSession) -> None:
    csrf = await db.fetchval("select csrf from session limit 1")
    headers = {"X-CSRF-Token": csrf, "Content-Type": "application/json"}
    async with admin.post("/api/v1/cases/1/accept", data=b"[" * 900 + b"]" * 900, headers=headers) as answer:
        assert (answer.status, (await answer.json())["error"]["message"]) == (422, "请求体嵌套超过 40 层")


async def test_an_unforeseen_error_tells_its_number_and_nothing_of_the_inside(
    server: BaseTestServer, stranger: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Callable[..., object]:
        raise RuntimeError("password=hunter2 at /srv/huiyin/core.py")

    monkeypatch.setattr(db, "fetchval", broken)
    async with stranger.get("/login/captcha/x.png", headers={"Accept": "application/json"}) as answer:
        told = (await answer.json())["error"]
        assert (answer.status, told["code"], told["details"]) == (500, "internal", [])
        assert told["trace_id"] == answer.headers["X-Trace-Id"]
        assert "hunter2" not in await answer.text()


async def test_wrong_and_unknown_numbers_are_answered_alike_and_both_cost_one_check_of_a_hash(
    stranger: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[bool] = []
    fits = password._fits

    def counted(stored: str, given: str) -> bool:
        checked.append(bool(stored))
        return fits(stored, given)

    monkeypatch.setattr(password, "_fits", counted)
    pages = []
    for number in ("liaison", "nobody"):
        async with stranger.post("/login", data={"number": number, "password": "Wrong-9999"}) as answer:
            text = (await answer.text()).replace(number, "#").replace(answer.headers["X-Trace-Id"], "")
            pages.append((answer.status, text))
    assert pages[0] == pages[1]
    assert pages[0][0] == 401
    assert checked == [True, False]

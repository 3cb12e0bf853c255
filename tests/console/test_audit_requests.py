"""Whatever is done, looked at, refused or goes wrong at the web doors is a line of the audit log."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

import app
from console.audit_watch import DOORS
from core import audit_origin, audit_web, db
from core.settings import settings
from staff import sessions
from tests.console.browser import Browser, open_browser
from tests.console.conftest import Console
from tests.console.test_walk import OPEN, wanted
from tests.console.walk_lines import Line
from tests.console.walk_scene import Scene, build
from tests.console.walk_table import TABLE
from tests.staff.cast import build as build_house


@pytest_asyncio.fixture
async def scene(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """The application with everybody and everything."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    monkeypatch.setattr(audit_web, "MOST_ALIKE", 10_000)
    settings.cache_clear()
    async with TestServer(app.make()) as server:
        found = await build(server)
        yield found
        await found.leave()


async def ask(browser: Browser, line: Line, scene: Scene) -> tuple[int, list[str]]:
    """Try an address: how it is answered, and the actions of the lines this left."""
    headers = {"X-CSRF-Token": browser.csrf} if browser.csrf else {}
    async with browser.session.request(
        "GET" if line.method == "*" else line.method,
        browser.server.make_url(line.at.format_map(scene.at)),
        data={"reason": "核实具体情况"} if line.method == "POST" else None,
        headers=headers,
        allow_redirects=False,
    ) as answer:
        await answer.read()
        trace = answer.headers["X-Trace-Id"]
        rows = await db.fetch("select action from audit where trace_id = $1 order by id", trace)
        return answer.status, [row["action"] for row in rows]


async def test_everything_that_is_done_or_refused_leaves_a_line(scene: Scene) -> None:
    """Every address that changes something, by one who may and one who may not; and nobody's knock at closed doors."""
    silent, done = [], 0
    for line in sorted(TABLE, key=lambda line: line.last):
        if line.method == "GET" or line.kind in ("anyone", "machine", "verbs"):
            continue
        if "None" in line.at.format_map(scene.at):  # nothing of that kind in the scene: no such address
            continue
        people = sorted(scene.people.values(), key=lambda who: wanted(line, who, scene) == OPEN)
        for person in {people[0].key: people[0], people[-1].key: people[-1]}.values():
            status, actions = await ask(await scene.enter(person.key), line, scene)
            if status < 400 or status in (401, 403, 404, 429, 500):
                done += status < 400
                if not actions:
                    silent.append((line.at.format_map(scene.at), person.key, status))
    assert silent == []
    assert done >= 40  # there was something to see


async def test_every_look_at_a_person_or_a_matter_leaves_its_line(scene: Scene) -> None:
    silent, looked = [], 0
    for line in TABLE:
        path = line.path.partition(" ")[2]
        if line.method != "GET" or path not in DOORS or DOORS[path].asked or line.kind == "anyone":
            continue
        people = [who for who in scene.people.values() if wanted(line, who, scene) == OPEN]
        if not people:
            continue
        status, actions = await ask(await scene.enter(people[0].key), line, scene)
        if status == 200:
            looked += 1
            if not actions:
                silent.append((path, people[0].key))
    assert silent == []
    assert looked >= 12


def test_every_watched_door_is_an_address() -> None:
    there = set()
    for route in app.make().router.routes():
        if route.resource is not None:
            info = route.resource.get_info()
            there.add(info.get("formatter") or info.get("path"))
    assert set(DOORS) - there == set()


async def newest(most: int = 1) -> list[dict[str, object]]:
    """The last lines, newest first."""
    rows = await db.fetch("select * from audit order by id desc limit $1", most)
    return [dict(row) | {"detail": orjson.loads(row["detail"])} for row in rows]


async def entered(server: BaseTestServer) -> Browser:
    """The browser of alice, on a server of the test's own."""
    house = await build_house()
    number = (await house.actor("alice")).id
    assert number is not None
    browser = open_browser(server)
    token = await sessions.begin(number, address="127.0.0.1", agent="tests")
    browser.session.cookie_jar.update_cookies({sessions.COOKIE: token})
    browser.csrf = await db.fetchval("select csrf from session")
    return browser


async def test_who_looked_from_where_with_which_browser(console: Console) -> None:
    alice = await console.enter("alice")
    async with alice.session.get(
        alice.server.make_url("/patients?q=测试甲"), headers={"User-Agent": "Pruefer/1.0"}
    ) as page:
        assert page.status == 200
    (line,) = await newest()
    number, session = (
        await db.fetchval("select id from staff where number = 'alice'"),
        await db.fetchrow("select token_hash from session"),
    )
    assert session is not None
    assert line | {"id": 0, "at": None} == {
        "id": 0,
        "at": None,
        "actor_kind": "staff",
        "actor_id": number,
        "actor_name": "测试alice",
        "door": "web",
        "address": "127.0.0.1",
        "action": "patient.search",
        "subject": "patient",
        "subject_id": None,
        "detail": {"asked": {"q": "测*甲"}},
        "trace_id": page.headers["X-Trace-Id"],
        "role": "liaison",
        "agent": "Pruefer/1.0",
        "session": audit_origin.name_of(session["token_hash"]),
        "result": "ok",
    }


async def test_a_log_in_and_its_failures_name_browser_address_and_session(console: Console) -> None:
    await console.enter("alice")
    await console.stranger().enter("alice", "wrong-Password-1")
    await console.stranger().enter("nobody-of-that-name", "wrong-Password-1")
    rows = await db.fetch(
        "select action, result, subject_id is not null as known, agent like 'Python%' as agent, address,"
        " session <> '' as session from audit where action like 'login.%' order by id"
    )
    assert [tuple(row) for row in rows] == [
        ("login.in", "ok", True, True, "127.0.0.1", True),
        ("login.failed", "failed", True, True, "127.0.0.1", False),
        ("login.failed", "failed", False, True, "127.0.0.1", False),
    ]


async def test_what_is_refused_is_written_with_what_was_tried(console: Console) -> None:
    alice = await console.enter("alice")
    await alice.get("/settings/parameters")
    await alice.get("/patients/999999?phone=13800001234")
    alice.csrf = "forged"
    await alice.post("/logout")
    stranger = console.stranger()
    await stranger.get("/cases/1")
    await stranger.get("/wp-login.php")
    async with stranger.session.post(
        stranger.server.make_url("/api/v1/hotline/orders"), data=b"{}"
    ) as answer:
        assert answer.status == 401
    lines = [
        (
            line["actor_name"],
            line["action"],
            line["result"],
            line["subject"],
            line["subject_id"],
            line["detail"],
        )
        for line in reversed(await newest(4))
    ]
    assert lines == [
        (
            "测试alice",
            "access.refused",
            "refused",
            "page",
            None,
            {"method": "GET", "path": "/settings/parameters", "status": 403},
        ),
        (
            "测试alice",
            "access.hidden",
            "refused",
            "patient",
            999999,
            {"method": "GET", "path": "/patients/999999", "status": 404},
        ),
        (
            "测试alice",
            "access.refused",
            "refused",
            "page",
            None,
            {"method": "POST", "path": "/logout", "status": 403},
        ),
        (
            "未登录",
            "access.refused",
            "refused",
            "page",
            None,
            {"method": "POST", "path": "/api/v1/hotline/orders", "status": 401},
        ),
    ]


async def test_a_flood_of_refusals_is_counted_and_not_written_line_by_line(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_web, "MOST_ALIKE", 3)
    minutes = iter([7] * 10 + [8])
    monkeypatch.setattr(audit_web, "minute", lambda: next(minutes))
    audit_web.forget_alike()
    alice = await console.enter("alice")
    for _ in range(11):
        await alice.get("/operate")
    lines = await db.fetch(
        "select detail->>'also' as also from audit where action = 'access.refused' order by id"
    )
    assert [line["also"] for line in lines] == [None, None, None, "7"]


async def test_an_unforeseen_error_is_a_line_with_the_number_the_person_was_told(
    database_url: str, redis_url: str
) -> None:
    made = app.make()

    async def broken(_: web.Request) -> web.Response:
        raise ZeroDivisionError

    made.router.add_get("/broken", broken)
    async with TestServer(made) as server:
        browser = open_browser(server)
        page = await browser.get("/broken")
        (line,) = await newest()
        await browser.session.close()
    assert (line["action"], line["result"], line["trace_id"], line["detail"]) == (
        "system.error",
        "failed",
        page.headers["X-Trace-Id"],
        {"method": "GET", "path": "/broken", "status": 500, "error": "ZeroDivisionError"},
    )
    assert str(line["trace_id"]) in page.text


async def test_what_changes_something_without_a_line_of_its_own_gets_one(
    database_url: str, redis_url: str
) -> None:
    """A page that somebody adds and forgets to audit."""
    made = app.make()

    async def silent(_: web.Request) -> web.Response:
        return web.Response(text="done")

    async def file(_: web.Request) -> web.Response:
        return web.Response(text="a;b", headers={"Content-Disposition": "attachment; filename=x.csv"})

    made.router.add_post("/silent", silent)
    made.router.add_get("/sheet", file)
    async with TestServer(made) as server:
        browser = await entered(server)
        await browser.post("/silent")
        await browser.get("/sheet")
        lines = await newest(2)
        await browser.session.close()
    assert [(line["action"], line["detail"]) for line in reversed(lines)] == [
        ("request.done", {"method": "POST", "path": "/silent", "status": 200}),
        ("file.download", {"method": "GET", "path": "/sheet", "status": 200}),
    ]

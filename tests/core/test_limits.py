"""Who may do something how often: counted for each account, device and sender by itself, also while Redis is away."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp
import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer, make_mocked_request

import app
import gates
from core import bell, db, parameters
from core.limits import By, Counting, Limit, Rule, limiting
from core.parameters import Parameter
from core.web import make_app
from staff import sessions


@pytest_asyncio.fixture
async def redis(database: str, redis_url: str) -> AsyncIterator[None]:
    """Redis as the process has it."""
    bell.open_redis(redis_url)
    yield
    await bell.close_redis()


def three(*, shared: bool = True, seconds: int = 60) -> Limit:
    """Three in a minute; its parameter is in no register."""
    return Limit(Parameter("limit.tests", "测试", int, 3, low=1, high=9), seconds, By.ACCOUNT, shared)


async def waits(counting: Counting, one: Limit, who: str, times: int) -> list[bool]:
    """Whether each of so many tries has to wait."""
    return [bool(await counting.wait(one, who)) for _ in range(times)]


@pytest.mark.parametrize("shared", [True, False])
async def test_three_may_come_at_once_the_fourth_waits_for_its_share_and_others_do_not(
    redis: None, shared: bool
) -> None:
    counting, one = Counting(), three(shared=shared)
    assert await waits(counting, one, "account 1", 4) == [False, False, False, True]
    assert 15 < await counting.wait(one, "account 1") <= 20
    assert await waits(counting, one, "account 2", 1) == [False]


async def test_a_limit_grows_back(redis: None) -> None:
    counting, one = (
        Counting(),
        Limit(Parameter("limit.tests", "测试", int, 1000, low=1, high=9999), 1, By.ACCOUNT),
    )
    assert [bool(await counting.wait(one, "x")) for _ in range(1100)][:1000] == [False] * 1000


async def test_two_processes_count_together_and_redis_holds_no_name(redis: None) -> None:
    first, second, one = Counting(), Counting(), three()
    assert await waits(first, one, "number 9901", 2) == [False, False]
    assert await waits(second, one, "number 9901", 2) == [False, True]
    keys = [key.decode() for key in await bell.client().keys("*")]
    assert [bool(re.fullmatch(r"huiyin:limit\.tests:[0-9a-f]{32}", key)) for key in keys] == [True]


async def test_while_redis_is_away_a_process_counts_for_itself_and_does_not_ask_it_each_time(
    database: str,
) -> None:
    bell.open_redis("redis://127.0.0.1:1/0")
    counting, one = Counting(), three()
    assert await waits(counting, one, "account 1", 4) == [False, False, False, True]
    assert counting.sulking_until > 0
    await bell.close_redis()


async def test_a_process_remembers_a_bounded_number_of_names(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.limits.MOST_KEPT", 5)
    counting, one = Counting(), three(shared=False)
    for number in range(50):
        await counting.wait(one, f"address {number}")
    assert list(counting.own) == [f"limit.tests:address {number}" for number in range(45, 50)]


async def test_the_administrators_figure_counts(redis: None) -> None:
    one = three()
    await db.execute("insert into parameter (name, value, changed_by) values ('limit.tests', '1', 'tests')")
    assert await waits(Counting(), one, "account 1", 2) == [False, True]


async def test_too_many_are_told_when_to_come_again(redis: None) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="here")

    made = make_app(limiting([Rule(Limit(three().parameter, 60, By.DEVICE), re.compile("/x"), gates.GET)]))
    made.router.add_get("/x", answer)
    async with TestServer(made) as server, aiohttp.ClientSession(server.make_url("/")) as http:
        for _ in range(3):
            async with http.get("/x") as let:
                assert let.status == 200
        async with http.get("/x", headers={"Accept": "application/json"}) as told:
            error = orjson.loads(await told.read())["error"]
        assert told.status == 429
        assert (error["code"], error["message"]) == (
            "too_many",
            f"操作过于频繁，请 {told.headers['Retry-After']} 秒后再试",
        )
        async with http.get("/x", headers={"User-Agent": "another device"}) as let:
            assert let.status == 200


@pytest_asyncio.fixture
async def server(database_url: str, redis_url: str) -> AsyncIterator[BaseTestServer]:
    """The real application."""
    async with TestServer(app.make()) as running:
        yield running


async def _set(name: str, most: int) -> None:
    await db.execute(
        "insert into parameter (name, value, changed_by) values ($1, $2, 'tests')", name, str(most)
    )


async def _statuses(
    http: aiohttp.ClientSession, times: int, method: str, path: str, **more: object
) -> list[int]:
    found = []
    for _ in range(times):
        async with http.request(method, path, allow_redirects=False, **more) as answer:  # type: ignore[arg-type]
            found.append(answer.status)
    return found


async def test_guessing_one_account_is_slowed_and_the_colleagues_at_the_same_address_come_in(
    server: BaseTestServer,
) -> None:
    await _set("limit.login", 2)
    async with aiohttp.ClientSession(server.make_url("/")) as http:
        guess = {"number": "9901", "password": "Wrong-1234"}
        assert await _statuses(http, 3, "POST", "/login", data=guess) == [401, 401, 429]
        assert await _statuses(http, 1, "POST", "/login", data=guess | {"number": "9902"}) == [401]


@pytest.mark.parametrize(
    ("limit", "method", "path", "more", "before"),
    [
        ("limit.captcha", "GET", "/login/captcha/x.png", {}, 404),
        ("limit.feedback", "GET", "/api/v1/feedback/ABCDEFGH2345?tail=0000", {}, 404),
        ("limit.strangers", "GET", "/login", {}, 200),
        ("limit.pushes", "POST", "/api/v1/hotline/orders", {"data": b"{}"}, 401),
    ],
)
async def test_strangers_are_counted_where_it_costs(
    limit: str, method: str, path: str, more: dict[str, object], before: int, server: BaseTestServer
) -> None:
    await _set(limit, 1)
    async with aiohttp.ClientSession(server.make_url("/")) as http:
        assert await _statuses(http, 2, method, path, **more) == [before, 429]


@pytest.mark.parametrize(
    ("limit", "method", "path", "before"),
    [
        ("limit.search", "GET", "/cases?q=x", 200),
        ("limit.api", "GET", "/api/v1/cases", 200),
        ("limit.exports", "GET", "/statistics/sheet", 200),
        ("limit.pages", "GET", "/account", 200),
        ("limit.uploads", "POST", "/imports", 422),
    ],
)
async def test_staff_are_counted_by_account_and_never_by_the_address_they_share(
    limit: str, method: str, path: str, before: int, server: BaseTestServer
) -> None:
    await db.execute("insert into org_unit (id, path, kind, name) values (1, '/1/', 'group', '测试医院')")
    await _set(limit, 1)
    seen = []
    for number in ("9901", "9902"):
        who = await db.fetchval("insert into staff (number, name) values ($1, $1) returning id", number)
        await db.execute("insert into post (staff_id, unit_id, role) values ($1, 1, 'centre_staff')", who)
        cookie = await sessions.begin(who, address="127.0.0.1", agent="tests")
        csrf = await db.fetchval("select csrf from session where staff_id = $1", who)
        headers = {"Cookie": f"{sessions.COOKIE}={cookie}", "X-CSRF-Token": csrf}
        form = aiohttp.FormData({"x": "y"}, default_to_multipart=True) if method == "POST" else None
        async with aiohttp.ClientSession(server.make_url("/"), headers=headers) as http:
            seen.append(
                [(await _statuses(http, 1, method, path, data=form))[0] for form in (form, _again(method))]
            )
    assert seen == [[before, 429], [before, 429]]


def _again(method: str) -> aiohttp.FormData | None:
    return aiohttp.FormData({"x": "y"}, default_to_multipart=True) if method == "POST" else None


def test_every_limit_can_be_changed_by_an_administrator() -> None:
    names = {rule.limit.name for rule in gates.RULES}
    assert names <= set(parameters.REGISTER)
    assert len(names) >= 12


ONE = UUID(int=7)
LISTS = (
    f"/cases/exports/{ONE}/file",
    f"/patients/exports/{ONE}/file",
    "/surveys/responses.csv",
    "/surveys/responses.xlsx",
    "/surveys/statistics/sheet",
    "/surveys/rounds/3/results/sheet",
    "/patients/analysis/sheet",
    "/statistics/sheet",
    "/audit/sheet",
    "/exports/sheet",
    "/settings/matrix/sheet",
    "/chat/rooms/3/export",
    f"/imports/{ONE}/faulty",
)


@pytest.mark.parametrize("path", LISTS)
async def test_taking_a_list_out_is_counted_wherever_it_is_taken_out(path: str) -> None:
    made = app.make()
    answered = await made.router.resolve(make_mocked_request("GET", path))
    assert answered.http_exception is None  # such an address there is
    counted = [rule for rule in gates.RULES if rule.limit is gates.EXPORTS and "GET" in rule.methods]
    assert any(rule.path.match(path) for rule in counted)

"""What holds for every page: who may open it, that nothing is inline, that what it names exists."""

from urllib.parse import urlsplit

import pytest

from core import db, edge
from tests.console.browser import Browser, Page
from tests.console.conftest import Console

PEOPLE = ("alice", "admin", "auditor")
SEEN_BY = {  # page → what alice (liaison), admin and auditor are answered
    "/": (200, 200, 200),
    "/?arrange=1": (200, 200, 200),
    "/home/arrange": (404, 404, 404),
    "/home/tasks": (200, 200, 200),
    "/menu/unread": (200, 200, 200),
    "/bulletins": (200, 200, 200),
    "/bulletins/new": (403, 200, 403),
    "/settings/schedules": (403, 200, 403),
    "/settings/schedules/audit.seal": (403, 200, 403),
    "/settings/schedules/no.such": (403, 404, 403),
    "/settings/dictionaries": (403, 200, 403),
    "/settings/dictionaries/feedback.tag": (403, 200, 403),
    "/settings/dictionaries/no.such": (403, 404, 403),
    "/settings/dictionaries/feedback.tag/99999999": (403, 404, 403),
    "/home/calendar": (200, 200, 200),
    "/home/doors": (200, 200, 200),
    "/home/machine": (404, 200, 404),
    "/home/no_such_module": (404, 404, 404),
    "/pick/people?q=测试&name=staff_id": (200, 200, 200),
    "/settings/holidays": (200, 200, 200),
    "/settings/holidays?year=2027": (200, 200, 200),
    "/settings/holidays?year=1999": (404, 404, 404),
    "/settings/holidays?year=²": (404, 404, 404),
    "/settings/holidays/day/2026-10-01": (403, 200, 403),
    "/settings/holidays/day/2026-02-30": (403, 404, 403),
    "/settings/holidays/import": (403, 200, 403),
    "/settings/parameters": (403, 200, 403),
    "/settings/parameters/session.idle_minutes": (403, 200, 403),
    "/settings/parameters/no.such": (403, 404, 403),
    "/settings/deadlines": (403, 200, 403),
    "/settings/deadlines/hotline/投诉/upstream": (403, 200, 403),
    "/settings/deadlines/hotline/other/department": (403, 200, 403),
    "/settings/deadlines/hotline/投诉/no_such": (403, 404, 403),
    "/settings/deadlines/hotline/no_such/upstream": (403, 404, 403),
    "/settings/deadlines/no_such/other/upstream": (403, 404, 403),
    "/settings/deadlines/try?source=hotline&appeal_type=投诉&received_at=2026-03-02T09:00": (403, 200, 403),
    "/settings/deadlines/try?source=no_such&appeal_type=投诉&received_at=2026-03-02T09:00": (403, 404, 403),
    "/settings/deadlines/try": (403, 422, 403),
    "/account": (200, 200, 200),
    "/operate": (403, 200, 403),
    "/operate?queue=inbound&state=done&before=9": (403, 200, 403),
    "/operate?queue=staff": (403, 404, 403),
    "/operate?state=staff": (403, 404, 403),
    "/operate/job/parked/1": (403, 200, 403),
    "/operate/due/parked/2": (403, 404, 403),
    "/operate/job/parked/99999999999999999999": (403, 404, 403),
    "/operate/staff/parked/1": (403, 404, 403),
    "/audit": (403, 403, 200),
    "/audit?who=alice&what=login&subject=staff:1&from=2026-01-01&to=2026-12-31&before=100": (403, 403, 200),
    "/no/such/page": (404, 404, 404),
}


async def park_a_job() -> None:
    await db.execute(
        "insert into job (kind, payload, state, error) values ('hotline.result', '{\"case_id\": 1}', 'parked', '<b>签名</b>')"
    )


async def test_every_page_opens_for_those_it_is_for_and_for_nobody_else(console: Console) -> None:
    await park_a_job()
    answered: dict[str, list[int]] = {path: [] for path in SEEN_BY}
    for name in PEOPLE:
        browser = await console.enter(name)
        for path in SEEN_BY:
            answered[path].append((await browser.get(path)).status)
    assert {path: tuple(found) for path, found in answered.items()} == SEEN_BY


async def test_a_stranger_opens_nothing_but_the_door(console: Console) -> None:
    stranger = console.stranger()
    answered = {path: (await stranger.get(path)).status for path in [*SEEN_BY, "/login"]}
    assert answered == {**dict.fromkeys(SEEN_BY, 303), "/no/such/page": 404, "/login": 200}


@pytest.mark.parametrize("name", PEOPLE)
async def test_the_menu_names_the_pages_that_open_and_marks_the_present_one(
    console: Console, name: str
) -> None:
    menus = {
        "alice": ["首页", "工作日历"],
        "admin": ["首页", "工作日历", "系统参数", "办理时限", "运行状况"],
        "auditor": ["首页", "工作日历", "审计日志"],
    }
    browser = await console.enter(name)
    home = await browser.get("/")
    shown = home.words("//nav[@id='side']//a[contains(@class, 'side-item')]")
    ours = {words for menu in menus.values() for words in menu}  # other packages' pages come and go
    assert [words for words in shown if words in ours] == menus[name]
    for path in home.tree.xpath("//nav[@id='side']//a[contains(@class, 'side-item')]/@href"):
        page = await browser.get(path)
        here = page.tree.xpath("//nav[@id='side']//a[@aria-current='page']/@href")
        assert (page.status, here) == (200, [path])


async def every_page(console: Console) -> list[Page]:
    """All pages and parts, the good and the bad, as the three people and a stranger get them."""
    await park_a_job()
    pages = []
    stranger = console.stranger()
    pages += [await stranger.get("/login"), await stranger.enter("", ""), await stranger.enter("alice", "x")]
    for name in PEOPLE:
        browser = await console.enter(name)
        pages += [await browser.get(path) for path in SEEN_BY]
        pages += [
            await browser.get("/no/such/page", part=True),
            await browser.post("/audit/verify", part=True),
        ]
        if name == "admin":
            pages += await posts(browser)
    return pages


async def posts(admin: Browser) -> list[Page]:
    return [
        await admin.post("/settings/parameters/im.mirror_rooms", {"value": "x"}, part=True),
        await admin.post("/settings/schedules/files.scan/pause", {"reason": ""}, part=True),
        await admin.post("/settings/schedules/audit.seal/change", {"when": "0"}, part=True),
        await admin.post("/settings/dictionaries/feedback.tag/add", {"label": ""}),
        await admin.post("/bulletins/new", {"title": ""}, part=True),
        await admin.post("/settings/holidays/preview", {"text": "{"}, part=True),
        await admin.post("/settings/deadlines/hotline/投诉/upstream", {"amount": "0"}, part=True),
        await admin.post("/account/bind-code", part=True),
        await admin.post("/account/password", {"old": "x", "new": "weak", "again": "weak"}),
        await admin.post(
            "/settings/holidays/preview",
            {"text": '{"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true}]}'},
            part=True,
        ),
        await admin.post("/settings/holidays/day/2027-01-04", {"kind": "off"}, part=True),
        await admin.post("/operate/job/parked/1/repair", {"payload": "{"}, part=True),
        await admin.post("/operate/job/parked/1/drop", {"reason": ""}, part=True),
    ]


async def test_no_page_and_no_part_has_anything_inline_and_all_come_with_the_policy(console: Console) -> None:
    pages = await every_page(console)
    inline = {
        page.path: page.tree.xpath(
            "//@style | //style | //script[not(@src)] | //@*[starts-with(name(), 'on')] | //@*[starts-with(name(), 'hx-on')]"
            " | //@href[starts-with(., 'javascript:')]"
        )
        for page in pages
    }
    assert {path: found for path, found in inline.items() if found} == {}
    assert {page.headers["Content-Security-Policy"] for page in pages} == {edge.policy()}
    assert "unsafe" not in edge.policy()
    assert {page.headers.get("Cache-Control") for page in pages if page.status == 200} == {"no-store"}


async def test_a_drawer_opened_by_its_address_stands_in_a_page(console: Console) -> None:
    admin = await console.enter("admin")
    address = "/settings/parameters/session.idle_minutes"
    part = await admin.get(address, part=True)
    opened = {"Sec-Fetch-Dest": "document"}
    alone = await admin.get(address, part=False, **opened)
    assert "<html" not in part.text
    assert (len(alone.tree.xpath("//nav[@id='side']")), len(alone.tree.xpath("//main//form"))) == (1, 1)
    assert alone.one("//h1") == part.one("//h2")


async def test_htmx_is_told_to_evaluate_nothing_and_to_keep_no_page_in_the_browser(console: Console) -> None:
    page = await (await console.enter("alice")).get("/")
    told = page.tree.xpath("//meta[@name='htmx-config']/@content")[0]
    for setting in ('"includeIndicatorStyles": false', '"allowEval": false', '"historyCacheSize": 0'):
        assert setting in told


async def test_every_file_that_pages_name_exists_and_may_be_kept_for_ever(console: Console) -> None:
    named = {
        urlsplit(address).path
        for page in await every_page(console)
        for address in page.tree.xpath("//link/@href | //script/@src | //img/@src | //use/@href")
    }
    stranger = console.stranger()
    answered = {path: await stranger.get(path) for path in named if path.endswith((".js", ".css", ".svg"))}
    assert len(answered) >= 10
    assert {(page.status, page.headers["Cache-Control"]) for page in answered.values()} == {
        (200, "public, max-age=31536000, immutable")
    }


async def test_what_goes_wrong_in_a_part_becomes_a_notice_and_elsewhere_a_page(console: Console) -> None:
    alice = await console.enter("alice")
    part = await alice.get("/operate", part=True)
    page = await alice.get("/operate")
    assert (part.status, part.headers["HX-Retarget"], part.one("//*[@role='alert']//b")) == (
        403,
        "#notices",
        "您没有此项操作的权限",
    )
    assert (page.status, page.one("//h1"), page.headers["X-Trace-Id"] in page.text) == (
        403,
        "您没有此项操作的权限",
        True,
    )


async def test_what_people_wrote_is_never_markup(console: Console) -> None:
    await park_a_job()
    page = await (await console.enter("admin")).get("/operate")
    assert "<b>签名</b>" in page.words("//td[@data-label='原因']")
    assert page.tree.xpath("//td[@data-label='原因']//b") == []


async def test_people_are_found_by_the_beginning_of_name_or_number(console: Console) -> None:
    page = await (await console.enter("alice")).get("/pick/people?q=bo&name=staff_id%22onclick")
    assert page.words("//label") == ["测试bob bob · 西院区 · 心血管内科"]
    assert page.tree.xpath("//input/@name") == ["staff_idonclick"]

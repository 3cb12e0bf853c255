"""The home page: its modules, and what a person makes of them."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from aiohttp import FormData

from console import bulletins
from console.home import greeting
from console.saved_views import ViewForm, keep
from console.widgets import WIDGETS
from console.widgets.calendar import upcoming
from console.widgets.shapes import Doors, Figures, Line, Lines
from core import clock, db
from core.calendar import Calendar, Day
from im import actions as im
from im import groups
from im.drafts import Draft
from tests.console.conftest import Console

MODULES = "//div[@class='modules']//section//h2"
SHELF = "//div[@class='shelf']//h2"


@pytest.mark.parametrize("name", WIDGETS)
async def test_every_module_loads_for_whom_it_is_offered_and_names_pages_that_open(
    console: Console, name: str
) -> None:
    widget = WIDGETS[name]
    asked = 0
    for person in ("alice", "carol", "admin", "auditor", "keeper", "west_vp"):
        actor = await console.house.actor(person)
        browser = await console.enter(person)
        part = await browser.get(f"/home/{name}", part=True)
        if not await widget.offered(actor):
            assert part.status == 404
            continue
        content = await widget.load(actor)
        assert isinstance(content, (Figures, Lines, Doors))
        for path in {*part.tree.xpath("//a/@href")}:
            assert (path, (await browser.get(path)).status) == (path, 200)
        asked += 1
    assert asked
    assert widget.name == name


async def test_modules_of_a_department_are_for_those_who_work_in_one(console: Console) -> None:
    offered = {
        person: await WIDGETS["unit"].offered(await console.house.actor(person))
        for person in ("alice", "head", "west_vp", "carol", "admin")
    }
    assert offered == {"alice": True, "head": True, "west_vp": False, "carol": False, "admin": False}


async def test_a_person_orders_sizes_and_hides_modules_and_nobody_else_is_touched(console: Console) -> None:
    admin, alice = await console.enter("admin"), await console.enter("alice")
    before, untouched = (await admin.get("/")).words(MODULES), (await alice.get("/")).words(MODULES)
    assert {"工作日历", "全部页面", "运行状况"} <= {*before}

    order = [("order", name) for name in ("machine", "doors", "calendar", "no_such", "todo")]
    sizes = [
        ("size.machine", "full"),
        ("size.doors", "two"),
        ("size.calendar", "one"),
        ("size.no_such", "one"),
    ]
    saved = await admin.post(
        "/home/arrange", FormData([*order, *sizes, ("shown", "doors"), ("shown", "machine")]), part=True
    )
    assert (saved.status, saved.text) == (204, "")
    assert await rows("admin") == [
        ("machine", 0, False, "full"),
        ("doors", 1, False, ""),
        ("calendar", 2, True, ""),
    ]
    page = await admin.get("/")
    assert page.words(MODULES)[:2] == ["运行状况", "全部页面"]
    assert "工作日历" not in page.words(MODULES)
    assert page.tree.xpath("//section[@aria-label='运行状况']/@class") == ["card module module-full"]
    arranging = await admin.get("/?arrange=1")
    assert arranging.words(SHELF) == ["工作日历"]
    assert (await alice.get("/")).words(MODULES) == untouched

    reset = await admin.post("/home/reset")
    assert (reset.status, reset.headers["Location"]) == (303, "/?arrange=1")
    assert (await admin.get("/")).words(MODULES) == before


async def test_a_size_that_does_not_exist_is_refused_and_nothing_is_written(console: Console) -> None:
    admin = await console.enter("admin")
    page = await admin.post(
        "/home/arrange", FormData([("order", "doors"), ("shown", "doors"), ("size.doors", "huge")])
    )
    assert page.status == 422
    assert await rows("admin") == []


async def rows(number: str) -> list[tuple[str, int, bool, str]]:
    found = await db.fetch(
        "select widget, position, hidden, size from home_module join staff on staff.id = staff_id where number = $1"
        " order by position",
        number,
    )
    return [(row["widget"], row["position"], row["hidden"], row["size"]) for row in found]


async def test_a_page_without_modules_says_how_to_get_them_back(console: Console) -> None:
    alice = await console.enter("alice")
    order = [("order", name) for name in WIDGETS]
    await alice.post("/home/arrange", FormData(order))
    page = await alice.get("/")
    assert (page.words(MODULES), page.one("//*[@class='nothing']/p")) == ([], "首页上没有模块")


async def test_a_sentence_after_a_redirect_is_shown_once(console: Console) -> None:
    alice = await console.enter("alice")
    await alice.post("/home/arrange", {"order": "doors", "shown": "doors"})
    first, second = await alice.get("/"), await alice.get("/")
    assert (
        first.words("//*[@id='notices']//*[@class='notice-words']"),
        second.words("//*[@id='notices']/*"),
    ) == (
        ["首页已保存"],
        [],
    )


async def test_unread_chats_stand_in_the_menu_and_in_their_module(console: Console) -> None:
    alice, dora = await console.house.actor("alice"), await console.house.actor("dora")
    room = await groups.found(uuid4(), "交接班", [console.house.staff["dora"]], by=alice)
    for _ in range(3):
        await im.post(room, Draft(client_id=uuid4(), text="请看一下"), by=alice)
    await im.post(room, Draft(client_id=uuid4(), text="@测试dora 尽快", mentions=(dora.id or 0,)), by=alice)
    seen = {
        name: (await (await console.enter(name)).get("/account")).words("//a[@href='/chat']//b[not(@hidden)]")
        for name in ("alice", "dora", "bob")
    }
    assert seen == {"alice": [], "dora": ["4", "4"], "bob": []}
    browser = await console.enter("dora")
    assert (await browser.get("/menu/unread")).text == '{"unread":4}'
    module = await browser.get("/home/chats", part=True)
    assert module.words("//*[@class='line']") == ["交接班测试alice：@测试dora 尽快 @我 · 4"]
    assert (await (await console.enter("bob")).get("/home/chats", part=True)).words(
        "//*[@class='line']"
    ) == []


async def test_saved_views_stand_on_the_home_page_with_how_many_they_hold(console: Console) -> None:
    alice = await console.house.actor("alice")
    await keep(ViewForm(page="cases", name="超期的", query="due=late"), by=alice)
    module = await (await console.enter("alice")).get("/home/views", part=True)
    assert module.words("//*[@class='line']") == ["超期的 0"]
    assert module.tree.xpath("//*[@class='line']//a/@href") == ["/cases?due=late"]


async def test_an_announcement_is_on_everybodys_page_until_it_is_withdrawn(console: Console) -> None:
    admin, alice = await console.enter("admin"), await console.enter("alice")
    line = "//*[@class='line']"
    refused = await admin.post("/bulletins/new", {"title": "停电", "body": "", "days": "400"}, part=True)
    assert (refused.status, refused.words("//*[@class='fault']")) == (422, ["必填", "不能大于 366"])
    assert (
        await alice.post("/bulletins/new", {"title": "停电", "body": "周六停电", "days": "3"})
    ).status == 403

    written = await admin.post(
        "/bulletins/new",
        {"title": "停电", "body": "周六 8:00 停电。", "urgent": "true", "days": "3"},
        part=True,
    )
    assert written.headers["HX-Redirect"] == "/bulletins"
    assert (await alice.get("/home/bulletins", part=True)).words(line) == ["停电周六 8:00 停电。 重要"]
    assert (await alice.get("/bulletins")).words("//article//button") == []
    number = await db.fetchval("select id from bulletin")
    assert (await alice.post(f"/bulletins/{number}/withdraw")).status == 403
    assert (await admin.post(f"/bulletins/{number}/withdraw")).status == 303
    assert (await alice.get("/home/bulletins", part=True)).words(line) == []
    assert (await admin.post(f"/bulletins/{number}/withdraw")).status == 404
    actions = await db.fetch("select action from audit where subject = 'bulletin' order by id")
    assert [row["action"] for row in actions] == ["bulletin.write", "bulletin.withdraw"]


async def test_an_announcement_leaves_by_itself(console: Console) -> None:
    admin = await console.house.actor("admin")
    await bulletins.write(bulletins.BulletinForm(title="体检", body="下周体检", days=2), by=admin)
    assert [one.title for one in await bulletins.in_force()] == ["体检"]
    with clock.frozen(clock.now() + timedelta(days=2, seconds=1)):
        assert (await bulletins.in_force(), [one.title for one in await bulletins.past()]) == ([], ["体检"])


def test_coming_holidays_are_told_as_runs_of_days() -> None:
    days = [Day(date(2026, 10, day), "国庆节", True) for day in range(1, 8)]
    days.append(Day(date(2026, 10, 10), "国庆节", False))
    calendar = Calendar({day.date: day for day in days}, frozenset({2026}))
    assert upcoming(calendar, date(2026, 9, 29)) == (
        Line("国庆节放假", "10月1日—10月7日，共 7 天", mark="休", tone="good"),
        Line("国庆节调休上班", "10月10日", mark="班", tone="soon"),
    )
    assert upcoming(calendar, date(2026, 10, 10)) == ()


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (0, "夜深了"),
        (4, "夜深了"),
        (5, "早上好"),
        (11, "中午好"),
        (13, "下午好"),
        (18, "晚上好"),
        (23, "晚上好"),
    ],
)
def test_the_greeting_fits_the_hour(hour: int, words: str) -> None:
    assert greeting(hour) == words

"""The home page: its modules, and what a person makes of them."""

from datetime import date

import pytest
from aiohttp import FormData

from console.home import greeting
from console.widgets import WIDGETS
from console.widgets.calendar import upcoming
from console.widgets.shapes import Doors, Figures, Line, Lines
from core import db
from core.calendar import Calendar, Day
from tests.console.conftest import Console


@pytest.mark.parametrize("name", WIDGETS)
async def test_every_module_loads_for_whom_it_is_offered_and_names_pages_that_open(
    console: Console, name: str
) -> None:
    widget = WIDGETS[name]
    asked = 0
    for person in ("alice", "carol", "admin", "auditor"):
        actor = await console.house.actor(person)
        if not widget.offered(actor):
            continue
        content = await widget.load(actor)
        assert isinstance(content, (Figures, Lines, Doors))
        browser = await console.enter(person)
        part = await browser.get(f"/home/{name}", part=True)
        for path in {*part.tree.xpath("//a/@href")}:
            assert (path, (await browser.get(path)).status) == (path, 200)
        asked += 1
    assert asked
    assert widget.name == name


async def test_a_person_orders_and_hides_modules_and_nobody_else_is_touched(console: Console) -> None:
    admin, alice = await console.enter("admin"), await console.enter("alice")
    titles = "//section[contains(@class, 'module')]//h2"
    before = (await admin.get("/")).words(titles)
    untouched = (await alice.get("/")).words(titles)
    assert {"工作日历", "常用入口", "运行状况"} <= {*before}

    order = [("order", name) for name in ("machine", "doors", "calendar", "no_such")]
    saved = await admin.post("/home/arrange", FormData([*order, ("shown", "doors")]), part=True)
    assert saved.headers["HX-Redirect"] == "/"
    assert await rows("admin") == [("machine", 0, True), ("doors", 1, False), ("calendar", 2, True)]
    assert [title for title in (await admin.get("/")).words(titles) if title in before][:1] == ["常用入口"]
    assert (await alice.get("/")).words(titles) == untouched


async def rows(number: str) -> list[tuple[str, int, bool]]:
    found = await db.fetch(
        "select widget, position, hidden from home_module join staff on staff.id = staff_id where number = $1"
        " order by position",
        number,
    )
    return [(row["widget"], row["position"], row["hidden"]) for row in found]


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

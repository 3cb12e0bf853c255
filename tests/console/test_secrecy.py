"""检举控告 behind real pages and the API: to the accused, a secret case and one that never was are the same.

"torn" may do all that an inspector may, and holds a post in the accused department besides.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from aiohttp.web import Application

import app
from core import db
from core.actions import REGISTER
from core.actor import Door
from core.settings import settings
from staff.actors import actor_of
from staff.roles import Role
from tests.console.browser import Browser, Page
from tests.console.desk import Desk, open_desk, settle
from tests.tickets.test_road import do
from tickets.models import Ticket

MISSING = 99_999
TELLING = ("酬金", "GZ-7", "测试丙", "138****0077", "13800000077", "涉密事项")
UNITS = {"inspector": [(1, Role.DISCIPLINE)], "torn": [(1, Role.DISCIPLINE), (4, Role.LIAISON)]}
BOOKKEEPERS = {
    "auditor": [(1, Role.AUDITOR)],
    "accused_auditor": [(4, Role.AUDITOR)],
    "operator": [(1, Role.ADMINISTRATOR)],
}


@dataclass(frozen=True)
class Scene:
    """A secret case with its ticket of orthopaedics and the one taken from cardiology; an open one beside it."""

    desk: Desk
    case: int
    ticket: int
    taken: int
    open: int


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def scene(database_url: str, redis_url: str) -> AsyncIterator[Scene]:
    async with open_desk() as opened:
        people = dict(opened.people)
        for key, posts in {**UNITS, **BOOKKEEPERS}.items():
            number = await db.fetchval(
                "insert into staff (number, name, wecom_userid) values ($1, $2, $1) returning id",
                key,
                f"测试{key}",
            )
            for unit, role in posts:
                await db.execute(
                    "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, 9)",
                    number,
                    unit,
                    role,
                )
            people[key] = await actor_of(number, Door.WEB)
        desk = Desk(opened.server, people, opened.browsers)
        for at, name in enumerate(
            ("cases", "ticket"), start=7
        ):  # numbers that stand for nothing else in a page
            await db.execute(f"select setval('{name}_id_seq', {at}0000)")
        open_one, _ = await desk.receive(order_no="GZ-9", title="骨科走廊灯坏了")
        case, _ = await desk.receive(
            order_no="GZ-7",
            title="举报收受酬金",
            content="本人反映术前收受酬金",
            caller_name="测试丙",
            caller_phone="13800000077",
        )
        await do("case.assign", case.id, desk.centre, units=["骨科"], instructions="请协助核对")
        accused = {"accused_units": ["心血管内科"], "accused_staff": "vice"}
        await do("case.make_secret", case.id, desk.centre, **accused, reason="属于检举控告")
        await settle()
        taken, ticket = await Ticket.filter(case_id=case.id).order_by("unit_id")
        yield Scene(desk, case.id, ticket.id, taken.id, open_one.id)


def words_of(page: Page, number: int) -> tuple[int, str, str | None]:
    """What came back, but for the number that was asked for and what differs each time."""
    text = re.sub(r"[0-9a-f]{16,}", "H", page.text).replace(str(number), "N")
    place = page.headers.get("Location") or page.headers.get("HX-Redirect")
    return page.status, text, place and place.replace(str(number), "N")


def addresses(made: Application) -> list[tuple[str, str]]:
    """(method, path) of every address below a case, a ticket or what is told by their number; N is the number."""
    found = set()
    for route in made.router.routes():
        info = route.resource.get_info() if route.resource is not None else {}
        path = info.get("formatter", "")
        if route.method not in ("GET", "POST") or not re.match(
            r"(/api/v1)?/(\{kind\}|cases|tickets|petitions|matters|feedback|reports)/\{(id|number)\}", path
        ):
            continue
        for kind, subject in (("cases", "case"), ("tickets", "ticket")):
            verbs = [each.verb for each in REGISTER.values() if each.subject == subject]
            for verb in verbs if "{verb}" in path else [""]:
                filled = path.replace("{kind}", kind).replace("{verb}", verb)
                for name, value in (("what", "reveal"), ("how", "confirm"), ("file", str(UUID(int=7)))):
                    filled = filled.replace(f"{{{name}}}", value)
                filled = re.sub(r"\{(id|number)\}", "N", filled, count=1)
                found.add((route.method, re.sub(r"\{[a-z_]+\}", "1", filled)))
    return sorted(found)


async def test_every_address_of_a_secret_case_answers_the_accused_as_if_there_were_none(scene: Scene) -> None:
    asked = addresses(app.make())
    assert {("GET", "/cases/N"), ("GET", "/tickets/N/chat"), ("POST", "/cases/N/do/assign")} <= set(asked)
    browser = await scene.desk.enter("torn")
    differing = []
    for method, path in asked:
        for number in (scene.case,) if "/cases/" in path else (scene.ticket, scene.taken):
            if path.startswith(("/matters", "/reports")):
                continue  # numbers of their own
            hidden, missing = [
                words_of(await ask(browser, method, path.replace("N", str(each), 1)), each)
                for each in (number, MISSING)
            ]
            if hidden != missing:
                differing.append((method, path))
    assert differing == []
    inspector = await scene.desk.enter("inspector")
    assert "举报收受酬金" in (await inspector.get(f"/cases/{scene.case}")).text


async def ask(browser: Browser, method: str, path: str) -> Page:
    return await (browser.get(path) if method == "GET" else browser.post(path, {"reason": "核实具体情况"}))


def told(page: Page) -> list[str]:
    """The words of the case that stand on a page."""
    return [word for word in TELLING if word in page.text]


async def test_no_page_of_the_accused_or_the_centre_says_a_word_of_it(scene: Scene) -> None:
    pages = (
        "/",
        "/cases?all=1",
        "/cases?q=酬金",
        "/cases?q=13800000077",
        f"/cases?q=%23{scene.ticket}",
        "/cases?q=GZ-7",
        "/cases?category=&handler=none",
        "/cases/count?q=酬金",
        "/chat",
        "/api/v1/cases",
        "/api/v1/tickets",
    )
    seen = {}
    for who in ("torn", "vice", "liaison", "head", "centre", "chief"):
        browser = await scene.desk.enter(who)
        seen[who] = [word for path in pages for word in told(await browser.get(path)) if word not in path]
    assert seen == {who: [] for who in seen}
    inspector = await scene.desk.enter("inspector")
    assert set(told(await inspector.get("/cases?q=酬金"))) >= {"酬金", "138****0077"}
    bones = await scene.desk.enter("bones")
    assert set(told(await bones.get("/cases?all=1"))) == {"涉密事项"}


async def test_the_figures_of_the_home_page_count_it_for_those_who_may_know_alone(scene: Scene) -> None:
    figures = {}
    for who in ("torn", "inspector"):
        page = await (await scene.desk.enter(who)).get("/api/v1/cases")
        figures[who] = page.text.count('"number"')
    assert figures == {"torn": 1, "inspector": 2}


async def test_who_handles_a_ticket_sees_the_ticket_on_the_page_and_nothing_of_the_case(scene: Scene) -> None:
    bones = await scene.desk.enter("bones")
    page = await bones.get(f"/cases/{scene.case}")
    assert (page.status, told(page)) == (200, ["涉密事项"])
    assert "请协助核对" in page.text
    assert "您只能看到交给本科室的工单" in page.text
    assert page.words("//*[@id='part-order'][@hidden]") != []


async def test_the_inspector_sees_who_is_kept_from_it_and_may_change_that(scene: Scene) -> None:
    inspector = await scene.desk.enter("inspector")
    page = await inspector.get(f"/cases/{scene.case}")
    assert page.words("//section[contains(@class, 'secret-card')]//dd") == [
        "东院区 · 心血管内科",
        "测试副院长（vice）",
    ]
    form = await inspector.get(f"/cases/{scene.case}/do/make_secret", part=True)
    assert form.tree.xpath("//input[@name='accused_units'][@checked]/@value") == ["4"]
    assert form.tree.xpath("//input[@name='accused_staff']/@value") == ["vice"]
    done = await inspector.post(
        f"/cases/{scene.case}/do/make_secret",
        {"accused_units": "6", "accused_staff": "", "reason": "被举报的是骨科"},
        part=True,
    )
    assert done.status == 200
    assert (await (await scene.desk.enter("bones")).get(f"/cases/{scene.case}")).status == 404
    assert (await (await scene.desk.enter("torn")).get(f"/cases/{scene.case}")).status == 200


async def test_who_makes_a_case_secret_and_may_not_know_of_it_is_led_to_the_list(scene: Scene) -> None:
    centre = await scene.desk.enter("centre")
    said = await centre.post(
        f"/cases/{scene.open}/do/make_secret",
        {"accused_units": "4", "reason": "属于检举控告"},
        part=True,
    )
    assert (said.status, said.headers.get("HX-Redirect")) == (200, "/cases")
    assert (await centre.get(f"/cases/{scene.open}")).status == 404


async def test_the_audit_log_tells_the_accused_nothing_and_other_auditors_not_what(scene: Scene) -> None:
    found = {}
    for who in ("auditor", "accused_auditor"):
        browser = await scene.desk.enter(who)
        rows = []
        for what in ("case.", "ticket.", "room."):
            page = await browser.get(f"/audit?what={what}")
            assert [word for word in TELLING[:-1] if word in page.text] == []
            rows += page.words("//tbody//td[@data-label='对象']")
        found[who] = set(rows)
    day = await db.fetchval(
        "select to_char(received_at at time zone 'Asia/Shanghai', 'YYYYMMDD') from cases where id = $1",
        scene.open,
    )
    open_ones = {f"诉求 {day}-{scene.open}", *(row for row in found["auditor"] if row.startswith("群聊"))}
    assert found["auditor"] >= {"涉密事项", f"诉求 {day}-{scene.open}"}
    assert [row for row in found["auditor"] if f"{scene.case}" in row] == []
    assert found["accused_auditor"] == open_ones
    by_number = await (await scene.desk.enter("accused_auditor")).get(f"/audit?subject=case:{scene.case}")
    assert by_number.words("//tbody//tr") == []
    by_number = await (await scene.desk.enter("accused_auditor")).get(f"/audit?subject={day}-{scene.case}")
    assert by_number.words("//tbody//tr") == []
    known = await (await scene.desk.enter("auditor")).get(f"/audit?subject=case:{scene.case}")
    assert known.words("//tbody//tr") != []


async def test_raw_bodies_of_a_secret_case_are_closed_to_who_runs_the_machine(scene: Scene) -> None:
    operator = await scene.desk.enter("operator")
    bodies = {
        row["id"]: row["secret"]
        for row in await db.fetch("select i.id, c.secret from inbound i join cases c on c.inbound_id = i.id")
    }
    assert sorted(bodies.values()) == [False, True]
    answers = {
        secret: (await operator.get(f"/operate/inbound/done/{number}", part=True)).status
        for number, secret in bodies.items()
    }
    assert answers == {False: 200, True: 404}
    assert told(await operator.get("/operate?queue=inbound&state=done")) == ["涉密事项"]

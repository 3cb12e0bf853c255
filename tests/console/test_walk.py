"""Every address and every verb with every role: what the written tables do not open stays closed.

One application, one database. What is asked for exists and is cardiology's, so that there is something to see; the
tables are walk_table.py (addresses) and walk_verbs.py (verbs), and both must be complete.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from urllib.parse import parse_qsl

import orjson
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from aiohttp.web import Application

import app
from core import db
from core.actions import REGISTER, Action
from core.settings import settings
from tests.console.browser import Browser, Page
from tests.console.desk import PLATFORM
from tests.console.walk_lines import READ, Line
from tests.console.walk_people import Person, permissions
from tests.console.walk_scene import OWNER, Scene, build
from tests.console.walk_table import TABLE
from tests.console.walk_verbs import VERBS, filled
from tests.tickets.conftest import order
from tickets.models import Case
from tickets.receiving import receive
from tickets.sources import SOURCES
from tickets.states import TICKET_TABLE

NOBODY = ""
OPEN, REFUSED = "opens", "refused"
ENOUGH = 3  # people to whom a line has opened; that it stays closed is tried with everybody else
READING = permissions(READ)
BODY = {"reason": "核实具体情况"}


@pytest_asyncio.fixture
async def scene(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """The application with everybody and everything."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with TestServer(app.make()) as server:
        found = await build(server)
        yield found
        await found.leave()


def told(words: str, found: Sequence[object]) -> None:
    """Fail with all that was found, a line each."""
    if found:
        pytest.fail("\n  ".join([f"{words}:", *map(str, found)]), pytrace=False)


def addresses(made: Application) -> set[str]:
    """ "GET /cases/{id}" of every address there is."""
    found = set()
    for route in made.router.routes():
        if route.resource is None or route.method == "HEAD":
            continue
        info = route.resource.get_info()
        found.add(f"{route.method} {info.get('formatter') or info.get('path')}")
    return found


def test_every_address_has_its_line_and_every_line_its_address() -> None:
    known, there = {line.path for line in TABLE}, addresses(app.make())
    told(
        "addresses without a line: write who may come in, in tests/console/walk_table.py",
        sorted(there - known),
    )
    assert known - there == set(), "lines of walk_table.py for addresses that are no more"
    assert len(known) == len(TABLE), "two lines for one address in walk_table.py"


def test_every_verb_has_its_line_and_every_line_its_verb() -> None:
    app.make()
    told(
        "verbs without a line: write who may, in tests/console/walk_verbs.py",
        sorted(set(REGISTER) - set(VERBS)),
    )
    assert set(VERBS) - set(REGISTER) == set(), "lines of walk_verbs.py for verbs that are no more"


# --- addresses --------------------------------------------------------------------------------------


async def ask(browser: Browser, line: Line, scene: Scene) -> Page:
    """Try the line's address; what comes back may be any bytes."""
    path = line.at.format_map(scene.at)
    headers = {"X-CSRF-Token": browser.csrf} if browser.csrf else {}
    async with browser.session.request(
        "GET" if line.method == "*" else line.method,
        browser.server.make_url(path),
        data=(dict(parse_qsl(line.body)) or BODY) if line.method == "POST" else None,
        headers=headers,
        allow_redirects=False,
    ) as answer:
        await answer.read()
        return Page(answer.status, "", dict(answer.headers), path)


def came(page: Page, line: Line) -> str:
    """How the answer is called in the tables."""
    sent_away = page.headers.get("Location", "").startswith("/login") and line.path != "POST /logout"
    if page.status in (401, 403, 404) or sent_away:
        return "401" if page.status == 303 else str(page.status)
    if line.method == "GET" and page.status >= 400:
        return str(page.status)
    return OPEN


def wanted(line: Line, person: Person, scene: Scene) -> str:
    """What the table says of this person."""
    if line.needs and person.holds.isdisjoint(line.needs):
        return str(line.closed)
    if line.kind == "nothing":
        return "404"
    if line.kind == "own" and person.key != OWNER:
        return "404"
    if line.kind == "reach" and not person.reaches(*line.needs):
        return str(line.outside)
    if line.kind == "room" and not (person.id in scene.inside or person.reaches("chat:moderate")):
        return "404"
    return REFUSED if line.then and person.holds.isdisjoint(line.then) else OPEN


def fits(said: str, meant: str) -> bool:
    """Whether the answer is what is written; without a further permission any way of saying no will do."""
    return said in ("403", "404", "409") if meant == REFUSED else said == meant


def asked_of(line: Line, people: Iterable[Person]) -> list[Person]:
    """Who tries a line: everybody near; of orthopaedics those who hold what is asked for, only not for cardiology."""
    if line.kind in ("anyone", "machine", "verbs"):
        return []
    by_unit = line.kind in ("reach", "room", "own")
    return [
        person
        for person in people
        if person.near
        or person.role is None
        or (by_unit and not person.holds.isdisjoint(line.needs or READING))
    ]


async def test_no_address_opens_but_as_the_table_says(scene: Scene) -> None:
    wrong: list[tuple[str, str, str, str]] = []
    opened: set[str] = set()
    for line in sorted(TABLE, key=lambda line: line.last):
        used = 0
        # those who must find it closed come first, for who opens it may change it
        people = sorted(
            asked_of(line, scene.people.values()), key=lambda who: wanted(line, who, scene) == OPEN
        )
        for person in people:
            meant = wanted(line, person, scene)
            if meant == OPEN and used >= (1 if line.spent else ENOUGH):
                continue
            said = came(await ask(await scene.enter(person.key), line, scene), line)
            if not fits(said, meant):
                wrong.append((line.path, person.key, said, meant))
            elif meant == OPEN:
                used += 1
                opened.add(line.path)
    told("answered otherwise than walk_table.py says (address, who, came, written)", wrong)
    never = {
        line.path for line in TABLE if line.kind not in ("anyone", "machine", "verbs", "nothing")
    } - opened
    assert never == set(), "lines that opened to nobody show nothing"


async def test_nobody_opens_what_needs_a_log_in_or_a_signature(scene: Scene) -> None:
    stranger = await scene.enter(NOBODY)
    wrong = []
    for line in TABLE:
        if line.kind == "verbs":
            continue
        page = await ask(stranger, line, scene)
        meant = line.status if line.kind in ("anyone", "machine") else 401
        said = page.status
        if said == 303 and (page.headers["Location"] + "?next=").startswith("/login?next="):
            said = 401
        if said != meant:
            wrong.append((line.path, said, meant))
    told("answered otherwise than the table says", wrong)


# --- verbs ------------------------------------------------------------------------------------------


async def prepared(scene: Scene, action: Action) -> int:
    """A case or ticket of cardiology in a state from which this verb leads on; its id."""
    if action.subject == "ticket":
        state = next(start for start, verb in TICKET_TABLE if verb == action.verb)
        await db.execute("update ticket set state = $2 where id = $1", scene.at["ticket"], state)
        return int(str(scene.at["ticket"]))
    name, state = next(
        (source.name, start)
        for source in SOURCES.values()
        for start, verb in source.table
        if verb == action.verb
    )
    kind = {"hotline": "case", "feedback": "feedback", "petition": "petition"}[name]
    await db.execute("update cases set state = $2 where id = $1", scene.at[kind], state)
    return int(str(scene.at[kind]))


async def steps() -> tuple[int, int, int]:
    """What every step would change: lines of history, versions of cases and of tickets."""
    row = await db.fetchrow(
        "select (select count(*) from history) as lines, (select sum(version) from cases) as cases,"
        " (select sum(version) from ticket) as tickets"
    )
    assert row is not None
    return row["lines"], row["cases"], row["tickets"]


async def do_by_api(browser: Browser, action: Action, subject: int, other: str) -> int:
    async with browser.session.post(
        browser.server.make_url(f"/api/v1/{action.subject}s/{subject}/{action.verb}"),
        data=orjson.dumps(filled(action, other)),
        headers={"X-CSRF-Token": browser.csrf, "Content-Type": "application/json"},
    ) as answer:
        return answer.status


async def drawer(browser: Browser, action: Action, subject: int) -> int:
    path = f"/{action.subject}s/{subject}/do/{action.verb}"
    return (await browser.get(path, part=True)).status


async def test_no_verb_is_done_or_offered_but_to_whom_the_table_names(scene: Scene) -> None:
    wrong = []
    other = (await Case.get(id=scene.at["petition"])).number
    for name, needs in VERBS.items():
        action, may = REGISTER[name], permissions(needs)
        subject, before = await prepared(scene, action), await steps()
        for person in scene.people.values():
            if person.reaches(*may) or not (person.near or person.holds & may):
                continue
            browser = await scene.enter(person.key)
            done = await do_by_api(browser, action, subject, other)
            shown = await drawer(browser, action, subject) if person.near else 404
            # another case that is named is out of reach as well, and is looked for first
            hidden = (404, 422) if {"other", "main"} & set(action.form.model_fields) else (404,)
            meant = ((403, 409), 409) if person.reaches(*READING) else (hidden, 404)
            if done not in meant[0] or shown != meant[1]:
                wrong.append((name, person.key, (done, shown), meant))
        assert await steps() == before, f"{name} changed something although it was refused"
    told("answered otherwise than the table says", wrong)


async def test_every_verb_can_be_done_by_somebody_the_table_names(scene: Scene) -> None:
    """Without this, a door that is closed to everybody would pass for a safe one."""
    closed = []
    number = (await Case.get(id=scene.at["petition"])).number
    for at, (name, needs) in enumerate(VERBS.items()):
        action = REGISTER[name]
        if action.subject == "ticket":
            received = await receive(order(f"GZ-V{at}"), by=PLATFORM)
            scene.at["ticket"] = await db.fetchval(
                "select id from ticket where case_id = $1", received.case_id
            )
        elif any(verb == action.verb for _, verb in SOURCES["hotline"].table):
            scene.at["case"] = (await receive(order(f"GZ-V{at}"), by=PLATFORM)).case_id
        subject = await prepared(scene, action)
        person = next(each for each in scene.people.values() if each.reaches(*permissions(needs)))
        status = await do_by_api(await scene.enter(person.key), action, subject, number)
        if status in (401, 403, 404):
            closed.append((name, person.key, status))
    assert closed == []

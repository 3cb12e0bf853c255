"""Somebody without an account, a liaison of another department and a patient with a link try what OWASP ASVS lists, on
the running system: nothing that is not theirs is shown, changed or called, and nothing answers with an error of ours.
"""

import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
import pytest_asyncio

from core import clock, db, links
from core.actor import system
from staff.sessions import COOKIE
from surveys import asks
from surveys.responses import entrances
from surveys.responses.rows import Channel
from tests.story.hospital import Hospital
from tests.story.orders import photo, pushed
from tests.story.people import BONES, HEART, PASSWORD, STRANGER
from tests.story.waiting import until
from tests.surveys.responses_stage import DEFINITION, publish

SECRET = "只有心内科能看到的经过"  # what the liaison of another department must never read
SCRIPT = "<script>hyx(1)</script>"
EVIL = "https://evil.example"
SQL = (
    "' or '1'='1",
    "1; drop table cases--",
    "%' union select number, password_hash from staff--",
    "\\",
    "%",
    "_",
)
PAGES_OF_STAFF = (
    *("/", "/cases", "/patients", "/patients/outpatient", "/chat", "/statistics", "/imports", "/exports"),
    *("/settings/staff", "/settings/questionnaires", "/surveys/responses", "/surveys/statistics", "/audit"),
    *("/operate", "/operate/feeds", "/operate/everything", "/matters/1", "/petitions/new", "/account"),
)
NOT_FOR_A_LIAISON = (
    *("/settings/staff", "/settings/parameters", "/settings/units", "/settings/security", "/settings/matrix"),
    *(
        "/operate",
        "/operate/feeds",
        "/operate/everything",
        "/audit",
        "/audit/archives",
        "/exports",
        "/imports",
    ),
)


@dataclass(frozen=True)
class Answer:
    """What came back; redirects are not followed."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def leads(self) -> str:
        """Where it redirects, "" nowhere."""
        return self.headers.get("Location", "")


@dataclass
class Browser:
    """A browser of somebody with bad intentions."""

    base: str
    session: aiohttp.ClientSession
    csrf: str = ""

    async def ask(self, path: str, method: str = "GET", **more: Any) -> Answer:
        """One request; every answer, whatever it says, carries the headers and is no error of ours."""
        async with self.session.request(method, f"{self.base}{path}", allow_redirects=False, **more) as got:
            text = (await got.read()).decode("utf-8", "replace")
            assert got.status < 500, f"{method} {path}: {got.status} {text[:500]}"
            assert got.headers.get("X-Content-Type-Options") == "nosniff", path
            assert SCRIPT not in text, f"{path} shows a script as one"
            return Answer(got.status, text, dict(got.headers))

    async def send(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """A form with the token of the session."""
        return await self.ask(path, "POST", data={"csrf_token": self.csrf, **fields}, headers=headers)

    async def act(self, path: str, form: object, **headers: str) -> Answer:
        """A call of the API with the token of the session, unless the headers say otherwise."""
        given = {"X-CSRF-Token": self.csrf, "Content-Type": "application/json", **headers}
        return await self.ask(f"/api/v1{path}", "POST", data=json.dumps(form), headers=given)

    async def enter(self, number: str) -> Answer:
        """Sign in as a member of staff."""
        answer = await self.ask("/login", "POST", data={"number": number, "password": PASSWORD})
        found = re.search(r'name="csrf_token" value="([^"]+)"', (await self.ask("/")).text)
        assert found is not None
        self.csrf = found[1]
        return answer

    @property
    def cookies(self) -> dict[str, str]:
        """What this browser holds."""
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}


@asynccontextmanager
async def browser(hospital: Hospital, **cookies: str) -> AsyncIterator[Browser]:
    """A new one, with these cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, cookies=cookies or None) as session:
        yield Browser(hospital.web, session)


@dataclass(frozen=True)
class Things:
    """What belongs to the heart clinic, and one ticket of the attacker's own."""

    case: int
    ticket: int
    room: int
    patient: int
    visit: int
    file: str
    own: int


@pytest_asyncio.fixture
async def things(hospital: Hospital) -> Things:
    """An order about the heart clinic with a photo in its room, and one about the bones; made once."""
    known = await db.fetchval("select count(*) from cases")
    if not known:
        await pushed(hospital, "MINE", departments=["骨科"], campus="西院区")
        _, ticket = await pushed(hospital, "THEIRS", content=f"{SECRET} {SCRIPT}", title=f"排队{SCRIPT}")
        await hospital.phones.ask("liaison", f"材料 {ticket}", f"将作为 #{ticket} 的材料")
        await hospital.phones.send_media("liaison", "现场.png", photo())
        await hospital.phones.ask("liaison", "完成", "材料")
        await hospital.settled()
    row = await db.fetchrow(
        "select c.id as case, t.id as ticket, (select id from room where subject = 'ticket:' || t.id) as room,"
        " p.id as patient, (select id from visit where patient_id = p.id limit 1) as visit,"
        " (select file_id::text from attachment where ticket_id = t.id limit 1) as file,"
        " (select o.id from ticket o join cases m on m.id = o.case_id where m.external_no = 'MINE') as own"
        " from cases c join ticket t on t.case_id = c.id, patient p where c.external_no = 'THEIRS' and p.name = $1",
        "张测试",
    )
    assert row is not None
    assert None not in tuple(row), dict(row)
    return Things(**dict(row))


async def test_without_an_account_there_is_a_log_in_and_nothing_else(
    hospital: Hospital, things: Things
) -> None:
    async with browser(hospital) as nobody:
        for path in (*PAGES_OF_STAFF, f"/cases/{things.case}", f"/patients/{things.patient}"):
            answer = await nobody.ask(path)
            assert (answer.status, answer.leads.partition("?")[0]) == (303, "/login"), path
        for path in ("/api/v1/cases", f"/api/v1/cases/{things.case}", f"/api/v1/tickets/{things.ticket}"):
            assert (await nobody.ask(path)).status == 401
        assert (await nobody.act(f"/tickets/{things.ticket}/sign", {})).status == 401
        for path in ("/api/v1/hotline/orders", "/api/v1/feedback", "/api/v1/sms/receipts"):
            forged = {"X-Timestamp": str(int(clock.now().timestamp())), "X-Signature": "sha256=" + "0" * 64}
            assert (await nobody.ask(path, "POST", json={"order_no": "X"}, headers=forged)).status == 401
        for path in ("/api/v1/fhir/Patient", "/api/v1/feeds/1/json", "/api/v1/feeds/1/soap"):
            wrong = {"Authorization": "Bearer hy_guessed"}
            assert (await nobody.ask(path, "POST", json={}, headers=wrong)).status == 401
        for path in ("/static/../app.py", "/static/..%2f..%2fapp.py", "/static/%2e%2e/pyproject.toml"):
            assert (await nobody.ask(path)).status in (400, 403, 404)
    assert await db.fetchval("select count(*) from cases") == 2


async def test_a_log_in_leads_nowhere_else_and_begins_a_session_that_nobody_could_prepare(
    hospital: Hospital,
) -> None:
    prepared = "prepared-by-somebody-else"
    async with browser(hospital, **{COOKIE: prepared}) as victim:
        await victim.enter("bones")
        assert victim.cookies[COOKIE] != prepared
        own = victim.cookies[COOKIE]
        async with browser(hospital, **{COOKIE: prepared}) as attacker:
            assert (await attacker.ask("/")).status == 303
        await victim.send("/logout", {})
        async with browser(hospital, **{COOKIE: own}) as thief:  # a session that has ended is replayed
            assert (await thief.ask("/")).status == 303
    for wanted in (f"{EVIL}/", "//evil.example", "/\\evil.example", "javascript:hyx(1)", "/%09/evil.example"):
        async with browser(hospital) as led:
            sent = {"number": "bones", "password": PASSWORD, "next": wanted}
            answer = await led.ask("/login", "POST", data=sent)
            assert answer.status == 303
            assert urlsplit(urljoin(f"{hospital.web}/login", answer.leads))[:2] == urlsplit(hospital.web)[:2]
    async with browser(hospital) as nobody:
        said = await nobody.ask(
            "/cases", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        )
        assert "evil.example" not in said.leads + said.text
        page = await nobody.ask("/login", headers={"Host": "evil.example"})
        assert "evil.example" not in page.text


async def test_another_departments_matters_cannot_be_found_read_or_touched(
    hospital: Hospital, things: Things
) -> None:
    paths = (
        f"/cases/{things.case}",
        f"/cases/{things.case}/parts",
        f"/cases/{things.case}/files/{things.file}",
        f"/cases/{things.case}/visits",
        f"/tickets/{things.ticket}",
        f"/tickets/{things.ticket}/do/answer",
        f"/tickets/{things.ticket}/chat",
        f"/api/v1/cases/{things.case}",
        f"/api/v1/tickets/{things.ticket}",
        f"/patients/{things.patient}",
        f"/patients/{things.patient}/visits/{things.visit}",
        f"/patients/{things.patient}/consent",
        f"/chat/rooms/{things.room}/messages",
        f"/chat/rooms/{things.room}/pane",
        f"/matters/{things.case}",
    )
    before = await db.fetchrow("select state, version, unit_id from ticket where id = $1", things.ticket)
    async with browser(hospital) as owner:
        await owner.enter("liaison")
        assert SECRET in (await owner.ask(paths[0])).text  # there is something to see
        assert (await owner.ask(paths[2])).status == 200
    async with browser(hospital) as attacker:
        await attacker.enter("bones")
        told = {path: await attacker.ask(path) for path in paths}
        assert {path: said.status for path, said in told.items() if said.status not in (403, 404)} == {}
        assert [path for path, said in told.items() if SECRET in said.text or "张测试" in said.text] == []
        for verb in ("sign", "answer", "return", "transfer", "withdraw", "approve"):
            said = await attacker.act(f"/tickets/{things.ticket}/{verb}", {"text": "改写", "reason": "改写"})
            assert said.status in (403, 404, 422), verb
        assert (await attacker.act(f"/cases/{things.case}/close", {})).status in (403, 404, 422)
        told = {path: await attacker.ask(path) for path in NOT_FOR_A_LIAISON}
        assert {path: said.status for path, said in told.items() if said.status != 403} == {}
    after = await db.fetchrow("select state, version, unit_id from ticket where id = $1", things.ticket)
    assert (before, await db.fetchval("select count(*) from cases")) == (after, 2)


async def test_signs_of_sql_in_every_search_box_find_nothing_that_is_not_ones_own(
    hospital: Hospital, things: Things
) -> None:
    boxes = {
        "/cases": ("q", "state", "source", "sort", "unit", "before", "day"),
        "/cases/count": ("q", "state"),
        "/patients": ("q",),
        "/patients/outpatient": ("q", "sort", "unit", "after"),
        "/chat/search": ("q",),
        "/chat/people": ("q",),
        "/pick/people": ("q",),
        "/api/v1/cases": ("state", "before", "limit"),
        "/statistics": ("period", "unit", "group"),
    }
    async with browser(hospital) as owner:
        await owner.enter("liaison")
        assert "THEIRS" in (await owner.ask(f"/cases?{urlencode({'q': 'THEIRS'})}")).text
    async with browser(hospital) as attacker:
        await attacker.enter("bones")
        for path, fields in boxes.items():
            for field in fields:
                for words in SQL:
                    said = await attacker.ask(f"{path}?{urlencode({field: words})}")
                    assert said.status in (200, 303, 400, 403, 404, 422), (path, field, words)
                    assert SECRET not in said.text
                    assert "THEIRS" not in said.text
                    assert "$argon2" not in said.text
    assert await db.fetchval("select count(*) from cases") == 2


async def test_nothing_is_changed_from_another_site_by_a_field_too_many_or_by_a_body_that_is_none(
    hospital: Hospital, things: Things
) -> None:
    async with browser(hospital) as mine:
        await mine.enter("bones")
        path = f"/tickets/{things.own}/sign"
        version = await db.fetchval("select version from ticket where id = $1", things.own)
        assert (await mine.act(path, {}, **{"X-CSRF-Token": ""})).status == 403
        assert (await mine.act(path, {}, **{"X-CSRF-Token": "guessed"})).status == 403
        assert (await mine.act(path, {}, Origin=EVIL)).status == 403
        assert (await mine.act(path, {}, **{"Sec-Fetch-Site": "cross-site", "Origin": EVIL})).status == 403
        extra = {"state": "closed", "unit_id": HEART, "case_id": things.case, "version": 99, "by": "admin"}
        assert (
            await mine.act(path, extra)
        ).status == 422  # what the form does not know is refused, not ignored
        nested = "[" * 5000 + "]" * 5000
        bodies = (b"", b"{", b"\xff\xfe", b"null", b"[]", b'{"a":NaN}', nested.encode(), b'"' + b"9" * 4000)
        for body in bodies:
            kinds = {"X-CSRF-Token": mine.csrf, "Content-Type": "application/json"}
            said = await mine.ask(f"/api/v1/tickets/{things.own}/answer", "POST", data=body, headers=kinds)
            assert said.status in (400, 422), body[:20]
        broken = {"X-CSRF-Token": mine.csrf, "Content-Type": "multipart/form-data; boundary=x"}
        said = await mine.ask("/cases/exports", "POST", data=b"--x\r\nno headers", headers=broken)
        assert said.status in (400, 403, 422)
        assert (
            await mine.ask("/login", "POST", data={"number": "9" * 20_000, "password": "x"})
        ).status == 413
        huge = {"X-CSRF-Token": mine.csrf, "Content-Type": "application/json"}
        said = await mine.ask(
            f"/api/v1/tickets/{things.own}/answer",
            "POST",
            data=io.BytesIO(b'"' + b"x" * 3_000_000),
            headers=huge,
        )
        assert said.status == 413
    row = await db.fetchrow("select state, unit_id, version from ticket where id = $1", things.own)
    assert row is not None
    assert tuple(row) == ("assigned", BONES, version)


async def test_a_script_that_was_pushed_said_or_asked_is_shown_as_words(
    hospital: Hospital, things: Things
) -> None:
    await hospital.phones.say("liaison", f"回复 {things.ticket} 已电话说明情况并致歉{SCRIPT}")
    await hospital.settled()
    version = await publish({**DEFINITION, "title": f"满意度{SCRIPT}", "intro": f"请填写{SCRIPT}"})
    door = await entrances.create(version.questionnaire_id, Channel.QR, f"一楼{SCRIPT}", by=_house())
    escaped = "&lt;script&gt;hyx(1)&lt;/script&gt;"
    async with browser(hospital) as chief:
        await chief.enter("chief")
        shown = {
            path: (await chief.ask(path)).text  # `ask` itself refuses a page that holds the script
            for path in (
                f"/cases/{things.case}",
                f"/chat/rooms/{things.room}/pane",
                "/cases?q=THEIRS",
                "/surveys/entrances",
                "/settings/questionnaires",
            )
        }
        assert [path for path, text in shown.items() if escaped not in text] == []
    async with browser(hospital) as patient:
        assert escaped in (await patient.ask(f"/p/s/{door.code}")).text


async def test_a_file_goes_where_we_say_and_is_what_it_says(hospital: Hospital, things: Things) -> None:
    room = await db.fetchval("select id from room where subject = $1", f"ticket:{things.own}")
    async with browser(hospital) as mine:
        await mine.enter("bones")

        async def upload(name: str, data: bytes, kind: str = "image/png") -> Answer:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("csrf_token", mine.csrf)
            form.add_field("file", io.BytesIO(data), filename=name, content_type=kind)
            return await mine.ask(
                f"/chat/rooms/{room}/files", "POST", data=form, headers={"X-CSRF-Token": mine.csrf}
            )

        kept = await upload("../../../../tmp/hyx-evil.png", photo())
        assert kept.status in (200, 201), kept.text
        for name, data, kind in (
            ("page.html", SCRIPT.encode(), "text/html"),
            ("picture.png", SCRIPT.encode(), "image/png"),
            ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='hyx(1)'/>", "image/svg+xml"),
            ("tool.exe", b"MZ" + b"\0" * 200, "image/png"),
        ):
            assert (await upload(name, data, kind)).status in (400, 413, 415, 422), name
    names = {path.name for path in hospital.folder.rglob("*") if path.is_file()}
    assert not {name for name in names if "evil" in name or name.endswith((".html", ".svg", ".exe"))}
    assert not (hospital.folder / "tmp").exists()


async def test_an_address_that_an_administrator_was_talked_into_is_not_called(hospital: Hospital) -> None:
    async with browser(hospital) as admin:
        await admin.enter("admin")
        fields = {
            "name": "元数据",
            "mapping": "fhir",
            "address": "http://169.254.169.254/latest",
            "silent_minutes": "0",
            "pull_minutes": "5",
            "overlap": "5",
            "view": "Patient",
        }
        saved = await admin.send("/operate/feeds/new?kind=fhir", fields)
        link = await db.fetchval("select id from feed_link where name = '元数据'")
        assert link is not None, saved.text
        assert (await admin.send(f"/operate/feeds/{link}/pull", {})).status in (200, 204, 303)

        async def refused() -> str:
            return str(await db.fetchval("select pull_error from feed_link where id = $1", link) or "")

        said = await until(refused, "the call is refused")
        assert "地址" in said
        assert "169.254" not in said


async def test_a_patients_link_opens_its_one_thing_until_it_ends(hospital: Hospital, things: Things) -> None:
    version = await publish({**DEFINITION, "title": "出院满意度"})
    mine = await asks.create(version.questionnaire_id, by=_house(), patient_id=things.patient)
    other = await db.fetchval("select id from patient where name = $1", STRANGER[1])
    theirs = await asks.create(version.questionnaire_id, by=_house(), patient_id=other)
    token, others = await asks.link(mine, by=_house()), await asks.link(theirs, by=_house())
    async with browser(hospital) as patient:
        assert (await patient.ask(f"/p/q/{token}")).status == 200
        for path in (
            f"/p/f/{token}",
            f"/p/r/{token}",
            f"/p/q/{token[:-1]}",
            f"/p/q/{token}%00",
            f"/p/q/{mine.id}",
        ):
            assert (await patient.ask(path)).status == 404, path
        for path in ("/p/people", "/p/visits", f"/p/feedback/{things.case}", "/p/rights"):
            said = await patient.ask(path)
            assert (said.status, said.leads.partition("?")[0]) == (303, "/p/sign-in"), path
        for path in ("/", f"/cases/{things.case}", f"/patients/{things.patient}"):
            assert (await patient.ask(path)).status == 303

        async def begin(link: str, **more: str) -> Answer:
            found = re.search(r'data-filling="([^"]*)"', (await patient.ask(f"/p/q/{link}")).text)
            assert found is not None
            set_up = json.loads(found[1].replace("&#34;", '"').replace("&quot;", '"'))
            body = {"via": "q", "token": link, "id": set_up["id"], "key": set_up["key"], **more}
            return await patient.ask("/p/api/responses", "POST", json=body)

        begun = await begin(token)
        assert begun.status == 200, begun.text
        response = json.loads(begun.text)
        assert (await begin(token, key="0" * 22)).status == 404  # an id without its key opens nothing
        stranger = json.loads((await begin(others)).text)
        assert stranger["id"] != response["id"]
        answer = {"answer": {"n": "4"}, "counter": 1, "ms": 10}
        for key, status in (("", 404), (stranger["key"], 404), (response["key"], 200)):
            said = await patient.ask(
                f"/p/api/responses/{response['id']}/answers/nurse",
                "PUT",
                json=answer,
                headers={"X-Response-Key": key},
            )
            assert said.status == status, (key, said.text)
        await links.revoke(asks.LINK, mine.id)
        assert (await patient.ask(f"/p/q/{token}")).status == 404
        assert (await patient.ask(f"/p/q/{token}", "POST", data={"q.nurse": "5"})).status == 404
    assert await db.fetchval("select count(*) from response where ask_id = $1", mine.id) == 1


def _house() -> Any:
    return system("测试")

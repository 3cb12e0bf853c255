"""A questionnaire before a patient: without scripts screen by screen, with them answer by answer; one ask, one answer."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import orjson
import pytest_asyncio
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import BaseTestServer, TestServer

import app
from core import db, links
from patient_portal import visits
from surveys import asks
from surveys.asks import Ask
from surveys.responses import entrances, keys
from surveys.responses.rows import Channel, get
from tests.surveys.responses_stage import HOUSE, WHOLE, Stage, build

JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Portal:
    """The running application, what is asked, and a phone."""

    server: BaseTestServer
    stage: Stage
    phone: ClientSession

    def url(self, path: str) -> str:
        return str(self.server.make_url(path))

    async def get(self, path: str, **more: object) -> tuple[int, str]:
        async with self.phone.get(self.url(path), **more) as answer:  # type: ignore[arg-type]
            return answer.status, html.unescape(await answer.text())

    async def send(self, path: str, fields: dict[str, str]) -> tuple[int, str, str]:
        """Post a screen as a browser without scripts does; status, where it led, the page."""
        async with self.phone.post(self.url(path), data=fields) as answer:
            return answer.status, answer.url.path_qs, html.unescape(await answer.text())

    async def api(self, method: str, path: str, key: str, body: object) -> tuple[int, dict[str, object]]:
        async with self.phone.request(
            method,
            self.url(f"/p/api/responses{path}"),
            data=orjson.dumps(body),
            headers={**JSON, "X-Response-Key": key, "Content-Type": "application/json"},
        ) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def link(self) -> tuple[Ask, str]:
        ask = await self.stage.ask()
        return ask, await asks.link(ask, by=HOUSE)


@pytest_asyncio.fixture
async def portal(database_url: str, redis_url: str) -> AsyncIterator[Portal]:
    async with TestServer(app.make()) as server, ClientSession(cookie_jar=CookieJar(unsafe=True)) as phone:
        yield Portal(server, await build(), phone)


def shown(page: str) -> list[str]:
    """The questions that a page without scripts shows."""
    sets = re.findall(r'<fieldset class="ask [^"]*" data-code="(\w+)"([^>]*)>', page)
    return [code for code, rest in sets if "hidden" not in rest]


def hidden_field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def setting(page: str) -> dict[str, object]:
    found = re.search(r'data-filling="(\{.*?\})" data-via', page)
    assert found is not None
    return orjson.loads(found[1])  # type: ignore[no-any-return]


async def test_without_scripts_a_link_is_filled_in_screen_by_screen_and_answered_once(portal: Portal) -> None:
    _, token = await portal.link()
    status, page = await portal.get(f"/p/q/{token}")
    assert (status, shown(page)) == (200, ["nurse", "pain"])
    assert "第 1 步，共 4 步" in page
    assert await db.fetchval("select count(*) from response") == 0  # looking is not answering
    handle = hidden_field(page, "handle")

    status, _, page = await portal.send(
        f"/p/q/{token}", {"handle": handle, "q-seen": "nurse pain", "q.pain": "yes"}
    )
    assert (status, shown(page)) == (422, ["nurse", "pain", "relief"])
    assert "还有几处需要您看一下" in page
    assert 'href="#q-nurse-title"' in page

    first = {"handle": handle, "q-seen": "nurse pain", "q.pain": "yes", "q.nurse": "4"}
    status, where, page = await portal.send(f"/p/q/{token}", first)
    assert (status, where) == (200, f"/p/q/{token}?at=nurse")
    assert shown(page) == ["nurse", "pain", "relief"]  # its answer called for one more
    three = first | {"q-seen": "nurse pain relief", "q.relief": "5"}
    _, _, page = await portal.send(f"/p/q/{token}", three)
    assert shown(page) == ["ward"]
    _, _, page = await portal.send(f"/p/q/{token}", {"handle": handle, "q-seen": "ward", "back": "1"})
    assert shown(page) == ["nurse", "pain", "relief"]
    assert 'value="4" checked' in page
    _, _, page = await portal.send(
        f"/p/q/{token}", {"handle": handle, "q-seen": "nurse pain", "q.nurse": "4", "q.pain": "no"}
    )
    assert shown(page) == ["ward"]
    _, _, page = await portal.send(
        f"/p/q/{token}",
        {
            "handle": handle,
            "q-seen": "ward",
            "q.ward.clean": "good",
            "q.ward.quiet": "good",
            "q.ward.signs": "fair",
        },
    )
    assert shown(page) == ["wish"]
    _, _, page = await portal.send(f"/p/q/{token}", {"handle": handle, "q-seen": "wish", "q.wish": "谢谢"})
    assert shown(page) == ["phone"]
    status, _, page = await portal.send(
        f"/p/q/{token}", {"handle": handle, "q-seen": "phone", "q.phone": "13800000001"}
    )
    assert status == 200
    assert "感谢您的反馈" in page
    found = await get(keys.opened(handle))
    assert found.answers == {
        "nurse": {"n": "4"},
        "pain": {"c": ["no"]},
        "ward": {"m": {"clean": ["good"], "quiet": ["good"], "signs": ["fair"]}},
        "wish": {"t": "谢谢"},
        "phone": {"t": "13800000001"},
    }
    assert (found.channel, found.visit_id, found.unit_id) == (Channel.SMS, portal.stage.visit_id, 3)
    _, page = await portal.get(f"/p/q/{token}")
    assert "您已填写过这份问卷" in page


async def test_with_scripts_answers_are_saved_one_by_one_and_go_on_on_another_device(portal: Portal) -> None:
    _, token = await portal.link()
    _, page = await portal.get(f"/p/q/{token}")
    given = setting(page)
    one, key = str(given["id"]), str(given["key"])
    body = {"answer": {"n": "5"}, "counter": 1, "ms": 900}
    assert (await portal.api("PUT", f"/{one}/answers/nurse", key, body))[0] == 404  # nothing has begun
    begin = {"id": one, "key": key, "via": "q", "token": token}
    assert await portal.api("POST", "", key, begin) == (200, {"id": one, "key": key, "completed": False})
    assert await portal.api("PUT", f"/{one}/answers/nurse", key, body) == (200, {"counter": 1, "revision": 2})
    assert (await portal.api("PUT", f"/{one}/answers/nurse", "0" * 32, body))[0] == 404  # not their key
    status, told = await portal.api(
        "PUT", f"/{one}/answers/nurse", key, {"answer": {"c": ["x"]}, "counter": 2}
    )
    assert (status, told["error"]["details"][0]["field"]) == (422, "q.nurse")  # type: ignore[index]

    _, other = await portal.get(f"/p/q/{token}")  # another phone, the same link
    assert setting(other)["id"] == one
    assert 'value="5" checked' in other
    second = {"id": str(uuid4()), "via": "q", "token": token}
    second["key"] = keys.key_of(UUID(second["id"]))
    assert (await portal.api("POST", "", second["key"], second))[1]["id"] == one

    status, told = await portal.api("POST", f"/{one}/end", key, {"answers": {"pain": {"c": ["yes"]}}})
    assert (status, [fault["field"] for fault in told["error"]["details"]]) == (422, ["q.relief"])  # type: ignore[index]
    whole = {"answers": {"pain": {"c": ["no"]}}, "times": {"pain": 1200}}
    status, told = await portal.api("POST", f"/{one}/end", key, whole)
    assert (status, told["fresh"]) == (201, True)
    assert (await portal.api("POST", f"/{one}/end", key, whole))[0] == 200
    assert (await portal.api("PUT", f"/{one}/answers/nurse", key, body))[0] == 409
    late = {"begin": second, "answers": WHOLE}
    status, told = await portal.api("POST", f"/{second['id']}/end", second["key"], late)
    assert (status, told["error"]["code"]) == (409, "already_answered")  # type: ignore[index]


async def test_thirty_whole_responses_by_a_qr_code_sent_twice_at_once_are_thirty(portal: Portal) -> None:
    door = await entrances.create(
        portal.stage.questionnaire_id, Channel.QR, "一病区走廊", by=HOUSE, unit_id=4
    )
    status, page = await portal.get(f"/p/s/{door.code}")
    assert (status, shown(page)) == (200, ["nurse", "pain"])
    wholes = []
    for _ in range(30):
        one = uuid4()
        key = keys.key_of(one)
        wholes.append(
            (
                f"/{one}/end",
                key,
                {"answers": WHOLE, "begin": {"id": str(one), "key": key, "via": "s", "token": door.code}},
            )
        )
    told = await asyncio.gather(*(portal.api("POST", *one) for one in wholes for _ in range(2)))
    assert sorted(status for status, _ in told) == [200] * 30 + [201] * 30
    rows = await db.fetch("select distinct channel, unit_id, ward_id, campus_id, state from response")
    assert [tuple(row) for row in rows] == [("qr", 4, 4, 2, "completed")]
    assert await db.fetchval("select count(*) from response") == 30
    await entrances.close(door.id, by=HOUSE)
    status, page = await portal.get(f"/p/s/{door.code}")
    assert (status, "这个入口已停用" in page) == (409, True)


async def test_links_that_are_unknown_revoked_or_over_show_nothing_of_the_questionnaire(
    portal: Portal,
) -> None:
    ask, token = await portal.link()
    for path in ("/p/q/none", "/p/s/none", "/p/r/none", f"/p/r/{uuid4().hex}{'0' * 32}"):
        status, page = await portal.get(path)
        assert (status, "住院患者满意度" in page) == (404, False)
    await links.revoke(asks.LINK, ask.id)
    status, page = await portal.get(f"/p/q/{token}")
    assert (status, "链接无效或已过期" in page) == (404, True)


async def test_a_completed_response_may_be_changed_for_a_day_and_the_earlier_answers_stay(
    portal: Portal,
) -> None:
    door = await entrances.create(portal.stage.questionnaire_id, Channel.WEB, "医院网站", by=HOUSE)
    one = uuid4()
    key = keys.key_of(one)
    begin = {"id": str(one), "key": key, "via": "s", "token": door.code}
    await portal.api("POST", f"/{one}/end", key, {"answers": WHOLE, "begin": begin})
    handle = keys.handle(one)
    _, page = await portal.get(f"/p/r/{handle}")
    assert f"/p/r/{handle}/edit" in page
    _, page = await portal.get(f"/p/r/{handle}/edit")
    assert shown(page) == ["nurse", "pain", "relief", "ward", "wish", "phone"]
    seen = hidden_field(page, "q-seen")
    fields = {"q-seen": seen, "q.nurse": "1", "q.pain": "no", "q.phone": "13800000002"}
    status, where, page = await portal.send(f"/p/r/{handle}/edit", fields)
    assert (status, where, "修改已保存" in page) == (200, f"/p/r/{handle}", True)
    assert (await get(one)).answers == {
        "nurse": {"n": "1"},
        "pain": {"c": ["no"]},
        "phone": {"t": "13800000002"},
    }
    before = await db.fetchrow("select answers, private is not null as private from response_edit")
    assert before is not None
    assert (orjson.loads(before["answers"]), before["private"]) == (
        {code: raw for code, raw in WHOLE.items() if code != "phone"},
        True,
    )
    assert await db.fetchval("select value::text from response_score where key = 'nursing'") == "0.0000"
    await db.execute("update response set completed_at = completed_at - interval '25 hours'")
    status, page = await portal.get(f"/p/r/{handle}/edit")
    assert (status, "已超过可以修改的时间" in page) == (409, True)


async def test_the_first_view_is_below_a_hundred_kilobytes_with_all_it_fetches(portal: Portal) -> None:
    _, token = await portal.link()
    wire = 0
    async with portal.phone.get(portal.url(f"/p/q/{token}"), auto_decompress=False) as answer:
        page = await answer.read()
        wire += len(page)
    _, text = await portal.get(f"/p/q/{token}")
    wanted = set(re.findall(r'(?:href|src)="(/static/[^"#]+)"', text))
    wanted |= {
        f"/static/js/{name}"
        for name in (
            "logic.js",
            "questionnaire.js",
            "filling_outbox.js",
            "filling_screens.js",
            "filling_watch.js",
        )
    }
    for path in sorted(wanted):
        async with portal.phone.get(portal.url(path)) as answer:
            assert answer.status == 200
            wire += len(await answer.read())
    assert wire < 100_000


async def test_in_english_the_frame_is_english_and_what_is_not_translated_stays(portal: Portal) -> None:
    _, token = await portal.link()
    _, page = await portal.get(f"/p/q/{token}", headers={"Accept-Language": "en"})
    assert "Step 1 of 4" in page
    assert "护士的讲解清楚吗" in page


async def test_behind_the_end_one_may_complain_with_the_visit_attached(portal: Portal) -> None:
    _, token = await portal.link()
    _, page = await portal.get(f"/p/q/{token}")
    given = setting(page)
    one, key = str(given["id"]), str(given["key"])
    begin = {"id": one, "key": key, "via": "q", "token": token}
    await portal.api("POST", f"/{one}/end", key, {"answers": WHOLE, "begin": begin})
    handle = keys.handle(UUID(one))
    _, page = await portal.get(f"/p/r/{handle}?done=1")
    assert "感谢您的反馈" in page
    assert f"/p/feedback/new/complaint?visit={handle}" in page
    status, page = await portal.get(f"/p/feedback/new/complaint?visit={handle}")
    assert (status, "会附上您刚填写的问卷所涉及的就诊" in page) == (200, True)
    found = await visits.of_survey(handle)
    assert found is not None
    assert found.id == portal.stage.visit_id

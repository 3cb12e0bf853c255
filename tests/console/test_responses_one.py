"""What hangs on a response: files shown and opened, personal answers with a reason, FHIR out and in."""

import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest_asyncio
from aiohttp import FormData
from PIL import Image

from core import clock, db
from core.actor import Door, system
from surveys.definition import Definition
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.rows import insert, insert_version, put_in_force
from surveys.responses import attached
from surveys.responses.drafting import Opening
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission, submit
from surveys.statistics import rows
from tests.bot.pictures import picture
from tests.console.browser import Browser, Page
from tests.console.desk import Desk, open_desk

HOUSE = system("测试", Door.COMMAND)
LIST = "/surveys/responses"
ASKED: dict[str, Any] = {
    "title": "出院随访",
    "pages": [
        {
            "items": [
                {"kind": "scale", "code": "well", "title": "恢复得怎样", "required": True},
                {"kind": "file", "code": "wound", "title": "伤口照片"},
                {"kind": "phone", "code": "tel", "title": "联系电话"},
                {"kind": "signature", "code": "name", "title": "签名"},
            ]
        }
    ],
}


@pytest_asyncio.fixture
async def desk(database: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


async def response() -> tuple[int, UUID, UUID, UUID]:
    """A questionnaire, a response of cardiology with a photo and a drawn signature, and both files."""
    made = Definition.model_validate(ASKED)
    of = await insert(Kind.DISCHARGED, made, HOUSE)
    await put_in_force(of, await insert_version(of, made, HOUSE))
    opening = Opening(uuid4(), of, Channel.WEB)
    photo = await attached.keep(opening.id, "伤口.png", picture(120))
    drawn = await attached.keep(opening.id, "签名.png", picture(10))
    given: dict[str, dict[str, Any]] = {
        "well": {"n": "4"},
        "wound": {"f": [str(photo)]},
        "tel": {"t": "13800000007"},
        "name": {"f": [str(drawn)]},
    }
    await submit(Submission(opening.id, HOUSE, given, opening=opening))
    await db.execute("update response set unit_id = 4")
    return of, opening.id, photo, drawn


async def fetched(browser: Browser, path: str) -> tuple[int, bytes]:
    async with browser.session.get(browser.server.make_url(path)) as answer:
        return answer.status, await answer.read()


async def lines(action: str) -> int:
    found: int = await db.fetchval("select count(*) from audit where action = $1", action)
    return found


async def test_a_photo_is_seen_small_opened_in_a_window_and_its_opening_is_a_line(desk: Desk) -> None:
    _, one, photo, drawn = await response()
    browser = await desk.enter("centre")
    page = await browser.get(f"{LIST}/{one}")
    assert page.words("//button[contains(@class, 'resp-file')]/small") == ["伤口.png"]
    assert page.words("//ol/li[4]/span") == ["已手写签名"]  # its picture is not on the page
    status, small = await fetched(browser, f"{LIST}/{one}/files/{photo}?thumb=1")
    assert (status, Image.open(io.BytesIO(small)).format, await lines("survey.file")) == (200, "JPEG", 0)
    window = await browser.get(f"{LIST}/{one}/files/{photo}?window=1", part=True)
    assert window.tree.xpath("//img/@src") == [f"{LIST}/{one}/files/{photo}"]
    assert await fetched(browser, f"{LIST}/{one}/files/{photo}") == (200, picture(120))
    assert await lines("survey.file") == 1
    assert (await fetched(browser, f"{LIST}/{one}/files/{drawn}"))[0] == 404  # personal
    assert (await fetched(browser, f"{LIST}/{uuid4()}/files/{photo}"))[0] == 404
    await db.execute("update response set unit_id = 5")
    outside = await desk.enter("liaison")
    assert (await fetched(outside, f"{LIST}/{one}/files/{photo}"))[0] == 404


async def test_personal_answers_are_shown_whole_with_a_reason_alone(desk: Desk) -> None:
    _, one, _, _ = await response()
    browser = await desk.enter("centre")
    assert "13800000007" not in (await browser.get(f"{LIST}/{one}")).text
    empty = await browser.post(f"{LIST}/{one}/reveal", {"reason": ""})
    assert (empty.status, await lines("survey.reveal")) == (422, 0)
    shown = await browser.post(f"{LIST}/{one}/reveal", {"reason": "回电核实内容"})
    assert shown.words("//dl/dt") == ["联系电话", "签名"]
    assert shown.words("//dl/dd[1]") == ["13800000007"]
    assert [src[:22] for src in shown.tree.xpath("//dl/dd[2]/img/@src")] == ["data:image/png;base64,"]
    detail = await db.fetchval("select detail ->> 'reason' from audit where action = 'survey.reveal'")
    assert (detail, await lines("survey.reveal")) == ("回电核实内容", 1)


async def bring(browser: Browser, of: int, data: bytes) -> Page:
    await browser.get(f"{LIST}/import?questionnaire={of}", part=True)
    form = FormData({"questionnaire": str(of)})
    form.add_field("file", data, filename="答卷.json", content_type="application/json")
    return await browser.post(f"{LIST}/import", form)


async def test_a_response_goes_out_as_fhir_without_what_is_personal(desk: Desk) -> None:
    of, one, photo, _ = await response()
    browser = await desk.enter("chief")
    status, data = await fetched(browser, f"{LIST}/{one}/fhir")
    told = orjson.loads(data)
    assert (status, told["resourceType"], told["status"]) == (200, "QuestionnaireResponse", "completed")
    assert [item["linkId"] for item in told["item"][0]["item"]] == ["well", "wound"]
    assert told["item"][0]["item"][1]["answer"] == [{"valueAttachment": {"url": f"urn:uuid:{photo}"}}]
    kept = await db.fetchrow("select kind, rows from data_export")
    assert kept is not None
    assert dict(kept) == {"kind": "survey.responses", "rows": 1}
    again = await bring(browser, of, data)  # it is there: nothing is written twice
    assert (again.status, await db.fetchval("select count(*) from response")) == (303, 1)


def fhir(value: object, **more: object) -> dict[str, Any]:
    answer = {"linkId": "well", "answer": [{"valueInteger": value}]}
    told = {"resourceType": "QuestionnaireResponse", "status": "completed"}
    return told | {"authored": "2026-03-05T09:30:00+08:00", "item": [answer]} | more


def bundle(*responses: dict[str, Any]) -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in responses]})


def well(value: object) -> dict[str, Any]:
    return fhir(value) | {"identifier": {"system": "https://example.org/answers", "value": f"A-{value}"}}


async def test_a_bundle_is_taken_in_once_with_its_own_times(desk: Desk) -> None:
    of, _, _, _ = await response()
    browser = await desk.enter("centre")
    brought = await bring(browser, of, bundle(well(3), well(5)))
    assert (brought.status, brought.headers["Location"].partition("?")[0]) == (303, LIST)
    await rows.catch_up(of)
    again = await bring(browser, of, bundle(well(3), well(5), well(1)))
    assert again.status == 303
    waiting = await rows.catch_up(of)
    found = await db.fetch(
        "select r.answers -> 'well' ->> 'n' as n, r.channel, s.day::text as day from response r"
        " join survey_row s on s.response_id = r.id where r.channel = 'import' order by 1"
    )
    assert [tuple(row) for row in found] == [(n, "import", "2026-03-05") for n in ("1", "3", "5")]
    assert (waiting, await lines("survey.import")) == (0, 2)


async def test_every_place_at_fault_is_named_and_nothing_is_written(desk: Desk) -> None:
    of, _, photo, _ = await response()
    browser = await desk.enter("centre")
    other = {"linkId": "strange", "answer": [{"valueString": "x"}]}
    file = {"linkId": "wound", "answer": [{"valueAttachment": {"url": f"urn:uuid:{photo}"}}]}
    faulty = bundle(
        well(4),
        well(9),
        fhir(3, status="in-progress", authored="昨天"),
        fhir(3, item=[other]),
        {"resourceType": "Patient"},
        well(4),
        fhir(2, questionnaire="urn:huiyin:questionnaire-version:999999|1"),
        fhir(2, item=[fhir(2)["item"][0], file]),
        fhir(2, authored=f"{clock.today().year + 1}-01-01T00:00:00+08:00"),
    )
    told = await bring(browser, of, faulty)
    places = told.words("//ul[@class='resp-faults']/li/b")
    assert (told.status, places) == (
        422,
        [
            "第 3 份（entry[2]） status",
            "第 3 份（entry[2]） authored",
            "第 5 份（entry[4]） resourceType",
            "第 6 份（entry[5]）",
            "第 9 份（entry[8]） authored",
        ],
    )
    inner = await bring(
        browser,
        of,
        bundle(
            well(9),
            fhir(3, item=[other]),
            fhir(2, questionnaire="urn:huiyin:questionnaire-version:999999|1"),
            fhir(2, item=[fhir(2)["item"][0], file]),
        ),
    )
    assert (inner.status, inner.words("//ul[@class='resp-faults']/li/b")) == (
        422,
        [
            "第 1 份（entry[0]） 恢复得怎样",
            "第 2 份（entry[1]） 答卷",
            "第 3 份（entry[2]） questionnaire",
            "第 4 份（entry[3]） 伤口照片",
        ],
    )
    for data in (b"{", b"[]", b"{}", bundle(), b'{"resourceType": "Bundle", "entry": 3}', b"\xff\xfe"):
        assert (await bring(browser, of, data)).status == 422
    assert await db.fetchval("select count(*) from response") == 1
    assert (await bring(browser, 10**9, bundle(well(4)))).status == 404
    assert (await bring(await desk.enter("liaison"), of, bundle(well(4)))).status == 403

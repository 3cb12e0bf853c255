"""Responses before staff: the list obeys scope and masks, a sheet leaves a line, a call is written down key by key."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import orjson
import pytest_asyncio

from core import clock, db
from patients import consent, consent_noting
from patients.consent import Purpose, Way
from patients.consent_noting import Entry
from surveys import asks
from surveys.responses import entrances, pacing
from surveys.responses.drafting import Opening
from surveys.responses.rows import Channel, get
from surveys.responses.submitting import Submission, submit
from tests.console.browser import Browser
from tests.console.conftest import Console
from tests.surveys.responses_stage import DEFINITION, HOUSE, PATIENT, WHOLE, publish

JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest_asyncio.fixture
async def asked(console: Console) -> AsyncIterator[tuple[int, int, UUID, UUID]]:
    """A questionnaire; a visit in the east whose patient answered it, and a response in the west."""
    version = await publish(DEFINITION)
    east, west = console.house.unit["east_cardiology"], console.house.unit["west_surgery"]
    patient = await db.fetchval(
        "insert into patient (number, name, gender) values ('99000001', '张测试', '女') returning id"
    )
    visit = await db.fetchval(
        "insert into visit (patient_id, kind, number, unit_id, start_on, end_on, doctor)"
        " values ($1, 'inpatient', 'ZY990001', $2, '2026-11-01', '2026-11-08', '王大夫') returning id",
        patient,
        east,
    )
    ask = await asks.create(version.questionnaire_id, by=HOUSE, patient_id=patient, visit_id=visit)
    ids = []
    door = await entrances.create(version.questionnaire_id, Channel.QR, "普外科走廊", by=HOUSE, unit_id=west)
    for opening in (
        Opening(UUID(int=1), version.questionnaire_id, Channel.SMS, ask=ask),
        Opening(UUID(int=2), version.questionnaire_id, Channel.QR, entrance=door),
    ):
        times = dict.fromkeys(WHOLE, 4000)
        await submit(Submission(opening.id, PATIENT, WHOLE, times, opening))
        ids.append(opening.id)
    yield version.questionnaire_id, visit, ids[0], ids[1]


async def test_a_department_sees_its_own_responses_alone_masked_and_scored(
    console: Console, asked: tuple[int, int, UUID, UUID]
) -> None:
    _, _, east, west = asked
    alice = await console.enter("alice")
    page = await alice.get("/surveys/responses")
    assert (page.status, str(east) in page.text, str(west) in page.text) == (200, True, False)
    assert "张*试" in page.text
    assert "张测试" not in page.text
    whole = await alice.get(f"/surveys/responses/{east}")
    assert whole.status == 200
    assert "138****0001" in whole.text
    assert "13800000001" not in whole.text
    assert "(x − 1) ÷ 4 × 100" in whole.text
    assert "87.50" in whole.text
    assert (await alice.get(f"/surveys/responses/{west}")).status == 404
    carol = await console.enter("carol")
    both = await carol.get("/surveys/responses?flag=none&since=2026-01-01")
    assert (str(east) in both.text, str(west) in both.text) == (True, True)
    bad = await carol.get("/surveys/responses?since=never&unit=99999999&after=x~y")
    assert (bad.status, "未生效" in bad.text) == (200, True)
    lines = await db.fetch("select actor_name, detail from audit where action = 'survey.view'")
    assert [(one["actor_name"], orjson.loads(one["detail"])) for one in lines] == [
        ("测试alice", {"response": str(east)})
    ]


async def test_a_sheet_holds_words_and_no_names_and_leaves_a_line_of_what_left(
    console: Console, asked: tuple[int, int, UUID, UUID]
) -> None:
    questionnaire, _, east, _ = asked
    carol = await console.enter("carol")
    async with carol.session.get(
        carol.server.make_url(f"/surveys/responses.csv?questionnaire={questionnaire}&channel=sms")
    ) as answer:
        data = await answer.read()
        assert answer.status == 200
    head, line = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    told = dict(zip(head, line, strict=True))
    assert told["编号"] == str(east)
    assert (told["渠道"], told["就诊类型"], told["医生"], told["护士沟通"], told["环境"]) == (
        "短信", "住院", "王大夫", "87.5", "14",
    )  # fmt: skip
    assert (told["病区环境 · 安静"], told["您的建议"], told["联系电话"]) == (
        "一般",
        "夜里再安静一些",
        "138****0001",
    )
    assert "张测试" not in data.decode()
    row = await db.fetchrow(
        "select kind, rows, sha256 = encode(sha256($1), 'hex') as same from data_export", data
    )
    assert row is not None
    assert tuple(row) == ("survey.responses", 1, True)
    async with carol.session.get(
        carol.server.make_url(f"/surveys/responses.xlsx?questionnaire={questionnaire}")
    ) as answer:
        assert (answer.status, (await answer.read())[:2]) == (200, b"PK")
    assert (await carol.get("/surveys/responses.csv")).status == 422
    alice = await console.enter("alice")
    assert (await alice.get(f"/surveys/responses.csv?questionnaire={questionnaire}")).status == 403


async def _put(browser: Browser, path: str, body: object) -> int:
    async with browser.session.put(
        browser.server.make_url(path), data=orjson.dumps(body), headers=JSON | {"X-CSRF-Token": browser.csrf}
    ) as answer:
        return answer.status


async def test_an_interview_is_written_down_answer_by_answer_and_a_call_that_failed_too(
    console: Console, asked: tuple[int, int, UUID, UUID]
) -> None:
    questionnaire, visit, *_ = asked
    alice = await console.enter("alice")
    again = {"visit": str(visit), "questionnaire": str(questionnaire)}
    taken = await alice.post("/surveys/interviews", again)
    assert (taken.status, "已填写过" in taken.text) == (409, True)
    other = (await publish(DEFINITION | {"title": "出院随访"})).questionnaire_id
    begun = await alice.post("/surveys/interviews", again | {"questionnaire": str(other)})
    path = begun.headers["Location"]
    assert "张测试" in (await alice.get(path)).text
    assert await _put(alice, f"{path}/answers/nurse", {"answer": {"n": "3"}, "counter": 1, "ms": 5000}) == 200
    assert await _put(alice, f"{path}/answers/nurse", {"answer": "x", "counter": 1}) == 422
    assert (
        await _put(await console.enter("dora"), f"{path}/answers/nurse", {"answer": {}, "counter": 9}) == 404
    )
    broken = await alice.post(
        path, {"outcome": "later", "note": "下午再打", "q-seen": "nurse", "q.nurse": "3"}
    )
    assert broken.status == 303
    faulty = await alice.post(path, {"q-seen": "nurse pain", "q.nurse": "3"})
    assert (faulty.status, "还有 1 处需要补全" in faulty.text) == (422, True)
    done = await alice.post(path, {"q-seen": "nurse pain", "q.nurse": "3", "q.pain": "no", "note": "态度好"})
    found = await get(UUID(path.rsplit("/", 1)[-1]))
    assert (done.headers["Location"], found.channel, found.filled_by_id) == (
        f"/surveys/responses/{found.id}",
        Channel.PHONE,
        console.house.staff["alice"],
    )
    assert found.answers == {"nurse": {"n": "3"}, "pain": {"c": ["no"]}}
    calls = await db.fetch("select outcome, note from survey_call order by id")
    assert [tuple(one) for one in calls] == [("later", "下午再打"), ("reached", "态度好")]
    start = (await alice.get("/surveys/interviews")).text
    assert ("约定再打" in start, "张*试" in start) == (True, True)


async def test_who_refused_telephone_surveys_is_not_rung_up(
    console: Console, asked: tuple[int, int, UUID, UUID]
) -> None:
    _, visit, *_ = asked
    alice = await console.enter("alice")
    other = (await publish(DEFINITION | {"title": "出院随访"})).questionnaire_id
    given = {"visit": str(visit), "questionnaire": str(other)}
    patient = await db.fetchval("select patient_id from visit where id = $1", visit)
    no = Entry((Purpose.SURVEY,), (consent.Channel.PHONE,), False, Way.SPOKEN, clock.today())
    await consent_noting.note(patient, no, by=await console.house.actor("alice"))
    refused = await alice.post("/surveys/interviews", given)
    assert (refused.status, "不能电话访问：本人已拒绝（当面口头）" in refused.text) == (409, True)
    assert await db.fetchval("select count(*) from response where channel = 'phone'") == 0


async def test_what_is_too_fast_is_judged_anew_as_responses_grow_and_nothing_is_dropped(
    console: Console, asked: tuple[int, int, UUID, UUID]
) -> None:
    questionnaire, _, east, _ = asked
    device = b"0123456789abcdef"
    for at in range(104):
        opening = Opening(
            UUID(int=100 + at), questionnaire, Channel.WEB, device_hash=device if at < 5 else None
        )
        pace = 1000 if at == 103 else 5000 + at * 3
        with clock.frozen(clock.now() - timedelta(hours=2 if at >= 5 else 0)):
            await submit(Submission(opening.id, PATIENT, WHOLE, dict.fromkeys(WHOLE, pace), opening))
    assert (await get(UUID(int=203))).flags == ()
    assert [(await get(UUID(int=100 + at))).flags for at in range(5)] == [(), (), (), ("burst",), ("burst",)]
    await pacing.note_staff_device(device)
    assert await pacing.judge_again() == 1
    assert (await get(UUID(int=203))).flags == ("speeding",)
    assert (await get(UUID(int=101))).flags == ("staff_device",)
    assert (await get(east)).flags == ()
    row = await db.fetchrow("select responses, slowest_ms > 6000 as fits from response_pace")
    assert row is not None
    assert tuple(row) == (106, True)
    assert await db.fetchval("select count(*) from response where state = 'completed'") == 106

"""Feedback from the patients' side: handed in, asked after, rated."""

import json
from collections.abc import Mapping

import pytest

from core import db
from core.actions import REGISTER
from core.actor import Actor
from core.settings import settings
from tests.intake.conftest import Door, cast, door
from tests.tickets.conftest import Cast
from tickets.forms import queries
from tickets.models import Case, Ticket

__all__ = ["cast", "door"]
SECRET = "a secret shared with the patients' side"
Answer = dict[str, object]


@pytest.fixture(autouse=True)
def portal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patients' side has its secret."""
    monkeypatch.setenv("HUIYIN_PORTAL_SECRET", SECRET)
    settings.cache_clear()


def body(**more: object) -> Answer:
    """What a patient's phone sends."""
    return {
        "key": "2f9d6c1e-8a54-4a0b-9d53-0f5b7f3a1c11",
        "kind": "投诉",
        "content": "昨日在心血管内科就诊，护士解释不清，态度不好。",
        "caller_name": "测试甲",
        "caller_phone": "13800000001",
        "campus": "东院区",
        "departments": ["心血管内科"],
        "wishes": ["道歉"],
        **more,
    }


async def hand_in(door: Door, **more: object) -> tuple[int, Answer]:
    """Send it signed."""
    return await door.push("/api/v1/feedback", body(**more), SECRET)


async def progress(door: Door, code: object, tail: str) -> tuple[int, Answer]:
    """Ask how far it is."""
    async with door.client.get(f"/api/v1/feedback/{code}?tail={tail}") as answer:
        return answer.status, await answer.json()


async def rate(door: Door, code: object, **said: object) -> tuple[int, Answer]:
    """Say something of the result."""
    return await door.send(f"/api/v1/feedback/{code}/rating", json.dumps({"tail": "0001", **said}).encode())


async def do(name: str, subject: int, by: Actor, **data: object) -> None:
    """Run an action as a door would."""
    action = REGISTER[name]
    await action.run(subject, action.parse(data), by=by)


async def replied(cast: Cast) -> Case:
    """The only case, answered by its department and replied to."""
    ticket = await Ticket.get()
    await do("ticket.sign", ticket.id, cast.liaison)
    await do("ticket.answer", ticket.id, cast.liaison, text="情况属实，已批评教育")
    await do("ticket.approve", ticket.id, cast.centre)
    await do("case.submit", ticket.case_id, cast.centre, reply="情况属实，向您致歉", tell_by="none")
    await db.execute("update case_round set tell_by = 'sms' where case_id = $1", ticket.case_id)
    await do("case.approve", ticket.case_id, cast.chief)
    return await Case.get()


def known(answer: Mapping[str, object], *names: str) -> tuple[object, ...]:
    """Some of the answer."""
    return tuple(answer[name] for name in names)


async def test_the_same_feedback_twice_is_one_case_with_one_code(door: Door) -> None:
    first, second = await hand_in(door), await hand_in(door)
    assert (first[0], second[0]) == (201, 200)
    assert first[1] == {**second[1], "duplicate": False}
    case = await Case.get()
    assert (case.source, case.state, case.channel, case.number) == (
        "feedback",
        "in_progress",
        "公众号",
        first[1]["case_number"],
    )


async def test_an_unsigned_feedback_is_refused(door: Door) -> None:
    status, _ = await door.push("/api/v1/feedback", body(), "another secret")
    assert (status, await Case.all().count()) == (401, 0)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "吐槽"}, "kind"),
        ({"caller_phone": "abc"}, "caller_phone"),
        ({"severity": "重大"}, "severity"),  # the desk's word, not the patient's
        ({"risks": ["暴力"]}, "risks"),
        ({"attachments": [{"name": "x.txt", "base64": "***"}]}, "attachments.0.base64"),
    ],
)
async def test_every_fault_is_named(door: Door, more: Mapping[str, object], field: str) -> None:
    status, answer = await hand_in(door, **more)
    error = answer["error"]
    assert isinstance(error, dict)
    assert (status, [fault["field"] for fault in error["details"]]) == (422, [field])


async def test_progress_needs_the_code_and_the_digits_and_tells_little(door: Door, cast: Cast) -> None:
    _, taken = await hand_in(door)
    status, answer = await progress(door, taken["query_code"], "0001")
    assert status == 200
    assert known(answer, "number", "kind", "state_label", "reply", "may_rate") == (
        taken["case_number"],
        "投诉",
        "办理中",
        "",
        False,
    )
    assert set(answer) == {
        *("number", "kind", "title", "state", "state_label", "received_at", "closed_at", "reply"),
        *("may_rate", "rated"),
    }
    wrong = [await progress(door, taken["query_code"], "9999"), await progress(door, "A" * 12, "0001")]
    assert [entry[0] for entry in wrong] == [404, 404]
    messages = [entry[1]["error"]["message"] for entry in wrong]  # type: ignore[index]  # the shape of errors
    assert messages[0] == messages[1]


async def test_codes_cannot_be_guessed_at_leisure(door: Door, cast: Cast) -> None:
    _, taken = await hand_in(door)
    seen = [(await progress(door, f"{at:012d}", "0001"))[0] for at in range(12)]
    assert seen == [404] * 10 + [429] * 2
    assert (await progress(door, taken["query_code"], "0001"))[0] == 429


async def test_a_rating_is_the_call_back_and_is_given_once(door: Door, cast: Cast) -> None:
    _, taken = await hand_in(door)
    early, _ = await rate(door, taken["query_code"], satisfied="满意")
    case = await replied(cast)
    status, answer = await rate(door, taken["query_code"], satisfied="满意", remark="谢谢")
    again, _ = await rate(door, taken["query_code"], satisfied="不满意")
    assert (early, status, again) == (409, 200, 409)
    assert known(answer, "reply", "rated", "may_rate") == ("情况属实，向您致歉", "满意", False)
    row = await db.fetchrow("select callback_satisfied, callback_way, callback_by from case_round")
    assert row is not None
    assert tuple(row) == ("满意", "网络", "反映人本人")
    assert (await Case.get(id=case.id)).state == "called_back"


async def test_not_satisfied_opens_the_next_round(door: Door, cast: Cast) -> None:
    _, taken = await hand_in(door)
    case = await replied(cast)
    status, answer = await rate(door, taken["query_code"], satisfied="不满意", solved="未解决")
    fresh = await Case.get(id=case.id)
    assert (status, fresh.state, fresh.round) == (200, "in_progress", 2)
    assert known(answer, "state_label", "reply") == ("办理中", "")


async def test_the_answers_of_the_form_in_force_are_kept_and_a_faulty_one_is_named(door: Door) -> None:
    async with door.client.get("/api/v1/feedback/forms/咨询") as answer:
        form = await answer.json()
    answers = {"topic": {"c": ["fee"]}, "insured": {"c": ["resident"]}, "booked": {"d": "2026-03-02"}}
    given = {"version": form["version"], "answers": {**answers, "topic": {"c": ["nonsense"]}}}
    status, told = await hand_in(door, kind="咨询", form=given)
    error = told["error"]
    assert isinstance(error, dict)
    assert (status, [fault["field"] for fault in error["details"]]) == (422, ["q.topic"])
    wrong, _ = await hand_in(door, kind="建议", form={"version": form["version"], "answers": answers})
    assert (wrong, await Case.all().count()) == (422, 0)
    status, _ = await hand_in(door, kind="咨询", form={"version": form["version"], "answers": answers})
    kept = await queries.told((await Case.get()).id)
    assert (status, [line.code for line in kept]) == (201, ["topic", "insured"])  # "booked" was hidden

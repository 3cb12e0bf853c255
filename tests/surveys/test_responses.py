"""Responses: begun once, saved answer by answer, handed in once, and judged by the server alone."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest

from core import clock, db
from core.errors import Invalid, NotFound, Refused
from surveys import asks
from surveys.responses import attached, drafting, keys
from surveys.responses.drafting import Save, Saved, begin, save
from surveys.responses.rows import Channel, State, get
from surveys.responses.submitting import AlreadyAnswered, Submission, submit
from tests.surveys.responses_stage import DEFINITION, PATIENT, WHOLE, build, publish, row


async def test_a_response_is_saved_answer_by_answer_and_handed_in_with_scores_and_one_event(
    database: str,
) -> None:
    stage = await build()
    ask = await stage.ask()
    draft = await begin(stage.opening(ask))
    for at, (code, answer) in enumerate(WHOLE.items(), start=1):
        assert await save(Save(draft.id, code, answer, at, 2000)) == Saved(at, at + 1)
    stored = await row(draft.id)
    assert "138" not in stored["answers"]
    assert stored["private"] is not None
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        done = await submit(Submission(draft.id, PATIENT))
    assert (done.id, done.fresh) == (draft.id, True)
    kept = await get(draft.id)
    assert kept.answers == WHOLE
    assert (kept.state, kept.active_ms, kept.flags, kept.dropped) == (State.COMPLETED, 12_000, (), ())
    assert (kept.visit_kind, kept.campus_id, kept.unit_id, kept.ward_id, kept.doctor) == (
        "inpatient", 2, 3, 4, "王大夫",
    )  # fmt: skip
    scores = await db.fetch(
        "select key, unit_id, value::text, answered from response_score where response_id = $1 order by key",
        draft.id,
    )
    assert [tuple(one) for one in scores] == [("nursing", None, "87.5000", 2), ("ward", None, "14.0000", 4)]
    lines = await db.fetch("select actor_kind, action, detail from audit where action = 'survey.submit'")
    assert [(one["actor_kind"], orjson.loads(one["detail"])["response"]) for one in lines] == [
        ("patient", str(draft.id))
    ]


async def test_the_last_writer_by_the_clients_counter_wins_and_the_same_save_again_changes_nothing(
    database: str,
) -> None:
    stage = await build()
    draft = await begin(stage.opening())
    assert await save(Save(draft.id, "nurse", {"n": "3"}, 10, 500)) == Saved(10, 2)
    assert await save(Save(draft.id, "nurse", {"n": "1"}, 7, 300)) == Saved(10, 3)  # came late
    assert await save(Save(draft.id, "nurse", {"n": "3"}, 10, 500)) == Saved(10, 4)
    assert await save(Save(draft.id, "phone", {"t": "13800000001"}, 5)) == Saved(5, 5)
    assert await save(Save(draft.id, "phone", {"t": "13800000002"}, 4)) == Saved(5, 5)
    found = await get(draft.id)
    assert found.answers == {"nurse": {"n": "3"}, "phone": {"t": "13800000001"}}
    assert found.times == {"nurse": 500}
    far = 10**15  # a phone whose clock stands years ahead must not lock the others out
    kept = (await save(Save(draft.id, "nurse", {"n": "2"}, far))).counter
    assert kept < far
    later = clock.now() + timedelta(minutes=3)
    with clock.frozen(later):
        await save(Save(draft.id, "nurse", {"n": "5"}, int(later.timestamp() * 1000)))
    assert (await get(draft.id)).answers["nurse"] == {"n": "5"}


async def test_what_is_not_an_answer_to_the_question_is_refused_by_name_and_nothing_is_written(
    database: str,
) -> None:
    stage = await build()
    draft = await begin(stage.opening())
    for code, raw in (
        ("nurse", {"c": ["x"]}),
        ("nurse", {"n": "many"}),
        ("wish", {"t": "x" * 6000}),
        ("ward", {"m": {"a\x00": ["b"]}}),
        ("nurse", {"q": 1}),
    ):
        with pytest.raises(Invalid) as refused:
            await save(Save(draft.id, code, raw, 1))
        assert [(fault.field, fault.reason) for fault in refused.value.details] == [
            (f"q.{code}", "答案的格式不对")
        ]
    with pytest.raises(Invalid) as strange:
        await save(Save(draft.id, "nobody", {"n": "1"}, 1))
    assert strange.value.message == "没有这一题"
    with pytest.raises(NotFound):
        await save(Save(uuid4(), "nurse", {"n": "1"}, 1))
    assert (await get(draft.id)).answers == {}


async def test_hidden_answers_are_dropped_recorded_and_never_scored(database: str) -> None:
    stage = await build()
    opening = stage.opening()
    await submit(stage.whole(opening, pain={"c": ["no"]}))
    found = await get(opening.id)
    assert "relief" not in found.answers
    assert found.dropped == ("relief",)
    value = await db.fetchval("select value from response_score where key = 'nursing'")
    assert str(value) == "75.0000"  # the nurse alone


async def test_faults_are_told_and_the_draft_stays(database: str) -> None:
    stage = await build()
    draft = await begin(stage.opening())
    await save(Save(draft.id, "pain", {"c": ["yes"]}, 1))
    with pytest.raises(Invalid) as refused:
        await submit(Submission(draft.id, PATIENT, {"nurse": {"n": "9"}}))
    assert [(fault.field, fault.reason) for fault in refused.value.details] == [
        ("q.nurse", "应为 1 到 5 的整数"),
        ("q.relief", "请填写这一题"),
    ]
    found = await get(draft.id)
    assert (found.state, found.answers) == (State.DRAFT, {"pain": {"c": ["yes"]}})
    with pytest.raises(NotFound):
        await submit(Submission(uuid4(), PATIENT, WHOLE))


async def test_an_ask_has_one_draft_and_one_answer_whoever_comes(database: str) -> None:
    stage = await build()
    ask = await stage.ask()
    assert await stage.ask() == ask
    one, other = await asyncio.gather(begin(stage.opening(ask)), begin(stage.opening(ask)))
    assert one.id == other.id
    waiting = await asks.waiting(stage.patient_id)
    assert [(w.ask_id, w.title, w.begun) for w in waiting] == [(ask.id, "住院患者满意度", True)]
    second = stage.opening(ask)  # of a page that was opened before: its own id
    results = await asyncio.gather(
        submit(Submission(one.id, PATIENT, WHOLE)), submit(stage.whole(second)), return_exceptions=True
    )
    done = [result for result in results if not isinstance(result, BaseException)]
    refused = [result for result in results if isinstance(result, AlreadyAnswered)]
    assert (len(done), len(refused)) == (1, 1)
    assert refused[0].response_id == done[0].id
    assert await db.fetchval("select count(*) from response where state = 'completed'") == 1
    assert (await begin(stage.opening(ask))).state is State.COMPLETED
    assert await asks.waiting(stage.patient_id) == []
    with pytest.raises(Refused):
        await save(Save(done[0].id, "nurse", {"n": "1"}, 10**12))


async def test_two_hundred_responses_handed_in_three_times_each_at_once_are_two_hundred(
    database: str,
) -> None:
    stage = await build()
    openings = [stage.opening() for _ in range(200)]
    done = await asyncio.gather(*(submit(stage.whole(one)) for one in openings for _ in range(3)))
    assert sum(one.fresh for one in done) == 200
    counts = await db.fetchrow(
        "select (select count(*) from response) as responses, (select count(*) from response_score) as scores,"
        " (select count(*) from audit where action = 'survey.submit') as lines"
    )
    assert counts is not None
    assert tuple(counts) == (200, 400, 200)


async def test_saves_of_many_at_once_are_all_there(database: str) -> None:
    stage = await build()
    drafts = await asyncio.gather(*(begin(stage.opening()) for _ in range(50)))
    await asyncio.gather(*(save(Save(one.id, code, raw, 1)) for one in drafts for code, raw in WHOLE.items()))
    kept = await asyncio.gather(*(get(one.id) for one in drafts))
    assert [one.answers for one in kept] == [WHOLE] * 50


async def test_a_draft_goes_on_with_the_next_version_only_where_that_says_so(database: str) -> None:
    stage = await build()
    draft = await begin(stage.opening())
    await save(Save(draft.id, "nurse", {"n": "4"}, 1))
    more = {"kind": "blank", "code": "more", "title": "还有什么想说的"}
    changed = DEFINITION | {
        "pages": [DEFINITION["pages"][0], {"items": [*DEFINITION["pages"][1]["items"], more]}]
    }
    await publish(changed, to=stage.questionnaire_id)
    assert (await drafting.carried_over(draft)).version_id == stage.version.id
    third = await publish(
        changed | {"title": "住院患者满意度（新）"}, to=stage.questionnaire_id, migrates=True
    )
    moved = await drafting.carried_over(await get(draft.id))
    assert (moved.version_id, moved.answers) == (third.id, {"nurse": {"n": "4"}})
    assert (await save(Save(draft.id, "more", {"t": "没有"}, 2))).counter == 2


async def test_a_file_counts_only_with_the_response_it_came_with(database: str) -> None:
    asking = {"title": "附件", "pages": [{"items": [{"kind": "file", "code": "photo", "title": "照片"}]}]}
    await build()
    version = await publish(asking)
    opening = drafting.Opening(uuid4(), version.questionnaire_id, Channel.WEB)
    draft = await begin(opening)
    theirs = await attached.keep(uuid4(), "记录.txt", "别人的".encode())
    own = await attached.keep(draft.id, "记录.txt", "自己的".encode())
    with pytest.raises(Invalid) as refused:
        await submit(Submission(draft.id, PATIENT, {"photo": {"f": [str(theirs)]}}))
    assert [fault.reason for fault in refused.value.details] == ["附件没有上传成功，请重新上传"]
    assert (await submit(Submission(draft.id, PATIENT, {"photo": {"f": [str(own)]}}))).fresh


def test_a_key_opens_its_own_response_and_no_other() -> None:
    one, other = uuid4(), uuid4()
    assert keys.opened(keys.handle(one)) == one
    assert not keys.fits(other, keys.key_of(one))
    for word in ("", "x", other.hex + keys.key_of(one), keys.handle(one)[:-1], "钥" * 64):
        with pytest.raises(NotFound):
            keys.opened(word)

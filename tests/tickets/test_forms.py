"""Forms of feedback kinds: drafts, versions that never change, answers that count, kept with their case."""

import asyncio
from typing import Any

import asyncpg
import pytest

from core import db
from core.actor import Actor, Door, system
from core.errors import Forbidden, Invalid, Refused
from surveys.checking import problems
from surveys.definition import Definition
from tests.tickets.conftest import Cast, order
from tickets.forms import actions, answers, queries
from tickets.forms.kinds import FormKind
from tickets.forms.shipped import shipped
from tickets.receiving import receive

PLATFORM = system("测试热线平台", Door.API)


def definition(**first: Any) -> Definition:
    """Asks for a phone number where one wants to be called."""
    return Definition.model_validate(
        {
            "title": "测试表单",
            "pages": [
                {
                    "items": [
                        {
                            "kind": "single",
                            "code": "call",
                            "title": "要不要回电",
                            "required": True,
                            "options": [{"code": "yes", "label": "要"}, {"code": "no", "label": "不要"}],
                            **first,
                        },
                        {
                            "kind": "phone",
                            "code": "phone",
                            "title": "回电号码",
                            "required": True,
                            "show_if": {"op": "eq", "args": [{"q": "call"}, {"code": "yes"}]},
                        },
                        {"kind": "long_text", "code": "words", "title": "说明"},
                    ]
                }
            ],
        }
    )


async def published(by: Actor, **first: Any) -> queries.FormVersion:
    form = await actions.create(FormKind.COMPLAINT, definition(**first), by=by)
    return await actions.publish(form.id, revision=1, by=by)


@pytest.mark.parametrize("kind", FormKind)
async def test_each_kind_has_a_shipped_form_that_may_be_published(cast: Cast, kind: FormKind) -> None:
    assert problems(shipped(kind)) == []
    found = await queries.in_force(kind)
    assert found is not None
    assert (found.number, found.definition, found.published_by) == (1, shipped(kind), "出厂表单")


async def test_a_kind_without_feedback_has_no_form(cast: Cast) -> None:
    assert await queries.in_force("求助") is None


async def test_the_shipped_form_is_loaded_once_by_many_who_ask_at_once(cast: Cast) -> None:
    found = await asyncio.gather(*(queries.in_force("投诉") for _ in range(8)))
    assert len({version.id for version in found if version}) == 1
    assert await db.fetchval("select count(*) from form") == 1


async def test_what_is_published_takes_the_place_of_what_was_in_force(cast: Cast) -> None:
    before = await queries.in_force("投诉")
    version = await published(cast.admin)
    assert before is not None
    assert (await queries.in_force("投诉"), version.in_force) == (version, True)
    again = await actions.enforce(before.id, by=cast.admin)
    assert again == await queries.in_force("投诉") == before


async def test_a_disabled_form_leaves_its_kind_without_one_and_the_shipped_one_does_not_come_back(
    cast: Cast,
) -> None:
    version = await published(cast.admin)
    assert (await actions.disable(version.form_id, by=cast.admin)).active is False
    assert await queries.in_force("投诉") is None
    with pytest.raises(Refused, match="这份表单没有在使用"):
        await actions.disable(version.form_id, by=cast.admin)


async def test_the_database_refuses_to_change_or_delete_a_published_version(cast: Cast) -> None:
    version = await published(cast.admin)
    with pytest.raises(asyncpg.PostgresError):
        await db.execute("update form_version set note = 'x' where id = $1", version.id)
    with pytest.raises(asyncpg.PostgresError):
        await db.execute("delete from form_version where id = $1", version.id)
    assert await queries.version(version.id) == version


async def test_a_draft_that_is_not_finished_is_saved_but_not_published_and_says_where(cast: Cast) -> None:
    form = await actions.create(FormKind.COMPLAINT, definition(), by=cast.admin)
    broken = definition(title="", jumps=[{"when": {"op": "answered", "args": [{"q": "gone"}]}, "to": "end"}])
    await actions.save(form.id, broken, revision=1, by=cast.admin)
    with pytest.raises(Invalid) as refused:
        await actions.publish(form.id, revision=2, by=cast.admin)
    assert [(fault.field, fault.label, fault.reason) for fault in refused.value.details] == [
        ("call:title", "未命名的题目 call", "请写出题目"),
        ("call:jumps.0", "未命名的题目 call", "所引用的题目不存在或已删除"),
    ]
    assert await queries.versions(form.id) == []


async def test_whoever_saves_what_somebody_else_has_changed_is_refused(cast: Cast) -> None:
    form = await actions.create(FormKind.COMPLAINT, definition(), by=cast.admin)
    await actions.save(form.id, definition(title="甲"), revision=1, by=cast.admin)
    with pytest.raises(Refused, match="测试管理员刚刚保存过这份表单，请刷新页面后再改"):
        await actions.save(form.id, definition(title="乙"), revision=1, by=cast.chief)
    assert (await queries.form(form.id)).draft == definition(title="甲")


async def test_the_same_again_is_no_new_version(cast: Cast) -> None:
    version = await published(cast.admin)
    with pytest.raises(Refused, match="与第 1 版完全相同，没有需要发布的改动"):
        await actions.publish(version.form_id, revision=1, by=cast.admin)
    await actions.save(version.form_id, definition(title="改了"), revision=1, by=cast.admin)
    assert (await actions.publish(version.form_id, revision=2, by=cast.admin)).number == 2


async def test_who_may_not_manage_forms_changes_none(cast: Cast) -> None:
    form = await actions.create(FormKind.COMPLAINT, definition(), by=cast.admin)
    for refused in (
        actions.create(FormKind.PRAISE, definition(), by=cast.liaison),
        actions.save(form.id, definition(title="甲"), revision=1, by=cast.liaison),
        actions.publish(form.id, revision=1, by=cast.liaison),
        actions.copy(form.id, FormKind.PRAISE, by=cast.liaison),
    ):
        with pytest.raises(Forbidden):
            await refused
    assert await queries.form(form.id) == form


async def test_a_copy_begins_as_a_draft_of_its_own(cast: Cast) -> None:
    version = await published(cast.admin)
    copy = await actions.copy(version.form_id, FormKind.PRAISE, by=cast.admin)
    assert (copy.kind, copy.title, copy.active) == (FormKind.PRAISE, "测试表单（副本）", False)
    assert copy.draft.pages == definition().pages


async def test_answers_are_judged_by_the_server_and_hidden_ones_dropped(cast: Cast) -> None:
    version = await published(cast.admin)
    taken = answers.check(version, {"call": {"c": ["no"]}, "phone": {"t": "13800000001"}})
    assert (taken.as_json(), taken.dropped) == ({"call": {"c": ["no"]}}, ("phone",))
    with pytest.raises(Invalid) as refused:
        answers.check(version, {"call": {"c": ["yes"]}, "words": {"n": "3"}, "more": {"t": "x"}})
    assert [(fault.field, fault.label, fault.reason) for fault in refused.value.details] == [
        ("q.phone", "回电号码", "请填写这一题"),
        ("q.words", "说明", "答案的格式不对"),
        ("q.more", "答案", "没有这一题"),
    ]


async def test_answers_stay_with_their_case_and_a_phone_number_is_not_in_the_clear(cast: Cast) -> None:
    version = await published(cast.admin)
    case_id = (await receive(order(), by=PLATFORM)).case_id
    given = {"call": {"c": ["yes"]}, "phone": {"t": "13800000001"}, "words": {"t": "下午来电"}}
    await answers.keep(case_id, version, answers.check(version, given), by=cast.centre)
    assert await db.fetchval("select answers::text from case_form_answer") == (
        '{"call": {"c": ["yes"]}, "words": {"t": "下午来电"}}'
    )
    assert (await queries.answers_of(case_id))["phone"].t == "13800000001"
    assert [(line.title, line.text) for line in await queries.told(case_id)] == [
        ("要不要回电", "要"),
        ("回电号码", "138****0001"),
        ("说明", "下午来电"),
    ]


async def test_a_second_try_for_the_same_case_changes_nothing(cast: Cast) -> None:
    version = await published(cast.admin)
    case_id = (await receive(order(), by=PLATFORM)).case_id
    for words in ("第一次", "第二次"):
        taken = answers.check(version, {"call": {"c": ["no"]}, "words": {"t": words}})
        await answers.keep(case_id, version, taken, by=cast.centre)
    assert [line.text for line in await queries.told(case_id)] == ["不要", "第一次"]

"""Questionnaires from draft to version, with the people who may: the database, the review, what never changes."""

from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from core import db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.db import transaction
from core.errors import Forbidden, Invalid, NotFound, Refused
from staff.queries import forget_tree
from surveys.bank import actions as bank
from surveys.bank import queries as bank_items
from surveys.definition import Definition
from surveys.questionnaires import actions, queries, reviewing
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Questionnaire
from surveys.questionnaires.rows import insert_version
from surveys.questions import picked

DESIGN, REVIEW, READ = Permission.SURVEY_DESIGN, Permission.SURVEY_REVIEW, Permission.SURVEY_READ


def person(staff_id: int, name: str, *held: Permission, at: str = "/") -> Actor:
    return Actor(ActorKind.STAFF, staff_id, name, Door.WEB, tuple(Grant(one, at) for one in held))


AUTHOR = person(1, "测试甲", DESIGN)
HEAD = person(2, "测试乙", DESIGN, REVIEW)
OTHER = person(3, "测试丙", DESIGN, REVIEW)
WARD = person(4, "测试丁", DESIGN, at="/1/2/")
FAR = person(5, "测试戊", DESIGN, READ, at="/1/3/")
NOBODY = person(6, "测试己")


@pytest_asyncio.fixture(autouse=True)
async def hospital(database: str) -> None:
    """Two departments, and the people above."""
    await db.execute(
        "insert into org_unit (id, parent_id, path, kind, name) values (1, null, '/1/', 'group', '示范医院'),"
        " (2, 1, '/1/2/', 'department', '心内科'), (3, 1, '/1/3/', 'department', '骨科')"
    )
    await db.execute(
        "insert into staff (id, number, name) select n, 'n' || n, '测试' || n from generate_series(1, 6) n"
    )
    await forget_tree()


def draft(*titles: str, **more: Any) -> Definition:
    items = [{"kind": "stars", "code": f"q{at}", "title": title} for at, title in enumerate(titles)]
    return Definition.model_validate({"title": "测试问卷", "pages": [{"items": items}], **more})


async def made(
    definition: Definition | None = None, unit_id: int | None = None, by: Actor = AUTHOR
) -> Questionnaire:
    return await actions.create(Kind.OUTPATIENT, definition or draft("总评"), unit_id=unit_id, by=by)


async def published(found: Questionnaire, **more: Any) -> queries.Version:
    now = await queries.by_id(found.id)
    await reviewing.hand_in(found.id, revision=now.revision, by=AUTHOR, **more)
    return await reviewing.approve(found.id, by=HEAD)


async def audited() -> list[str]:
    return [row["action"] for row in await db.fetch("select action from audit order by id")]


async def test_a_draft_is_saved_reviewed_by_another_and_answered(database: str) -> None:
    found = await made()
    with pytest.raises(Refused, match="现在不能填写"):
        await queries.open_version(found.id)
    saved = await actions.save(found.id, draft("总评", "推荐"), revision=1, by=AUTHOR)
    await reviewing.hand_in(found.id, revision=saved.revision, note="第一版", migrates=True, by=AUTHOR)
    with pytest.raises(Refused, match="正在审核"):
        await actions.save(found.id, draft("x"), revision=2, by=AUTHOR)
    with pytest.raises(Forbidden):
        await reviewing.approve(found.id, by=AUTHOR)
    version = await reviewing.approve(found.id, by=HEAD)
    assert (version.number, version.note, version.published_by, version.reviewed_by, version.migrates) == (
        1,
        "第一版",
        "测试甲",
        "测试乙",
        True,
    )
    assert await queries.open_version(found.id) == version
    assert await audited() == [
        "questionnaire.create",
        "questionnaire.save",
        "questionnaire.hand_in",
        "questionnaire.publish",
    ]
    events = [row["event"] for row in await db.fetch("select distinct event from outbox")]
    assert events in ([], ["VersionPublished"])


async def test_who_edited_may_not_review_even_under_another_hand(database: str) -> None:
    found = await made()
    await actions.save(found.id, draft("改过"), revision=1, by=HEAD)
    await reviewing.hand_in(found.id, revision=2, by=AUTHOR)
    with pytest.raises(Refused, match="您参与了这份问卷的编制"):
        await reviewing.approve(found.id, by=HEAD)
    assert (await reviewing.approve(found.id, by=OTHER)).reviewed_by == "测试丙"
    await actions.save(found.id, draft("再改"), revision=2, by=AUTHOR)
    assert (
        await published(found)
    ).reviewed_by == "测试乙"  # what HEAD edited is published; this round is not theirs


async def test_what_is_sent_back_says_why_and_can_be_edited(database: str) -> None:
    found = await made()
    await reviewing.hand_in(found.id, revision=1, by=AUTHOR)
    with pytest.raises(Invalid):
        await reviewing.send_back(found.id, " ", by=HEAD)
    await reviewing.send_back(found.id, "题目太长", by=HEAD)
    await actions.save(found.id, draft("短"), revision=1, by=AUTHOR)
    await reviewing.hand_in(found.id, revision=2, by=AUTHOR)
    await reviewing.take_back(found.id, by=AUTHOR)
    told = [(one.decision, one.decided_by, one.words) for one in await queries.reviews(found.id)]
    assert told == [("withdrawn", "测试甲", ""), ("sent_back", "测试乙", "题目太长")]


async def test_a_version_never_changes_and_the_same_again_is_none(database: str) -> None:
    found = await made()
    first = await published(found)
    with pytest.raises(asyncpg.RaiseError):
        await db.execute("update questionnaire_version set note = 'x' where id = $1", first.id)
    with pytest.raises(asyncpg.RaiseError):
        await db.execute("delete from questionnaire_version where id = $1", first.id)
    await reviewing.hand_in(found.id, revision=1, by=AUTHOR)
    with pytest.raises(Refused, match="与第 1 版完全相同"):
        await reviewing.approve(found.id, by=HEAD)
    await reviewing.take_back(found.id, by=AUTHOR)
    await actions.save(found.id, draft("新题"), revision=1, by=AUTHOR)
    second = await published(found)
    assert [one.number for one in await queries.versions(found.id)] == [2, 1]
    await reviewing.enforce(first.id, by=HEAD)
    assert (await queries.open_version(found.id)).id == first.id
    await reviewing.retire(found.id, by=HEAD)
    with pytest.raises(Refused, match="现在不能填写"):
        await queries.open_version(found.id)
    await reviewing.enforce(second.id, by=HEAD)
    assert (await queries.open_version(found.id)).id == second.id


async def test_an_unfinished_draft_is_kept_but_not_handed_in(database: str) -> None:
    found = await made(draft("", scores=[{"key": "s", "label": "总分", "questions": ["gone"]}]))
    with pytest.raises(Invalid) as error:
        await reviewing.hand_in(found.id, revision=1, by=AUTHOR)
    assert [(fault.field, fault.label, fault.reason) for fault in error.value.details] == [
        ("q0:title", "未命名的题目 q0", "请写出题目"),
        (":scores.0", "整份问卷", "得分“总分”：题目 gone 不存在或已删除"),
    ]
    assert (await queries.by_id(found.id)).state == "editing"


async def test_two_who_save_at_once_lose_nothing_unseen(database: str) -> None:
    found = await made()
    await actions.save(found.id, draft("甲的"), revision=1, by=AUTHOR)
    with pytest.raises(Refused, match="测试甲刚刚保存过"):
        await actions.save(found.id, draft("乙的"), revision=1, by=HEAD)
    assert (await queries.by_id(found.id)).draft == draft("甲的")


async def test_a_department_keeps_its_own_and_sees_those_of_the_house(database: str) -> None:
    own = await made(unit_id=2, by=WARD)
    house = await made()
    assert {one.id for one in await queries.listed(WARD)} == {own.id, house.id}
    assert {one.id for one in await queries.listed(FAR)} == {house.id}
    with pytest.raises(NotFound):
        await queries.questionnaire(own.id, FAR)
    for refused in (made(by=WARD), made(unit_id=3, by=WARD), made(by=NOBODY)):
        with pytest.raises(Forbidden):
            await refused
    with pytest.raises(Forbidden):
        await actions.save(house.id, draft("x"), revision=1, by=WARD)
    with pytest.raises(Forbidden):
        await queries.listed(NOBODY)
    copied = await actions.copy(own.id, by=WARD)
    assert (copied.title, copied.unit_id, copied.version_id) == ("测试问卷（副本）", 2, None)


async def test_comments_are_read_until_they_are_settled(database: str) -> None:
    found = await made()
    first = await actions.comment(found.id, "q0", "几颗星？", by=HEAD)
    await actions.comment(found.id, "", "说明太长", by=AUTHOR)
    assert [(one.question, one.words) for one in await queries.comments(found.id)] == [
        ("q0", "几颗星？"),
        ("", "说明太长"),
    ]
    for _ in range(2):
        await actions.settle_comment(found.id, first, by=AUTHOR)
    assert [one.words for one in await queries.comments(found.id)] == ["说明太长"]
    assert [one.comments for one in await queries.listed(AUTHOR)] == [1]
    for question, words in (("q0", " "), ("q0", "长" * 501), ("gone", "x")):
        with pytest.raises(Invalid):
            await actions.comment(found.id, question, words, by=AUTHOR)
    with pytest.raises(NotFound):
        await actions.settle_comment((await made()).id, first, by=AUTHOR)


async def test_versions_are_parsed_once_and_belong_to_their_database(database: str) -> None:
    version = await published(await made())
    assert await queries.version(version.id) is await queries.version(version.id)
    with pytest.raises(NotFound):
        await queries.version(version.id + 1000)
    async with transaction():
        await insert_version(version.questionnaire_id, draft("别的"), HEAD)
    assert version.spoken("en") is version.definition


async def test_the_bank_keeps_versions_and_questionnaires_keep_their_copy(database: str) -> None:
    question = picked(
        {"kind": "stars", "code": "x", "title": "医生态度", "step": "lab", "show_if": {"fact": "today"}}
    )
    kept = await bank.save(question, group="满意度", subgroup="医生", by=AUTHOR)
    assert (kept.number, kept.question.code, kept.question.step, kept.question.show_if) == (
        1,
        "item",
        "",
        None,
    )
    again = picked({"kind": "stars", "code": "x", "title": "医生的态度", "stars": 10})
    second = await bank.save(again, group="满意度", subgroup="医生", code=kept.code, by=AUTHOR)
    assert [(one.number, one.question.title) for one in await bank_items.versions(kept.code)] == [
        (2, "医生的态度"),
        (1, "医生态度"),
    ]
    with pytest.raises(Refused, match="与题库中第 2 版完全相同"):
        await bank.save(again, group="满意度", code=kept.code, by=AUTHOR)
    with pytest.raises(asyncpg.RaiseError):
        await db.execute("update bank_item_version set title = 'x'")
    await made(draft("总评", pages=[{"items": [{**second.question.model_dump(mode="json"), "code": "q1"}]}]))
    assert [title for _, title in await bank_items.used_in(kept.code)] == ["测试问卷"]
    await bank.move(kept.code, group="通用", by=AUTHOR)
    await bank.save(
        picked({"kind": "nps", "code": "x", "title": "推荐"}), group="通用", subgroup="总体", by=AUTHOR
    )
    assert await bank_items.groups() == [("通用", [("", 1), ("总体", 1)])]
    await bank.retire(kept.code, retired=True, by=AUTHOR)
    assert [one.question.title for one in await bank_items.listed(words="态度")] == []
    assert [one.question.title for one in await bank_items.listed(retired=True)] == ["医生的态度"]
    for faulty in (("", "推荐"), ("长" * 41, "推荐"), ("通用", "")):
        with pytest.raises(Invalid):
            await bank.save(
                picked({"kind": "nps", "code": "x", "title": faulty[1]}), group=faulty[0], by=AUTHOR
            )
    with pytest.raises(Forbidden):
        await bank.save(question, group="通用", by=NOBODY)

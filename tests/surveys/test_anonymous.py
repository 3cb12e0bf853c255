"""Anonymous rounds: once each, counted in batches, and nothing in the whole database that says who said what."""

import asyncio
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock, db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Forbidden, Invalid, NotFound, Refused
from staff.queries import forget_tree
from surveys import shipped
from surveys.anonymous import rounds
from surveys.anonymous.counters import Count, ScoreAdded, taken_apart
from surveys.anonymous.opening import NewRound, close_round, close_what_is_over, open_round, units_of, weigh
from surveys.anonymous.results import results
from surveys.anonymous.taking_part import take_part
from surveys.answers import Answer
from surveys.definition import Definition
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Version
from surveys.questionnaires.queries import version as version_of
from surveys.questionnaires.rows import insert, insert_version, put_in_force
from surveys.scoring import compiled
from tests.surveys.responses_stage import HOUSE, UNITS

STAFF: dict[str, Any] = {
    "title": "职工调查",
    "pages": [
        {
            "items": [
                {"kind": "scale", "code": "pay", "title": "收入", "required": True, "category": "薪酬"},
                {"kind": "long_text", "code": "words", "title": "想说的话"},
                {
                    "kind": "single",
                    "code": "post",
                    "title": "岗位",
                    "counted": False,
                    "options": [{"code": "doctor", "label": "医生"}, {"code": "nurse", "label": "护士"}],
                },
            ]
        }
    ],
    "scores": [
        {"key": "pay", "label": "薪酬福利", "questions": ["pay"], "to_100": {"low": "1", "high": "5"}}
    ],
}


async def published(kind: Kind, definition: Definition) -> Version:
    """Answered from now on."""
    from_row = await insert(kind, definition, HOUSE)
    version_id = await insert_version(from_row, definition, HOUSE)
    await put_in_force(from_row, version_id)
    return await version_of(version_id)


async def hospital(people: int) -> list[Actor]:
    """Units, and so many people of cardiology and as many of surgery, in turn."""
    for unit in UNITS:
        await db.execute(
            "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)", *unit
        )
    await forget_tree()
    found = []
    for at in range(people):
        staff_id = await db.fetchval(
            "insert into staff (number, name) values ($1, $2) returning id", f"n{at}", f"职工{at}"
        )
        await db.execute(
            "insert into post (staff_id, unit_id, role) values ($1, $2, 'clinician')",
            staff_id,
            6 if at % 2 else 4,
        )
        found.append(Actor(ActorKind.STAFF, staff_id, f"职工{at}", Door.WEB))
    return found


def new(version: Version, **more: Any) -> NewRound:
    today = clock.today()
    given = {"title": "年度调查", "unit_id": None, "opens_on": today, "closes_on": today + timedelta(days=7)}
    return NewRound(questionnaire_id=version.questionnaire_id, **{**given, **more})


def reader(path: str) -> Actor:
    return Actor(ActorKind.STAFF, 10**6, "读者", Door.WEB, (Grant(Permission.SURVEY_READ, path),))


def said(at: int) -> dict[str, Any]:
    return {
        "pay": {"n": str(1 + at % 5)},
        "words": {"t": f"第{at}人的话"},
        "post": {"c": ["doctor" if at < 9 else "nurse"]},
    }


async def test_with_the_whole_database_nobody_finds_who_said_what(database: str) -> None:
    people = await hospital(12)
    version = await published(Kind.STAFF, Definition.model_validate(STAFF))
    round_id = await open_round(new(version), by=HOUSE)
    order = [7, 2, 11, 0, 5, 9, 1, 10, 4, 8, 3, 6]
    for at in order:
        await take_part(round_id, 0, said(at), by=people[at])
    await close_round(round_id, by=HOUSE)

    parts = await db.fetch("select xmin::text as x, staff_id from survey_round_part order by ctid")
    texts = await db.fetch("select xmin::text as x, id, body from survey_round_text order by ctid")
    assert len(parts) == len(texts) == 12
    # place in the table: by number, and by a random key; transaction: one for all
    assert [row["staff_id"] for row in parts] == sorted(row["staff_id"] for row in parts)
    assert [row["id"] for row in texts] == sorted(row["id"] for row in texts)
    assert {row["id"].version for row in texts} == {4}
    assert (len({row["x"] for row in parts}), len({row["x"] for row in texts})) == (1, 1)
    spoken = [int(re.sub(r"\D", "", row["body"])) for row in texts]
    assert spoken not in (order, order[::-1], sorted(spoken))
    # nothing waits any more, no column of what was said holds a time, a person or a sequence
    assert await db.fetchval("select count(*) from survey_round_spool") == 0
    columns = await db.fetch(
        "select table_name, column_name, data_type from information_schema.columns where table_name in"
        " ('survey_round_part', 'survey_round_text', 'survey_round_count', 'survey_round_score', 'survey_round_spool')"
    )
    kinds = {(row["table_name"], row["column_name"]): row["data_type"] for row in columns}
    assert not [key for key, kind in kinds.items() if "time" in kind or kind == "date"]
    assert [table for table, column in kinds if column == "staff_id"] == ["survey_round_part"]
    # what was said stands in no other table: not in audit, outbox, jobs or responses
    tables = await db.fetch("select tablename from pg_tables where schemaname = 'public'")
    holding = {
        row["tablename"]
        for row in tables
        if await db.fetchval(f"select count(*) from {row['tablename']} t where t::text like '%人的话%'")  # noqa: S608
    }
    assert holding == {"survey_round_text"}


async def test_what_waits_is_sealed_alike_and_counted_only_with_enough_others(database: str) -> None:
    people = await hospital(12)
    version = await published(Kind.STAFF, Definition.model_validate(STAFF))
    round_id = await open_round(new(version), by=HOUSE)
    for at in range(4):
        await take_part(round_id, 0, said(at) | {"words": {"t": "长" * at * 50}}, by=people[at])
    waiting = await db.fetch("select id, body from survey_round_spool")
    assert (len(waiting), len({len(row["body"]) for row in waiting})) == (4, 1)
    assert await db.fetchval("select count(*) from survey_round_count") == 0
    await take_part(round_id, 0, said(4), by=people[4])
    assert await db.fetchval("select count(*) from survey_round_spool") == 0
    assert await db.fetchval("select n from survey_round_score where aspect = '' and score = ''") == 5


async def test_everybody_once_even_at_the_same_time_and_only_who_is_asked(database: str) -> None:
    people = await hospital(8)
    version = await published(Kind.STAFF, Definition.model_validate(STAFF))
    round_id = await open_round(new(version), by=HOUSE)
    one = people[0]
    results_of = await asyncio.gather(
        *(take_part(round_id, 0, said(0), by=one) for _ in range(8)), return_exceptions=True
    )
    assert [type(error) for error in results_of if error is not None] == [Refused] * 7
    assert await db.fetchval("select count(*) from survey_round_spool") == 1
    stranger = Actor(ActorKind.STAFF, 10**6, "外人", Door.WEB)
    with pytest.raises(NotFound):
        await take_part(round_id, 0, said(0), by=stranger)
    with pytest.raises(NotFound):
        await take_part(round_id, 6, said(0), by=people[1])
    with pytest.raises(Invalid) as refused:
        await take_part(round_id, 0, {}, by=people[1])
    assert [fault.field for fault in refused.value.details] == ["q.pay"]
    assert [task.done for task in await rounds.tasks(one.id or 0)] == [True]
    assert [task.done for task in await rounds.tasks(people[1].id or 0)] == [False]
    await close_round(round_id, by=HOUSE)
    with pytest.raises(Refused):
        await take_part(round_id, 0, said(1), by=people[1])
    with pytest.raises(Refused):
        await close_round(round_id, by=HOUSE)


async def test_results_are_read_after_the_close_and_small_groups_never(database: str) -> None:
    people = await hospital(12)
    version = await published(Kind.STAFF, Definition.model_validate(STAFF))
    round_id = await open_round(new(version), by=HOUSE)
    for at, person in enumerate(people):
        await take_part(round_id, 0, said(at), by=person)
    with pytest.raises(Refused):
        await results(round_id, by=reader("/"))
    with clock.frozen(clock.now() + timedelta(days=9)):
        assert await close_what_is_over() == 1
    found = await results(round_id, by=reader("/"))
    assert (found.sheets, found.shown) == (12, True)
    (pay,) = found.scores
    assert (pay.label, pay.mean.n, round(pay.mean.value or 0, 4)) == ("薪酬福利", 12, 43.75)
    by_label = {
        table.label: [(line.label, line.n, line.hidden) for line in table.lines] for table in found.tables
    }
    assert by_label == {
        "岗位": [("医生", 9, True), ("护士", 3, True)],  # three nurses are hidden, and the doctors with them
        "科室": [("东院区 · 心血管内科", 6, False), ("西院区 · 普外科", 6, False)],
    }
    assert await db.fetchval("select count(*) from survey_round_count where key = 'nurse'") == 0
    assert len(found.texts) == 12
    one = await results(round_id, by=reader("/1/2/3/"))
    assert [(t.label, [line.label for line in t.lines]) for t in one.tables] == [
        ("科室", ["东院区 · 心血管内科"])
    ]
    assert (one.scores, one.answers, one.texts) == ((), (), ())
    with pytest.raises(Forbidden):
        await results(
            round_id, by=Actor(ActorKind.STAFF, 5, "设计", Door.WEB, (Grant(Permission.SURVEY_DESIGN, "/"),))
        )


async def test_departments_judge_each_other_by_a_weighted_matrix(database: str) -> None:
    people = await hospital(12)
    version = await published(Kind.MUTUAL, shipped.definition("mutual")[1])
    with pytest.raises(Invalid) as refused:
        await open_round(new(version), by=HOUSE)
    assert [fault.field for fault in refused.value.details] == ["ratees"]
    round_id = await open_round(new(version, ratees=(3, 6)), by=HOUSE)
    assert await units_of(round_id) == ([3, 6], [3, 6], {(3, 6): Decimal("1.00"), (6, 3): Decimal("1.00")})
    await weigh(round_id, {(3, 6): Decimal(2), (6, 3): Decimal(0)}, by=HOUSE)
    with pytest.raises(Invalid):
        await weigh(round_id, {(3, 3): Decimal(1)}, by=HOUSE)
    cardiology, surgery = people[::2], people[1::2]
    assert [task.ratee_id for task in await rounds.tasks(cardiology[0].id or 0)] == [6]
    assert await rounds.tasks(surgery[0].id or 0) == []
    for at, person in enumerate(cardiology):
        level = "a" if at < 3 else "c"
        await take_part(round_id, 6, {"fit": {"m": {key: [level] for key in "abcde"}}}, by=person)
    with pytest.raises(Refused):
        await weigh(round_id, {(3, 6): Decimal(1)}, by=HOUSE)
    await close_round(round_id, by=HOUSE)
    (table,) = (await results(round_id, by=reader("/"))).tables
    assert [(line.label, line.n, line.means[0].value) for line in table.lines] == [
        ("西院区 · 普外科", 6, 75.0)
    ]


async def test_a_batch_is_never_of_fewer_people_than_the_threshold_however_many_they_judge(
    database: str,
) -> None:
    people = await hospital(12)
    await db.execute(
        "insert into org_unit (id, parent_id, path, kind, name) values (7, 5, '/1/5/7/', 'department', '检验科')"
    )
    await forget_tree()
    version = await published(Kind.MUTUAL, shipped.definition("mutual")[1])
    round_id = await open_round(new(version, ratees=(3, 6, 7)), by=HOUSE)
    sheet = {"fit": {"m": {key: ["b"] for key in "abcde"}}}
    for person in people[:8:2]:  # four of cardiology judge two departments each
        await take_part(round_id, 6, sheet, by=person)
        await take_part(round_id, 7, sheet, by=person)
    assert await db.fetchval("select count(*) from survey_round_spool") == 8
    assert await db.fetchval("select count(*) from survey_round_count") == 0
    await take_part(round_id, 7, sheet, by=people[8])  # the fifth person
    assert await db.fetchval("select count(*) from survey_round_spool") == 0


async def test_a_round_that_cannot_be_anonymous_or_makes_no_sense_is_not_opened(database: str) -> None:
    await hospital(3)
    version = await published(Kind.STAFF, Definition.model_validate(STAFF))
    for more, field in (
        ({}, "roles"),  # three people
        ({"roles": ("auditor",)}, "roles"),
        ({"title": " "}, "title"),
        ({"closes_on": clock.today() - timedelta(days=1)}, "closes_on"),
    ):
        with pytest.raises(Invalid) as refused:
            await open_round(new(version, **more), by=HOUSE)
        assert [fault.field for fault in refused.value.details] == [field]
    other = await published(Kind.GENERAL, Definition.model_validate({**STAFF, "title": "通用"}))
    with pytest.raises(Invalid):
        await open_round(new(other), by=HOUSE)
    with pytest.raises(Forbidden):
        await open_round(new(version), by=reader("/"))
    assert await db.fetchval("select count(*) from survey_round") == 0


def test_a_sheet_is_taken_apart_into_counts_scores_and_texts() -> None:
    definition = Definition.model_validate(STAFF)
    items = definition.by_code
    answers = {"pay": Answer(n="4"), "words": Answer(t="好"), "post": Answer(c=("nurse",))}
    found = taken_apart(items, tuple(compiled(rule, items) for rule in definition.scores), answers, "")
    assert found.counts == (
        Count("", "", "pay", "", "4"),
        Count("", "", "post", "", "nurse"),
        Count("post", "nurse", "pay", "", "4"),
    )
    assert found.scores == (
        ScoreAdded("", "", "pay", 75.0),
        ScoreAdded("", "", "", 0.0),
        ScoreAdded("post", "nurse", "pay", 75.0),
        ScoreAdded("post", "nurse", "", 0.0),
    )
    assert found.texts == (("words", "好"),)

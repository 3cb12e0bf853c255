"""Statistics of a questionnaire: counted from what was handed in, followed when it changes, within one's reach only."""

import pytest

from core import clock, db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Forbidden, Invalid, NotFound
from surveys.responses.submitting import submit
from surveys.statistics import rows, written
from surveys.statistics.asking import Asked, read
from surveys.statistics.board import board
from surveys.statistics.crosstab import crosstab
from surveys.statistics.variables import known
from tests.surveys.responses_stage import HOUSE, Stage, build


def reader(path: str) -> Actor:
    return Actor(ActorKind.STAFF, 1, "读者", Door.WEB, (Grant(Permission.SURVEY_READ, path),))


async def answered(stage: Stage) -> None:
    """Twelve responses, six of each of two departments, pain in half of them."""
    for at in range(12):
        pain = {"c": ["yes"]} if at % 2 else {"c": ["no"]}
        nurse = {"n": str(5 if at < 9 else 1)}
        await submit(stage.whole(stage.opening(), pain=pain, nurse=nurse, wish={"t": f"食堂的饭菜太凉 {at}"}))
    await db.execute("update response set unit_id = 3, ward_id = 4, campus_id = 2")
    await db.execute(
        "update response set unit_id = 6, ward_id = null, campus_id = 5 where id in"
        " (select id from response order by id limit 6)"
    )


async def test_everything_on_the_board_is_counted_from_the_rows(database: str) -> None:
    stage = await build()
    await answered(stage)
    found = await board(Asked(questionnaire=stage.questionnaire_id, score="nursing"), by=HOUSE)
    assert (found.n, found.clean, found.waiting) == (12, 12, 0)
    nursing, ward = found.scores
    assert (nursing.key, nursing.label, nursing.moments.n) == ("nursing", "护士沟通", 12)
    assert nursing.formula == "第 1、3 题平均；x 换算为 (x − 1) ÷ 4 × 100"
    assert (ward.moments.mean, ward.moments.n) == (14.0, 12)
    lines = {line.name: line for line in found.questions}
    nurse = lines["q:nurse"]
    assert (nurse.n, nurse.moments and nurse.moments.mean) == (12, 4.0)
    assert nurse.top is not None
    assert nurse.low is not None
    assert (nurse.top.part, nurse.low.part) == (9, 3)
    assert [(option.label, option.n) for option in lines["q:pain"].options] == [("是", 6), ("否", 6)]
    assert lines["q:relief"].n == 6  # hidden answers never count
    groups = {table.variable.name: table for table in found.groups}
    assert sorted((line.label, line.n) for line in groups["unit"].lines) == [
        ("东院区 · 心血管内科", 6),
        ("西院区 · 普外科", 6),
    ]
    assert [(point.month, point.n) for point in found.trend][-1] == (f"{clock.today():%Y-%m}", 12)
    narrowed = await board(
        Asked(questionnaire=stage.questionnaire_id, filters=(("q:pain", "yes"),), unit=3), by=HOUSE
    )
    of_unit = await db.fetchval(
        "select count(*) from response where unit_id = 3 and answers -> 'pain' -> 'c' ->> 0 = 'yes'"
    )
    assert narrowed.n == of_unit


async def test_a_cross_table_counts_pairs_and_hides_small_rows(database: str) -> None:
    stage = await build()
    await answered(stage)
    asked = Asked(questionnaire=stage.questionnaire_id, row="q:pain", column="q:nurse")
    found = await crosstab(asked, by=HOUSE)
    by_hand = await db.fetch(
        "select answers -> 'pain' -> 'c' ->> 0, answers -> 'nurse' ->> 'n', count(*) from response group by 1, 2"
    )
    expected = {(row[0], row[1]): row[2] for row in by_hand}
    shown = {
        (row.key, column): cell.n
        for row in found.rows
        for (column, _), cell in zip(found.columns, row.cells, strict=True)
        if cell.n
    }
    assert shown == expected
    by_unit = await crosstab(
        asked.model_copy(update={"row": "unit", "filters": (("q:nurse", "1"),)}), by=HOUSE
    )
    assert sum(row.n for row in by_unit.rows) == 3
    assert {row.hidden for row in by_unit.rows} == {True}  # three in all: nobody is shown
    with pytest.raises(Invalid):
        await crosstab(asked.model_copy(update={"column": "q:pain"}), by=HOUSE)


async def test_who_reads_one_department_counts_that_one_alone(database: str) -> None:
    stage = await build()
    await answered(stage)
    asked = Asked(questionnaire=stage.questionnaire_id)
    assert (await board(asked, by=reader("/"))).n == 12
    assert (await board(asked, by=reader("/1/5/"))).n == 6
    east = await board(asked, by=reader("/1/2/3/"))
    assert [line.key for line in east.groups[1].lines] == ["3"]
    about = await known(stage.questionnaire_id)
    assert len(await written.texts(asked, about, by=reader("/1/5/"), most=50)) == 6
    assert len(await written.texts(asked, about, by=reader("/"), most=50)) == 12
    with pytest.raises(Forbidden):
        await board(asked, by=Actor(ActorKind.STAFF, 2, "别人", Door.WEB))
    with pytest.raises(NotFound):
        await board(asked.model_copy(update={"questionnaire": 10**9}), by=HOUSE)


async def test_what_is_changed_voided_or_flagged_later_is_followed(database: str) -> None:
    stage = await build()
    await answered(stage)
    asked = Asked(questionnaire=stage.questionnaire_id)
    before = await board(asked, by=HOUSE)
    assert (before.n, before.clean) == (12, 12)
    await db.execute(
        "update response set flags = '{speeding}' where id = (select id from response order by id limit 1)"
    )
    await db.execute(
        "update response set state = 'void' where id = (select id from response order by id desc limit 1)"
    )
    after = await board(asked, by=HOUSE)
    assert (after.n, after.clean) == (11, 10)
    await rows.rebuild(stage.questionnaire_id)
    rebuilt = await board(asked, by=HOUSE)
    assert (rebuilt.n, rebuilt.scores, rebuilt.questions) == (after.n, after.scores, after.questions)
    assert await db.fetchval("select count(*) from survey_row_due") == 0


async def test_texts_are_found_by_any_two_signs_and_never_hold_personal_answers(database: str) -> None:
    stage = await build()
    await answered(stage)
    asked = Asked(questionnaire=stage.questionnaire_id, words="饭菜")
    await board(asked, by=HOUSE)
    about = await known(stage.questionnaire_id)
    assert len(await written.texts(asked, about, by=HOUSE, most=50)) == 12
    assert await written.texts(asked.model_copy(update={"words": "停车"}), about, by=HOUSE, most=50) == []
    assert await written.texts(asked.model_copy(update={"words": "138"}), about, by=HOUSE, most=50) == []
    assert await db.fetchval("select count(*) from survey_text where question <> 'wish'") == 0


def test_an_address_that_makes_no_sense_asks_for_the_rest() -> None:
    found = read(
        [
            *(("questionnaire", "x"), ("unit", "99"), ("since", "2026-13-01"), ("channel", "sms")),
            *(("filter", "q:a=b"), ("filter", "nothing"), ("filter", "q:a=b"), ("filter", "q:c=d")),
            *(("filter", "q:e=f"), ("filter", "q:g=h")),
        ],
        frozenset({1, 2}),
    )
    assert (found.questionnaire, found.unit, found.channel) == (None, None, "sms")
    assert found.filters == (("q:a", "b"), ("q:c", "d"), ("q:e", "f"))
    backwards = read([("since", "2026-01-01"), ("until", "2020-01-01")], frozenset())
    assert (backwards.since < backwards.until, backwards.until) == (True, clock.today())
    back = Asked(questionnaire=3, filters=(("q:a", "b"),), channel="sms")
    assert back.query().count("filter=q%3Aa%3Db") == 1

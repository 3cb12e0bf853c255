"""Scores by department go to the department that served, wherever the visit was; so do the answers and the texts."""

from uuid import uuid4

import pytest
import pytest_asyncio

from console.responses_sheet import cells, columns
from core import db
from core.actor import Actor, ActorKind, Door, Grant, Permission, system
from core.db import transaction
from core.errors import NotFound
from staff.queries import forget_tree, tree
from surveys import asks
from surveys.definition import Definition
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.rows import insert, insert_version, put_in_force
from surveys.responses import queries as responses
from surveys.responses.drafting import Opening
from surveys.responses.queries import ResponseFilter
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission, submit
from surveys.statistics import written
from surveys.statistics.asking import Asked
from surveys.statistics.board import board
from surveys.statistics.crosstab import crosstab
from surveys.statistics.lines import Board, GroupTable
from surveys.statistics.variables import known

HOUSE = system("测试")
PATIENT = Actor(ActorKind.PATIENT, None, "填写人", Door.PORTAL)
UNITS = (
    (1, None, "/1/", "group", "示范集团"),
    (2, 1, "/1/2/", "campus", "本部"),
    (3, 2, "/1/2/3/", "department", "心内科"),
    (4, 2, "/1/2/4/", "department", "检验科"),
    (5, 2, "/1/2/5/", "department", "影像科"),
    (6, 3, "/1/2/3/6/", "ward", "一病区"),
    (7, 2, "/1/2/7/", "department", "超声诊断科"),
)
FRAME = Definition.model_validate(
    {
        "title": "就诊全程",
        "pages": [
            {
                "items": [
                    {"kind": "scale", "code": "doc", "title": "医生", "step": "consultation"},
                    {"kind": "scale", "code": "lab", "title": "{f:unit.lab}快吗", "step": "lab"},
                    {"kind": "long_text", "code": "lab_why", "title": "哪里不好", "step": "lab"},
                    {"kind": "scale", "code": "treat", "title": "{f:unit.treatment}", "step": "treatment"},
                    {"kind": "scale", "code": "all", "title": "总评"},
                ]
            }
        ],
        "scores": [
            {"key": "served", "label": "环节", "questions": ["doc", "lab", "treat"], "by_unit": True},
            {"key": "all", "label": "总评", "questions": ["all"]},
        ],
    }
)


def reader(path: str) -> Actor:
    return Actor(ActorKind.STAFF, 1, "读者", Door.WEB, (Grant(Permission.SURVEY_READ, path),))


@pytest_asyncio.fixture
async def asked(database: str) -> int:
    """Ten visits to cardiology: all had blood taken, five were treated in two other departments."""
    for unit in UNITS:
        await db.execute(
            "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)", *unit
        )
    await forget_tree()
    async with transaction():
        of = await insert(Kind.OUTPATIENT, FRAME, HOUSE)
        await put_in_force(of, await insert_version(of, FRAME, HOUSE))
    for at in range(1, 11):
        await db.execute("insert into patient (id, number, name) values ($1, $2, '测试')", at, f"99{at}")
        await db.execute(
            "insert into visit (id, patient_id, kind, number, unit_id, start_on) values"
            " ($1, $1, 'outpatient', $2, 3, current_date)",
            at,
            f"M99{at}",
        )
        await db.execute(
            "insert into report (patient_id, visit_id, number, kind, name, state) values ($1, $1, $2, 'lab', '血', 'final')",
            at,
            f"R{at}",
        )
        for room in ("影像科", "超声诊断科") if at > 5 else ():
            await db.execute(
                "insert into medical_order (patient_id, visit_id, number, kind, name, unit, state) values"
                " ($1, $1, $2, 'treatment', '处置', $3, 'done')",
                at,
                f"O{at}{room}",
                room,
            )
        ask = await asks.create(of, by=HOUSE, patient_id=at, visit_id=at)
        opening = Opening(uuid4(), of, Channel.SMS, ask=ask)
        given = {"doc": {"n": "5"}, "lab": {"n": "2"}, "lab_why": {"t": f"等了很久 {at}"}, "all": {"n": "4"}}
        given |= {"treat": {"n": "3"}, "treat_2": {"n": "1"}} if at > 5 else {}
        await submit(Submission(opening.id, PATIENT, given, opening=opening))
    return of


def table(found: Board, name: str) -> GroupTable:
    return next(one for one in found.groups if one.variable.name == name)


def means(found: GroupTable) -> dict[str, tuple[int, float | None]]:
    return {line.label: (line.n, line.moments.mean) for line in found.lines}


async def test_a_score_by_department_stands_under_who_served(asked: int) -> None:
    found = await board(Asked(questionnaire=asked, score="served"), by=HOUSE)
    treated = ["本部 · 影像科", "本部 · 超声诊断科"]
    served = means(table(found, "unit"))
    assert {label: served[label] for label in served if label not in treated} == {
        "本部 · 心内科": (10, 5.0),
        "本部 · 检验科": (10, 2.0),
    }
    assert sorted(served[label] for label in treated) == [(5, 1.0), (5, 3.0)]
    assert means(table(found, "campus")) == {"本部": (30, 3.0)}
    assert (found.n, found.about, [line.key for line in found.scores if line.by_unit]) == (10, 0, ["served"])
    plain = await board(Asked(questionnaire=asked, score="all"), by=HOUSE)
    assert means(table(plain, "unit")) == {"本部 · 心内科": (10, 4.0)}


async def test_the_laboratory_reads_what_was_said_of_it_and_nothing_else(asked: int) -> None:
    laboratory = reader("/1/2/4/")
    found = await board(Asked(questionnaire=asked, score="served"), by=laboratory)
    assert (found.n, found.about) == (10, 10)
    assert means(table(found, "unit")) == {"本部 · 检验科": (10, 2.0)}
    assert [(line.key, line.moments.n) for line in found.scores] == [("served", 10), ("all", 0)]
    assert [(line.name, line.label, line.n) for line in found.questions] == [("q:lab", "〔科室〕快吗", 10)]
    about = await known(asked)
    texts = await written.texts(Asked(questionnaire=asked), about, by=laboratory, most=50)
    assert (len(texts), {one.open for one in texts}) == (10, {False})
    assert await written.texts(Asked(questionnaire=asked), about, by=reader("/1/2/3/"), most=50) == []
    narrowed = await board(Asked(questionnaire=asked, score="served", unit=4), by=HOUSE)
    assert (narrowed.questions, narrowed.scores) == (found.questions, found.scores)


async def test_a_question_about_a_step_is_crossed_with_who_served_in_it(asked: int) -> None:
    found = await crosstab(Asked(questionnaire=asked, row="unit", column="q:treat"), by=HOUSE)
    counted = sorted(
        (
            row.n,
            [(column, cell.n) for (column, _), cell in zip(found.columns, row.cells, strict=True) if cell.n],
        )
        for row in found.rows
    )
    assert counted == [(5, [("1", 5)]), (5, [("3", 5)])]  # both departments, each with its own answers
    whole = await board(Asked(questionnaire=asked), by=HOUSE)
    treat = next(line for line in whole.questions if line.name == "q:treat")
    assert (treat.n, [(option.label, option.n) for option in treat.options if option.n]) == (
        10,
        [("1", 5), ("3", 5)],
    )


async def test_the_share_of_low_answers_goes_to_who_served_too(asked: int) -> None:
    found = await board(Asked(questionnaire=asked, score="low:q:lab"), by=HOUSE)
    assert found.measure is not None
    assert (found.measure.share, found.measure.by_unit, found.measure.less_is_better) == (True, True, True)
    line = table(found, "unit").lines[0]
    assert (line.label, line.share and (line.share.part, line.share.whole)) == ("本部 · 检验科", (10, 10))
    assert found.trend[-1].point.value == 1.0


async def test_from_a_departments_score_to_its_responses_within_ones_reach(asked: int) -> None:
    behind = ResponseFilter(questionnaire=asked, served=4)
    assert len((await responses.page(behind, by=HOUSE)).rows) == 10
    assert len((await responses.page(behind.model_copy(update={"served": 5}), by=HOUSE)).rows) == 5
    assert (await responses.page(behind.model_copy(update={"served": 6}), by=HOUSE)).rows == ()
    assert (await responses.page(behind, by=reader("/1/2/4/"))).rows == ()  # the visits were elsewhere
    some = (await responses.page(behind, by=HOUSE)).rows[0]
    with pytest.raises(NotFound, match="您无权查看"):
        await responses.one(some.id, by=reader("/1/2/4/"))


async def test_what_was_asked_is_told_with_the_names_and_taken_out_with_every_department(asked: int) -> None:
    newest = (await responses.page(ResponseFilter(questionnaire=asked, served=5), by=HOUSE)).rows[0]
    whole = await responses.one(newest.id, by=HOUSE)
    assert whole.number == 1
    titles = {told.code: told.title for told in whole.answers}
    assert titles["lab"] == "检验科快吗"
    assert {titles["treat"], titles["treat_2"]} == {"影像科", "超声诊断科"}
    _, heads = columns(await responses.answered_versions(asked))
    assert [head for *_, head in heads] == [
        *("医生", "〔科室〕快吗", "哪里不好", "〔科室〕", "总评", "〔科室〕（第 2 个科室）"),
    ]
    (told,) = [
        one
        async for one in responses.stream(ResponseFilter(served=5), by=HOUSE)
        if one.response.id == newest.id
    ]
    line = cells(told, await tree(), [], heads, {})
    assert (line[1], line[-6:-4], line[-2]) == ("1", ["5 / 5", "2 / 5"], "4 / 5")
    assert (line[-3], line[-1]) == ("3 / 5", "1 / 5")  # each department in a column of its own

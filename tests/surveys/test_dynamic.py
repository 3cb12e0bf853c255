"""Questionnaires put together from the steps a visit really had: what is picked, who served, what is kept."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from core import db
from core.actor import system
from core.db import transaction
from core.errors import NotFound, Refused
from staff.queries import forget_tree
from surveys import shipped
from surveys.checking import problems
from surveys.definition import Definition, conditions
from surveys.dynamic import queries as serving
from surveys.dynamic.assembling import put_together
from surveys.dynamic.path import Served, path
from surveys.dynamic.picking import picked
from surveys.questionnaires import queries
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.rows import insert, insert_version, put_in_force
from surveys.scoring_rules import ScoreRule

FRAME = Definition.model_validate(
    {
        "title": "就诊体验",
        "pages": [
            {
                "title": "挂号",
                "items": [{"kind": "stars", "code": "reg", "title": "挂号", "step": "registration"}],
            },
            {
                "title": "检验",
                "items": [
                    {"kind": "stars", "code": "lab", "title": "{f:unit.lab}快吗", "step": "lab"},
                    {
                        "kind": "blank",
                        "code": "lab_why",
                        "title": "慢在哪里",
                        "step": "lab",
                        "show_if": {"op": "le", "args": [{"q": "lab"}, {"num": "2"}]},
                    },
                ],
            },
            {
                "title": "总评",
                "items": [
                    {
                        "kind": "stars",
                        "code": "all",
                        "title": "总评",
                        "jumps": [
                            {"when": {"op": "eq", "args": [{"q": "all"}, {"num": "5"}]}, "to": "words"}
                        ],
                    },
                    {"kind": "stars", "code": "drug", "title": "取药", "step": "pharmacy"},
                    {"kind": "blank", "code": "words", "title": "建议"},
                ],
            },
        ],
        "scores": [
            {
                "key": "served",
                "label": "环节",
                "questions": ["reg", "lab"],
                "min_answered": 2,
                "by_unit": True,
            },
            {"key": "drug", "label": "取药", "questions": ["drug"]},
        ],
        "languages": {
            "en": {"page.2": "Laboratory", "page.3": "Overall", "q:lab.title": "Was {f:unit.lab} quick?"}
        },
    }
)


def codes(found: Definition) -> list[tuple[str, list[str]]]:
    return [(page.title, [item.code for item in page.items]) for page in found.pages]


def test_only_the_steps_of_the_visit_are_asked() -> None:
    found = picked(FRAME, {"registration": 1})
    assert codes(found) == [("挂号", ["reg"]), ("总评", ["all", "words"])]
    assert found.scores == (
        ScoreRule(key="served", label="环节", questions=("reg",), min_answered=1, by_unit=True),
    )
    assert found.languages == {"en": {"page.2": "Overall"}}
    assert problems(found) == []


def test_two_departments_of_a_step_are_asked_about_apart() -> None:
    found = picked(FRAME, {"lab": 2, "pharmacy": 1})
    assert codes(found) == [
        ("检验", ["lab", "lab_why", "lab_2", "lab_why_2"]),
        ("总评", ["all", "drug", "words"]),
    ]
    second, why = found.by_code["lab_2"], found.by_code["lab_why_2"]
    assert (second.title, second.step) == ("{f:unit.lab.2}快吗", "lab.2")
    assert why.show_if is not None
    assert why.show_if.model_dump() == {"op": "le", "args": ({"q": "lab_2", "part": ""}, {"num": "2"})}
    assert found.scores[0].questions == ("lab", "lab_2")
    assert found.in_language("en").by_code["lab_2"].title == "Was {f:unit.lab.2} quick?"
    assert problems(found) == []


def test_more_departments_than_a_patient_can_be_asked_about_are_left_out() -> None:
    found = picked(FRAME, {"lab": 9})
    assert [item.code for item in found.questions if item.step] == [
        "lab", "lab_why", "lab_2", "lab_why_2", "lab_3", "lab_why_3"
    ]  # fmt: skip


def test_a_jump_over_what_is_left_out_still_lands() -> None:
    found = picked(FRAME, {})
    assert conditions(found) == {}
    assert [jump.to for jump in found.by_code["all"].jumps] == ["words"]


def test_what_we_ship_may_be_asked_of_every_kind_of_visit() -> None:
    frame = shipped.definition("journey")[1]
    for steps in ({"registration": 1, "lab": 2}, {"ward": 3, "discharge": 1}, {"exam": 1}, {}):
        assert problems(picked(frame, steps)) == []


# --- with records -----------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def hospital(database: str) -> None:
    """A campus with a laboratory and two wards; an outpatient who was in the laboratory, an inpatient who moved."""
    await db.execute(
        "insert into org_unit (id, parent_id, path, kind, name) values (1, null, '/1/', 'group', '示范集团'),"
        " (2, 1, '/1/2/', 'campus', '本部'), (3, 2, '/1/2/3/', 'department', '心内科'),"
        " (4, 2, '/1/2/4/', 'department', '检验科'), (5, 3, '/1/2/3/5/', 'ward', '一病区'),"
        " (6, 3, '/1/2/3/6/', 'ward', '二病区'), (7, 1, '/1/7/', 'campus', '东院'),"
        " (8, 7, '/1/7/8/', 'department', '检验科')"
    )
    await forget_tree()
    await db.execute("insert into patient (id, number, name) values (1, 'P1', '测试甲')")
    await db.execute(
        "insert into visit (id, patient_id, kind, number, unit_id, ward_id, start_on, end_on) values"
        " (1, 1, 'outpatient', 'M1', 3, null, '2026-03-01', '2026-03-01'),"
        " (2, 1, 'inpatient', 'Z1', 3, 6, '2026-03-02', '2026-03-09'),"
        " (3, 1, 'outpatient', 'M2', 3, null, '2026-03-03', '2026-03-03')"
    )
    await db.execute(
        "insert into report (patient_id, visit_id, number, kind, name, state) values (1, 1, 'R1', 'lab', '血常规', 'final')"
    )
    await db.execute(
        "insert into visit_transfer (visit_id, place, at, ward_id) values (2, 1, now(), 5), (2, 2, now(), 6)"
    )


async def frame(definition: Definition = FRAME, kind: Kind = Kind.OUTPATIENT) -> int:
    async with transaction():
        made = await insert(kind, definition, system())
        await put_in_force(made, await insert_version(made, definition, system()))
    return made


async def test_the_way_of_a_visit_is_read_from_its_records(hospital: None) -> None:
    assert await path(1) == [
        Served("registration", 3),
        Served("triage", 3),
        Served("consultation", 3),
        Served("lab", 4),
        Served("payment", 3),
    ]
    assert [one for one in await path(2) if one.step == "ward"] == [Served("ward", 5), Served("ward", 6)]
    await db.execute("update report set state = 'cancelled'")
    assert Served("lab", 4) not in await path(1)
    assert await path(99) == []


async def test_visits_of_one_way_share_a_version_and_each_knows_who_served(hospital: None) -> None:
    asked = await frame()
    first, third = await put_together(1), await put_together(3)
    assert (first.questionnaire_id, first.frame_id) == (asked, (await queries.open_version(asked)).id)
    assert [item.code for item in first.definition.questions] == ["reg", "lab", "lab_why", "all", "words"]
    assert [item.code for item in third.definition.questions] == ["reg", "all", "words"]
    await db.execute(
        "insert into report (patient_id, visit_id, number, kind, name, state) values (1, 3, 'R2', 'lab', '尿常规', 'final')"
    )
    assert (await put_together(3)).id == first.id
    assert await serving.units_of(1, first) == {"reg": 3, "lab": 4, "lab_why": 4}
    assert (await serving.unit_facts(1, asked))["f:unit.lab"] == "检验科"
    assert [one.number for one in await queries.versions(asked)] == [1]
    assert await db.fetchval("select count(*) from questionnaire_version") == 3


async def test_what_somebody_began_to_answer_stays_as_it_was(hospital: None) -> None:
    asked = await frame()
    first = await put_together(3, asked)
    await db.execute(
        "insert into response (id, questionnaire_id, version_id, patient_id, visit_id, state, channel, started_at, saved_at)"
        " values (gen_random_uuid(), $1, $2, 1, 3, 'draft', 'wechat', now(), now())",
        asked,
        first.id,
    )
    await db.execute(
        "insert into report (patient_id, visit_id, number, kind, name, state) values (1, 3, 'R2', 'lab', '尿常规', 'final')"
    )
    assert (await put_together(3, asked)).id == first.id


async def test_many_at_once_make_one_version(hospital: None) -> None:
    asked = await frame()
    found = await asyncio.gather(*(put_together(1, asked) for _ in range(8)))
    assert {one.id for one in found} == {found[0].id}
    assert await db.fetchval("select count(*) from questionnaire_version where frame_id is not null") == 1


async def test_without_a_frame_or_a_visit_nothing_is_put_together(hospital: None) -> None:
    with pytest.raises(Refused, match="没有使用中的"):
        await put_together(1)
    plain: Any = Definition.model_validate(
        {"title": "普通", "pages": [{"items": [{"kind": "nps", "code": "n", "title": "推荐"}]}]}
    )
    asked = await frame(plain)
    assert (await put_together(1, asked)).frame_id is None
    with pytest.raises(NotFound):
        await put_together(99)

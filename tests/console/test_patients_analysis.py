"""Patients by what they answered, how they scored, what came of calls, and the kinds of their cases; within one's reach."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from core import clock, db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Forbidden
from reports.patients_analysis import analyse, people
from reports.patients_analysis_asked import read, spoken
from tests.console.desk import Desk, open_desk
from tests.console.test_patients_pages import admit

P = Permission
ALL = (P.PATIENT_READ, P.CASE_READ, P.SURVEY_READ)
BODY = (
    '{"pages": [{"items": [{"kind": "nps", "code": "recommend"}, {"kind": "single", "code": "sex"}]}],'
    ' "scores": [{"key": "total", "label": "总分"}, {"key": "nursing", "label": "护理"}]}'
)


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The running application and its people."""
    async with open_desk() as opened:
        yield opened


def reader(path: str, *may: Permission) -> Actor:
    return Actor(ActorKind.STAFF, 7, "测试主任", Door.WEB, tuple(Grant(one, path) for one in may))


async def told(query: str, by: Actor) -> list[str]:
    """Names of those found."""
    pairs = [tuple(pair.split("=")) for pair in query.split("&")]
    wanted, faults = read(pairs)  # type: ignore[arg-type]
    assert faults == ()
    return sorted(row.name for row in (await people(wanted, by)).rows)


async def answers(patient: int, unit: int, total: float, recommend: int) -> None:
    """One completed answer."""
    number, now = uuid4(), clock.now()
    await db.execute(
        "insert into response (id, questionnaire_id, version_id, patient_id, unit_id, state, channel, started_at, saved_at,"
        " completed_at, day) values ($1, 50, 51, $2, $3, 'completed', 'web', $4, $4, $4, $5)",
        number,
        patient,
        unit,
        now,
        clock.today(),
    )
    await db.execute(
        "insert into response_score (response_id, key, unit_id, value, answered, formula) values ($1, 'total', null, $2, 1, ''),"
        " ($1, 'total', 6, 1, 1, '')",
        number,
        total,
    )
    await db.execute(
        "insert into survey_row (response_id, questionnaire_id, version_id, day, visit_kind, doctor, channel, clean, codes,"
        " scores) values ($1, 50, 51, $2, '', '', 'web', true, $3, '{}')",
        number,
        clock.today(),
        [1, recommend + 1],
    )


async def test_answers_scores_calls_and_cases_choose_patients_within_ones_reach(desk: Desk) -> None:
    first, visit = await admit()  # of unit 4
    second, _ = await admit("P-2", "李测试")
    third, _ = await admit("P-3", "骨测试", unit=6)
    await admit("P-4", "无答样")
    await db.execute(
        "insert into questionnaire (id, kind, title, draft, changed_by, changed_at, created_at)"
        " values (50, 'general', '就诊体验', '{}', '测试', now(), now())"
    )
    await db.execute(
        "insert into questionnaire_version (id, questionnaire_id, number, body, conditions, sha256, published_by, published_at)"
        " values (51, 50, 1, $1::jsonb, '{}', '', '测试', now())",
        BODY,
    )
    await db.execute("insert into survey_slot values (50, 1, 'sex', '', ''), (50, 2, 'recommend', '', '')")
    await db.execute("insert into survey_code select 50, 2, g + 1, g::text, g from generate_series(0, 10) g")
    await db.execute("insert into survey_code values (50, 1, 1, '1', 9)")
    await answers(first, 4, 92.5, 10)
    await answers(second, 4, 40, 6)
    await answers(third, 6, 70, 8)
    record = await db.fetchval(
        "insert into patient (number, name, merged_into) values ('P-9', '李测试', $1) returning id", second
    )
    staff_id = desk.centre.staff_id
    for who, whose_visit, outcome in ((first, visit, "no_answer"), (record, None, "refused")):
        await db.execute(
            "insert into survey_call (questionnaire_id, patient_id, visit_id, outcome, staff_id, at) values (50, $1, $2, $3, $4, now())",
            who,
            whose_visit,
            outcome,
            staff_id,
        )
    case, _ = await desk.receive()
    await db.execute(
        "insert into visit_link (case_id, visit_id, patient_id, state) values ($1, $2, $3, 'confirmed')",
        case.id,
        visit,
        first,
    )
    await db.execute("update cases set category = '医疗服务->挂号' where id = $1", case.id)

    head = reader("/", *ALL)
    assert await told("answered=yes", head) == ["李测试", "欧阳测试", "骨测试"]
    assert await told("answered=no", head) == ["无答样"]
    assert await told("score=50:total&low=60", head) == ["欧阳测试", "骨测试"]
    assert await told("score=50:total&low=60&high=80", head) == ["骨测试"]
    assert (
        await told("score=50:total&high=1", head) == []
    )  # what a department was given is no score of the person
    assert await told("score=50:nursing", head) == []
    assert await told("nps=promoter", head) == ["欧阳测试"]
    assert await told("nps=passive&nps=detractor", head) == ["李测试", "骨测试"]
    assert await told("call=refused", head) == ["李测试"]  # told of a record that was merged into theirs
    assert await told("call=no_answer&nps=promoter", head) == ["欧阳测试"]
    assert await told("source=hotline", head) == ["欧阳测试"]
    assert await told("source=petition", head) == []
    assert await told("category=医疗服务", head) == ["欧阳测试"]
    assert await told("category=收费", head) == []
    assert await told("has=without&category=医疗服务", head) == ["无答样", "李测试", "骨测试"]

    found = await analyse(read([("score", "50:total")])[0], head)
    assert (found.answered, found.score and tuple(map(str, found.score)), found.cases) == (
        3,
        ("67.5", "3"),
        1,
    )
    assert [(share.label, share.count) for share in found.promoters] == [
        ("推荐者（9—10 分）", 1),
        ("中立者（7—8 分）", 1),
        ("贬损者（0—6 分）", 1),
    ]
    assert [(share.label, share.count) for share in found.calls] == [("无人接听", 1), ("拒绝受访", 1)]
    assert [(share.label, share.count) for share in found.sources] == [("12345 热线", 1)]
    assert ("得分项", "就诊体验 · 总分") in await spoken(read([("score", "50:total")])[0])

    path = await db.fetchval("select path from org_unit where id = 4")
    near = (Grant(P.SURVEY_READ, path), Grant(P.PATIENT_READ, "/"))
    narrow = Actor(ActorKind.STAFF, 7, "测试护士长", Door.WEB, near)
    assert await told("answered=yes", narrow) == ["李测试", "欧阳测试"]
    assert (await analyse(read([])[0], narrow)).cases == 0
    blind = reader("/", P.PATIENT_READ)
    plain = await analyse(read([])[0], blind)
    assert (plain.people, plain.answered, plain.promoters, plain.calls) == (4, None, (), ())
    for query in ("answered=no", "score=50:total", "nps=promoter", "call=refused"):
        with pytest.raises(Forbidden, match="答卷"):
            await told(query, blind)

    page = await (await desk.enter("centre")).get("/patients/analysis?score=50:total&low=60")
    assert sorted(page.words("//td//a[@class='row-title']")) == ["欧阳测试", "骨测试"]
    assert "81.25" in page.one("//section[@class='analysis-tiles']")


def test_a_score_is_named_by_its_questionnaire_and_values_need_one() -> None:
    wanted, faults = read([("score", "total"), ("low", "3"), ("nps", "fan"), ("call", "refused")])
    assert (wanted.score, wanted.low, wanted.nps, [one.value for one in wanted.call]) == (
        "",
        None,
        (),
        ["refused"],
    )
    assert [(fault.label, fault.reason) for fault in faults] == [
        ("得分项", "没有这个得分项"),
        ("推荐意愿", faults[1].reason),
        ("得分不低于", "请同时选择得分项"),
    ]

"""What a definition declares beside its questions: scores, languages, words piped into titles; and what hinders each."""

from typing import Any

import pytest

from surveys.answers import Answer
from surveys.checking import problems
from surveys.definition import Definition, conditions
from surveys.piping import plain, said
from surveys.questionnaires.changes import changes
from surveys.scoring_check import counted
from surveys.scoring_rules import FROM_ZERO, TIMES_TWENTY, Linear, Method, ScoreRule
from surveys.sheet import sheet

FIVE = [{"code": f"o{n}", "label": f"{n} 分", "score": str(n)} for n in range(1, 6)]
ITEMS: list[dict[str, Any]] = [
    {"kind": "single", "code": "a", "title": "态度", "options": FIVE},
    {"kind": "stars", "code": "b", "title": "总评"},
    {
        "kind": "matrix",
        "code": "m",
        "title": "环境",
        "options": FIVE,
        "rows": [{"code": "x", "label": "干净"}, {"code": "y", "label": "安静"}],
    },
    {"kind": "blank", "code": "t", "title": "建议"},
]


def whole(*items: dict[str, Any], **more: Any) -> Definition:
    return Definition.model_validate({"title": "测试", "pages": [{"items": list(items or ITEMS)}], **more})


def rule(**more: Any) -> dict[str, Any]:
    return {"key": "total", "label": "总分", "questions": ["a", "b"], **more}


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        (TIMES_TWENTY, "x × 20"),
        (FROM_ZERO, "(x − 1) ÷ 4 × 100"),
        (Linear(low="1", high="7"), "(x − 1) ÷ 6 × 100"),
        (Linear(low="-2", high="2"), "(x + 2) ÷ 4 × 100"),
        (Linear(low="0", high="100"), "x"),
        (Linear(low="3", high="3"), "—"),
    ],
)
def test_a_conversion_is_told_as_a_formula(scale: Linear, words: str) -> None:
    assert scale.formula == words


def test_a_rule_is_told_in_words() -> None:
    told = ScoreRule(
        key="top",
        questions=("a",),
        method=Method.TOPBOX,
        top="4",
        to_100=Linear(low="0", high="1"),
        min_answered=2,
    )
    assert told.formula == "高分占比（≥ 4 分），x × 100，至少答 2 题"


def test_a_matrix_named_whole_counts_each_row_and_nothing_twice() -> None:
    found = whole(scores=[rule(questions=["m", "a", "m.y", "t", "gone"])])
    assert counted(found, found.scores[0]) == ("m.x", "m.y", "a")


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        ({}, ""),
        ({"label": ""}, "请写出得分的名称"),
        ({"questions": []}, "得分“总分”：还没有选择题目"),
        ({"questions": ["gone"]}, "得分“总分”：题目 gone 不存在或已删除"),
        ({"questions": ["t"]}, "得分“总分”：题目“建议”没有分值，不能计分"),
        ({"questions": ["m.z"]}, "得分“总分”：题目“环境”中没有 z 这一行"),
        ({"min_answered": 3}, "得分“总分”：至少答 3 题，但只有 2 题计分"),
        ({"method": "weighted", "weights": {"m": "1"}}, "得分“总分”：权重中有不计分的题目"),
        ({"method": "weighted", "weights": {"a": "0"}}, "得分“总分”：权重应大于 0"),
        ({"method": "topbox"}, "得分“总分”：请写明几分及以上算高分"),
        ({"to_100": {"low": "5", "high": "5.0"}}, "得分“总分”：百分制换算的两端不能相同"),
        ({"dimension": "op_food"}, "得分“总分”：没有“op_food”这个国家维度"),
    ],
)
def test_what_is_wrong_with_a_score_hinders_publishing(score: dict[str, Any], reason: str) -> None:
    found = problems(whole(scores=[rule(**score)]))
    assert [(one.place, one.reason) for one in found] == ([("scores.0", reason)] if reason else [])


def test_another_language_has_the_same_codes_and_falls_back_to_chinese() -> None:
    found = whole(
        scores=[rule()],
        languages={
            "en": {
                "title": "Test",
                "q:a.title": "Manners",
                "q:a.options.o5": "5 points",
                "score:total": "Total",
            }
        },
    )
    spoken = found.in_language("en")
    assert (spoken.title, spoken.questions[0].title, spoken.questions[1].title) == ("Test", "Manners", "总评")
    assert [option.label for option in spoken.questions[0].choices] == [
        "1 分",
        "2 分",
        "3 分",
        "4 分",
        "5 points",
    ]
    assert spoken.scores[0].label == "Total"
    assert conditions(spoken) == conditions(found)
    assert found.in_language("fr") is found
    assert set(found.languages["en"]) <= set(found.texts())


PIPED: list[dict[str, Any]] = [
    {
        "kind": "single",
        "code": "a",
        "title": "哪个科室",
        "options": [{"code": "x", "label": "心内科"}, {"code": "y", "label": "骨科"}],
    },
    {"kind": "phone", "code": "p", "title": "电话"},
    {"kind": "file", "code": "f", "title": "附件"},
]


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("{q:a}怎么样", ""),
        ("{f:visit.doctor}医生、{f:unit.lab}", ""),
        ("{q:gone}", "引用的题目 gone 不存在或已删除"),
        ("{q:z}", "只能引用排在前面的题目，不能引用 z"),
        ("{q:p}", "“电话”涉及个人信息，不能引用"),
        ("{q:f}", "“附件”的回答不能放进题目里"),
        ("{f:patient.phone}", "没有“patient.phone”这项就诊信息，不能引用"),
    ],
)
def test_a_title_may_say_what_was_answered_before_and_nothing_personal(title: str, reason: str) -> None:
    last = {"kind": "blank", "code": "z", "title": title}
    found = [(one.question, one.place, one.reason) for one in problems(whole(*PIPED, last))]
    assert found == ([("z", "title", reason)] if reason else [])


def test_what_is_piped_is_escaped_and_followed_by_scripts() -> None:
    found = whole(*PIPED, {"kind": "blank", "code": "z", "title": "<b>{q:a}、{f:visit.doctor}"})
    drawn = sheet(found, {}, {"a": {"c": ["y"]}}, facts={"f:visit.doctor": "<i>测试"})
    assert str(drawn.pages[0].lines[3].question.title) == (
        '&lt;b&gt;<span data-pipe="q:a">骨科</span>、<span data-pipe="f:visit.doctor">&lt;i&gt;测试</span>'
    )
    words = said(found, {"a": Answer(c=("x",)), "p": Answer(t="13800000001")}, {"f:visit.kind": "outpatient"})
    assert words == {"q:a": "心内科", "f:visit.kind": "门诊"}
    assert plain("{f:visit.kind} {q:a} {q:p}", words) == "门诊 心内科 ……"


def test_a_reviewer_reads_what_has_changed() -> None:
    before = whole(scores=[rule()])
    items = [
        {**ITEMS[1], "title": "总的评价"},
        {**ITEMS[0], "required": True},
        {"kind": "nps", "code": "n", "title": "推荐"},
    ]
    after = whole(*items, title="新名", scores=[rule(method="sum")])
    assert changes(None, before) == ["首次发布，共 4 项"]
    assert changes(before, before) == []
    assert changes(before, after) == [
        "问卷名称由“测试”改为“新名”",
        "删去“环境”",
        "删去“建议”",
        "题目顺序有调整",
        "“总评”的题目由“总评”改为“总的评价”",
        "“态度”改动了必填",
        "新增“推荐”（推荐度 NPS）",
        "得分“总分”的算法有改动（合计）",
    ]

"""Every kind of question, over the register: its definition, what it takes for an answer, how the answer reads."""

from typing import Any

import pytest

from surveys.answers import FIELDS, Answer
from surveys.logic import WORK
from surveys.logic_check import OPS
from surveys.questions import KINDS, picked
from surveys.questions.base import Gap, Posted, Question, parsed

OPTIONS: list[dict[str, Any]] = [
    {"code": "a", "label": "甲", "score": "1.5"},
    {"code": "b", "label": "乙"},
    {"code": "none", "label": "都没有", "exclusive": True},
    {"code": "other", "label": "其他", "other": True},
]
PARTS = [{"code": "x", "label": "病区"}, {"code": "y", "label": "床号"}]
FILE = "7d0e6a3c-0000-4000-8000-000000000001"

# kind → its definition, a page's fields, the answer they make, how it reads
GOOD: dict[str, tuple[dict[str, Any], dict[str, list[str]], dict[str, Any], str]] = {
    "single": (
        {"options": OPTIONS},
        {"q.k": ["other"], "q.k.other": ["走廊"]},
        {"c": ["other"], "o": "走廊"},
        "其他（走廊）",
    ),
    "multiple": ({"options": OPTIONS}, {"q.k": ["a", "b"], "q.k.other": ["x"]}, {"c": ["a", "b"]}, "甲；乙"),
    "dropdown": ({"options": OPTIONS}, {"q.k": ["b"]}, {"c": ["b"]}, "乙"),
    "stars": ({"stars": 5}, {"q.k": ["4"]}, {"n": "4"}, "4 / 5"),
    "scale": ({"low": 0, "high": 10}, {"q.k": ["0"]}, {"n": "0"}, "0 / 10"),
    "nps": ({}, {"q.k": ["10"]}, {"n": "10"}, "10 / 10"),
    "blank": ({"longest": 5}, {"q.k": [" 五个字整好 "]}, {"t": "五个字整好"}, "五个字整好"),
    "blanks": (
        {"blanks": PARTS},
        {"q.k.x": ["五病区"], "q.k.y": [""]},
        {"b": {"x": "五病区"}},
        "病区：五病区",
    ),
    "number": (
        {"low": "0", "high": "100", "places": 1, "unit": "元"},
        {"q.k": ["12.5"]},
        {"n": "12.5"},
        "12.5 元",
    ),
    "date": ({}, {"q.k": ["2026-03-02"]}, {"d": "2026-03-02"}, "2026-03-02"),
    "long_text": ({"shortest": 2}, {"q.k": ["两行\r\n文字"]}, {"t": "两行\n文字"}, "两行\n文字"),
    "paragraph": ({"text": "请如实填写"}, {"q.k": ["x"]}, {}, ""),
    "file": ({"most": 2}, {"q.k": [FILE]}, {"f": [FILE]}, "1 个文件"),
    "matrix": (
        {"rows": PARTS, "options": OPTIONS[:2]},
        {"q.k.x": ["b"], "q.k.y": ["a"]},
        {"m": {"x": ["b"], "y": ["a"]}},
        "病区：乙；床号：甲",
    ),
    "picture": ({"picture": FILE, "text": "院区平面图"}, {"q.k": ["x"]}, {}, ""),
    "picture_choice": (
        {"options": [{**one, "picture": FILE} for one in OPTIONS[:2]]},
        {"q.k": ["b"]},
        {"c": ["b"]},
        "乙",
    ),
    "ranking": (
        {"rows": [*PARTS, {"code": "z", "label": "日期"}], "most": 2},
        {"q.k.x": ["2"], "q.k.y": ["1"], "q.k.z": [""]},
        {"m": {"x": ["2"], "y": ["1"]}},
        "1. 床号；2. 病区",
    ),
    "pain": ({}, {"q.k": ["5"]}, {"n": "5"}, "5 分（中度）"),
    "body_map": (
        {"sides": "back"},
        {"q.k": ["back_lower_back", "back_left_knee"]},
        {"c": ["back_lower_back", "back_left_knee"]},
        "腰部；左膝后",
    ),
    "signature": (
        {},
        {"q.k.name": ["测试甲"], "q.k.agreed": ["1"]},
        {"t": "测试甲"},
        "测**（以姓名代签）",
    ),
    "phone": ({}, {"q.k": ["138 0000 0001"]}, {"t": "138 0000 0001"}, "138****0001"),
}

FAULTY = [
    ("single", {"options": OPTIONS}, {"c": ["a", "b"]}, "只能选一项"),
    ("single", {"options": OPTIONS}, {"c": ["gone"]}, "没有这个选项"),
    ("single", {"options": OPTIONS}, {"c": ["a"], "o": "走廊"}, "只有选择“其他”时才能填写说明"),
    ("single", {"options": OPTIONS}, {"c": ["other"]}, "请填写“其他”的具体内容"),
    ("single", {"options": OPTIONS}, {"o": "走廊"}, "请先选择“其他”再填写说明"),
    ("single", {"options": OPTIONS}, {"t": "甲"}, "答案的格式不对"),
    ("multiple", {"options": OPTIONS}, {"c": ["a", "a"]}, "同一选项不能选两次"),
    ("multiple", {"options": OPTIONS}, {"c": ["a", "none"]}, "“都没有”不能与其他选项同时选择"),
    ("multiple", {"options": OPTIONS, "least": 2}, {"c": ["a"]}, "至少选 2 项"),
    ("multiple", {"options": OPTIONS, "most": 1}, {"c": ["a", "b"]}, "最多选 1 项"),
    ("dropdown", {"options": OPTIONS}, {"c": ["a", "b"]}, "只能选一项"),
    ("stars", {"stars": 5}, {"n": "6"}, "应为 1 到 5 的整数"),
    ("scale", {"low": 1, "high": 5}, {"n": "2.5"}, "应为 1 到 5 的整数"),
    ("nps", {}, {"n": "-1"}, "应为 0 到 10 的整数"),
    ("blank", {"longest": 2}, {"t": "三个字"}, "不能超过 2 个字"),
    ("blank", {}, {"t": "两\n行"}, "只能填一行"),
    ("blanks", {"blanks": PARTS}, {"b": {"z": "一"}}, "没有这一空"),
    ("blanks", {"blanks": PARTS, "longest": 2}, {"b": {"x": "三个字"}}, "病区不能超过 2 个字"),
    ("number", {"low": "1"}, {"n": "0"}, "不能小于 1"),
    ("number", {"high": "9.5", "places": 1}, {"n": "9.6"}, "不能大于 9.5"),
    ("number", {}, {"n": "1.5"}, "应为整数"),
    ("number", {"places": 1}, {"n": "1.25"}, "最多 1 位小数"),
    ("date", {}, {"d": "1899-12-31"}, "日期应在 1900 年至 2199 年之间"),
    ("long_text", {"shortest": 5}, {"t": "太短"}, "不能少于 5 个字"),
    ("long_text", {"longest": 5}, {"t": "这里有六个字"}, "不能超过 5 个字"),
    ("paragraph", {}, {"t": "x"}, "答案的格式不对"),
    ("file", {"most": 1}, {"f": [FILE, FILE.replace("1", "2")]}, "最多 1 个文件"),
    ("matrix", {"rows": PARTS, "options": OPTIONS[:2]}, {"m": {"z": ["a"]}}, "没有这一行"),
    ("matrix", {"rows": PARTS, "options": OPTIONS[:2]}, {"m": {"x": ["a", "b"]}}, "“病区”只能选一项"),
    ("matrix", {"rows": PARTS, "options": OPTIONS[:2]}, {"m": {"x": ["gone"]}}, "没有这个选项"),
    ("phone", {}, {"t": "12345"}, "不是有效的电话号码"),
    ("picture", {}, {"c": ["a"]}, "答案的格式不对"),
    ("picture_choice", {"options": OPTIONS[:2]}, {"c": ["a", "b"]}, "最多选 1 项"),
    ("ranking", {"rows": PARTS}, {"m": {"z": ["1"]}}, "没有这一项"),
    ("ranking", {"rows": PARTS}, {"m": {"x": ["3"]}}, "名次应为 1 到 2"),
    ("ranking", {"rows": PARTS}, {"m": {"x": ["01"]}}, "名次应为 1 到 2"),
    ("ranking", {"rows": PARTS}, {"m": {"x": ["1"], "y": ["1"]}}, "名次不能重复"),
    ("ranking", {"rows": PARTS}, {"m": {"x": ["2"]}}, "名次要从 1 开始，中间不能空"),
    ("pain", {}, {"n": "11"}, "应为 0 到 10 的整数"),
    ("body_map", {"sides": "front"}, {"c": ["back_lower_back"]}, "没有这个部位"),
    ("body_map", {"most": 1}, {"c": ["front_head", "front_chest"]}, "最多选 1 处"),
    ("signature", {}, {"f": [FILE, FILE.replace("1", "2")]}, "只能有一个签名"),
    ("signature", {}, {"t": "长" * 51}, "姓名不能超过 50 个字"),
]

FRESH_GAPS = {
    "picture": [Gap("picture", "请上传图片"), Gap("text", "请写明图片内容，供看不到图片的人了解")],
}
GAPS = [
    ("single", {"options": OPTIONS[:1]}, [Gap("options", "至少要有两个选项")]),
    (
        "single",
        {"options": [{"code": "a", "label": ""}, {"code": "a", "label": "乙"}]},
        [
            Gap("options.0", "不能为空"),
            Gap("options.0", "编码 a 重复了"),
            Gap("options.1", "编码 a 重复了"),
        ],
    ),
    (
        "single",
        {"options": [{"code": "a", "label": "甲"}, {"code": "b", "label": "甲"}]},
        [Gap("options.0", "“甲”重复了"), Gap("options.1", "“甲”重复了")],
    ),
    ("multiple", {"options": OPTIONS, "least": 9}, [Gap("least", "最少选几项超过了选项数")]),
    ("multiple", {"options": OPTIONS, "least": 3, "most": 2}, [Gap("most", "最多不能少于最少")]),
    ("scale", {"low_label": ""}, [Gap("low_label", "请写明两端的含义")]),
    ("blanks", {"blanks": []}, [Gap("blanks", "至少要有一空")]),
    ("number", {"low": "2", "high": "1"}, [Gap("high", "最大值不能小于最小值")]),
    (
        "picture_choice",
        {"options": [{**OPTIONS[0], "picture": FILE}, OPTIONS[1]], "most": 3},
        [Gap("options.1", "还没有图片"), Gap("most", "最多选几项超过了选项数")],
    ),
    ("ranking", {"rows": PARTS[:1]}, [Gap("rows", "至少要有两项")]),
    ("ranking", {"rows": PARTS, "most": 3}, [Gap("most", "要排的项数超过了总项数")]),
    ("matrix", {"rows": []}, [Gap("rows", "至少要有一行")]),
    ("matrix", {"options": OPTIONS}, [Gap("options", "矩阵题没有“其他”和互斥选项")]),
]


def made(kind: str, more: dict[str, Any], **common: Any) -> Question:
    return picked({"kind": kind, "code": "k", "title": "题目", **more, **common})


def answer(raw: dict[str, Any]) -> Answer:
    found = parsed(raw)
    assert found is not None
    return found


def test_the_table_below_knows_every_kind() -> None:
    assert set(GOOD) == set(KINDS)
    assert {kind for kind, *_ in FAULTY} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_one_lacks_nothing_but_its_title_and_survives_being_written_down(kind: str) -> None:
    fresh = KINDS[kind].new("k")
    assert list(fresh.gaps()) == [Gap("title", "请写出题目"), *FRESH_GAPS.get(kind, [])]
    assert picked(fresh.model_dump(mode="json")) == fresh
    assert (fresh.kind, bool(fresh.label), bool(fresh.icon)) == (kind, True, True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_page_sends_is_taken_and_reads_well(kind: str) -> None:
    more, fields, raw, words = GOOD[kind]
    question = made(kind, more)
    taken = answer(question.read(Posted(fields)))
    assert taken == answer(raw)
    assert taken.given <= FIELDS[question.shape]
    assert (question.complaint(taken), question.said(taken)) == ("", words)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_page_is_no_answer_and_is_lacking_only_where_something_is_asked(kind: str) -> None:
    question = made(kind, GOOD[kind][0], required=True)
    nothing = answer(question.read(Posted({})))
    assert (nothing.given, question.complaint(nothing), question.said(nothing)) == (frozenset(), "", "")
    assert (question.lacking(nothing) == "") is (kind in {"paragraph", "picture"})
    assert question.values(nothing) == {}


@pytest.mark.parametrize(("kind", "more", "raw", "reason"), FAULTY)
def test_a_faulty_answer_is_refused_in_a_sentence(
    kind: str, more: dict[str, Any], raw: dict[str, Any], reason: str
) -> None:
    assert made(kind, more).complaint(answer(raw)) == reason


@pytest.mark.parametrize(("kind", "more", "gaps"), GAPS)
def test_what_hinders_publishing_is_named_at_its_place(
    kind: str, more: dict[str, Any], gaps: list[Gap]
) -> None:
    assert list(made(kind, more).gaps()) == gaps


def test_required_blanks_and_rows_are_named_when_missing() -> None:
    blanks = made("blanks", {"blanks": PARTS})
    assert blanks.lacking(answer({"b": {"x": "五病区"}})) == "请填写：床号"
    matrix = made("matrix", {"rows": PARTS, "options": OPTIONS[:2]})
    assert matrix.lacking(answer({"m": {"y": ["a"]}})) == "还没有选：病区"


@pytest.mark.parametrize(
    "raw",
    [
        {"n": "1e3"},
        {"n": "1.23456"},
        {"n": "１"},
        {"n": 3},
        {"d": "2026-02-30"},
        {"c": "a"},
        {"f": ["../etc/passwd"]},
        {"x": 1},
        {"t": "长" * 5001},
        {"t": "\ud800"},
        [],
        "a",
        7,
    ],
)
def test_what_is_not_even_the_shape_of_an_answer_is_none(raw: Any) -> None:
    assert parsed(raw) is None


def test_characters_that_no_person_types_are_left_out() -> None:
    assert answer({"t": "甲\x00乙\x07\t丙\r\n丁"}).t == "甲乙\t丙\n丁"


def test_points_of_what_was_chosen_are_added() -> None:
    question = made("multiple", {"options": [*OPTIONS[:2], {"code": "c", "label": "丙", "score": "-0.25"}]})
    assert question.values(answer({"c": ["a", "b", "c"]})) == {
        "q:k": frozenset({"a", "b", "c"}),
        "s:k": 12500,
    }


def test_every_operation_has_a_rule_and_a_worker() -> None:

    assert set(OPS) == set(WORK)

"""What may be published and what may be submitted: each fault with its place, and hidden answers never count."""

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from surveys.checking import Answers, Problem, check_answers, path, problems
from surveys.definition import Definition, conditions, numbers
from surveys.reading import definition_of, from_file, to_file
from surveys.sheet import SEEN, sheet, unseen

YES_NO = [{"code": "yes", "label": "是"}, {"code": "no", "label": "否"}]


def single(code: str, **more: Any) -> dict[str, Any]:
    return {"kind": "single", "code": code, "title": f"题{code}", "options": YES_NO, **more}


def text(code: str, **more: Any) -> dict[str, Any]:
    return {"kind": "blank", "code": code, "title": f"题{code}", **more}


def op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


def q(code: str, part: str = "") -> dict[str, Any]:
    return {"q": code, "part": part} if part else {"q": code}


def form(*items: dict[str, Any], **more: Any) -> Definition:
    return Definition.model_validate({"title": "表单", "pages": [{"items": items}], **more})


def chosen(code: str) -> dict[str, Any]:
    return {"c": [code]}


IS_YES = op("eq", q("a"), {"code": "yes"})
IS_NO = op("eq", q("a"), {"code": "no"})

# what stands in the condition of the second question, and why it may not be published
BAD = [
    (op("eq", q("gone"), {"code": "yes"}), "所引用的题目不存在或已删除"),
    (op("eq", q("c"), {"code": "yes"}), "只能引用排在前面的题目"),
    (op("eq", q("b"), {"text": "x"}), "只能引用排在前面的题目"),
    (op("eq", q("a"), {"code": "gone"}), "所选的选项已删除"),
    (op("in", q("a"), {"codes": []}), "还没有选择选项"),
    (op("eq", q("a"), {"num": "1"}), "两边类型不同，不能比较：单个选项、数字"),
    (op("lt", q("a"), {"code": "yes"}), "只有数字和日期可以比大小"),
    (op("has_any", q("a"), {"codes": ["yes"]}), "只能比较多选题的选项"),
    (op("add", {"num": "1"}, {"num": "2"}), "结果应是是非，不是数字"),
    (op("and", q("a")), "只能由条件（是/否）组成"),
    (op("eq", q("a")), "条件没有填完整"),
    (op("and"), "条件没有填完整"),
    (op("exec", q("a")), "没有“exec”这种运算"),
    (op("answered", op("holds", IS_YES)), "只能问“是否已回答”某一题"),
    (op("gt", op("score", q("a")), {"num": "1"}), "只能取有分值的选择题的得分"),
    (op("eq", {"fact": "visit.secret"}, {"code": "x"}), "没有“visit.secret”这项就诊信息"),
    (op("eq", {"fact": "visit.kind"}, {"code": "moon"}), "所选的选项已删除"),
    (op("eq", q("a", "row"), {"code": "yes"}), "所引用题目中没有这一空或这一行"),
    (op("eq", op("round", {"num": "1"}, {"num": "9"}), {"num": "1"}), "小数位数应为 0 至 4 的整数"),
    (op("gt", op("days_between", {"num": "1"}, {"day": "2026-01-01"}), {"num": "1"}), "只能计算两个日期之间的天数"),
    (op("eq", op("if", IS_YES, {"num": "1"}, {"text": "x"}), {"num": "1"}), "第一项应是条件，后两项类型应相同"),
    (
        op("not", op("not", op("not", op("not", op("not", op("not", op("not", op("not", IS_YES)))))))),
        "条件太复杂：最多 8 层、200 个部分",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "reason"), BAD)
def test_a_condition_that_cannot_work_is_refused_at_publish(tree: dict[str, Any], reason: str) -> None:
    definition = form(single("a"), text("b", show_if=tree), single("c"))
    assert problems(definition) == [Problem(question="b", place="show_if", reason=reason)]


def test_a_jump_leads_forward_to_something_that_exists() -> None:
    back = [{"when": op("eq", q("b"), {"code": "yes"}), "to": "a"}]
    gone = [{"when": op("eq", q("b"), {"code": "yes"}), "to": "gone"}]
    assert problems(form(single("a"), single("b", jumps=back))) == [
        Problem(question="b", place="jumps.0", reason="只能往后跳")
    ]
    assert problems(form(single("a"), single("b", jumps=gone))) == [
        Problem(question="b", place="jumps.0", reason="要跳到的题目不存在或已删除")
    ]
    fine = [{"when": op("eq", q("a"), {"code": "no"}), "to": "end"}]
    assert problems(form(single("a", jumps=fine), single("b"))) == []


def test_an_empty_form_codes_that_stand_twice_and_empty_pages_are_named() -> None:
    assert problems(Definition()) == [
        Problem(question="", place="title", reason="请写出表单名称"),
        Problem(question="", place="pages", reason="还没有题目"),
    ]
    twice = Definition.model_validate(
        {"title": "表单", "pages": [{"items": [text("a"), text("a"), text("end")]}, {"items": []}]}
    )
    assert problems(twice) == [
        Problem(question="", place="pages.1", reason="第 2 页没有题目"),
        Problem(question="a", place="code", reason="编码 a 重复了"),
        Problem(question="a", place="code", reason="编码 a 重复了"),
        Problem(question="end", place="code", reason="编码 end 另有用途，请换一个"),
    ]


def test_a_jump_is_kept_as_the_visibility_of_what_lies_between() -> None:
    jump = [{"when": IS_NO, "to": "d"}]
    definition = form(
        single("a", jumps=jump), text("b"), text("c", show_if=op("answered", q("b"))), text("d")
    )
    not_jumped = op("not", op("holds", IS_NO))
    told = {code: node.model_dump(exclude_defaults=True) for code, node in conditions(definition).items()}
    plain = {code: _tuples(node) for code, node in told.items()}
    assert plain == {
        "b": _tuples(not_jumped),
        "c": _tuples(op("and", op("answered", q("b")), not_jumped)),
    }


def _tuples(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _tuples(value) for key, value in node.items()}
    return tuple(_tuples(part) for part in node) if isinstance(node, list | tuple) else node


def test_words_between_have_no_number() -> None:
    words = {"kind": "paragraph", "code": "p", "title": "说明"}
    assert numbers(form(single("a"), words, text("b"))) == {"a": 1, "b": 2}


def test_hidden_answers_are_dropped_even_when_they_are_faulty() -> None:
    definition = form(single("a"), text("b", required=True, longest=1, show_if=IS_YES))
    taken = check_answers(definition, conditions(definition), {"a": chosen("no"), "b": {"t": "太长了"}})
    assert (taken.as_json(), taken.dropped) == ({"a": {"c": ["no"]}}, ("b",))
    taken = check_answers(definition, conditions(definition), {"a": chosen("no"), "b": {"n": 3}})
    assert taken.dropped == ("b",)


def test_a_fact_of_the_visit_decides() -> None:
    stayed = op("eq", {"fact": "visit.kind"}, {"code": "inpatient"})
    definition = form(text("b", required=True, show_if=stayed))
    assert check_answers(definition, conditions(definition), {}).as_json() == {}
    with pytest.raises(Invalid):
        check_answers(definition, conditions(definition), {}, {"f:visit.kind": "inpatient"})
    soon = op("lt", op("days_between", {"fact": "visit.end_on"}, {"fact": "today"}), {"num": "3"})
    definition = form(text("b", show_if=soon))
    facts = {"f:visit.end_on": date(2026, 3, 1).toordinal(), "f:today": date(2026, 3, 3).toordinal()}
    assert path(definition, conditions(definition), {}, facts) == ["b"]


def test_a_page_without_scripts_is_told_what_it_did_not_show() -> None:
    definition = form(single("a"), text("b", show_if=IS_YES), text("c"))
    shown = sheet(definition, conditions(definition))
    assert shown.seen == "a c"
    given = {"a": chosen("yes")}
    assert unseen(definition, conditions(definition), given, {SEEN: ["a c"]}) == ["b"]
    assert unseen(definition, conditions(definition), given, {SEEN: ["a b c"]}) == []
    assert unseen(definition, conditions(definition), given, {}) == []


JUMPY = form(
    single("a", jumps=[{"when": IS_NO, "to": "d"}]),
    single("b", show_if=IS_YES),
    text("c", required=True, show_if=op("answered", q("b"))),
    {"kind": "number", "code": "d", "title": "题d", "places": 2},
    text("e", show_if=op("gt", q("d"), {"num": "2.5"})),
)
CHOSEN = st.builds(chosen, st.sampled_from(["yes", "no"]))
WORDS = st.builds(lambda words: {"t": words}, st.sampled_from(["", "一", "二三"]))
SIZE = st.builds(lambda size: {"n": str(size)}, st.integers(-5, 5))
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, {}, [], "x", {"n": "1e9"}, {"c": ["yes", "no"]}, {"t": "四" * 200}]
)
ANSWERS = st.fixed_dictionaries(
    {"a": CHOSEN, "c": WORDS},
    optional={"b": st.one_of(CHOSEN, ODD), "d": SIZE, "e": st.one_of(WORDS, ODD)},
)


def taken_or_none(answers: dict[str, Any]) -> Answers | None:
    try:
        return check_answers(JUMPY, conditions(JUMPY), answers)
    except Invalid:
        return None


@settings(max_examples=300, deadline=None)
@given(ANSWERS)
def test_hidden_answers_never_count(answers: dict[str, Any]) -> None:
    rules = conditions(JUMPY)
    taken = taken_or_none(answers)
    assume(taken is not None)
    assert taken is not None
    kept = taken.as_json()
    assert set(kept) <= set(path(JUMPY, rules, kept))
    assert check_answers(JUMPY, rules, kept).as_json() == kept  # what was taken is taken again, whole


def test_a_definition_goes_into_a_file_and_comes_back() -> None:
    assert from_file(to_file(JUMPY, "投诉")) == JUMPY


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "不是有效的 JSON 文件（第 1 行第 2 个字符）"),
        (b"[]", "不是本系统导出的表单文件，或文件太大"),
        (b'{"format": "huiyin.form", "version": 9}', "不是本系统导出的表单文件，或文件太大"),
        (b" " * 1_000_001, "不是本系统导出的表单文件，或文件太大"),
    ],
)
def test_a_file_of_another_kind_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_file(data)
    assert refused.value.message == message


def faults(raw: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        definition_of(raw)
    return [(fault.field, fault.label, fault.reason) for fault in refused.value.details]


def test_hostile_definitions_are_refused_with_the_place_named() -> None:
    bad = {"pages": [{"items": [text("a"), {**single("b"), "stars": 3}, {"kind": "script", "code": "x"}, 7]}]}
    assert faults(bad) == [
        ("pages.0.items.1.stars", "第 1 页第 2 项“题b”", "没有这一项"),
        ("pages.0.items.2", "第 1 页第 3 项", "没有这种题型"),
        ("pages.0.items.3", "第 1 页第 4 项", "没有这种题型"),
    ]
    strange = "x'); drop table form;--"
    assert faults({"pages": [{"items": [text(strange)]}]}) == [
        ("pages.0.items.0.code", f"第 1 页第 1 项“题{strange}”", "格式不对")
    ]
    deep: Any = q("a")
    for _ in range(300):
        deep = op("not", deep)
    assert faults({"pages": [{"items": [text("a", show_if=deep)]}]}) == [("", "表单", "嵌套太深")]
    assert faults(None)[0][1] == "表单"
    many = {"pages": [{"items": [text(f"q{at}") for at in range(301)]}]}
    assert faults(many) == [("pages.0.items", "表单", "最多 300 项")]

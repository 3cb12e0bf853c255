"""How lines are read: words, numbers and the rest, however they are typed. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import acts, fields, lines
from bot.commands import vocabulary
from core.actions import REGISTER
from staff.tree import Unit, build

TREE = build(
    [
        Unit(1, None, "/1/", "group", "测试医院集团"),
        Unit(2, 1, "/1/2/", "campus", "东院区"),
        Unit(4, 2, "/1/2/4/", "department", "心血管内科", "心内科"),
        Unit(5, 2, "/1/2/5/", "department", "收费处"),
    ]
)


@pytest.mark.parametrize(
    ("text", "word", "number", "rest"),
    [
        ("签收 1234", "签收", "1234", ""),
        ("签收1234", "签收", "1234", ""),
        ("签收#1234", "签收", "1234", ""),
        ("签收　＃１２３４", "签收", "1234", ""),
        ("签收工单 1234 号", "签收", "1234", "号"),
        ("签收 1234号", "签收", "1234", ""),
        ("1234 签收", "签收", "1234", ""),
        ("#1234签收", "签收", "1234", ""),
        ("@回音助手 签收 1234", "签收", "1234", ""),
        ("/签收 1234", "签收", "1234", ""),
        ("回复1234已电话联系患者", "回复", "1234", "已电话联系患者"),
        ("回复：1234，已电话联系，患者认可。", "回复", "1234", "已电话联系，患者认可。"),
        ("回复 1234 3次电话联系", "回复", "1234", "3次电话联系"),
        ("回复 3次电话联系", "回复", "", "3次电话联系"),
        ("回复 2026-11-20 已回访", "回复", "", "2026-11-20 已回访"),
        ("退回1000元给患者", "退回", "", "1000元给患者"),
        ("延期 3天 等待核查", "延期", "", "3天 等待核查"),
        ("延期 1234 3天 等待核查", "延期", "1234", "3天 等待核查"),
        ("同意延期 1234", "同意延期", "1234", ""),
        ("同意 1234", "同意", "1234", ""),
        ("派单 20261121-56 心内科", "派单", "20261121-56", "心内科"),
        ("1234", "", "1234", ""),
        ("工单 1234", "工单", "1234", ""),
        ("今天天气不错", "", "", "今天天气不错"),
    ],
)
def test_a_line_is_word_number_and_rest(text: str, word: str, number: str, rest: str) -> None:
    said = lines.read(text, vocabulary())
    assert (said.word, said.number, said.rest) == (word, number, rest)


@pytest.mark.parametrize(
    ("name", "rest", "expected"),
    [
        ("ticket.ask_extension", "3天 等待核查", {"days": "3", "reason": "等待核查"}),
        ("ticket.ask_extension", "三个工作日，等待核查", {"days": "3", "reason": "等待核查"}),
        ("ticket.ask_extension", "十五天", {"days": 15}),
        ("ticket.ask_extension", "等待核查", {"reason": "等待核查"}),
        ("ticket.transfer", "心内科 属该科室", {"unit": "心内科", "reason": "属该科室"}),
        ("ticket.transfer", "给心内科 属该科室", {"unit": "心内科", "reason": "属该科室"}),
        ("ticket.transfer", "收费处", {"unit": "收费处"}),
        ("ticket.transfer", "属收费问题", {"reason": "属收费问题"}),
        (
            "ticket.answer",
            "已致歉（不属实，未解决）",
            {"text": "已致歉", "verified": "不属实", "solved": "未解决"},
        ),
        ("ticket.answer", "已致歉（见附件）", {"text": "已致歉（见附件）"}),
        ("ticket.urge", "请今日内答复", {"note": "请今日内答复"}),
        ("ticket.sign", "谢谢", {}),
        (
            "case.assign",
            "心内科、收费处 三日内答复",
            {"units": ["心内科", "收费处"], "instructions": "三日内答复"},
        ),
    ],
)
def test_the_rest_is_cut_into_the_fields_of_the_form(
    name: str, rest: str, expected: dict[str, object]
) -> None:
    assert fields.from_line(REGISTER[name], rest, TREE) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("3天", 3), ("三天", 3), ("十", 10), ("十二", 12), ("二十", 20), ("两日", 2), ("几天", None)],
)
def test_counts_are_read_in_digits_and_in_chinese(text: str, value: int | None) -> None:
    found = lines.count(text)
    assert (found[0] if found else None) == value


@given(st.text(max_size=60))
def test_folding_moves_no_character(text: str) -> None:
    assert len(lines.fold(text)) == len(text)


@given(st.text(max_size=80))
def test_any_line_can_be_read_and_cut_for_any_action(text: str) -> None:
    said = lines.read(lines.clean(text), vocabulary())
    assert said.word == "" or said.word in {lines.fold(word) for word in vocabulary()}
    for action in acts.words().get("同意", ()) + acts.words()["转派"] + acts.words()["延期"]:
        assert set(fields.from_line(action, said.rest, TREE)) <= set(action.form.model_fields)

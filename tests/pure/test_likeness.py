"""How alike two cases are: each kind of evidence by itself, what outweighs what, and what is never enough."""

from dataclasses import replace
from datetime import date

import pytest

from tickets.matters.likeness import FLOOR, STRANGE_MOST, Facts, alike, grams_of, rank, score

QUEUE = "本人昨日在东院区心血管内科门诊就诊，排队三小时仍未看上病，要求说明原因并改进。"
RETOLD = "昨天上午到心血管内科门诊就诊，排队三个小时还没看上病，现场没人维持秩序，请说明原因。"
PARKING = "地下停车场出口拥堵一个多小时，无人疏导，错过了预约的检查，希望增加出口。"
DAY = date(2026, 3, 2)


def facts(number: int, text: str = "", **more: object) -> Facts:
    return replace(Facts(number, DAY, grams=grams_of(text)), **more)  # type: ignore[arg-type]  # fields of Facts


PHONE, OTHER_PHONE = frozenset({b"p1"}), frozenset({b"p2"})

# what the older case has, what the newer has, points, the weightiest reason
PAIRS = [
    (facts(1, QUEUE), facts(2, QUEUE), 52, "内容相似 100%"),
    (facts(1, QUEUE, phones=PHONE), facts(2, RETOLD, phones=PHONE), 72, "同一联系电话"),
    (facts(1, QUEUE, phones=PHONE), facts(2, PARKING, phones=PHONE), STRANGE_MOST, "同一联系电话"),
    (
        facts(1, QUEUE, phones=PHONE, departments=frozenset({4})),
        facts(2, PARKING, phones=PHONE, departments=frozenset({4})),
        48,
        "同一联系电话",
    ),
    (facts(1, QUEUE), facts(2, PARKING), 4, "同一天收到"),
    (facts(1, visits=frozenset({7})), facts(2, visits=frozenset({7})), 49, "关联同一次就诊"),
    (facts(1, QUEUE, ids=frozenset({b"i"})), facts(2, RETOLD, ids=frozenset({b"i"})), 79, "同一证件号码"),
    (facts(1), facts(2, named=frozenset({1})), 84, "内容中提到该件的编号"),
    (facts(1, named=frozenset({2})), facts(2), 84, "该件内容中提到本件的编号"),
    (
        facts(1, QUEUE, occurred_on=date(2025, 6, 1)),
        facts(2, QUEUE, occurred_on=date(2026, 3, 1)),
        38,
        "内容相似 100%",
    ),
]


@pytest.mark.parametrize(("older", "newer", "points", "reason"), PAIRS)
def test_the_table_of_pairs(older: Facts, newer: Facts, points: int, reason: str) -> None:
    found = score(newer, older)
    assert (found.case_id, found.points, found.reasons[0]) == (1, points, reason)
    assert score(older, newer).points == points


def test_one_name_of_two_genders_is_no_reason_and_of_an_unknown_one_is() -> None:
    woman = facts(1, QUEUE, name="测试甲", gender="女")
    told = [
        score(replace(woman, case_id=2, gender=gender), woman).reasons for gender in ("女", "男", "未知", "")
    ]
    assert ["同名" in reasons for reasons in told] == [True, False, True, True]


def test_usual_phrases_make_no_texts_alike() -> None:
    one = "来电人反映：药房缺药需外购，请医院核实后给予答复，希望尽快处理，谢谢。"
    other = "来电人反映：电梯停用多日，请医院核实后给予答复，希望尽快处理，谢谢。"
    assert alike(grams_of(one * 3), grams_of(other * 3)) < 0.2


def test_very_short_texts_say_nothing() -> None:
    assert alike(grams_of("态度差"), grams_of("态度差")) == 0.0


def test_the_best_come_first_of_equals_the_latest_and_never_the_case_itself() -> None:
    case = facts(9, QUEUE, phones=PHONE)
    others = [
        facts(1, QUEUE),
        facts(2, QUEUE, phones=PHONE),
        facts(3, QUEUE),
        facts(4, PARKING, phones=OTHER_PHONE),
        case,
    ]
    assert [entry.case_id for entry in rank(case, others)] == [2, 3, 1]
    assert [entry.case_id for entry in rank(case, others, limit=1)] == [2]
    assert all(entry.points >= FLOOR for entry in rank(case, others))

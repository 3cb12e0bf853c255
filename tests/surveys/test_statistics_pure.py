"""Measures, hiding, comparisons, control charts, words: known values of textbooks, and values worked out by hand."""

import pytest

from surveys.statistics import comparing, control, measures, words
from surveys.statistics.hiding import hidden
from surveys.statistics.measures import Moments, Promoters, Share


def rounded(interval: measures.Interval | None, places: int = 4) -> tuple[float, float] | None:
    return (round(interval.low, places), round(interval.high, places)) if interval else None


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 10, (0.0, 0.2775)),  # Newcombe 1998: never below 0
        (81, 263, (0.2553, 0.3662)),  # Newcombe 1998, table I
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
        (10, 10, (0.7225, 1.0)),
        (0, 0, None),
    ],
)
def test_wilson(part: int, whole: int, expected: tuple[float, float] | None) -> None:
    assert rounded(measures.wilson(part, whole)) == expected


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.706), (9, 2.262), (30, 2.042), (31, 2.0395), (60, 2.000), (1000, 1.962)]
)
def test_student(freedom: int, expected: float) -> None:
    assert round(measures.student(freedom), 4) == pytest.approx(expected, abs=0.0006)


def test_a_mean_has_its_interval_only_from_two_values_on() -> None:
    found = measures.moments({1: 1, 2: 1, 3: 1, 4: 1, 5: 1})
    assert (found.n, found.mean, found.variance) == (5, 3.0, 2.5)
    assert rounded(found.interval) == (1.0368, 4.9632)  # 3 ± 2.7764 · √(2.5 ÷ 5)
    assert (Moments(1, 4.0, 16.0).mean, Moments(1, 4.0, 16.0).interval) == (4.0, None)
    assert (Moments().mean, Moments().interval) == (None, None)
    assert Moments(2, 3.0, 5.0) + Moments(1, 4.0, 16.0) == Moments(3, 7.0, 21.0)


def test_boxes_and_promoters() -> None:
    five = {1.0: 2, 2.0: 3, 4.0: 5, 5.0: 10}
    assert measures.top_box(five, 5) == Share(10, 20)
    assert measures.low_box(five, 2) == Share(5, 20)
    assert Share(0, 0).value is None
    ten = {10.0: 30, 9.0: 20, 8.0: 25, 6.0: 15, 0.0: 10}
    found = measures.nps(ten)
    assert found == Promoters(50, 25, 25)
    assert found.value == 25.0
    assert rounded(found.interval, 2) == (8.75, 41.25)  # ± 1.96 · √(0.5 + 0.25 − 0.0625) ÷ 10
    assert measures.nps({}).value is None


def test_cronbach() -> None:
    # Three items that are one: α is 1. Two that have nothing in common: 0.
    assert measures.alpha([2.5, 2.5, 2.5], 22.5) == pytest.approx(1.0)
    assert measures.alpha([2.0, 3.0], 5.0) == pytest.approx(0.0)
    assert measures.alpha([2.0], 2.0) is None
    assert measures.alpha([0.0, 0.0], 0.0) is None


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"a": 10, "b": 20}, set()),
        ({"a": 3, "b": 20, "c": 10}, {"a", "c"}),  # one alone would be total − shown
        ({"a": 3, "b": 2, "c": 10}, {"a", "b"}),  # together five
        ({"a": 1, "b": 2, "c": 10, "d": 9}, {"a", "b", "d"}),  # together three: too few
        ({"a": 0, "b": 10}, set()),
        ({"a": 4}, {"a"}),
    ],
)
def test_small_groups_are_hidden_with_another_so_that_subtraction_tells_nothing(
    sizes: dict[str, int], expected: set[str]
) -> None:
    assert hidden(sizes, 5) == expected


def test_what_is_hidden_is_never_one_group_nor_few_people_when_others_are_there() -> None:
    for a in range(8):
        for b in range(8):
            for c in range(8):
                sizes = {"a": a, "b": b, "c": c, "d": 30, "e": 40}
                away = hidden(sizes, 5)
                told = sum(sizes[key] for key in away)
                assert not away or (len(away) >= 2 and told >= 5)
                assert all(sizes[key] >= 5 or sizes[key] == 0 for key in set(sizes) - away)


def test_two_shares() -> None:
    p = comparing.two_shares(Share(45, 100), Share(30, 100))
    assert p is not None
    assert round(p, 4) == 0.0285  # z = 2.1909
    assert comparing.two_shares(Share(0, 0), Share(3, 9)) is None
    assert comparing.two_shares(Share(9, 9), Share(3, 3)) == 1.0


def test_ranks_with_ties() -> None:
    # One group 1 2 3 4 5, the other 6 7 8 9 10: U = 0, z = (12.5 − 0.5) ÷ √(25·11÷12).
    found = comparing.ranks(dict.fromkeys(range(1, 6), 1), dict.fromkeys(range(6, 11), 1))
    assert found is not None
    assert (round(found[0], 4), found[1]) == (0.0122, False)
    same = comparing.ranks({5.0: 10}, {5.0: 30})
    assert same == (1.0, False)
    assert comparing.ranks({}, {1.0: 2}) is None


def test_corrected_as_benjamini_and_hochberg_do_it() -> None:
    ps = [0.01, 0.04, 0.03, 0.005]
    assert [round(q, 4) for q in comparing.corrected(ps)] == [0.02, 0.04, 0.04, 0.02]
    assert comparing.corrected([]) == []


def test_a_department_that_differs_is_marked_and_those_alike_are_not() -> None:
    alike = {5.0: 30, 4.0: 20, 3.0: 10}
    found = comparing.each_against_the_others({"a": alike, "b": alike, "c": {2.0: 30, 1.0: 30}})
    assert {key: (one.differs, one.higher) for key, one in found.items()} == {
        "a": (True, True),
        "b": (True, True),
        "c": (True, False),
    }
    calm = comparing.each_against_the_others({"a": alike, "b": alike, "c": alike})
    assert {one.differs for one in calm.values()} == {False}


def test_a_p_chart_has_limits_by_its_own_n_and_marks_what_lies_beyond() -> None:
    points = control.shares([*([Share(90, 100)] * 7), Share(60, 100), Share(0, 0)])
    assert [point.signal for point in points] == [""] * 7 + ["low", ""]
    assert points[-1].value is None
    assert [point.middle for point in control.shares([Share(9, 10)] * 3)] == [None] * 3


def test_an_xmr_chart_marks_runs_of_eight() -> None:
    values: list[float | None] = [80, 82, 80, 82, 80, 82, None, *([83.0] * 8)]
    signals = [point.signal for point in control.means(values)]
    assert signals[-1] == "run"
    assert signals[:7] == [""] * 7
    steady = control.means([80.0, 82.0] * 4)
    assert [point.signal for point in steady] == [""] * 8
    assert (steady[0].low, steady[0].middle, steady[0].high) == (75.68, 81.0, 86.32)


def test_words_that_come_up_in_several_texts_are_told_once_and_whole() -> None:
    found = words.frequent(["候诊时间太长", "希望缩短候诊时间", "停车难", "停车难，排队久", "护士态度好"])
    assert found[:2] == [("候诊时间", 2), ("停车难", 2)]
    assert "候诊" not in dict(found)
    assert words.frequent([]) == []


def test_a_run_longer_than_any_word_is_told_once() -> None:
    texts = ["保洁师傅帮忙指路"] * 5 + ["希望夜间病房安静一些"] * 3 + ["夜间停车难", "停车难"]
    assert words.frequent(texts) == [
        ("保洁师傅帮忙指路", 5),
        ("希望夜间病房安静一些", 3),
        ("停车难", 2),
    ]
    assert words.frequent(["人" * 9] * 2) == [("人" * 6, 2)]  # a run of one sign ends too

"""Scores, flags and screens: values in, values out."""

import math
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from devtools.environment import ROOT
from surveys.answers import Answer
from surveys.checking import Judge, check_answers, path
from surveys.definition import Definition, conditions
from surveys.questions.base import Question
from surveys.responses.facts import facts
from surveys.responses.quality import flags, pace, speeding, straight
from surveys.responses.screens import after, screens, weight
from surveys.scoring import Score, compiled, formula, scored
from surveys.scoring_rules import ScoreRule
from tests.surveys.responses_stage import DEFINITION, WHOLE

ASKED = Definition.model_validate(DEFINITION)
ITEMS: dict[str, Question] = {item.code: item for item in ASKED.questions}
ANSWERS = {code: Answer.model_validate(raw) for code, raw in WHOLE.items()}


def score(**rule: Any) -> list[tuple[str, int]]:
    """The value and how many were counted."""
    made = compiled(ScoreRule.model_validate({"key": "k"} | rule), ITEMS)
    return [(str(one.value), one.answered) for one in scored([made], ANSWERS)]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"questions": ["nurse", "relief"]}, [("4.5000", 2)]),
        ({"questions": ["nurse", "relief"], "method": "sum"}, [("9.0000", 2)]),
        ({"questions": ["nurse"], "to_100": {"low": "0", "high": "5"}}, [("80.0000", 1)]),
        ({"questions": ["nurse"], "to_100": {"low": "1", "high": "5"}}, [("75.0000", 1)]),
        (
            {"questions": ["nurse", "relief"], "method": "weighted", "weights": {"nurse": "3"}},
            [("4.2500", 2)],
        ),
        ({"questions": ["nurse", "relief"], "method": "topbox", "top": "5"}, [("0.5000", 2)]),
        ({"questions": ["ward"]}, [("3.5000", 4)]),
        ({"questions": ["ward.clean", "ward.food"], "method": "sum"}, [("6.0000", 2)]),
        ({"questions": ["ward"], "method": "topbox"}, [("0.5000", 4)]),
        ({"questions": ["pain"], "method": "sum"}, [("1.0000", 1)]),
        ({"questions": ["nurse", "relief"], "min_answered": 3}, []),
        ({"questions": ["wish", "gone"]}, []),
        ({"questions": ["nurse"], "to_100": {"low": "5", "high": "5"}}, []),
    ],
)
def test_a_rule_gives_its_value_and_says_how_much_it_counted(
    rule: dict[str, Any], told: list[tuple[str, int]]
) -> None:
    assert score(**rule) == told


def test_a_score_goes_to_the_departments_that_served() -> None:
    made = compiled(ScoreRule(key="k", questions=("nurse", "relief", "ward"), by_unit=True), ITEMS)
    found = scored([made], ANSWERS, {"nurse": 3, "relief": 3, "ward": 7})
    assert found == [
        Score("k", 3, Decimal("4.5000"), 2, made.sha256),
        Score("k", 7, Decimal("3.5000"), 4, made.sha256),
    ]


def test_the_hash_of_a_formula_follows_the_rule_and_the_points() -> None:
    rule = ScoreRule(key="k", questions=("ward",))
    same, other = compiled(rule, ITEMS), compiled(rule.model_copy(update={"min_answered": 2}), ITEMS)
    told = orjson.loads(orjson.dumps(DEFINITION))
    told["pages"][1]["items"][0]["options"][0]["score"] = "4"
    points = compiled(rule, {item.code: item for item in Definition.model_validate(told).questions})
    assert same.sha256 == compiled(rule, ITEMS).sha256
    assert len({same.sha256, other.sha256, points.sha256}) == 3
    assert formula(ASKED.scores[0], ITEMS) == "第 1、3 题平均；x 换算为 (x − 1) ÷ 4 × 100"


ANY: dict[str, st.SearchStrategy[Any]] = {
    "nurse": st.sampled_from(["1", "2", "3", "4", "5"]).map(lambda n: {"n": n}),
    "pain": st.sampled_from(["yes", "no"]).map(lambda code: {"c": [code]}),
    "relief": st.sampled_from(["1", "5"]).map(lambda n: {"n": n}),
}


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries(ANY))
def test_hidden_answers_never_count(told: dict[str, Any]) -> None:
    taken = check_answers(ASKED, conditions(ASKED), told)
    shown = set(path(ASKED, conditions(ASKED), told))
    assert set(taken.given) <= shown
    assert set(taken.dropped) == set(told) - shown
    without = {code: raw for code, raw in told.items() if code in shown}
    again = check_answers(ASKED, conditions(ASKED), without)
    rules = [compiled(rule, ITEMS) for rule in ASKED.scores]
    assert scored(rules, taken.given) == scored(rules, again.given)
    assert facts(ITEMS, taken.given) == facts(ITEMS, again.given)


def test_facts_are_told_part_by_part_with_the_points_of_the_option() -> None:
    found = [
        (one.question, one.part, one.option, one.num and str(one.num))
        for one in sorted(facts(ITEMS, ANSWERS), key=lambda one: (one.question, one.part))
    ]
    assert found == [
        ("nurse", "", "", "4"),
        ("pain", "", "yes", "1"),
        ("relief", "", "", "5"),
        ("ward", "clean", "good", "5"),
        ("ward", "food", "bad", "1"),
        ("ward", "quiet", "fair", "3"),
        ("ward", "signs", "good", "5"),
    ]


def test_an_answer_judged_before_is_judged_alike_and_a_bad_one_is_refused_each_time() -> None:
    judge = Judge(ASKED, conditions(ASKED))
    first = judge.answers(WHOLE)
    assert judge.answers(WHOLE) == first == check_answers(ASKED, conditions(ASKED), WHOLE)
    for _ in range(2):
        with pytest.raises(Invalid) as refused:
            judge.answers(WHOLE | {"nurse": {"n": "9"}, "pain": {"c": ["perhaps"]}})
        assert [(fault.field, fault.reason) for fault in refused.value.details] == [
            ("q.nurse", "应为 1 到 5 的整数"),
            ("q.pain", "没有这个选项"),
        ]


def test_nobody_is_compared_before_a_hundred_have_answered() -> None:
    times = [60_000 + 300 * (at % 41) for at in range(99)]
    assert pace(times).slowest_ms == 0
    found = pace([*times, 61_000])
    logs = sorted(math.log(ms) for ms in [*times, 61_000])
    assert found.responses == 100
    assert 50_000 < found.slowest_ms < found.median_ms
    assert found.slowest_ms < math.exp(logs[0]) * 1.01
    assert pace([]).responses == 0


@pytest.mark.parametrize(
    ("active_ms", "answered", "slowest", "fast"),
    [
        (0, 20, 40_000, False),  # not timed: not judged
        (13_999, 20, 0, True),  # nobody reads a question in less than 0.7 s
        (14_000, 20, 0, False),
        (40_000, 20, 40_000, True),
        (40_001, 20, 40_000, False),
    ],
)
def test_too_fast_is_below_the_others_or_below_what_can_be_read(
    active_ms: int, answered: int, slowest: int, fast: bool
) -> None:
    assert speeding(active_ms, answered, slowest) is fast


def test_one_column_all_the_way_down_is_a_straight_line_unless_it_is_the_best() -> None:
    def line(code: str, rows: tuple[str, ...] = ("clean", "quiet", "signs", "food")) -> bool:
        return straight(ASKED.questions, {"ward": Answer(m=dict.fromkeys(rows, (code,)))})

    assert [line("bad"), line("fair"), line("good"), line("bad", ("clean", "quiet"))] == [
        True,
        True,
        False,
        False,
    ]
    told = flags(
        ASKED.questions,
        {"ward": Answer(m=dict.fromkeys(("clean", "quiet", "signs", "food"), ("bad",)))},
        active_ms=500,
        slowest_ms=0,
        alike=4,
        most_alike=3,
        staff_device=True,
    )
    assert told == ("speeding", "straight_lining", "burst", "staff_device")


def test_screens_hold_one_to_three_questions_and_python_and_javascript_cut_alike() -> None:
    shown = [item.code for item in ASKED.questions]
    found = screens(ASKED, shown)
    assert found == [("nurse", "pain", "relief"), ("ward",), ("wish",), ("phone",)]
    assert [after(ASKED, found, code) for code in ("nurse", "relief", "ward", "phone")] == [0, 1, 2, 4]
    script = Path(ROOT) / "static" / "js" / "filling_screens.js"
    told = orjson.dumps(
        [
            [[item.code for item in page.items] for page in ASKED.pages],
            {item.code: weight(item) for item in ASKED.questions},
            [[], ["nurse"], shown, ["pain", "phone"], ["wish", "phone"]],
        ]
    ).decode()
    program = (
        f"import {{ screens }} from '{script.as_uri()}';"
        f"const [pages, weights, paths] = {told};"
        "console.log(JSON.stringify(paths.map((path) => screens(pages, weights, path))))"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", program], capture_output=True, check=True, timeout=60
    )
    ours = [
        [list(screen) for screen in screens(ASKED, one)]
        for one in ([], ["nurse"], shown, ["pain", "phone"], ["wish", "phone"])
    ]
    assert orjson.loads(done.stdout) == ours

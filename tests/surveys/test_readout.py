"""What the designer says about a rule in plain words, and that clicking rows together loses nothing; under node."""

import json
import subprocess
from typing import Any

from surveys.facts import FACTS
from surveys.questions import KINDS
from tests.surveys.both import HERE, node
from tests.surveys.test_checking import YES_NO, op, q, single, text

KIND = {
    "kind": "single",
    "code": "kind",
    "title": "就诊类型",
    "options": [{"code": "in", "label": "住院"}, {"code": "out", "label": "门诊"}],
}
ASPECT = {
    "kind": "multiple",
    "code": "aspect",
    "title": "涉及方面",
    "options": [{"code": "fee", "label": "收费"}, {"code": "wait", "label": "等候"}],
}
GRID = {
    "kind": "matrix",
    "code": "grid",
    "title": "评价",
    "rows": [{"code": "bed", "label": "床位"}],
    "options": YES_NO,
}
PAGE = [
    single("a", title="是否沟通过"),
    KIND,
    {"kind": "paragraph", "code": "p", "title": "说明"},
    ASPECT,
    {"kind": "number", "code": "days", "title": "住院天数"},
    {"kind": "date", "code": "day", "title": "出院日期"},
    GRID,
    text("last", title="补充"),
]
IN = op("eq", q("kind"), {"code": "in"})
FEE = op("has_any", q("aspect"), {"codes": ["fee"]})
BOTH = {"codes": ["fee", "wait"]}

# tree → how it reads, and whether rows can say it
SAID: list[tuple[dict[str, Any], str, bool]] = [
    (IN, "当“就诊类型”是“住院”时显示", True),
    (op("ne", q("kind"), {"code": "in"}), "当“就诊类型”不是“住院”时显示", True),
    (op("in", q("kind"), {"codes": ["in", "out"]}), "当“就诊类型”是“住院”、“门诊”之一时显示", True),
    (FEE, "当“涉及方面”选了“收费”时显示", True),
    (op("has_any", q("aspect"), BOTH), "当“涉及方面”选了“收费”、“等候”之一时显示", True),
    (op("has_all", q("aspect"), BOTH), "当“涉及方面”选了“收费”、“等候”全部时显示", True),
    (op("not", op("has_any", q("aspect"), BOTH)), "当“涉及方面”中“收费”、“等候”一个也没选时显示", True),
    (op("gt", q("days"), {"num": "7"}), "当“住院天数”大于7时显示", True),
    (op("eq", q("days"), {"num": "7"}), "当“住院天数”等于7时显示", True),
    (op("lt", q("day"), {"day": "2026-03-02"}), "当“出院日期”早于2026-03-02时显示", True),
    (op("answered", q("last")), "当“补充”已回答时显示", True),
    (op("not", op("answered", q("last"))), "当“补充”没有回答时显示", True),
    (op("eq", q("grid", "bed"), {"code": "no"}), "当“评价”中的“床位”是“否”时显示", True),
    (
        op("eq", {"fact": "visit.kind"}, {"code": "inpatient"}),
        "当“就诊类型”是“住院”时显示",
        True,
    ),
    (op("and", IN, FEE), "当“就诊类型”是“住院”，并且“涉及方面”选了“收费”时显示", True),
    (op("or", IN, FEE), "当“就诊类型”是“住院”，或者“涉及方面”选了“收费”时显示", True),
    (
        op("and", op("or", IN, FEE), op("answered", q("last"))),
        "当（“就诊类型”是“住院”，或者“涉及方面”选了“收费”），并且“补充”已回答时显示",
        False,
    ),
    (
        op("ge", op("days_between", q("day"), {"fact": "today"}), {"num": "3"}),
        "当从“出院日期”到“填写当天”的天数不小于3时显示",
        False,
    ),
    (op("eq", q("gone"), {"code": "in"}), "当（已删除的题目）是“已删除的选项”时显示", False),
    (op("eq", q("kind"), {"code": "gone"}), "当“就诊类型”是“已删除的选项”时显示", True),
]
JUMPS = [
    ({"when": op("eq", q("a"), {"code": "no"}), "to": "days"}, "选“否”跳到第 4 题"),
    ({"when": op("eq", q("a"), {"code": "no"}), "to": "end"}, "选“否”跳到结尾"),
    ({"when": op("eq", q("a"), {"code": "no"}), "to": "p"}, "选“否”跳到“说明”"),
    ({"when": op("eq", q("a"), {"code": "no"}), "to": "gone"}, "选“否”跳到（已删除的题目）"),
    ({"when": IN, "to": "last"}, "当“就诊类型”是“住院”时跳到第 7 题"),
]


def told() -> dict[str, Any]:
    given = {
        "questions": [{"jumps": [], **item} for item in PAGE],
        "kinds": [[name, {"shape": kind.shape}] for name, kind in KINDS.items()],
        "facts": [
            {"name": name, "label": fact.label, "type": fact.type, "options": fact.options}
            for name, fact in FACTS.items()
        ],
        "trees": [tree for tree, _, _ in SAID],
        "jumps": [jump for jump, _ in JUMPS],
    }
    done = subprocess.run(
        [node(), str(HERE / "readout_run.mjs")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_rule_is_said_in_plain_words_and_rows_give_back_the_same_tree() -> None:
    found = told()
    assert found["shown"] == [words for _, words, _ in SAID]
    assert found["again"] == [tree if clicked else None for tree, _, clicked in SAID]
    assert found["jumps"] == [words for _, words in JUMPS]

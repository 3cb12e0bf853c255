"""Scores: declared rules × answers → values, each with its formula in words and the sha256 of the rule. Pure.

The server works them out from the answers that count; what a browser says of scores is not asked for.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import orjson

from surveys.answers import Answer, Shape
from surveys.questions.base import Question
from surveys.scoring_rules import METHOD_WORDS, Method, ScoreRule

PLACES = Decimal("0.0001")
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that brings points: a question, or one row of a matrix; points of its options by code."""

    question: str
    part: str
    shape: Shape
    points: Mapping[str, Decimal]
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule ready to be used. `sha256` changes with anything that can change a value: the rule and the points."""

    rule: ScoreRule
    items: tuple[Item, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Score:
    """One score; `unit_id` the department that served, where the rule asks for it."""

    key: str
    unit_id: int | None
    value: Decimal
    answered: int
    formula: str


def compiled(rule: ScoreRule, questions: Mapping[str, Question]) -> Rule:
    """A rule of a version, with the points of that version's options; questions it names in vain are left out."""
    items: list[Item] = []
    for name in rule.questions:
        code, _, part = name.partition(".")
        question = questions.get(code)
        if question is None or question.shape is Shape.NOTHING:
            continue
        parts = (
            [part] if part else [one.code for one in question.parts] if question.shape is Shape.GRID else [""]
        )
        weight = Decimal(rule.weights.get(name, "1"))
        points = {o.code: Decimal(o.score) for o in question.choices if o.score is not None}
        items += [Item(code, one, question.shape, points, weight) for one in parts]
    told = [
        rule.model_dump(mode="json", exclude_defaults=True),
        [
            [item.question, item.part, sorted((code, str(p)) for code, p in item.points.items())]
            for item in items
        ],
    ]
    return Rule(
        rule, tuple(items), hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
    )


_number = lru_cache(maxsize=1024)(Decimal)  # steps of scales come again and again


def points(item: Item, answer: Answer | None) -> Decimal | None:
    """What an answer brings: the number given, or the points of what was chosen; None when there is nothing to count."""
    if answer is None:
        return None
    if item.shape is Shape.NUMBER:
        return _number(answer.n) if answer.n else None
    chosen = answer.m.get(item.part, ()) if item.shape is Shape.GRID else answer.c
    earned = [item.points[code] for code in chosen if code in item.points]
    return sum(earned, Decimal(0)) if earned else None


def scored(
    rules: Sequence[Rule], answers: Mapping[str, Answer], units: Mapping[str, int] | None = None
) -> list[Score]:
    """The scores of a response.

    Args:
        rules: of the version.
        answers: those that count: hidden ones are not among them.
        units: question → department that served, for rules with `by_unit`; without it such a rule gives one score.
    """
    found: list[Score] = []
    for rule in rules:
        counted = [
            (item, got)
            for item in rule.items
            if (got := points(item, answers.get(item.question))) is not None
        ]
        if rule.rule.by_unit and units:
            served = dict.fromkeys(units.get(item.question) for item, _ in counted)
            groups = [
                (unit, [(i, p) for i, p in counted if units.get(i.question) == unit]) for unit in served
            ]
        else:
            groups = [(None, counted)]
        found += [score for unit, group in groups if (score := _one(rule, unit, group)) is not None]
    return found


def _one(rule: Rule, unit: int | None, counted: Sequence[tuple[Item, Decimal]]) -> Score | None:
    if len(counted) < rule.rule.min_answered or not counted:
        return None
    raw = _put_together(rule.rule, counted)
    if raw is None:
        return None
    if (line := rule.rule.to_100) is not None:
        low, high = Decimal(line.low), Decimal(line.high)
        if low == high:
            return None
        raw = (raw - low) / (high - low) * HUNDRED
    return Score(rule.rule.key, unit, raw.quantize(PLACES, ROUND_HALF_UP), len(counted), rule.sha256)


def _put_together(rule: ScoreRule, counted: Sequence[tuple[Item, Decimal]]) -> Decimal | None:
    total = sum((got for _, got in counted), Decimal(0))
    match rule.method:
        case Method.SUM:
            return total
        case Method.MEAN:
            return total / len(counted)
        case Method.WEIGHTED:
            weights = sum((item.weight for item, _ in counted), Decimal(0))
            heavy = sum((item.weight * got for item, got in counted), Decimal(0))
            return heavy / weights if weights else None
        case Method.TOPBOX:
            tops = [got >= _top(rule, item) for item, got in counted]
            return Decimal(sum(tops)) / len(tops)


def _top(rule: ScoreRule, item: Item) -> Decimal:
    if rule.top is not None:
        return Decimal(rule.top)
    return max(item.points.values(), default=Decimal(5))


def formula(rule: ScoreRule, questions: Mapping[str, Question]) -> str:
    """The formula in words, as it stands beside every score: "平均（第 1、2 题）…；x × 20；至少答 3 题"."""
    order = {
        code: at
        for at, code in enumerate((q.code for q in questions.values() if q.shape is not Shape.NOTHING), 1)
    }
    named = [
        f"{order[code]}{f' 的“{_part(questions[code], part)}”' if part else ''}"
        for code, _, part in (name.partition(".") for name in rule.questions)
        if code in order
    ]
    top = f"（{rule.top} 分及以上）" if rule.method is Method.TOPBOX and rule.top else ""
    words = [
        f"第 {'、'.join(named)} 题{METHOD_WORDS[rule.method]}{top}" if named else METHOD_WORDS[rule.method]
    ]
    if rule.method is Method.WEIGHTED:
        words.append("权重 " + "、".join(f"{name}×{weight}" for name, weight in rule.weights.items()))
    if rule.to_100 is not None:
        words.append(f"x 换算为 {rule.to_100.formula}")
    if rule.min_answered > 1:
        words.append(f"至少答 {rule.min_answered} 题")
    return "；".join(words)


def _part(question: Question, code: str) -> str:
    return next((part.label for part in question.parts if part.code == code), code)

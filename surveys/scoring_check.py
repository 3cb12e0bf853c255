"""What hinders publishing in the declared scores: they must name questions that give points. Computes no score."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from surveys.answers import Shape
from surveys.definition import Definition
from surveys.dimensions import DIMENSIONS
from surveys.questions.base import Question
from surveys.scoring_rules import Method, ScoreRule


def items(question: Question) -> tuple[str, ...]:
    """What a rule may count of a question: itself, or each row of a matrix; nothing when it gives no points."""
    if question.shape is Shape.NUMBER:
        return (question.code,)
    if not question.scores:
        return ()
    if question.shape is Shape.GRID:
        return tuple(f"{question.code}.{part.code}" for part in question.parts)
    return (question.code,) if question.shape in {Shape.CODE, Shape.CODES} else ()


def counted(definition: Definition, rule: ScoreRule) -> tuple[str, ...]:
    """The items a rule counts, matrices by their rows, in the order written, each once; what is not there is left out."""
    found: dict[str, None] = {}
    for name in rule.questions:
        code, _, part = name.partition(".")
        question = definition.named(code)
        there = items(question) if question else ()
        found |= dict.fromkeys(there if not part else [one for one in there if one == name])
    return tuple(found)


def gaps(definition: Definition) -> Iterator[tuple[str, str]]:
    """Each problem: place ("scores.2") and reason."""
    keys = Counter(rule.key for rule in definition.scores)
    for at, rule in enumerate(definition.scores):
        place = f"scores.{at}"
        name = rule.label or rule.key
        if not rule.label:
            yield place, "请写出得分的名称"
        if keys[rule.key] > 1:
            yield place, f"得分“{name}”的编码 {rule.key} 重复了"
        yield from ((place, f"得分“{name}”：{reason}") for reason in _of(definition, rule))
    for item in definition.questions:
        if item.dimension and item.dimension not in DIMENSIONS:
            yield f"dimension.{item.code}", f"没有“{item.dimension}”这个国家维度"


def _of(definition: Definition, rule: ScoreRule) -> Iterator[str]:
    if not rule.questions:
        yield "还没有选择题目"
    for name in rule.questions:
        code, _, part = name.partition(".")
        question = definition.named(code)
        if question is None:
            yield f"题目 {code} 不存在或已删除"
        elif not items(question):
            yield f"题目“{question.title}”没有分值，不能计分"
        elif part and name not in items(question):
            yield f"题目“{question.title}”中没有 {part} 这一行"
    yield from _unfit(rule, counted(definition, rule))


def _unfit(rule: ScoreRule, there: tuple[str, ...]) -> Iterator[str]:
    number = len(there)
    if number and rule.min_answered > number:
        yield f"至少答 {rule.min_answered} 题，但只有 {number} 题计分"
    if rule.method is Method.WEIGHTED:
        named = set(rule.questions) | set(there)
        if set(rule.weights) - named:
            yield "权重中有不计分的题目"
        if any(Decimal(weight) <= 0 for weight in rule.weights.values()):
            yield "权重应大于 0"
    if rule.method is Method.TOPBOX and rule.top is None:
        yield "请写明几分及以上算高分"
    if rule.to_100 is not None and Decimal(rule.to_100.low) == Decimal(rule.to_100.high):
        yield "百分制换算的两端不能相同"
    if rule.dimension and rule.dimension not in DIMENSIONS:
        yield f"没有“{rule.dimension}”这个国家维度"

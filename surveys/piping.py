"""Words of earlier answers and of the visit put into a title: "{q:dept}", "{f:visit.doctor}".

Checked at publish (only what comes before, never personal answers), filled when it is shown; what is not known is shown
as "……". In a browser with scripts static/js/questions/piping.js follows the answers as they are given.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from markupsafe import Markup, escape

from surveys.answers import Answer, Shape
from surveys.definition import Definition
from surveys.facts import FACTS
from surveys.logic import SCALE, Type, Value
from surveys.questions.base import Question

PLACEHOLDER = re.compile(r"\{([qf]):([a-z0-9_.]{1,60})\}")
UNIT_FACT = re.compile(r"unit\.[a-z_]+(\.[1-9][0-9]?)?")  # the department of a step, or that is rated
UNKNOWN = "……"
FIELDS = ("title", "hint", "text")  # of a question
SPOKEN = frozenset({Shape.CODE, Shape.CODES, Shape.NUMBER, Shape.TEXT, Shape.DAY})

Said = Mapping[str, str]


def gaps(definition: Definition) -> Iterator[tuple[str, str, str]]:
    """Each placeholder that cannot be filled: question ("" the introduction), place, reason."""
    before: dict[str, Question] = {}
    order = {item.code for item in definition.questions}
    for reason in _reasons(definition.intro, {}, order):
        yield "", "intro", reason
    for item in definition.questions:
        for field in FIELDS:
            for reason in _reasons(str(getattr(item, field, "")), before, order):
                yield item.code, field, reason
        before[item.code] = item


def _reasons(text: str, before: Mapping[str, Question], order: set[str]) -> Iterator[str]:
    for kind, name in PLACEHOLDER.findall(text):
        if kind == "f":
            if name not in FACTS and not UNIT_FACT.fullmatch(name):
                yield f"没有“{name}”这项就诊信息，不能引用"
        elif name not in order:
            yield f"引用的题目 {name} 不存在或已删除"
        elif name not in before:
            yield f"只能引用排在前面的题目，不能引用 {name}"
        elif before[name].private:
            yield f"“{before[name].title}”涉及个人信息，不能引用"
        elif before[name].shape not in SPOKEN:
            yield f"“{before[name].title}”的回答不能放进题目里"


def said(definition: Definition, answers: Mapping[str, Answer], facts: Mapping[str, Value]) -> dict[str, str]:
    """What placeholders stand for: "q:dept" → "心内科", "f:visit.doctor" → "测试医生"."""
    found = {name: words for name, value in facts.items() if (words := _fact(name, value))}
    for code, answer in answers.items():
        item = definition.named(code)
        if item is not None and not item.private and item.shape in SPOKEN and answer.given:
            found[f"q:{code}"] = item.said(answer)
    return found


def _fact(name: str, value: Value) -> str:
    kind = FACTS.get(name.removeprefix("f:"))
    if kind is None:
        return str(value) if isinstance(value, str) else ""
    if kind.options:
        return dict(kind.options).get(str(value), str(value))
    if kind.type is Type.DAY and isinstance(value, int):
        return _day(value)
    if kind.type is Type.NUMBER and isinstance(value, int):
        return str(value // SCALE)
    return str(value)


def _day(ordinal: int) -> str:
    day = date.fromordinal(ordinal)
    return f"{day.month} 月 {day.day} 日"


def filled(text: str, words: Said) -> Markup | str:
    """A text with its placeholders filled, each in a span that scripts can follow; plain when it has none."""
    if "{" not in text or not PLACEHOLDER.search(text):
        return text
    parts, at = [], 0
    for found in PLACEHOLDER.finditer(text):
        name = f"{found[1]}:{found[2]}"
        parts += [
            escape(text[at : found.start()]),
            Markup('<span data-pipe="{}">{}</span>').format(name, words.get(name, UNKNOWN)),
        ]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def spoken(item: Question, words: Said) -> Question:
    """A question with its placeholders filled, for a page that escapes what is not markup."""
    told = {field: getattr(item, field, "") for field in FIELDS}
    changed = {field: filled(text, words) for field, text in told.items() if text and "{" in text}
    return item.model_copy(update=changed) if changed else item


def plain(text: str, words: Said) -> str:
    """The same without markup: for messages, lists, and voices."""
    return PLACEHOLDER.sub(lambda found: words.get(f"{found[1]}:{found[2]}", UNKNOWN), text)

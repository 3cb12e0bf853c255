"""What the questions with options share: one or several chosen, "other" with words, options that exclude the rest."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from surveys.answers import Answer
from surveys.questions.base import Gap, Option, Posted, Question

TWO = (Option(code="a", label="选项一"), Option(code="b", label="选项二"))


class Choosing(Question):
    """A question with options."""

    options: tuple[Option, ...] = Field(default=TWO, max_length=100)

    @property
    def choices(self) -> tuple[Option, ...]:
        """The options."""
        return self.options

    def gaps(self) -> Iterator[Gap]:
        """Two options at least, each with words of its own."""
        yield from super().gaps()
        if len(self.options) < 2:
            yield Gap("options", "至少要有两个选项")
        yield from option_gaps(self.options, "options")
        if sum(option.other for option in self.options) > 1:
            yield Gap("options", "“其他”选项只能有一个")

    def _complaint(self, answer: Answer) -> str:
        known = {option.code: option for option in self.options}
        if not answer.c:
            return "请先选择“其他”再填写说明"
        if any(code not in known for code in answer.c):
            return "没有这个选项"
        if len(set(answer.c)) < len(answer.c):
            return "同一选项不能选两次"
        wants_words = any(known[code].other for code in answer.c)
        if answer.o and not wants_words:
            return "只有选择“其他”时才能填写说明"
        return "请填写“其他”的具体内容" if wants_words and not answer.o else ""

    def said(self, answer: Answer) -> str:
        """The labels, with the words of "other" behind it."""
        labels = {option.code: option for option in self.options}
        told = []
        for code in answer.c:
            option = labels.get(code)
            words = option.label if option else code
            told.append(f"{words}（{answer.o}）" if option and option.other and answer.o else words)
        return "；".join(told)

    def read(self, posted: Posted) -> Any:
        """What was chosen; words of "other" count only when it was."""
        chosen = posted.many(self.name())
        other = {option.code for option in self.options if option.other}
        words = posted.one(self.name("other")) if other & set(chosen) else ""
        return {"c": chosen, "o": words}


def option_gaps(options: "tuple[Option, ...] | tuple[Any, ...]", place: str) -> Iterator[Gap]:
    """Empty words, and codes or words that stand twice."""
    codes = Counter(option.code for option in options)
    labels = Counter(option.label for option in options)
    for at, option in enumerate(options):
        if not option.label:
            yield Gap(f"{place}.{at}", "不能为空")
        elif labels[option.label] > 1:
            yield Gap(f"{place}.{at}", f"“{option.label}”重复了")
        if codes[option.code] > 1:
            yield Gap(f"{place}.{at}", f"编码 {option.code} 重复了")

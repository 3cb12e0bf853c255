"""Several short texts, each with a label."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape
from surveys.questions.base import Gap, Part, Posted, Question
from surveys.questions.choosing import option_gaps


class Blanks(Question):
    """多项填空题."""

    label: ClassVar[str] = "多项填空"
    icon: ClassVar[str] = "forms"
    shape: ClassVar[Shape] = Shape.BLANKS

    kind: Literal["blanks"] = "blanks"
    blanks: tuple[Part, ...] = Field(
        default=(Part(code="a", label="第一空"), Part(code="b", label="第二空")), max_length=20
    )
    longest: int = Field(default=100, ge=1, le=500)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The blanks."""
        return self.blanks

    def gaps(self) -> Iterator[Gap]:
        """One blank at least, each with words of its own."""
        yield from super().gaps()
        if not self.blanks:
            yield Gap("blanks", "至少要有一空")
        yield from option_gaps(self.blanks, "blanks")

    def lacking(self, answer: Answer) -> str:
        """When required, every blank is."""
        empty = [blank.label for blank in self.blanks if not answer.b.get(blank.code)]
        return f"请填写：{'、'.join(empty)}" if empty else ""

    def _complaint(self, answer: Answer) -> str:
        if answer.b.keys() - {blank.code for blank in self.blanks}:
            return "没有这一空"
        long = [blank.label for blank in self.blanks if len(answer.b.get(blank.code, "")) > self.longest]
        return f"{'、'.join(long)}不能超过 {self.longest} 个字" if long else ""

    def said(self, answer: Answer) -> str:
        """ "姓名：…；床号：…"."""
        return "；".join(
            f"{blank.label}：{answer.b[blank.code]}" for blank in self.blanks if answer.b.get(blank.code)
        )

    def read(self, posted: Posted) -> Any:
        """Each blank has a field."""
        texts = {blank.code: posted.one(self.name(blank.code)) for blank in self.blanks}
        return {"b": {code: text for code, text in texts.items() if text}}

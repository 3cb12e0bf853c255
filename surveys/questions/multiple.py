"""Several of several options, within limits."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape
from surveys.questions.base import Gap
from surveys.questions.choosing import Choosing


class Multiple(Choosing):
    """多选题."""

    label: ClassVar[str] = "多选"
    icon: ClassVar[str] = "checkbox"
    shape: ClassVar[Shape] = Shape.CODES

    kind: Literal["multiple"] = "multiple"
    least: int | None = Field(default=None, ge=1, le=100)
    most: int | None = Field(default=None, ge=1, le=100)

    def gaps(self) -> Iterator[Gap]:
        """Limits that can be kept."""
        yield from super().gaps()
        if self.least and self.least > len(self.options):
            yield Gap("least", "最少选几项超过了选项数")
        if self.least and self.most and self.least > self.most:
            yield Gap("most", "最多不能少于最少")

    def _complaint(self, answer: Answer) -> str:
        if said := super()._complaint(answer):
            return said
        alone = [option for option in self.options if option.exclusive and option.code in answer.c]
        if alone:
            return f"“{alone[0].label}”不能与其他选项同时选择" if len(answer.c) > 1 else ""
        if self.least and len(answer.c) < self.least:
            return f"至少选 {self.least} 项"
        return f"最多选 {self.most} 项" if self.most and len(answer.c) > self.most else ""

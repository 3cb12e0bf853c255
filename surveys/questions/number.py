"""A number within limits, whole or with up to four places."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape, Words
from surveys.logic import NUMBER
from surveys.questions.base import Gap, Posted, Question


class Number(Question):
    """数字题."""

    label: ClassVar[str] = "数字"
    icon: ClassVar[str] = "id"
    shape: ClassVar[Shape] = Shape.NUMBER

    worded: ClassVar[tuple[str, ...]] = ("title", "hint", "unit")

    kind: Literal["number"] = "number"
    low: str | None = Field(default=None, pattern=NUMBER)
    high: str | None = Field(default=None, pattern=NUMBER)
    places: int = Field(default=0, ge=0, le=4)
    unit: Words = Field(default="", max_length=20)

    def gaps(self) -> Iterator[Gap]:
        """Limits that can be kept."""
        yield from super().gaps()
        if self.low is not None and self.high is not None and Decimal(self.low) > Decimal(self.high):
            yield Gap("high", "最大值不能小于最小值")

    def _complaint(self, answer: Answer) -> str:
        number = Decimal(answer.n)
        if -int(number.normalize().as_tuple().exponent) > self.places:
            return f"最多 {self.places} 位小数" if self.places else "应为整数"
        if self.low is not None and number < Decimal(self.low):
            return f"不能小于 {self.low}"
        return f"不能大于 {self.high}" if self.high is not None and number > Decimal(self.high) else ""

    def said(self, answer: Answer) -> str:
        """ "3 天"."""
        return f"{answer.n} {self.unit}".strip() if answer.n else ""

    def read(self, posted: Posted) -> Any:
        """As typed."""
        return {"n": posted.one(self.name())}

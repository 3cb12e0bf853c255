"""A scale of numbers with words at both ends."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from surveys.answers import Shape, Words
from surveys.questions.base import Gap
from surveys.questions.rating import Rating


class Scale(Rating):
    """量表题."""

    label: ClassVar[str] = "量表"
    icon: ClassVar[str] = "adjustments-horizontal"
    shape: ClassVar[Shape] = Shape.NUMBER

    worded: ClassVar[tuple[str, ...]] = ("title", "hint", "low_label", "high_label")

    kind: Literal["scale"] = "scale"
    low: int = Field(default=1, ge=0, le=1)
    high: int = Field(default=5, ge=2, le=10)
    low_label: Words = Field(default="非常不满意", max_length=40)
    high_label: Words = Field(default="非常满意", max_length=40)

    @property
    def steps(self) -> range:
        """From the low end to the high one."""
        return range(self.low, self.high + 1)

    def gaps(self) -> Iterator[Gap]:
        """Words at both ends, or nobody knows which is good."""
        yield from super().gaps()
        if not self.low_label or not self.high_label:
            yield Gap("low_label", "请写明两端的含义")

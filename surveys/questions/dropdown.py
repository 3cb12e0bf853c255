"""One of many options, shown folded."""

from typing import ClassVar, Literal

from surveys.answers import Answer, Shape
from surveys.questions.choosing import Choosing


class Dropdown(Choosing):
    """下拉题."""

    label: ClassVar[str] = "下拉选择"
    icon: ClassVar[str] = "chevron-down"
    shape: ClassVar[Shape] = Shape.CODE

    kind: Literal["dropdown"] = "dropdown"

    def _complaint(self, answer: Answer) -> str:
        return "只能选一项" if len(answer.c) > 1 else super()._complaint(answer)

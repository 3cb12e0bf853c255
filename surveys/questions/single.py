"""One of several options, shown as a list."""

from typing import ClassVar, Literal

from surveys.answers import Answer, Shape
from surveys.questions.choosing import Choosing


class Single(Choosing):
    """单选题."""

    label: ClassVar[str] = "单选"
    icon: ClassVar[str] = "circle-dot"
    shape: ClassVar[Shape] = Shape.CODE

    kind: Literal["single"] = "single"

    def _complaint(self, answer: Answer) -> str:
        return "只能选一项" if len(answer.c) > 1 else super()._complaint(answer)

"""Words between the questions; nothing is answered."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape, Words
from surveys.questions.base import Posted, Question


class Paragraph(Question):
    """段落说明."""

    label: ClassVar[str] = "说明文字"
    icon: ClassVar[str] = "note"
    shape: ClassVar[Shape] = Shape.NOTHING

    worded: ClassVar[tuple[str, ...]] = ("title", "hint", "text")

    kind: Literal["paragraph"] = "paragraph"
    text: Words = Field(default="", max_length=3000)

    def lacking(self, answer: Answer) -> str:
        """Never anything."""
        del answer
        return ""

    def read(self, posted: Posted) -> Any:
        """Nothing."""
        del posted
        return {}

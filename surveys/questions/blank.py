"""One short text."""

from typing import ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer
from surveys.questions.base import Question


class Blank(Question):
    """填空题."""

    label: ClassVar[str] = "填空"
    icon: ClassVar[str] = "pencil"

    kind: Literal["blank"] = "blank"
    longest: int = Field(default=100, ge=1, le=500)

    def _complaint(self, answer: Answer) -> str:
        if "\n" in answer.t:
            return "只能填一行"
        return f"不能超过 {self.longest} 个字" if len(answer.t) > self.longest else ""

"""A text of several lines."""

from typing import ClassVar, Literal

from pydantic import Field

from surveys.answers import LONGEST_TEXT, Answer
from surveys.questions.base import Question


class LongText(Question):
    """问答题."""

    label: ClassVar[str] = "多行文字"
    icon: ClassVar[str] = "file-text"

    kind: Literal["long_text"] = "long_text"
    shortest: int = Field(default=0, ge=0, le=500)
    longest: int = Field(default=2000, ge=1, le=LONGEST_TEXT)

    def _complaint(self, answer: Answer) -> str:
        if len(answer.t) < self.shortest:
            return f"不能少于 {self.shortest} 个字"
        return f"不能超过 {self.longest} 个字" if len(answer.t) > self.longest else ""

"""A day."""

from datetime import date
from typing import Any, ClassVar, Literal

from surveys.answers import Answer, Shape
from surveys.questions.base import Posted, Question

FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)


class Day(Question):
    """日期题."""

    label: ClassVar[str] = "日期"
    icon: ClassVar[str] = "calendar"
    shape: ClassVar[Shape] = Shape.DAY

    kind: Literal["date"] = "date"

    def _complaint(self, answer: Answer) -> str:
        return "" if answer.d and FIRST <= answer.d <= LAST else "日期应在 1900 年至 2199 年之间"

    def said(self, answer: Answer) -> str:
        """ "2026-03-02"."""
        return answer.d.isoformat() if answer.d else ""

    def read(self, posted: Posted) -> Any:
        """As the browser's date field sends it."""
        return {"d": posted.one(self.name()) or None}

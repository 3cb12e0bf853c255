"""What the questions share whose answer is a whole number from a short row."""

from typing import Any

from surveys.answers import Answer
from surveys.questions.base import Posted, Question


class Rating(Question):
    """A question answered by a step of a row."""

    @property
    def steps(self) -> range:
        """The numbers of the row."""
        return range(1, 6)

    def _complaint(self, answer: Answer) -> str:
        first, last = self.steps[0], self.steps[-1]
        return "" if answer.n in map(str, self.steps) else f"应为 {first} 到 {last} 的整数"

    def said(self, answer: Answer) -> str:
        """ "4 / 5"."""
        return f"{answer.n} / {self.steps[-1]}" if answer.n else ""

    def read(self, posted: Posted) -> Any:
        """The step."""
        return {"n": posted.one(self.name())}

"""How strong a pain is, 0 to 10 (numeric rating scale), with faces beside the numbers."""

from typing import ClassVar, Literal

from surveys.answers import Answer, Shape
from surveys.questions.rating import Rating

# The usual cut-offs of the numeric rating scale in Chinese wards: 1–3, 4–6, 7–10.
MILD, MODERATE, SEVERE = 1, 4, 7


def degree(step: int) -> str:
    """The words of a step."""
    return "无痛" if step < MILD else "轻度" if step < MODERATE else "中度" if step < SEVERE else "重度"


class Pain(Rating):
    """疼痛评分题（NRS）."""

    label: ClassVar[str] = "疼痛评分"
    icon: ClassVar[str] = "mood-sad"
    shape: ClassVar[Shape] = Shape.NUMBER

    kind: Literal["pain"] = "pain"

    @property
    def steps(self) -> range:
        """0 to 10, always."""
        return range(11)

    def words(self, step: int) -> str:
        """ "中度"."""
        return degree(step)

    def said(self, answer: Answer) -> str:
        """ "4 分（中度）"."""
        return f"{answer.n} 分（{degree(int(answer.n))}）" if answer.n in map(str, self.steps) else answer.n

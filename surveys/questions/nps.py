"""How likely one would recommend, 0 to 10: promoters 9–10, detractors 0–6."""

from typing import ClassVar, Literal

from surveys.answers import Shape
from surveys.questions.rating import Rating


class Nps(Rating):
    """推荐度题（NPS）."""

    label: ClassVar[str] = "推荐度 NPS"
    icon: ClassVar[str] = "thumb-up"
    shape: ClassVar[Shape] = Shape.NUMBER

    kind: Literal["nps"] = "nps"

    @property
    def steps(self) -> range:
        """0 to 10, always."""
        return range(11)

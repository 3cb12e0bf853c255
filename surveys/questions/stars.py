"""Stars, three to ten."""

from typing import ClassVar, Literal

from pydantic import Field

from surveys.answers import Shape
from surveys.questions.rating import Rating


class Stars(Rating):
    """星级题."""

    label: ClassVar[str] = "星级"
    icon: ClassVar[str] = "star"
    shape: ClassVar[Shape] = Shape.NUMBER

    kind: Literal["stars"] = "stars"
    stars: int = Field(default=5, ge=3, le=10)

    @property
    def steps(self) -> range:
        """From one star on."""
        return range(1, self.stars + 1)

"""Where on the body: regions ticked on a picture of front and back, or in the list beside it."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape
from surveys.questions.base import Gap, Option, Posted, Question
from surveys.questions.body_regions import REGIONS, Region

_OPTIONS = {region.code: Option(code=region.code, label=region.label) for region in REGIONS}


class BodyMap(Question):
    """人体图题."""

    label: ClassVar[str] = "人体部位图"
    icon: ClassVar[str] = "user-heart"
    shape: ClassVar[Shape] = Shape.CODES

    kind: Literal["body_map"] = "body_map"
    sides: Literal["both", "front", "back"] = "both"
    most: int | None = Field(default=None, ge=1, le=50)

    @property
    def regions(self) -> tuple[Region, ...]:
        """What can be ticked."""
        return tuple(region for region in REGIONS if self.sides in {"both", region.side})

    @property
    def choices(self) -> tuple[Option, ...]:
        """The regions as options, so that logic may name them."""
        return tuple(_OPTIONS[region.code] for region in self.regions)

    def gaps(self) -> Iterator[Gap]:
        """Nothing but its title."""
        yield from super().gaps()

    def _complaint(self, answer: Answer) -> str:
        known = {region.code for region in self.regions}
        if set(answer.c) - known or answer.o:
            return "没有这个部位"
        if len(set(answer.c)) < len(answer.c):
            return "同一部位不能选两次"
        return f"最多选 {self.most} 处" if self.most and len(answer.c) > self.most else ""

    def said(self, answer: Answer) -> str:
        """ "左膝；腰部"."""
        return "；".join(_OPTIONS[code].label if code in _OPTIONS else code for code in answer.c)

    def read(self, posted: Posted) -> dict[str, list[str]]:
        """The ticked boxes of the list."""
        return {"c": posted.many(self.name())}

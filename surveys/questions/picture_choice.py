"""One or several of several pictures, each with words below it (which are also what a screen reader says)."""

from collections.abc import Iterator
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from surveys.answers import Answer, Shape
from surveys.questions.base import Gap, Option
from surveys.questions.choosing import Choosing


class PictureOption(Option):
    """An option with its picture (`surveys.pictures`)."""

    picture: UUID | None = None


TWO = (PictureOption(code="a", label="选项一"), PictureOption(code="b", label="选项二"))


class PictureChoice(Choosing):
    """图片选择题."""

    label: ClassVar[str] = "图片选择"
    icon: ClassVar[str] = "photo"
    shape: ClassVar[Shape] = Shape.CODES

    kind: Literal["picture_choice"] = "picture_choice"
    options: tuple[PictureOption, ...] = Field(default=TWO, max_length=30)
    most: int = Field(default=1, ge=1, le=30)

    def gaps(self) -> Iterator[Gap]:
        """Pictures for all, or for none while it is drafted; no more to choose than there are."""
        yield from super().gaps()
        some = any(option.picture for option in self.options)
        for at, option in enumerate(self.options):
            if some and option.picture is None:
                yield Gap(f"options.{at}", "还没有图片")
        if self.most > len(self.options):
            yield Gap("most", "最多选几项超过了选项数")

    def _complaint(self, answer: Answer) -> str:
        if said := super()._complaint(answer):
            return said
        return f"最多选 {self.most} 项" if len(answer.c) > self.most else ""

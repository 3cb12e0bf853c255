"""A picture between the questions; nothing is answered."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from surveys.answers import Answer, Shape, Words
from surveys.questions.base import Gap, Posted, Question


class Picture(Question):
    """图片展示. `text` says what is on it, for who cannot see it."""

    label: ClassVar[str] = "图片"
    icon: ClassVar[str] = "camera"
    shape: ClassVar[Shape] = Shape.NOTHING
    worded: ClassVar[tuple[str, ...]] = ("title", "hint", "text")

    kind: Literal["picture"] = "picture"
    picture: UUID | None = None
    text: Words = Field(default="", max_length=200)

    def gaps(self) -> Iterator[Gap]:
        """The picture, and what is on it."""
        yield from super().gaps()
        if self.picture is None:
            yield Gap("picture", "请上传图片")
        if not self.text:
            yield Gap("text", "请写明图片内容，供看不到图片的人了解")

    def lacking(self, answer: Answer) -> str:
        """Never anything."""
        del answer
        return ""

    def read(self, posted: Posted) -> Any:
        """Nothing."""
        del posted
        return {}

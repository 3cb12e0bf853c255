"""Pictures and documents; they are kept by `core.storage` before the answer names them."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape
from surveys.questions.base import Posted, Question


class Files(Question):
    """附件题."""

    label: ClassVar[str] = "附件上传"
    icon: ClassVar[str] = "paperclip"
    shape: ClassVar[Shape] = Shape.FILES

    kind: Literal["file"] = "file"
    most: int = Field(default=5, ge=1, le=20)

    def _complaint(self, answer: Answer) -> str:
        return f"最多 {self.most} 个文件" if len(answer.f) > self.most else ""

    def said(self, answer: Answer) -> str:
        """ "2 个文件"."""
        return f"{len(answer.f)} 个文件" if answer.f else ""

    def read(self, posted: Posted) -> Any:
        """Ids of files that were kept."""
        return {"f": posted.many(self.name())}

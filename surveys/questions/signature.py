"""A signature: drawn (kept as a picture), or without scripts a typed name with a tick."""

from typing import Any, ClassVar, Literal

from surveys.answers import Answer, Shape
from surveys.questions.base import Posted, Question

LONGEST_NAME = 50
DRAWN = "drawn"  # the data of the canvas come as a file under the question's own name
NAME, AGREED = "name", "agreed"


class Signature(Question):
    """签名题."""

    label: ClassVar[str] = "签名"
    icon: ClassVar[str] = "writing-sign"
    shape: ClassVar[Shape] = Shape.SIGNATURE
    private: ClassVar[bool] = True

    kind: Literal["signature"] = "signature"

    def lacking(self, answer: Answer) -> str:
        """A signature in either way."""
        return "" if answer.given else "请签名，或填写姓名并勾选“以此作为签名”"

    def _complaint(self, answer: Answer) -> str:
        if len(answer.f) > 1:
            return "只能有一个签名"
        return f"姓名不能超过 {LONGEST_NAME} 个字" if len(answer.t) > LONGEST_NAME or "\n" in answer.t else ""

    def said(self, answer: Answer) -> str:
        """That it was signed; the name only by its first character."""
        if answer.f:
            return "已手写签名"
        return f"{answer.t[:1]}{'*' * (len(answer.t) - 1)}（以姓名代签）" if answer.t else ""

    def read(self, posted: Posted) -> Any:
        """The id of the drawn picture, or a name that was ticked as a signature."""
        drawn = posted.many(self.name())[-1:]
        typed = posted.one(self.name(NAME)) if posted.one(self.name(AGREED)) else ""
        return {"f": drawn} if drawn else {"t": typed}

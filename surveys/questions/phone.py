"""A phone number: personal data, so it is kept encrypted and shown masked."""

from typing import ClassVar, Literal

from core.identity import mask_phone, normalise_phone
from surveys.answers import Answer
from surveys.questions.base import Question


class Phone(Question):
    """手机号题."""

    label: ClassVar[str] = "电话号码"
    icon: ClassVar[str] = "phone"
    private: ClassVar[bool] = True

    kind: Literal["phone"] = "phone"

    def _complaint(self, answer: Answer) -> str:
        return "" if normalise_phone(answer.t) else "不是有效的电话号码"

    def said(self, answer: Answer) -> str:
        """ "138****0001"."""
        return mask_phone(normalise_phone(answer.t) or answer.t) if answer.t else ""

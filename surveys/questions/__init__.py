"""The kinds of questions: a new one is one file here, one line below, and one macro of its name in
templates/components/questionnaire.html. The contract tests run over the register by themselves.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from surveys.questions.base import Question
from surveys.questions.blank import Blank
from surveys.questions.blanks import Blanks
from surveys.questions.body_map import BodyMap
from surveys.questions.day import Day
from surveys.questions.dropdown import Dropdown
from surveys.questions.files import Files
from surveys.questions.long_text import LongText
from surveys.questions.matrix import Matrix
from surveys.questions.multiple import Multiple
from surveys.questions.nps import Nps
from surveys.questions.number import Number
from surveys.questions.pain import Pain
from surveys.questions.paragraph import Paragraph
from surveys.questions.phone import Phone
from surveys.questions.picture import Picture
from surveys.questions.picture_choice import PictureChoice
from surveys.questions.ranking import Ranking
from surveys.questions.scale import Scale
from surveys.questions.signature import Signature
from surveys.questions.single import Single
from surveys.questions.stars import Stars

_KINDS: tuple[type[Question], ...] = (
    Single,
    Multiple,
    Dropdown,
    Stars,
    Scale,
    Nps,
    Blank,
    Blanks,
    Number,
    Day,
    LongText,
    Paragraph,
    Picture,
    PictureChoice,
    Files,
    Matrix,
    Ranking,
    Pain,
    BodyMap,
    Signature,
    Phone,
)
KINDS: Mapping[str, type[Question]] = MappingProxyType(
    {str(kind.model_fields["kind"].default): kind for kind in _KINDS}
)


def picked(raw: Any) -> Question:
    """The question that a piece of JSON describes.

    Raises:
        ValueError: no such kind; pydantic's own ValidationError (a ValueError) when its fields are wrong.
    """
    if isinstance(raw, Question):
        return raw
    kind = KINDS.get(str(raw.get("kind"))) if isinstance(raw, dict) else None
    if kind is None:
        raise ValueError("没有这种题型")
    return kind.model_validate(raw)

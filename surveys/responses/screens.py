"""Which questions stand together on a small screen: one to three, never across a page of the questionnaire. Pure.

static/js/filling.js cuts alike, by the weights the page tells it; so a page without scripts and one with them agree.
"""

from collections.abc import Sequence

from surveys.answers import Shape
from surveys.definition import Definition
from surveys.questions.base import Question

FULL = 3
BROAD = (
    4  # options or rows from which a question needs a screen of its own, together with one short neighbour
)
Screen = tuple[str, ...]


def weight(item: Question) -> int:
    """How much of a screen a question takes: 0 for words, 1 to 3."""
    if item.shape is Shape.NOTHING:
        return 0
    if item.shape in {Shape.GRID, Shape.FILES} or item.kind in {
        "long_text",
        "ranking",
        "body_map",
        "signature",
    }:
        return FULL
    if item.shape is Shape.BLANKS:
        return 2 if len(item.parts) <= 2 else FULL
    if item.kind == "dropdown":
        return 1
    return 2 if len(item.choices) > BROAD else 1


def screens(definition: Definition, path: Sequence[str]) -> list[Screen]:
    """The screens of what is shown (`surveys.checking.path`), in order; words go with what follows them."""
    shown = set(path)
    found: list[Screen] = []
    for page in definition.pages:
        here: list[str] = []
        taken = 0
        for item in page.items:
            if item.code not in shown:
                continue
            heavy = weight(item)
            if here and taken and (taken + heavy > FULL or not heavy):
                found.append(tuple(here))
                here, taken = [], 0
            here.append(item.code)
            taken += heavy
        if here:
            found.append(tuple(here))
    return found


def at(found: Sequence[Screen], code: str) -> int:
    """The number of the screen on which a question stands; the first when it stands on none."""
    return next((number for number, screen in enumerate(found) if code in screen), 0)


def after(definition: Definition, found: Sequence[Screen], code: str) -> int:
    """The number of the first screen with something behind a question; one past the last at the end.

    It may be the very screen of that question, when its answer has called for more.
    """
    order = {item.code: place for place, item in enumerate(definition.questions)}
    place = order.get(code, -1)
    return next(
        (number for number, screen in enumerate(found) if any(order[one] > place for one in screen)),
        len(found),
    )

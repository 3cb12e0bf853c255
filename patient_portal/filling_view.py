"""A questionnaire as a patient's page: which screen, which language, what the script is told. Judges and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from markupsafe import Markup

from core import clock
from core.errors import Fault
from patient_portal.words import Language, said
from surveys import sheet as sheets
from surveys.answers import Shape
from surveys.checking import path
from surveys.logic import Value
from surveys.questionnaires.queries import Version
from surveys.responses.keys import key_of
from surveys.responses.screens import Screen, at, screens, weight
from surveys.sheet import Line

CHECK = "请检查这一题的答案"
LIVELY = frozenset({"ranking", "body_map", "signature"})  # kinds that do more with scripts of their own


@dataclass(frozen=True, slots=True)
class Filling:
    """A response in the hands of whoever fills it in: new (nothing is stored yet) or going on."""

    id: UUID
    version: Version
    answers: Mapping[str, Any]
    times: Mapping[str, int]
    facts: Mapping[str, Value]
    begun: bool
    address: str  # of the page, without the prefix


@dataclass(frozen=True, slots=True)
class View:
    """What the template draws. `lines` are all questions; only those of the present screen are shown without scripts."""

    title: str
    intro: Markup | str
    lines: tuple[Line, ...]
    runtime: dict[str, Any]
    seen: str
    place: int
    screens: int
    share: int
    first: bool
    last: bool
    faults: tuple[tuple[str, str, str], ...]  # id of the question on the page, its title, the reason
    kinds: bool
    setting: dict[str, Any]


def worded(fault: Fault, language: Language) -> str:
    """The reason in the reader's language; one that is not translated says at least which question it is."""
    if language is Language.CHINESE:
        return fault.reason
    text = said(fault.reason, language)
    return text if text != fault.reason else said(CHECK, language)


def steps(filling: Filling) -> list[Screen]:
    """The screens of what is shown now."""
    definition = filling.version.definition
    return screens(definition, path(definition, filling.version.conditions, filling.answers, filling.facts))


def view(
    filling: Filling, language: Language, *, where: str = "", faults: Sequence[Fault] = (), store: bool = True
) -> View:
    """The page.

    Args:
        filling: the response.
        language: of the reader.
        where: a question of the screen that is shown; with faults, the first of them decides.
        faults: of `check_answers`.
        store: whether the browser may keep answers that could not be sent.
    """
    definition = filling.version.spoken(language)
    told = [fault.model_copy(update={"reason": worded(fault, language)}) for fault in faults]
    drawn = sheets.sheet(definition, filling.version.conditions, filling.answers, told, filling.facts)
    found = steps(filling)
    first_fault = next((fault.field.removeprefix("q.") for fault in faults), "")
    place = at(found, first_fault or where)
    here = set(found[place]) if found else set()
    lines = tuple(
        replace(line, shown=line.question.code in here) for page in drawn.pages for line in page.lines
    )
    titles = {line.question.name(): line.question.title for line in lines}
    return View(
        drawn.title,
        drawn.intro if place == 0 else "",
        lines,
        drawn.runtime,
        " ".join(code for screen in found[place : place + 1] for code in screen),
        place,
        len(found),
        round(100 * place / len(found)) if found else 0,
        place == 0,
        place >= len(found) - 1,
        tuple(
            (f"q-{fault.field.removeprefix('q.')}", titles.get(fault.field, ""), fault.reason)
            for fault in told
        ),
        any(line.question.kind in LIVELY or isinstance(line.question.title, Markup) for line in lines),
        {
            "id": str(filling.id),
            "key": key_of(filling.id),
            "begun": filling.begun,
            "store": store,
            "now": int(clock.now().timestamp() * 1000),
            "times": dict(filling.times),
            "weights": {item.code: weight(item) for item in definition.questions},
            "pages": [[item.code for item in page.items] for page in definition.pages],
            "asks": [item.code for item in definition.questions if item.shape is not Shape.NOTHING],
        },
    )

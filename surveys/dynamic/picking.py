"""A frame and the steps of a visit → the definition for that visit. Values in, values out.

Questions of a step the visit did not have are left out; where several departments served in a step, its questions are
asked once for each ("lab", "lab.2" …), and so counted for each.
"""

import re
from collections.abc import Mapping

from surveys.definition import Definition, Page
from surveys.logic import Asked, Node, Op
from surveys.piping import PLACEHOLDER
from surveys.questions.base import END, Jump, Question
from surveys.scoring_rules import ScoreRule

MOST_UNITS = 3  # departments asked about in one step: more would tire a patient


def has_steps(definition: Definition) -> bool:
    """Whether the definition is a frame."""
    return any(item.step for item in definition.questions)


def picked(frame: Definition, steps: Mapping[str, int]) -> Definition:
    """The definition for a visit.

    Args:
        frame: as published.
        steps: step → how many departments served in it; steps the visit did not have are not named.
    """
    pages = []
    copies: dict[str, list[str]] = {}
    for page in frame.pages:
        items: list[Question] = []
        for number in range(1, MOST_UNITS + 1):
            for item in page.items:
                if number == 1 and (not item.step or steps.get(item.step, 0) >= 1):
                    items.append(item)
                    copies[item.code] = [item.code]
                elif number > 1 and item.step and number <= min(steps.get(item.step, 0), MOST_UNITS):
                    again = _again(item, number, frame)
                    items.append(again)
                    copies[item.code].append(again.code)
        if items:
            pages.append(Page(title=page.title, items=tuple(items)))
    kept = {item.code for page in pages for item in page.items}
    mended = tuple(
        page.model_copy(update={"items": tuple(_mended(item, kept) for item in page.items)}) for page in pages
    )
    scores = tuple(rule for old in frame.scores if (rule := _scored(old, copies)) is not None)
    return Definition(
        title=frame.title,
        intro=frame.intro,
        pages=mended or (Page(),),
        scores=scores,
        languages={
            language: _spoken(words, frame, mended, copies) for language, words in frame.languages.items()
        },
    )


def copy_code(code: str, number: int) -> str:
    """What a question is called when it is asked about the second, third … department of its step."""
    return f"{code[: 40 - len(str(number)) - 1]}_{number}"


def _again(item: Question, number: int, frame: Definition) -> Question:
    """The question for the second, third … department; what it asks of its own step, it asks of the same department."""
    same = _same(item, number, frame)
    worded = {name: _about(getattr(item, name), item, number, same) for name in item.worded}
    return item.model_copy(
        update={
            **worded,
            "code": copy_code(item.code, number),
            "step": f"{item.step}.{number}",
            "show_if": _renamed(item.show_if, same) if item.show_if is not None else None,
            "jumps": tuple(
                Jump(when=_renamed(jump.when, same), to=same.get(jump.to, jump.to)) for jump in item.jumps
            ),
        }
    )


def _same(item: Question, number: int, frame: Definition) -> dict[str, str]:
    """The questions of the same step, by the names they have for that department."""
    return {other.code: copy_code(other.code, number) for other in frame.questions if other.step == item.step}


def _about(text: str, item: Question, number: int, same: Mapping[str, str]) -> str:
    """A text with its placeholders turned to that department."""

    def turned(found: re.Match[str]) -> str:
        if found[1] == "q":
            return f"{{q:{same.get(found[2], found[2])}}}"
        return f"{{f:unit.{item.step}.{number}}}" if found[2] == f"unit.{item.step}" else found[0]

    return PLACEHOLDER.sub(turned, text)


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    match node:
        case Op():
            return Op(op=node.op, args=tuple(_renamed(part, names) for part in node.args))
        case Asked():
            return Asked(q=names.get(node.q, node.q), part=node.part)
        case _:
            return node


def _mended(item: Question, kept: set[str]) -> Question:
    """Without jumps to what is left out: a jump to a question that is not there would leave nothing out."""
    jumps = tuple(jump for jump in item.jumps if jump.to == END or jump.to in kept)
    return item if jumps == item.jumps else item.model_copy(update={"jumps": jumps})


def _scored(rule: ScoreRule, copies: Mapping[str, list[str]]) -> ScoreRule | None:
    """The rule over what is asked; None when nothing of it is."""
    questions, weights = [], {}
    for name in rule.questions:
        code, dot, part = name.partition(".")
        for copy in copies.get(code, ()):
            questions.append(f"{copy}{dot}{part}")
            if name in rule.weights:
                weights[f"{copy}{dot}{part}"] = rule.weights[name]
    if not questions:
        return None
    least = min(rule.min_answered, len(questions))
    return rule.model_copy(update={"questions": tuple(questions), "weights": weights, "min_answered": least})


def _spoken(
    words: Mapping[str, str], frame: Definition, pages: tuple[Page, ...], copies: Mapping[str, list[str]]
) -> dict[str, str]:
    """The translations of what is asked; pages by their new numbers."""
    told: dict[str, str] = {}
    titles = {page.title: at for at, page in enumerate(pages, start=1)}
    for place, text in words.items():
        kind, _, rest = place.partition(":")
        if kind == "q":
            code, _, inner = rest.partition(".")
            for number, copy in enumerate(copies.get(code, ()), start=1):
                item = frame.by_code[code]
                same = _same(item, number, frame)
                about = text if number == 1 else _about(text, item, number, same)
                told[f"q:{copy}.{inner}"] = about
        elif place.startswith("page."):
            number = int(place.removeprefix("page.")) if place.removeprefix("page.").isdigit() else 0
            title = frame.pages[number - 1].title if 0 < number <= len(frame.pages) else ""
            if title in titles:
                told[f"page.{titles[title]}"] = text
        else:
            told[place] = text
    return told

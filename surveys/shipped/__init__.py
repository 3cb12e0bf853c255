"""Questionnaires we ship to begin with: read from the files beside this one, copied into drafts, never answered as such.

The dimensions are those of the national surveys (`surveys.dimensions`); every question is in words of our own.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import NotFound
from surveys.definition import Definition
from surveys.questionnaires.kinds import Kind
from surveys.shipped.building import built

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Template:
    """Something to begin with."""

    key: str
    kind: Kind
    title: str
    about: str
    questions: int


@lru_cache(maxsize=1)
def templates() -> tuple[Template, ...]:
    """All of them, by kind."""
    found = [
        Template(key, kind, definition.title, about, sum(bool(item.title) for item in definition.questions))
        for key, (kind, about, definition) in _all().items()
    ]
    return tuple(sorted(found, key=lambda one: (list(Kind).index(one.kind), one.key)))


def definition(key: str) -> tuple[Kind, Definition]:
    """The kind and the definition of a template.

    Raises:
        NotFound: no such template.
    """
    if key not in _all():
        raise NotFound("没有这个模板")
    kind, _, found = _all()[key]
    return kind, found


@lru_cache(maxsize=1)
def _all() -> dict[str, tuple[Kind, str, Definition]]:
    return {file.stem: built(file) for file in sorted(FOLDER.glob("*.toml"))}

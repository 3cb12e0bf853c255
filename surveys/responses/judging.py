"""What the server needs of a version at each save and each completion, worked out once: codes, personal ones, points.

Pure: of a version; reads nothing.
"""

from collections import OrderedDict
from dataclasses import dataclass

from surveys.questionnaires.queries import Version
from surveys.questions.base import Question
from surveys.scoring import Rule, compiled

MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A version, taken apart."""

    version: Version
    items: dict[str, Question]
    private: frozenset[str]
    rules: tuple[Rule, ...]


_kept: OrderedDict[tuple[int, str], Known] = OrderedDict()


def known(version: Version) -> Known:
    """A version taken apart; from memory when this process has done it before."""
    key = (version.id, version.sha256)
    if (kept := _kept.get(key)) is not None and kept.version is version:
        return kept
    items = {item.code: item for item in version.definition.questions}
    found = Known(
        version,
        items,
        frozenset(item.code for item in items.values() if item.private),
        tuple(compiled(rule, items) for rule in version.definition.scores),
    )
    _kept[key] = found
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return found

"""What the server needs of a version at each save and each completion, worked out once: codes, personal ones, points.

And which version somebody is asked: that of the questionnaire, or the one put together for their visit.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from surveys.checking import Judge
from surveys.dynamic.assembling import put_together
from surveys.dynamic.picking import has_steps
from surveys.dynamic.queries import units_of
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.queries import Version
from surveys.questions.base import Question
from surveys.scoring import Rule, compiled

MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A version, taken apart."""

    version: Version
    judge: Judge
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
        Judge(version.definition, version.conditions),
        items,
        frozenset(item.code for item in items.values() if item.private),
        tuple(compiled(rule, items) for rule in version.definition.scores),
    )
    _kept[key] = found
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return found


async def version_for(questionnaire_id: int, visit_id: int | None) -> Version:
    """The version that is answered now; of a questionnaire by steps of care the one for this visit.

    Raises:
        NotFound, Refused: as `open_version`.
    """
    found = await questionnaires.open_version(questionnaire_id)
    if visit_id is not None and has_steps(found.definition):
        return await put_together(visit_id, questionnaire_id)
    return found


async def serving(about: Known, visit_id: int | None) -> Mapping[str, int]:
    """Question → department that served, where a rule asks for it."""
    if visit_id is None or not any(rule.rule.by_unit for rule in about.rules):
        return {}
    return await units_of(visit_id, about.version)

"""The steps that every source's cases have beside their own life: joined as one matter, merged, split.

Joining is for every case in any state. Merging is for those that end in a reply: a petition ends in a written
opinion to each petitioner of its own (《信访工作条例》 Art. 32) and can be joined only. Decides nothing by itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType

from core.actor import Permission
from tickets.sources.base import Source
from tickets.states import CaseState, CaseVerb, Step

BEFORE_REPLY = (CaseState.RECEIVED, CaseState.ACCEPTED, CaseState.IN_PROGRESS)


def replies(table: Mapping[tuple[StrEnum, StrEnum], Step]) -> bool:
    """Whether cases of this table end in a reply that is approved."""
    step = table.get((CaseState.UNDER_REVIEW, CaseVerb.APPROVE))
    return step is not None and step.to is CaseState.REPLIED


def with_matter_steps(source: Source) -> Source:
    """The source with these steps added to its table."""
    table = dict(source.table)
    states = {state for state, _ in source.table} | {step.to for step in source.table.values()}
    handling = (Permission.CASE_HANDLE,)
    for state in sorted(states):
        table[state, CaseVerb.JOIN] = table[state, CaseVerb.LEAVE] = Step(state, handling)
    if replies(source.table):
        for state in BEFORE_REPLY:
            table[state, CaseVerb.MERGE] = table[state, CaseVerb.SPLIT] = Step(state, handling)
            table[state, CaseVerb.REPLY_WITH] = Step(CaseState.REPLIED, (Permission.CASE_REVIEW,))
    return replace(source, table=MappingProxyType(table))

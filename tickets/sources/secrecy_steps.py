"""The steps that every source's cases have beside their own life: made secret, and made open again.

A 检举控告 may be recognised at any time, also in a case that was closed long ago (《信访工作条例》 Art. 30). Decides
nothing by itself.
"""

from dataclasses import replace
from types import MappingProxyType

from core.actor import Permission
from tickets.sources.base import Source
from tickets.states import CaseVerb, Step


def with_secrecy_steps(source: Source) -> Source:
    """The source with these steps added to its table; its state stays."""
    table = dict(source.table)
    states = {state for state, _ in source.table} | {step.to for step in source.table.values()}
    for state in sorted(states):
        table[state, CaseVerb.MAKE_SECRET] = Step(state, (Permission.CASE_HANDLE, Permission.CASE_SECRET))
        table[state, CaseVerb.LIFT_SECRET] = Step(state, (Permission.CASE_SECRET,))
    return replace(source, table=MappingProxyType(table))

"""The matter a case belongs to: what it is merged into or what into it, the other voices, and what is proposed."""

from collections.abc import Mapping
from typing import Any

from console.case_panels.base import Panel
from core.actor import Actor, Permission
from tickets.matters import queries, voices
from tickets.queries import secrecy
from tickets.queries.case_views import Seen
from tickets.sources.matter_steps import BEFORE_REPLY
from tickets.states import CaseState


async def load(seen: Seen, by: Actor) -> Mapping[str, Any] | None:
    """What the template draws; a department reads only where its work goes on."""
    case = seen.case
    if not seen.whole or (not seen.inside and case.merged_into is None):
        return None
    main_seen = case.merged_into is not None and case.merged_into in await secrecy.visible(
        [case.merged_into], by
    )
    ids = [each for each in await queries.members(case.matter_id) if each != case.id and seen.inside]
    others = await voices.voices(ids, by)
    return {
        "main_seen": main_seen,
        "inside": seen.inside,
        "below": [voice for voice in others if voice.case.merged_into == case.id],
        "others": [voice for voice in others if voice.case.merged_into != case.id],
        "proposals": await voices.proposals(seen, by) if seen.inside else [],
        "may": seen.inside and by.can(Permission.CASE_HANDLE),
        "may_take": case.merged_into is None and case.state in (*BEFORE_REPLY, CaseState.UNDER_REVIEW),
    }


MATTER = Panel("matter", "console/matters/panel.html", load)

"""The feedback part of a case's page: what was registered, classes and risks, records, rectification, disputes."""

from collections.abc import Mapping
from typing import Any

from console.case_panels.base import Panel
from core.actions import Action
from core.actor import Actor
from tickets.feedback import queries
from tickets.forms import queries as forms
from tickets.queries import choices
from tickets.queries.case_views import Seen
from tickets.states import CaseVerb

OFFERED = (
    CaseVerb.SETTLE,
    CaseVerb.PASS_ON,
    CaseVerb.NOTE_HANDLING,
    CaseVerb.CLASSIFY,
    CaseVerb.FLAG_RISK,
    CaseVerb.STUDY_TOGETHER,
    CaseVerb.PLAN_RECTIFICATION,
    CaseVerb.FINISH_RECTIFICATION,
    CaseVerb.VERIFY_RECTIFICATION,
    CaseVerb.TELL_DUTIES,
    CaseVerb.RECORD_ROUTE,
    CaseVerb.JUDGE,
)
MEASURES = {"open": ("整改中", "doing"), "done": ("待验证", "review"), "verified": ("已验证", "done")}


async def load(seen: Seen, by: Actor) -> Mapping[str, Any] | None:
    """What the template draws; None for a case of another source, or one this person reads the tickets of only."""
    sheet = await queries.sheet(seen, by)
    if sheet is None:
        return None
    open_to = {entry.verb: entry for entry in await choices.of_case(seen.case, by)}
    wanted = _useful(sheet)
    acts: list[Action] = [open_to[verb] for verb in OFFERED if verb in open_to and wanted.get(verb, True)]
    answers = await forms.told(seen.case.id) if sheet.inside else []
    return {"sheet": sheet, "acts": acts, "measures": MEASURES, "answers": answers}


def _useful(sheet: queries.Sheet) -> dict[CaseVerb, bool]:
    """Verbs that can do nothing now, marked False."""
    states = {measure.state for measure in sheet.measures}
    return {
        CaseVerb.FINISH_RECTIFICATION: "open" in states,
        CaseVerb.VERIFY_RECTIFICATION: "done" in states,
        CaseVerb.STUDY_TOGETHER: not sheet.study_reason,
    }


FEEDBACK = Panel("feedback", "console/feedback/panel.html", load)

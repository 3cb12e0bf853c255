"""The petition's part of a case page: who petitions, the route, opinions, documents to make, deliveries, the file."""

from collections.abc import Mapping
from typing import Any

from console.case_panels.base import Panel
from core import clock
from core.actor import Actor, Permission
from tickets.petitions import documents, queries
from tickets.petitions.words import STAGES, Retention
from tickets.queries import secrecy
from tickets.queries.case_views import Seen
from tickets.states import CaseState
from tickets.word.variables import Kind


async def load(seen: Seen, by: Actor) -> Mapping[str, Any] | None:
    """What the template draws; None for other cases, and for whoever sees a department's part only."""
    case = seen.case
    if not seen.inside or not secrecy.whole(case, by):
        return None
    petition = await queries.of(case)
    if petition is None:
        return None
    makes = by.can(Permission.CASE_HANDLE) or by.can(Permission.CASE_REVIEW)
    made = await queries.documents_made(case)
    archived = case.state is CaseState.ARCHIVED
    possible = [] if archived or not makes else await documents.makeable(case, petition)
    return {
        "petition": petition,
        "received_on": clock.local(petition.received_at).date(),
        "form": queries.form_label(petition),
        "route": queries.route_label(petition),
        "people": await queries.people(case),
        "opinions": await queries.opinions(case),
        "stages": STAGES,
        "deliveries": await queries.deliveries(case),
        "todo": [kind for kind in possible if kind not in made and kind is not Kind.PETITION_CATALOGUE],
        "again": [kind for kind in possible if kind in made],
        "disposal": await queries.disposal(case),
        "kept_until": queries.kept_until(case, petition),
        "for_ever": petition.retention == Retention.FOR_EVER,
    }


PETITION = Panel("petition", "console/petitions/panel.html", load)

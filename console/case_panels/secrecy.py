"""Panel of a secret case: who is kept from it, or, for who sees a ticket of it only, what they have to heed."""

from collections.abc import Mapping
from typing import Any

from console.case_panels.base import Panel
from core.actor import Actor
from staff import queries as staff
from tickets.queries.case_views import Seen


async def load(seen: Seen, by: Actor) -> Mapping[str, Any] | None:  # noqa: ARG001 - every panel is told who looks
    """Units and people, for whoever reads the case whole; None when it is not secret."""
    case = seen.case
    if not case.secret:
        return None
    if not seen.whole:
        return {"whole": False}
    tree = await staff.tree()
    people = await staff.people(case.barred_staff_ids)
    return {
        "whole": True,
        "units": [tree.label(unit) for unit in case.barred_unit_ids],
        "people": [f"{people[number].name}（{people[number].number}）" for number in case.barred_staff_ids],
    }


SECRECY = Panel("secrecy", "console/case_panels/secrecy.html", load, veiled_too=True)

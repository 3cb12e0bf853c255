"""Panel of a request about personal data: who asks, what waits for a second person, packages, corrections, what is gone."""

from collections.abc import Mapping
from typing import Any

from console.case_panels.base import Panel
from core.actor import Actor, Permission
from tickets.privacy import checks, correcting, erasing, packing, requests
from tickets.privacy.words import KIND, Right
from tickets.queries.case_views import Seen


async def load(seen: Seen, by: Actor) -> Mapping[str, Any] | None:
    """What the template draws; None for other cases, and for whoever sees a department's part only."""
    case = seen.case
    if case.appeal_type != KIND or not seen.inside:
        return None
    request = await requests.of(case.id)
    rights = request.open if request else frozenset()
    may = by.can(Permission.PRIVACY_HANDLE) and case.state not in requests.DONE
    lines = await checks.of(case.id)
    waiting = next((line for line in lines if line.open), None)
    packages = await packing.of(case.id) if request else []
    busy = waiting is not None or any(
        one.state == "running" or (one.here and not one.fetched) for one in packages
    )
    decides = (
        waiting is not None
        and checks.may_agree(by)
        and case.state not in requests.DONE
        and by.staff_id not in await checks.concerned(case.id, waiting)
    )
    return {
        "request": request,
        "may": may,
        "may_fetch": by.can(Permission.PRIVACY_HANDLE),
        "may_pack": may and not busy and not rights.isdisjoint({Right.READ, Right.COPY}),
        "may_correct": may and Right.CORRECT in rights,
        "may_erase": may and waiting is None and not rights.isdisjoint({Right.ERASE, Right.RESTRICT}),
        "may_refuse": may and waiting is None and bool(rights),
        "waiting": waiting,
        "decides": decides,
        "decided": [line for line in lines if line.step in ("agreed", "refused")],
        "refusals": await requests.refusals(case.id) if request else [],
        "packages": packages,
        "corrections": await correcting.of(case.id) if request else [],
        "erasures": await erasing.of(case.id) if request else [],
        "blocked": bool(request and await erasing.blocked(request.patient_id)),
    }


PRIVACY = Panel("privacy", "console/privacy/panel.html", load)

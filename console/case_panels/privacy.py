"""Panel of a request about personal data: the identity check, packages, corrections, what was deleted and what stays."""

from collections.abc import Mapping
from typing import Any

from console.case_panels.base import Panel
from core.actor import Actor, Permission
from tickets.privacy import correcting, erasing, packing, requests
from tickets.privacy.words import KIND, Right
from tickets.queries.case_views import Seen


async def load(seen: Seen, by: Actor) -> Mapping[str, Any] | None:
    """What the template draws; None for other cases, and for whoever sees a department's part only."""
    case = seen.case
    if case.appeal_type != KIND or not seen.inside:
        return None
    request = await requests.of(case.id)
    rights = frozenset(request.rights) if request else frozenset()
    may = by.can(Permission.PRIVACY_HANDLE) and case.state not in requests.DONE
    return {
        "request": request,
        "may": may,
        "may_fetch": by.can(Permission.PRIVACY_HANDLE),
        "may_pack": may and not rights.isdisjoint({Right.READ, Right.COPY}),
        "may_correct": may and Right.CORRECT in rights,
        "may_erase": may and not rights.isdisjoint({Right.ERASE, Right.RESTRICT}),
        "packages": await packing.of(case.id) if request else [],
        "corrections": await correcting.of(case.id) if request else [],
        "erasures": await erasing.of(case.id) if request else [],
        "blocked": bool(request and await erasing.blocked(request.patient_id)),
    }


PRIVACY = Panel("privacy", "console/privacy/panel.html", load)

"""What was typed into a page without scripts: texts by field, and faults as the page shows them."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from core.errors import Fault, HuiyinError, TooMany
from patient_portal import guarding
from patient_portal.entering import From
from staff.login import captcha
from staff.login.captcha import Asked

LONGEST = 200_000  # beyond what any field takes, so that what is too long is told and not cut


async def typed(request: web.Request) -> dict[str, str]:
    """The texts of a form by field, the last of each, without blanks around them."""
    data = await request.post()
    return {
        name: value.replace("\0", "").strip()[:LONGEST]
        for name, value in data.items()
        if isinstance(value, str)
    }


def faults(error: HuiyinError | None) -> dict[str, str]:
    """Field → reason, for beside the fields."""
    return {fault.field: fault.reason for fault in error.details} if error else {}


def told(error: HuiyinError | None, fields: Sequence[Fault] = ()) -> dict[str, Any]:
    """What `parts.html` needs of an error: the sentence and the faults."""
    return {"error": error, "faults": {**faults(error), **{one.field: one.reason for one in fields}}}


async def captcha_for(come: From) -> Asked | None:
    """The captcha of the next try, None when none is needed or very many were asked for: its check then refuses."""
    try:
        return await captcha.ask(come.address) if await guarding.captcha_needed(come.device) else None
    except TooMany:
        return None

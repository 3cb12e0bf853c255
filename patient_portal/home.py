"""The start page of a patient: what waits, one's feedback, one's visits, one's account. Decides nothing.

What waits comes from `WAITING`; a package that has something for patients adds a source in patient_portal/routes.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from core import clock
from patient_portal import feedback_rows
from patient_portal.page import show
from patient_portal.visitor import Visitor, present
from patients import bindings
from surveys import asks

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Waits:
    """Something that waits for the person: `note` says until when or how far."""

    title: str
    note: str
    path: str
    icon: str = "forms"
    begun: bool = False


Source = Callable[[Visitor], Awaitable[list[Waits]]]


async def questionnaires(visitor: Visitor) -> list[Waits]:
    """Questionnaires of whom one acts for."""
    found = await asks.waiting(*await bindings.records_of(visitor.patient()))
    return [
        Waits(
            one.title,
            f"{clock.local(one.until):%Y-%m-%d} 前" if one.until else "",
            f"/p/ask/{one.ask_id}",
            "clipboard-list",
            one.begun,
        )
        for one in found
    ]


WAITING: list[Source] = [questionnaires]


async def waiting(visitor: Visitor) -> list[Waits]:
    """All that waits for whom one acts for."""
    if visitor.patient_id is None:
        return []
    return [one for source in WAITING for one in await source(visitor)]


@routes.get("/p/")
async def page(request: web.Request) -> web.Response:
    """The start page; for a stranger, the ways in and what needs no log-in."""
    visitor = present(request)
    if visitor is None:
        return await show(request, "portal/start.html")
    return await show(
        request,
        "portal/home.html",
        waits=await waiting(visitor),
        mine=(await feedback_rows.of(visitor, limit=3)),
        bound=await bindings.of_account(visitor.account_id) if visitor.account_id else [],
    )

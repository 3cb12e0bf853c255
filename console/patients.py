"""Patients: the quick search, and what stands hidden in a file shown for a reason. The file itself: `patient_file`."""

from datetime import date

from aiohttp import web

from console import why
from console.case_page import wanted
from console.page import number, permit, show
from core.actor import Permission
from patients import actions, profile_timeline, queries
from patients.queries import Search
from patients.rows import VisitRow

routes = web.RouteTableDef()
WHY = "查看完整信息"


@routes.get("/patients")
async def search(request: web.Request) -> web.Response:
    """Visits in reach by what was typed: a name's beginning, a number, a phone, an ID number."""
    actor = permit(request, Permission.PATIENT_READ)
    words = request.query.get("q", "").strip()[:60]
    after = _after(request.query.get("after", ""))
    found = await queries.search(Search(text=words, after=after), actor) if words else None
    return await show(
        request,
        "console/patients/search.html",
        words=words,
        may_keep="/" in actor.scope(Permission.PATIENT_MAINTAIN),
        found=found,
        people=_people(found.rows) if found else [],
        doings=profile_timeline.quick_actions(actor),
        next=f"{found.next[0].isoformat()}_{found.next[1]}" if found and found.next else "",
    )


def _after(text: str) -> tuple[date, int] | None:
    """Where the page before ended, "2026-11-02_17"; None when it is not so."""
    day, _, row = text.partition("_")
    try:
        return (date.fromisoformat(day), number(row) or 0) if row else None
    except ValueError:
        return None


def _people(rows: tuple[VisitRow, ...]) -> list[tuple[VisitRow, list[VisitRow]]]:
    """The visits by patient, in the order they were found."""
    found: dict[int, list[VisitRow]] = {}
    for row in rows:
        found.setdefault(row.patient_id, []).append(row)
    return [(visits[0], visits) for visits in found.values()]


@routes.get("/patients/{id:\\d+}/reveal")
async def asked_why(request: web.Request) -> web.Response:
    """The drawer that asks for the reason first."""
    permit(request, Permission.PATIENT_REVEAL)
    return await why.ask(request, WHY)


@routes.post("/patients/{id:\\d+}/reveal")
async def shown(request: web.Request) -> web.Response:
    """Phone, ID number and address in full; written to the audit log with the reason."""
    actor = permit(request, Permission.PATIENT_REVEAL)
    reason = await why.answered(request, WHY)
    if isinstance(reason, web.Response):
        return reason
    values = await actions.reveal(wanted(request), reason, by=actor)
    return await show(request, "console/patients/revealed.html", values=values)

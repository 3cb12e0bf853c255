"""Documents of a case: made in the drawer, read and printed on a page of their own, downloaded as .docx."""

import asyncio

from aiohttp import web
from markupsafe import Markup

from console import forms
from console.case_page import done, wanted
from console.page import permit, show
from core import audit, exports, storage
from core.actor import Actor, Permission
from core.downloads import attachment
from core.errors import Invalid
from staff import queries as staff
from tickets import reporting
from tickets.matters.quoting import quotable
from tickets.models import Case
from tickets.petitions import documents
from tickets.petitions import queries as petitions
from tickets.queries import case_page, case_reports
from tickets.reporting import ReportForm
from tickets.states import CaseState, TicketState
from tickets.word.preview import to_html
from tickets.word.variables import Kind
from tickets.word.watermark import marked

routes = web.RouteTableDef()


@routes.get("/cases/{id:\\d+}/report")
async def choosing(request: web.Request) -> web.Response:
    """The drawer in which a document is chosen."""
    actor = permit(request, Permission.CASE_HANDLE, Permission.CASE_REVIEW)
    seen = await case_page.open_case(wanted(request), actor)
    quoted = [
        str(ticket.id)
        for ticket in seen.tickets
        if ticket.round == seen.case.round and ticket.state is not TicketState.WITHDRAWN
    ]
    kind = request.query.get("kind", "event_report")
    return await _drawer(request, actor, {"kind": kind, "tickets": quoted})


async def _drawer(
    request: web.Request, actor: Actor, values: dict[str, object], error: Invalid | None = None
) -> web.Response:
    seen, tree = await case_page.open_case(wanted(request), actor), await staff.tree()
    own = [
        (str(ticket.id), f"#{ticket.id} {tree.label(ticket.unit_id)}（第 {ticket.round} 轮，{ticket.label}）")
        for ticket in reversed(seen.tickets)
    ]
    others = [
        (
            str(ticket.id),
            f"#{ticket.id} {tree.label(ticket.unit_id)}（同一事项 {owner.number}，{ticket.label}）",
        )
        for owner, ticket in await quotable(seen.case, actor)
        if owner.id != seen.case.id
    ]
    tickets = [*own, *others]
    return await show(
        request,
        "console/cases/report_new.html",
        status=error.status if error else 200,
        case=seen.case,
        controls=[
            control
            for control in forms.controls(
                ReportForm,
                values,
                error.details if error else (),
                {"tickets": tickets, "kind": await _kinds(seen.case)},
            )
            if control.name != "tickets" or tickets
        ],
    )


async def _kinds(case: Case) -> list[tuple[str, str]]:
    """The documents that could be made of this case now."""
    petition = await petitions.of(case)
    kinds = [kind for kind in Kind if not kind.source]
    if petition is not None:
        # An archived file changes no more; its table of contents may be made with the archive number on it.
        able = await documents.makeable(case, petition)
        archived = case.state is CaseState.ARCHIVED
        kinds = [Kind.PETITION_CATALOGUE] if archived else [*able, Kind.EVENT_REPORT, Kind.HANDLING_FORM]
    return [(kind.value, kind.label) for kind in kinds]


@routes.post("/cases/{id:\\d+}/report")
async def making(request: web.Request) -> web.Response:
    """Make it; the page then lists it with its number."""
    actor = permit(request, Permission.CASE_HANDLE, Permission.CASE_REVIEW)
    given = await forms.posted(request, ReportForm)
    try:
        made = await reporting.make(wanted(request), forms.parse(ReportForm, given), by=actor)
    except Invalid as error:
        return await _drawer(request, actor, given, error)
    line, _ = await case_reports.report(made, actor)
    return await done(request, wanted(request), f"已生成{line.number}")


@routes.get("/reports/{id:\\d+}")
async def reading(request: web.Request) -> web.Response:
    """The document in the browser, laid out for paper."""
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    line, seen = await case_reports.report(wanted(request), actor)
    if line.whole:
        await audit.record(actor, "case.report_read", "case", line.case_id, report=line.id)
    data = await storage.read(await storage.find(line.file_id))
    html = await asyncio.to_thread(to_html, data)
    return await show(
        request,
        "console/cases/report.html",
        report=line,
        case=seen.case,
        html=Markup(html),  # noqa: S704 - to_html lets nothing through but a list of plain elements
    )


@routes.get("/reports/{id:\\d+}/file")
async def downloading(request: web.Request) -> web.Response:
    """The document as Word; taking it out is written to the audit log."""
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    line, _ = await case_reports.report(wanted(request), actor)
    file = await storage.find(line.file_id)
    data = await asyncio.to_thread(
        marked,
        await storage.read(file),
        f"{exports.mark(actor)} · {line.number}",
        file.mime,
        on_paper=line.kind.source != "petition",
    )
    await audit.record(actor, "case.report_download", "case", line.case_id, report=line.id)
    await exports.log(
        actor,
        exports.Kind.CASE_DOCUMENT,
        f"{line.kind.label} {line.number}",
        data,
        rows=1,
        whole=line.whole,
        case_id=line.case_id,
    )
    return attachment(file.name, data, file.mime)

"""Handling reports and annual reports: made in the drawer, read on a page of their own, printed, downloaded as Word."""

import asyncio

from aiohttp import hdrs, web
from markupsafe import Markup

from console import forms
from console.case_page import wanted
from console.page import go, permit, show
from console.statistics_page import PAGE, asked_of
from core import storage
from core.actor import Permission
from core.errors import Invalid
from im.web import disposition
from reports import documents
from reports.documents import KINDS, DocumentForm
from reports.period import Span
from tickets.word.preview import to_html
from tickets.word.variables import Kind

routes = web.RouteTableDef()
REPORTS = f"{PAGE}/reports"


@routes.get(REPORTS)
async def listed(request: web.Request) -> web.Response:
    """One's own reports."""
    actor = permit(request, Permission.REPORT_READ)
    return await show(request, "console/statistics/reports.html", made=await documents.mine(by=actor))


@routes.get(f"{REPORTS}/new")
async def choosing(request: web.Request) -> web.Response:
    """The drawer in which a report of the period on the page is asked for."""
    permit(request, Permission.REPORT_READ)
    asked, _ = await asked_of(request)
    kind = Kind.STATISTICS_ANNUAL if asked.span is Span.YEAR else Kind.STATISTICS_REPORT
    return await _drawer(request, {"kind": kind.value})


async def _drawer(
    request: web.Request, given: dict[str, object], error: Invalid | None = None
) -> web.Response:
    asked, _ = await asked_of(request)
    return await show(
        request,
        "console/statistics/report_new.html",
        status=error.status if error else 200,
        asked=asked,
        controls=forms.controls(
            DocumentForm,
            given,
            error.details if error else (),
            {"kind": [(kind.value, kind.label) for kind in KINDS]},
        ),
    )


@routes.post(f"{REPORTS}/new")
async def making(request: web.Request) -> web.Response:
    """Make it and show it."""
    actor = permit(request, Permission.REPORT_READ)
    asked, _ = await asked_of(request)
    given = await forms.posted(request, DocumentForm)
    try:
        made = await documents.make(asked, forms.parse(DocumentForm, given), by=actor)
    except Invalid as error:
        return await _drawer(request, given, error)
    return go(request, f"{REPORTS}/{made}")


@routes.get(REPORTS + "/{id:\\d+}")
async def reading(request: web.Request) -> web.Response:
    """The report in the browser, laid out for paper."""
    actor = permit(request, Permission.REPORT_READ)
    made, file = await documents.one(wanted(request), by=actor)
    html = await asyncio.to_thread(to_html, await storage.read(file))
    return await show(
        request,
        "console/statistics/report.html",
        made=made,
        html=Markup(html),  # noqa: S704 - to_html lets nothing through but a list of plain elements
    )


@routes.get(REPORTS + "/{id:\\d+}/file")
async def downloading(request: web.Request) -> web.Response:
    """The report as Word."""
    actor = permit(request, Permission.REPORT_READ)
    _, file, data = await documents.download(wanted(request), by=actor)
    return web.Response(
        body=data,
        content_type=file.mime,
        headers={
            hdrs.CONTENT_DISPOSITION: disposition(file.name, in_place=False),
            hdrs.CACHE_CONTROL: "private, no-store",
        },
    )

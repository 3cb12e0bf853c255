"""Analysis reports of questionnaires: made in the drawer, read on a page of their own, printed, downloaded as Word."""

import asyncio

from aiohttp import hdrs, web
from markupsafe import Markup

from console import forms
from console.case_page import wanted
from console.page import go, permit, show
from console.survey_statistics import PAGE, asked_of
from core import storage
from core.actor import Permission
from core.errors import Invalid
from im.web import disposition
from reports import survey_reports
from reports.survey_reports import SurveyReportForm
from surveys.statistics import choosing
from tickets.word.preview import to_html

routes = web.RouteTableDef()
REPORTS = f"{PAGE}/reports"


@routes.get(REPORTS)
async def listed(request: web.Request) -> web.Response:
    """One's own reports."""
    actor = permit(request, Permission.SURVEY_READ)
    return await show(
        request, "console/survey_statistics/reports.html", made=await survey_reports.mine(by=actor)
    )


@routes.get(f"{REPORTS}/new")
async def asked_for(request: web.Request) -> web.Response:
    """The drawer in which a report of what the page shows is asked for."""
    permit(request, Permission.SURVEY_READ)
    return await _drawer(request, {})


async def _drawer(
    request: web.Request, given: dict[str, object], error: Invalid | None = None
) -> web.Response:
    actor = permit(request, Permission.SURVEY_READ)
    asked, _, _ = await asked_of(request, actor)
    await choosing.permitted(asked.questionnaire or 0, actor)
    return await show(
        request,
        "console/survey_statistics/report_new.html",
        status=error.status if error else 200,
        asked=asked,
        controls=forms.controls(SurveyReportForm, given, error.details if error else ()),
    )


@routes.post(f"{REPORTS}/new")
async def making(request: web.Request) -> web.Response:
    """Make it and show it."""
    actor = permit(request, Permission.SURVEY_READ)
    asked, _, _ = await asked_of(request, actor)
    given = await forms.posted(request, SurveyReportForm)
    try:
        made = await survey_reports.make(asked, forms.parse(SurveyReportForm, given), by=actor)
    except Invalid as error:
        return await _drawer(request, given, error)
    return go(request, f"{REPORTS}/{made}")


@routes.get(REPORTS + "/{id:\\d+}")
async def reading(request: web.Request) -> web.Response:
    """The report in the browser, laid out for paper; its charts are in the Word file alone."""
    actor = permit(request, Permission.SURVEY_READ)
    made, file = await survey_reports.one(wanted(request), by=actor)
    html = await asyncio.to_thread(to_html, await storage.read(file))
    return await show(
        request,
        "console/survey_statistics/report.html",
        made=made,
        html=Markup(html),  # noqa: S704 - to_html lets nothing through but a list of plain elements
    )


@routes.get(REPORTS + "/{id:\\d+}/file")
async def downloading(request: web.Request) -> web.Response:
    """The report as Word."""
    actor = permit(request, Permission.SURVEY_READ)
    file, data = await survey_reports.download(wanted(request), by=actor)
    return web.Response(
        body=data,
        content_type=file.mime,
        headers={
            hdrs.CONTENT_DISPOSITION: disposition(file.name, in_place=False),
            hdrs.CACHE_CONTROL: "private, no-store",
        },
    )

"""Handling reports and annual reports: made in the drawer, read on a page of their own, printed, downloaded as Word."""

from aiohttp import web

from console import forms, kept_reports
from console.kept_reports import Place
from console.page import go, permit, show
from console.statistics_page import PAGE, asked_of
from core.actor import Permission
from core.errors import Invalid
from reports import documents
from reports.documents import KINDS, DocumentForm
from reports.period import Span
from tickets.word.variables import Kind

routes = web.RouteTableDef()
REPORTS = f"{PAGE}/reports"
PLACE = Place(
    documents.SHELF,
    REPORTS,
    "统计报告",
    "办理情况报告与年度投诉分析报告；只有生成人可以查看和下载。",
    "报告",
    ("统计", PAGE),
    "在统计页选好期间，点击“生成报告”。",
    "预览仅供阅读和打印核对，正式文本以下载的 Word 文件为准。",
)


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


kept_reports.add_pages(routes, PLACE)

"""Analysis reports of questionnaires: made in the drawer, read on a page of their own, printed, downloaded as Word."""

from aiohttp import web

from console import forms, kept_reports
from console.kept_reports import Place
from console.page import go, permit, show
from console.survey_statistics import PAGE, asked_of
from core.actor import Permission
from core.errors import Invalid
from reports import survey_reports
from reports.survey_reports import SurveyReportForm
from surveys.statistics import choosing

routes = web.RouteTableDef()
REPORTS = f"{PAGE}/reports"
PLACE = Place(
    survey_reports.SHELF,
    REPORTS,
    "问卷分析报告",
    "只有生成人可以查看和下载。",
    "问卷",
    ("问卷统计", PAGE),
    "在问卷统计页选好问卷和期间，点击“生成分析报告”。",
    "预览不含图表，仅供阅读核对；正式文本和图表以下载的 Word 文件为准。",
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


kept_reports.add_pages(routes, PLACE)

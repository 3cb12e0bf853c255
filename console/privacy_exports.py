"""Sheets with names and phones in full: asked for with recipient and purpose, agreed to by another person. Writes none."""

from urllib.parse import parse_qsl
from uuid import UUID

from aiohttp import web

from console import forms
from console.page import go, permit, show
from core.actor import Permission
from core.errors import Invalid, NotFound, Refused
from staff import queries as staff
from tickets import export_approval, exporting
from tickets.export_approval import DecisionForm, WholeForm
from tickets.queries.case_filter import CaseFilter, read

routes = web.RouteTableDef()
PAGE = "/cases/exports"


async def _wanted(request: web.Request) -> CaseFilter:
    units = {unit.id for unit in (await staff.tree()).units}
    return read(parse_qsl(request.query_string), units)[0]


async def _drawer(
    request: web.Request, given: dict[str, object] | None = None, error: Invalid | Refused | None = None
) -> web.Response:
    wanted = await _wanted(request)
    return await show(
        request,
        "console/privacy/whole.html",
        status=error.status if error else 200,
        query_text=wanted.query(),
        which=await exporting.in_words(wanted),
        controls=forms.controls(WholeForm, given, error.details if error else ()),
        error=error.message if error and not error.details else "",
    )


@routes.get(f"{PAGE}/whole")
async def asking(request: web.Request) -> web.Response:
    """The drawer: for whom, and why masked ones will not do."""
    permit(request, Permission.EXPORT_WHOLE)
    return await _drawer(request)


@routes.post(f"{PAGE}/whole")
async def asked(request: web.Request) -> web.Response:
    """Have it wait for another person's word."""
    actor = permit(request, Permission.EXPORT_WHOLE)
    given = await forms.posted(request, WholeForm)
    try:
        whole = forms.parse(WholeForm, given).whole()
        number = await exporting.ask(await _wanted(request), by=actor, whole=whole)
    except (Invalid, Refused) as error:
        return await _drawer(request, given, error)
    return go(request, f"{PAGE}/{number}", "已提交，等待审批")


@routes.get(f"{PAGE}/waiting")
async def waiting(request: web.Request) -> web.Response:
    """What waits for a word."""
    actor = permit(request, Permission.EXPORT_APPROVE)
    return await show(request, "console/privacy/waiting.html", wishes=await export_approval.waiting(by=actor))


@routes.post(f"{PAGE}/{{id}}/decide")
async def decided(request: web.Request) -> web.Response:
    """Agree or refuse."""
    actor = permit(request, Permission.EXPORT_APPROVE)
    form = forms.parse(DecisionForm, await forms.posted(request, DecisionForm))
    try:
        number = UUID(request.match_info["id"])
    except ValueError:
        raise NotFound from None
    await export_approval.decide(number, form, by=actor)
    said = "已同意，表格开始生成，由申请人下载" if form.agreed else "已退回"
    return go(request, f"{PAGE}/waiting", said)

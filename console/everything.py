"""Everything the hospital owns, taken out: asked for, agreed to, watched. Writes nothing itself."""

from aiohttp import web

from console import forms
from console.page import go, number, permit, show
from core import everything_acts
from core.actor import Permission
from core.errors import Invalid, NotFound, Refused
from core.everything_acts import AskForm, WordForm

routes = web.RouteTableDef()
PAGE = "/operate/everything"


@routes.get(PAGE)
async def page(request: web.Request) -> web.Response:
    """What was asked for, and what waits for a word."""
    actor = permit(request, Permission.DATA_EXPORT, Permission.EXPORT_APPROVE)
    place = everything_acts.place()
    return await show(
        request,
        "console/everything.html",
        rows=await everything_acts.listed(actor),
        place=place,
        may_ask=actor.can(Permission.DATA_EXPORT),
        may_agree=actor.can(Permission.EXPORT_APPROVE, "/"),
    )


@routes.get(f"{PAGE}/new")
async def asking(request: web.Request) -> web.Response:
    """The drawer that asks what for."""
    permit(request, Permission.DATA_EXPORT)
    return await _drawer(request)


async def _drawer(
    request: web.Request, given: dict[str, str] | None = None, error: Invalid | Refused | None = None
) -> web.Response:
    return await show(
        request,
        "console/patients/do.html",
        status=error.status if error else 200,
        title="申请导出全部数据",
        note="由另一人同意后开始写入服务器上的文件夹",
        path=f"{PAGE}/new",
        error=error,
        controls=forms.controls(AskForm, given, error.details if error else ()),
    )


@routes.post(f"{PAGE}/new")
async def asked(request: web.Request) -> web.Response:
    """Have it wait for another person's word."""
    actor = permit(request, Permission.DATA_EXPORT)
    given = await forms.posted(request, AskForm)
    try:
        await everything_acts.ask(forms.parse(AskForm, given), by=actor)
    except (Invalid, Refused) as error:
        return await _drawer(request, given, error)
    return go(request, PAGE, "已提交，等待他人审批")


@routes.post(f"{PAGE}/{{id:\\d+}}/decide")
async def decided(request: web.Request) -> web.Response:
    """Agree or refuse."""
    actor = permit(request, Permission.EXPORT_APPROVE)
    form = forms.parse(WordForm, await forms.posted(request, WordForm))
    wanted = number(request.match_info["id"])
    if wanted is None:
        raise NotFound("这份申请已处理，或不存在")
    await everything_acts.decide(wanted, form, by=actor)
    return go(request, PAGE, "已同意，开始写入" if form.agreed else "已退回")

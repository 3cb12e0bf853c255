"""The texts patients agree to: every version with how many agreed, and the drawer for a new one. `patients.agreements` decides."""

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from console import forms
from console.page import go, permit, show
from core.actions import Form
from core.actor import Permission
from core.errors import Invalid, NotFound
from patients import agreements
from patients.agreements import KINDS, LONGEST, LONGEST_TITLE, SHORTEST, Kind, Words

routes = web.RouteTableDef()
PAGE = "/settings/terms"
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TITLE)]
Body = Annotated[str, StringConstraints(strip_whitespace=True, min_length=SHORTEST, max_length=LONGEST)]


class TermsForm(Form):
    """A new version."""

    title: Title = Field(title="标题", json_schema_extra={"widget": "line"})
    body: Body = Field(
        title="正文",
        description="写明处理什么信息、为了什么、保存多久、有哪些权利、怎样撤回（《个人信息保护法》第十七条）",
        json_schema_extra={"widget": "text"},
    )
    title_en: Title = Field(title="英文标题", json_schema_extra={"widget": "line"})
    body_en: Body = Field(
        title="英文正文",
        description="与中文逐条对应；选择英文的患者看到的是这一份",
        json_schema_extra={"widget": "text"},
    )


@routes.get(PAGE)
async def texts(request: web.Request) -> web.Response:
    """Every text, the version in force whole, the earlier ones folded."""
    actor = permit(request, Permission.PARAMETER_MANAGE)
    found = await agreements.versions(actor)
    return await show(
        request,
        "console/terms/list.html",
        texts=[(kind, *KINDS[kind], found[kind]) for kind in Kind],
    )


def _kind(request: web.Request) -> Kind:
    try:
        return Kind(request.match_info["kind"])
    except ValueError:
        raise NotFound from None


@routes.get(PAGE + "/{kind}")
async def editing(request: web.Request) -> web.Response:
    """The drawer, filled with the version in force."""
    permit(request, Permission.PARAMETER_MANAGE)
    now = await agreements.terms(_kind(request))
    return await _drawer(request, {name: getattr(now, name) for name in TermsForm.model_fields})


async def _drawer(
    request: web.Request, given: dict[str, object], error: Invalid | None = None
) -> web.Response:
    kind = _kind(request)
    return await show(
        request,
        "console/terms/edit.html",
        status=error.status if error else 200,
        label=KINDS[kind][0],
        note=KINDS[kind][1],
        path=f"{PAGE}/{kind}",
        message=error.message if error and not error.details else "",
        controls=forms.controls(TermsForm, given, error.details if error else ()),
    )


@routes.post(PAGE + "/{kind}")
async def published(request: web.Request) -> web.Response:
    """Put the new version in force."""
    actor = permit(request, Permission.PARAMETER_MANAGE)
    kind = _kind(request)
    given = await forms.posted(request, TermsForm)
    try:
        form = forms.parse(TermsForm, given)
        words = Words(form.title, form.body, form.title_en, form.body_en)
        version = await agreements.publish(kind, words, by=actor)
    except Invalid as error:
        return await _drawer(request, given, error)
    return go(request, PAGE, f"《{KINDS[kind][0]}》第 {version} 版已发布")

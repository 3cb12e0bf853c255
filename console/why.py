"""The drawer that asks why hidden values are to be shown; what is then shown, and to whom, its pages decide."""

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import show
from core import looking
from core.actions import Form
from core.errors import Invalid


class WhyForm(Form):
    """Why hidden values are to be shown."""

    reason: str = Field(
        title="查看原因",
        description="不少于 6 个字，例如：电话核实诉求。谁在何时查看了谁、为什么，都写入审计日志",
        min_length=looking.SHORTEST,
        max_length=looking.LONGEST,
        json_schema_extra={"widget": "line"},
    )


async def ask(
    request: web.Request, title: str, given: dict[str, str] | None = None, error: Invalid | None = None
) -> web.Response:
    """The drawer; it posts to the address at which it was asked for."""
    return await show(
        request,
        "console/why.html",
        status=error.status if error else 200,
        title=title,
        controls=forms.controls(WhyForm, given or {}, error.details if error else ()),
    )


async def answered(request: web.Request, title: str) -> str | web.Response:
    """The reason that was given, or the drawer again with what is wrong with it."""
    given = await forms.posted(request, WhyForm)
    try:
        return looking.reason_of(forms.parse(WhyForm, given).reason)
    except Invalid as error:
        return await ask(request, title, given, error)

"""岗位确认: guarded posts that wait for a second person; confirm, or return with the reason."""

from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, permit, show
from console.staff_people import KEEP
from core.actions import Form
from core.errors import Invalid
from staff import confirming
from staff.confirming import Asked

routes = web.RouteTableDef()
PAGE = "/settings/confirmations"


class ReturnForm(Form):
    """Why a post is not given."""

    reason: str = Field(
        title="退回原因",
        description="提出人会看到",
        min_length=2,
        max_length=200,
        json_schema_extra={"widget": "text"},
    )


@routes.get(PAGE)
async def page(request: web.Request) -> web.Response:
    """What waits, and what was decided last."""
    actor = permit(request, KEEP)
    return await show(
        request,
        "console/people/confirmations.html",
        waiting=await confirming.waiting(by=actor),
        decided=await confirming.decided(by=actor),
        me=actor.staff_id,
    )


def _id(request: web.Request) -> int:
    return number(request.match_info["id"]) or 0


@routes.post(PAGE + "/{id:\\d+}/confirm")
async def confirmed(request: web.Request) -> web.Response:
    """Give the post on the word of this second person."""
    actor = permit(request, KEEP)
    asked = await confirming.confirm(_id(request), by=actor)
    return go(request, PAGE, f"已确认 {asked.name} 的“{asked.label}”岗位")


@routes.get(PAGE + "/{id:\\d+}/return")
async def returning(request: web.Request) -> web.Response:
    """The drawer that asks for the reason."""
    actor = permit(request, KEEP)
    return await _drawer(request, await confirming.one(_id(request), by=actor), {})


async def _drawer(
    request: web.Request, asked: Asked, given: dict[str, Any], error: Invalid | None = None
) -> web.Response:
    return await show(
        request,
        "console/people/drawer.html",
        status=error.status if error else 200,
        heading="退回岗位申请",
        note=f"{asked.name}（{asked.number}） {asked.label} · {asked.unit}",
        path=f"{PAGE}/{asked.id}/return",
        controls=forms.controls(ReturnForm, given, error.details if error else ()),
        button="退回",
        explained="",
        danger=True,
    )


@routes.post(PAGE + "/{id:\\d+}/return")
async def returned(request: web.Request) -> web.Response:
    """Do not give it."""
    actor = permit(request, KEEP)
    asked = await confirming.one(_id(request), by=actor)
    given = await forms.posted(request, ReturnForm)
    try:
        done = await confirming.give_back(asked.id, forms.parse(ReturnForm, given).reason, by=actor)
    except Invalid as error:
        return await _drawer(request, asked, given, error)
    return go(request, PAGE, f"{asked.name} 的“{asked.label}”岗位申请{done.stands}")

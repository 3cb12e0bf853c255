"""Handing over one's own open work, before a leave or a change of post; somebody else's is console/staff_doing.py's."""

from typing import Any

from aiohttp import web

from console import forms
from console.account import PAGE
from console.page import go, permit, show
from console.staff_people import HandForm
from core.actor import Actor
from core.errors import Forbidden, Invalid
from staff import handing
from tickets import handing_over

routes = web.RouteTableDef()
PATH = PAGE + "/hand-over"


def _me(request: web.Request) -> tuple[Actor, int]:
    actor = permit(request)
    if actor.staff_id is None:
        raise Forbidden
    return actor, actor.staff_id


@routes.get(PATH)
async def drawer(request: web.Request) -> web.Response:
    """The drawer: what is open, to whom, why."""
    return await _drawer(request, {})


async def _drawer(request: web.Request, given: dict[str, Any], error: Invalid | None = None) -> web.Response:
    _, staff_id = _me(request)
    work = await handing_over.open_of(staff_id)
    return await show(
        request,
        "console/people/drawer.html",
        status=error.status if error else 200,
        controls=forms.controls(HandForm, given, error.details if error else (), {}),
        heading="交接我的未了事项",
        note=f"{len(work.tickets)} 件工单、{len(work.cases)} 件诉求、{work.rooms} 个群",
        path=PATH,
        button="全部交给接收人",
        explained="接收人无权办理的工单会退回科室待办，不会悬空。交接后您不再是承办人，仍可按岗位查看。",
        danger=False,
    )


@routes.post(PATH)
async def hand(request: web.Request) -> web.Response:
    """Give it."""
    actor, staff_id = _me(request)
    given = await forms.posted(request, HandForm)
    try:
        form = forms.parse(HandForm, given)
        await handing.hand_over(staff_id, form.to_id, form.reason, by=actor)
    except Invalid as error:
        return await _drawer(request, given, error)
    return go(request, PAGE, "交接已提交，几秒内完成")

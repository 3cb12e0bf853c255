"""What is done on the card 登录 of a person's page to how they sign in, each with its reason."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, permit, show
from console.staff_people import KEEP, PAGE
from core.actions import Form
from core.actor import Actor
from core.errors import Invalid, NotFound
from core.settings import settings
from staff import actions, people, people_found, securing
from staff.login import certificate_binding
from staff.people_found import Line

routes = web.RouteTableDef()


class TouchForm(Form):
    """Why somebody else's log-in is touched."""

    reason: str = Field(
        title="原因",
        description="例如：本人当面说明手机遗失，已核对工作证",
        min_length=securing.LEAST,
        max_length=200,
    )


@dataclass(frozen=True, slots=True)
class Touch:
    """Something done to a log-in: its words, and what does it; the sentence afterwards."""

    heading: str
    explained: str
    do: Callable[[int, str, Actor], Awaitable[str]]
    danger: bool = False


async def _unlock(staff_id: int, reason: str, by: Actor) -> str:
    await securing.unlock(staff_id, reason, by=by)
    return "已解除锁定"


async def _unbind(staff_id: int, reason: str, by: Actor) -> str:
    await actions.unbind_wecom(staff_id, by=by, reason=securing.why(reason))
    return "企业微信已解除绑定"


async def _second(staff_id: int, reason: str, by: Actor) -> str:
    await securing.reset_second(staff_id, reason, by=by)
    return "两步验证已重置，下次登录重新设置"


async def _sessions(staff_id: int, reason: str, by: Actor) -> str:
    return f"已结束 {await people.end_sessions(staff_id, reason, by=by)} 处登录"


async def _release(staff_id: int, reason: str, by: Actor) -> str:
    await securing.release(staff_id, reason, by=by)
    return "已解除冻结，原密码作废，请设置一次性密码"


TOUCHES = {
    "unlock": Touch("解除锁定", "请先核实是本人输错，而不是有人在猜密码。", _unlock),
    "unbind": Touch("解除企业微信绑定", "解除后工单和提醒不再发到这个企业微信。", _unbind, danger=True),
    "second": Touch("重置两步验证", "请先核实是本人。重置后所有登录退出，下次登录重新设置。", _second, danger=True),
    "sessions": Touch("结束全部登录", "此人在所有设备上都要重新登录。", _sessions, danger=True),
    "release": Touch(
        "解除冻结",
        "本人报告过“不是我”。请当面核实身份，并检查下面绑定的企业微信和证书是不是本人的；解除后原密码作废。",
        _release,
        danger=True,
    ),
}  # fmt: skip


async def _line(request: web.Request) -> tuple[Actor, Line]:
    actor = permit(request, KEEP)
    return actor, await people_found.one(number(request.match_info["id"]) or 0, by=actor)


async def _drawer(
    request: web.Request, line: Line, touch: Touch, given: dict[str, Any], error: Invalid | None = None
) -> web.Response:
    return await show(
        request,
        "console/people/drawer.html",
        status=error.status if error else 200,
        heading=touch.heading,
        note=f"{line.name}（{line.number}）",
        path=request.path.removeprefix(settings().path_prefix),
        controls=forms.controls(TouchForm, given, error.details if error else (), {}),
        button=touch.heading,
        explained=touch.explained,
        danger=touch.danger,
    )


async def _done(request: web.Request, line: Line, touch: Touch, actor: Actor) -> web.Response:
    given = await forms.posted(request, TouchForm)
    try:
        reason = forms.parse(TouchForm, given).reason
        said = await touch.do(line.id, reason, actor)
    except Invalid as error:
        return await _drawer(request, line, touch, given, error)
    return go(request, f"{PAGE}/{line.id}", said)


@routes.get(PAGE + "/{id:\\d+}/{act:unlock|unbind|second|sessions|release}")
async def asked(request: web.Request) -> web.Response:
    """The drawer that asks for the reason."""
    _, line = await _line(request)
    return await _drawer(request, line, TOUCHES[request.match_info["act"]], {})


@routes.post(PAGE + "/{id:\\d+}/{act:unlock|unbind|second|sessions|release}")
async def done(request: web.Request) -> web.Response:
    """Do it."""
    actor, line = await _line(request)
    return await _done(request, line, TOUCHES[request.match_info["act"]], actor)


def _untie(certificate: int) -> Touch:
    async def do(staff_id: int, reason: str, by: Actor) -> str:
        await certificate_binding.unbind(staff_id, certificate, by=by, reason=securing.why(reason))
        return "证书已解除绑定"

    return Touch("解除证书绑定", "解除后不能再用这张证书登录。", do, danger=True)


@routes.get(PAGE + "/{id:\\d+}/certificates/{certificate:\\d+}/unbind")
async def certificate_asked(request: web.Request) -> web.Response:
    """The drawer that asks why a certificate is untied."""
    _, line = await _line(request)
    return await _drawer(request, line, _untie(_certificate(request)), {})


@routes.post(PAGE + "/{id:\\d+}/certificates/{certificate:\\d+}/unbind")
async def certificate_done(request: web.Request) -> web.Response:
    """Untie it: the phone is lost, or the person has left."""
    actor, line = await _line(request)
    return await _done(request, line, _untie(_certificate(request)), actor)


def _certificate(request: web.Request) -> int:
    wanted = number(request.match_info["certificate"])
    if wanted is None:
        raise NotFound
    return wanted


@routes.get(PAGE + "/{id:\\d+}/sessions/{session:[0-9a-f]{24}}")
async def session_asked(request: web.Request) -> web.Response:
    """The drawer that asks why one log-in is ended."""
    _, line = await _line(request)
    return await _drawer(request, line, _ending(request.match_info["session"]), {})


@routes.post(PAGE + "/{id:\\d+}/sessions/{session:[0-9a-f]{24}}")
async def session_done(request: web.Request) -> web.Response:
    """End it."""
    actor, line = await _line(request)
    return await _done(request, line, _ending(request.match_info["session"]), actor)


def _ending(session: str) -> Touch:
    async def do(staff_id: int, reason: str, by: Actor) -> str:
        await people.end_sessions(staff_id, reason, session, by=by)
        return "已结束这处登录"

    return Touch("结束这处登录", "此人在这台设备上要重新登录。", do)

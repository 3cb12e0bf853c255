"""System parameters: what each is, where its rule comes from, who changed it last; edited one at a time."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from console.page import go, permit, show
from core import db, parameters
from core.actor import Permission
from core.errors import Invalid, NotFound
from core.parameters import Parameter

routes = web.RouteTableDef()

AREAS = {  # the first word of a parameter's name, as the page calls that part of the product
    "session": "登录与会话",
    "login": "登录与会话",
    "channels": "消息发送",
    "im": "群聊",
    "chat": "群聊",
    "bot": "企业微信机器人",
    "intake": "数据接入",
    "auditor": "时限审计",
}
OTHER = "案件与工单"


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter with its value in force, as text, and its last change."""

    parameter: Parameter
    value: str
    changed_by: str = ""
    changed_at: datetime | None = None

    @property
    def limits(self) -> str:
        """What may be entered."""
        if self.parameter.kind is bool:
            return "是 / 否"
        if self.parameter.kind is str:
            return "文字"
        low, high = self.parameter.low, self.parameter.high
        if low is None and high is None:
            return "整数"
        return f"{'不限' if low is None else low} — {'不限' if high is None else high}"


def text(value: int | str | bool) -> str:
    """A value as the table keeps it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def rows() -> dict[str, list[Row]]:
    """All parameters by the part of the product they belong to, in the order of their declaration."""
    kept = {
        row["name"]: row
        for row in await db.fetch("select name, value, changed_by, changed_at from parameter")
    }
    found: dict[str, list[Row]] = {}
    for name, parameter in parameters.REGISTER.items():
        row = kept.get(name)
        area = AREAS.get(name.split(".")[0], OTHER)
        found.setdefault(area, []).append(
            Row(parameter, row["value"], row["changed_by"], row["changed_at"])
            if row
            else Row(parameter, text(parameter.default))
        )
    return found


def _named(request: web.Request) -> Parameter:
    parameter = parameters.REGISTER.get(request.match_info["name"])
    if parameter is None:
        raise NotFound("没有这个参数")
    return parameter


@routes.get("/settings/parameters")
async def listed(request: web.Request) -> web.Response:
    """Every parameter."""
    permit(request, Permission.PARAMETER_MANAGE)
    return await show(request, "console/parameters.html", areas=await rows())


@routes.get("/settings/parameters/{name}")
async def editing(request: web.Request) -> web.Response:
    """The drawer in which one is changed."""
    permit(request, Permission.PARAMETER_MANAGE)
    parameter = _named(request)
    value = text(await parameters.value(parameter))
    row = next(row for area in (await rows()).values() for row in area if row.parameter is parameter)
    return await show(request, "console/parameter.html", row=row, value=value, fault="")


@routes.post("/settings/parameters/{name}")
async def changed(request: web.Request) -> web.Response:
    """Change one; a value that does not fit is told beside the control."""
    actor = permit(request, Permission.PARAMETER_MANAGE)
    parameter = _named(request)
    data = await request.post()
    value = text(parameter.default) if "default" in data else str(data.get("value", "")).strip()
    try:
        await parameters.change(parameter.name, value, by=actor)
    except Invalid as error:
        row = next(row for area in (await rows()).values() for row in area if row.parameter is parameter)
        reason = error.details[0].reason if error.details else error.message
        return await show(
            request, "console/parameter.html", status=error.status, row=row, value=value, fault=reason
        )
    return go(request, "/settings/parameters", f"已保存：{parameter.label}")

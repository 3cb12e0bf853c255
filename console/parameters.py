"""System parameters: what each is, where its rule comes from, who changed it last; edited one at a time, with its history."""

from dataclasses import dataclass

from aiohttp import web

from console.page import go, permit, show
from core import db, parameters
from core.actor import Permission
from core.errors import Invalid, NotFound
from core.parameters import Change, Parameter, text_of

routes = web.RouteTableDef()
PATH = "/settings/parameters"

AREAS = {  # the first word of a parameter's name, as the page calls that part of the product
    "session": "登录与会话",
    "login": "登录与会话",
    "password": "登录与会话",
    "audit": "审计日志",
    "consent": "个人信息保护",
    "privacy": "个人信息保护",
    "rotation": "个人信息保护",
    "auditor": "时限审计",
    "feeds": "数据接入",
    "channels": "消息发送",
    "im": "群聊",
    "chat": "群聊",
    "bot": "企业微信机器人",
    "intake": "数据接入",
    "statistics": "统计",
    "report": "文书",
    "feedback": "投诉与反馈",
    "limit": "访问限制",
    "keys": "个人信息保护",
    "look": "个人信息保护",
    "patient": "个人信息保护",
    "posts": "登录与会话",
    "portal": "患者端",
    "kiosk": "患者端",
    "survey": "问卷",
}
OTHER = "诉求与工单"
KEEPERS = (Permission.PARAMETER_MANAGE, Permission.SAFETY_MANAGE)


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter with its value in force, as text, and its last change."""

    parameter: Parameter
    value: str
    own: bool
    last: Change | None

    @property
    def worded(self) -> str:
        """The value in words."""
        return self.parameter.worded(self.value)

    @property
    def unfit(self) -> bool:
        """Whether the kept value does not fit any more, so that the default holds."""
        try:
            self.parameter.parse(self.value)
        except Invalid:
            return True
        return False

    @property
    def default(self) -> str:
        """The default in words."""
        return self.parameter.worded(text_of(self.parameter.default))

    @property
    def source(self) -> str:
        """Where the rule comes from, without addresses; the whole stands in the drawer."""
        return " ".join(word for word in self.parameter.source.split() if not word.startswith("http"))

    @property
    def limits(self) -> str:
        """What may be entered."""
        if self.parameter.kind is bool:
            return "是 / 否"
        if self.parameter.choices:
            return "选项"
        if self.parameter.kind is str:
            return "文字"
        low, high = self.parameter.low, self.parameter.high
        if low is None and high is None:
            return "整数"
        return f"{'不限' if low is None else low} — {'不限' if high is None else high}"

    @property
    def options(self) -> list[tuple[str, str]]:
        """What may be chosen, with words; empty when it is typed."""
        choices = ("true", "false") if self.parameter.kind is bool else self.parameter.choices
        return [(choice, self.parameter.worded(choice)) for choice in choices]

    def holds(self, words: list[str]) -> bool:
        """Whether all the words that are looked for stand in what the page shows of it."""
        one = self.parameter
        text = f"{one.name} {one.label} {one.what} {one.source} {self.worded}".lower()
        return all(word in text for word in words)


def area(name: str) -> str:
    """The part of the product a parameter belongs to."""
    return AREAS.get(name.split(".", maxsplit=1)[0], OTHER)


async def rows() -> list[Row]:
    """All parameters in the order of their declaration."""
    kept = {row["name"]: row["value"] for row in await db.fetch("select name, value from parameter")}
    last = await parameters.last_changes()
    return [
        Row(one, kept.get(name, text_of(one.default)), name in kept, last.get(name))
        for name, one in parameters.REGISTER.items()
    ]


@routes.get(PATH)
async def listed(request: web.Request) -> web.Response:
    """Every parameter by its part of the product; with `?q=` those that hold the words, `?changed=1` those not at default."""
    actor = permit(request, *KEEPERS)
    words = request.query.get("q", "").lower().split()
    changed = request.query.get("changed") == "1"
    found = await rows()
    areas: dict[str, list[Row]] = {}
    for row in found:
        if row.holds(words) and (row.own or not changed):
            areas.setdefault(area(row.parameter.name), []).append(row)
    return await show(
        request,
        "console/parameters.html",
        areas=dict(sorted(areas.items(), key=lambda entry: _place(entry[0]))),
        total=len(found),
        own=sum(row.own for row in found),
        q=request.query.get("q", ""),
        changed=changed,
        mine={row.parameter.name for row in found if parameters.may_change(row.parameter, actor)},
    )


def _place(name: str) -> int:
    order = list(dict.fromkeys([OTHER, *AREAS.values()]))
    return order.index(name)


async def _row(request: web.Request) -> Row:
    name = request.match_info["name"]
    found = next((row for row in await rows() if row.parameter.name == name), None)
    if found is None:
        raise NotFound("没有这个参数")
    return found


@routes.get(f"{PATH}/{{name}}")
async def editing(request: web.Request) -> web.Response:
    """The drawer in which one is changed."""
    permit(request, *KEEPERS)
    row = await _row(request)
    return await _drawer(request, row, row.value)


async def _drawer(
    request: web.Request, row: Row, value: str, fault: str = "", note: str = "", status: int = 200
) -> web.Response:
    return await show(
        request,
        "console/parameter.html",
        status=status,
        row=row,
        mine=parameters.may_change(row.parameter, permit(request, *KEEPERS)),
        separation=parameters.SEPARATION,
        value=value,
        fault=fault,
        note=note,
        history=await parameters.history(row.parameter.name),
    )


@routes.post(f"{PATH}/{{name}}")
async def changed(request: web.Request) -> web.Response:
    """Change one or set it back; a value that does not fit is told beside the control."""
    actor = permit(request, *KEEPERS)
    row = await _row(request)
    data = await request.post()
    value, note = str(data.get("value", "")).strip(), str(data.get("note", ""))
    try:
        if "default" in data:
            await parameters.reset(row.parameter.name, by=actor, note=note)
        else:
            await parameters.change(row.parameter.name, value, by=actor, note=note)
    except Invalid as error:
        reason = error.details[0].reason if error.details else error.message
        return await _drawer(request, row, value, reason, note, error.status)
    said = "已恢复默认" if "default" in data else "已保存"
    return go(request, PATH, f"{said}：{row.parameter.label}")

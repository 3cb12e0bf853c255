"""组织机构: the tree of units with search, a unit added, changed, moved, merged, closed, opened again.

Whoever holds staff:manage may; the page of one unit is `console.units_one`, names nobody knows `console.units_unknown`,
the sheet of outside names and codes `console.units_codes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, permit, show
from core import clock
from core.actions import Form
from core.actor import Actor, Permission
from core.errors import HuiyinError, Invalid, NotFound, Refused
from patients.feeds import unknown_units as lost_names
from staff import organising, organising_moves, queries, units_queries
from staff.organising_rows import BELOW, KINDS, heirs, may_stand
from staff.queries import OrgTree, Unit
from staff.tree import plain
from tickets import unknown_units
from tickets.queries import unit_load

routes = web.RouteTableDef()
PAGE = "/settings/units"
VERBS = ("rename", "move", "merge", "close", "reopen")


class _From(Form):
    """From when a change holds."""

    on: date | None = Field(
        default=None,
        title="生效日期",
        description="不填即今天；补录以前的变更时填当时的日期",
        json_schema_extra={"widget": "date"},
    )


class AddForm(Form):
    """A new unit."""

    kind: Literal["campus", "clinic", "department", "ward"] = Field(
        title="类别",
        json_schema_extra={"labels": {name: label for name, label in KINDS.items() if name != "group"}},
    )
    name: str = Field(default="", title="名称", description="规范的全称", max_length=40)
    short_name: str = Field(
        default="", title="简称", description="页面和群聊里常用的叫法，可不填", max_length=40
    )
    code: str = Field(default="", title="机构编码", description="本院统一编码，可不填", max_length=40)
    on: date | None = Field(
        default=None, title="启用日期", description="不填即今天", json_schema_extra={"widget": "date"}
    )


class RenameForm(_From):
    """Another name; the old one is kept."""

    name: str = Field(default="", title="名称", max_length=40)
    short_name: str = Field(default="", title="简称", max_length=40)
    code: str = Field(default="", title="机构编码", max_length=40)


class MoveForm(_From):
    """Another parent."""

    parent: int = Field(title="新的上级", json_schema_extra={"widget": "department"})


class MergeForm(_From):
    """A successor."""

    into: int = Field(title="并入", json_schema_extra={"widget": "department"})
    with_posts: bool = Field(
        default=True,
        title="人员岗位一并转入",
        description="由安全管理员在“岗位确认”中逐一确认后转入，确认前仍只办理原科室的工单",
    )


class DayForm(_From):
    """Nothing but the day."""


FORMS: Mapping[str, type[Form]] = {
    "rename": RenameForm,
    "move": MoveForm,
    "merge": MergeForm,
    "close": DayForm,
    "reopen": DayForm,
}
TITLES = {"rename": "更名", "move": "调整上级", "merge": "合并", "close": "停用", "reopen": "恢复使用"}
NOTES = {
    "rename": "原名称连同起止日期保留为历史名称，来单写原名称仍能识别。",
    "move": "下属机构一并移动；本机构人员的权限范围不变，新上级的人员将能看到本机构（记入审计日志）；历史诉求原上级仍可查阅。",
    "merge": "原机构停用并指向合并后的机构，历史工单和往年统计仍记在原机构名下，新的诉求转给合并后的机构。",
    "close": "停用后不能再选用，历史数据和人员查阅历史的权限不变。",
    "reopen": "恢复后可重新选用；合并过的机构恢复为独立机构。",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A unit in the tree: how deep it stands, and what is known of it at a glance."""

    unit: Unit
    depth: int
    kind: str
    code: str
    liaisons: int
    waiting: int
    heir: str
    hit: bool


async def lines(by: Actor, words: str, closed: bool) -> list[Line]:
    """The tree as far as `by` administers it; with `words`, the units that bear them and those above."""
    tree = await queries.tree()
    scopes = by.scope(Permission.STAFF_MANAGE)
    codes, liaisons, waiting = (
        await units_queries.own_codes(),
        await units_queries.liaison_counts(),
        await unit_load.open_by_unit(),
    )
    wanted = plain(words)
    near = [unit for unit in tree.units if _within(unit, scopes) and (unit.active or closed or wanted)]
    hits = {unit.id for unit in near if wanted and _bears(unit, wanted, codes.get(unit.id, ""))}
    kept = {int(part) for unit in near if unit.id in hits for part in unit.path.split("/") if part}
    return [
        Line(
            unit,
            unit.path.count("/") - 2,
            KINDS[unit.kind],
            codes.get(unit.id, ""),
            liaisons.get(unit.id, 0),
            waiting.get(unit.id, 0),
            tree.label(tree.successor(unit.id).id) if unit.merged_into else "",
            unit.id in hits,
        )
        for unit in near
        if not wanted or unit.id in kept
    ]


def _within(unit: Unit, scopes: Sequence[str]) -> bool:
    return unit.path.startswith(tuple(scopes)) or unit.scope in scopes


def _bears(unit: Unit, wanted: str, code: str) -> bool:
    given = (*unit.names, *unit.former, code, *(text for _, text in unit.codes))
    return any(wanted in plain(name) for name in given)


@routes.get(PAGE)
async def tree_page(request: web.Request) -> web.Response:
    """The tree; `?q=` searches names, former names and codes, `?closed=1` shows closed units too."""
    by = permit(request, Permission.STAFF_MANAGE)
    words, closed = request.query.get("q", "").strip()[:40], "closed" in request.query
    in_orders = {(one.name, one.site) for one in await unknown_units.listed()}
    in_messages = {(one.name, one.site) for one in await lost_names.listed()}
    return await show(
        request,
        "console/units/tree.html",
        lines=await lines(by, words, closed),
        words=words,
        closed=closed,
        unknown=len(in_orders | in_messages),
    )


async def wanted(request: web.Request, by: Actor, *permissions: Permission) -> Unit:
    """The unit of the address, if `by` holds one of the permissions for it.

    Raises:
        NotFound: no such unit, or out of reach.
    """
    found = number(request.match_info["id"])
    unit = (await queries.tree()).unit(found or 0)
    if not any(by.can(permission, unit.path) for permission in permissions):
        raise NotFound("没有这个科室，或您无权查看")
    return unit


@routes.get(PAGE + "/{id:\\d+}/new")
async def new_drawer(request: web.Request) -> web.Response:
    """The drawer for a unit below this one."""
    by = permit(request, Permission.STAFF_MANAGE)
    return await _new(request, await wanted(request, by, Permission.STAFF_MANAGE), {})


async def _new(
    request: web.Request, parent: Unit, given: Mapping[str, Any], error: HuiyinError | None = None
) -> web.Response:
    kinds = [(kind, KINDS[kind]) for kind in BELOW[parent.kind]]
    if not kinds:
        raise Refused(f"{KINDS[parent.kind]}下不再分设机构")
    values = {"kind": kinds[0][0] if len(kinds) == 1 else kinds[-1][0], **given}
    return await show(
        request,
        "console/units/change.html",
        status=error.status if error else 200,
        title="新增下属机构",
        note=f"上级：{(await queries.tree()).label(parent.id)}",
        to=f"{PAGE}/{parent.id}/new",
        hint="",
        fault=error.message if error and not error.details else "",
        controls=forms.controls(AddForm, values, error.details if error else (), {"kind": kinds}),
        button="新增",
    )


@routes.post(PAGE + "/{id:\\d+}/new")
async def added(request: web.Request) -> web.Response:
    """A new unit; what does not fit is told beside its field."""
    by = permit(request, Permission.STAFF_MANAGE)
    parent = await wanted(request, by, Permission.STAFF_MANAGE)
    given = await forms.posted(request, AddForm)
    try:
        form = forms.parse(AddForm, given)
        made = await organising.add(
            parent.id, form.kind, form.name, short_name=form.short_name, code=form.code, on=form.on, by=by
        )
    except (Invalid, Refused) as error:
        return await _new(request, parent, given, error)
    return go(request, f"{PAGE}/{made}", f"已新增{KINDS[form.kind]}“{form.name}”，可继续设置联络人和名称对照")


def _verb(request: web.Request) -> str:
    return request.match_info["verb"]


@routes.get(PAGE + f"/{{id:\\d+}}/{{verb:{'|'.join(VERBS)}}}")
async def change_drawer(request: web.Request) -> web.Response:
    """The drawer of a change."""
    by = permit(request, Permission.STAFF_MANAGE)
    unit = await wanted(request, by, Permission.STAFF_MANAGE)
    known = await units_queries.details(unit.id)
    values = {"name": unit.name, "short_name": unit.short_name, "code": known.code}
    return await _change(request, unit, values if _verb(request) == "rename" else {}, by)


async def _change(
    request: web.Request, unit: Unit, given: Mapping[str, Any], by: Actor, error: HuiyinError | None = None
) -> web.Response:
    verb, tree = _verb(request), await queries.tree()
    open_now = (await unit_load.open_by_unit()).get(unit.id, 0)
    hint = NOTES[verb]
    if verb in ("close", "merge") and open_now:
        hint += f" 目前有 {open_now} 张工单未办结，" + (
            "仍由本科室人员办结。" if verb == "close" else "由合并后科室的人员继续办理。"
        )
    return await show(
        request,
        "console/units/change.html",
        status=error.status if error else 200,
        title=TITLES[verb],
        note=tree.label(unit.id),
        to=f"{PAGE}/{unit.id}/{verb}",
        hint=hint,
        fault=error.message if error and not error.details else "",
        controls=forms.controls(
            FORMS[verb], given, error.details if error else (), _choices(verb, tree, unit, by)
        ),
        button=f"确认{TITLES[verb]}",
        danger=verb in ("merge", "close"),
    )


def _choices(verb: str, tree: OrgTree, unit: Unit, by: Actor) -> dict[str, list[tuple[str, str]]]:
    if verb == "reopen" or unit.parent_id is None:
        return {}
    match verb:
        case "move":
            name, ids = "parent", may_stand(tree, unit.id)
        case "merge":
            name, ids = "into", heirs(tree, unit.id)
        case _:
            return {}
    within = [other for other in ids if by.can(Permission.STAFF_MANAGE, tree.unit(other).scope)]
    return {name: [(str(other), tree.label(other)) for other in within]}


@routes.post(PAGE + f"/{{id:\\d+}}/{{verb:{'|'.join(VERBS)}}}")
async def changed(request: web.Request) -> web.Response:
    """Make the change; what does not fit is told in the drawer."""
    by = permit(request, Permission.STAFF_MANAGE)
    unit, verb = await wanted(request, by, Permission.STAFF_MANAGE), _verb(request)
    given = await forms.posted(request, FORMS[verb])
    try:
        form = forms.parse(FORMS[verb], given)
        match form:
            case RenameForm():
                await organising.rename(
                    unit.id, form.name, short_name=form.short_name, code=form.code, on=form.on, by=by
                )
            case MoveForm():
                await organising_moves.move(unit.id, form.parent, on=form.on, by=by)
            case MergeForm():
                await organising_moves.merge(
                    unit.id, form.into, with_posts=form.with_posts, on=form.on, by=by
                )
            case DayForm():
                await (organising.close if verb == "close" else organising.reopen)(unit.id, on=form.on, by=by)
    except (Invalid, Refused) as error:
        return await _change(request, unit, given, by, error)
    return go(request, f"{PAGE}/{unit.id}", f"已{TITLES[verb]}，{clock.today()} 起各页面即按新的机构显示")

"""The hospital's terminals: kiosks and bedside screens, registered, paired, taken out of use, and how each is.

Shows and asks; `patients.bindings_terminals` does. Keys and codes are shown once and written nowhere.
"""

from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms, pick
from console.case_page import wanted
from console.page import go, permit, show
from core.actions import Form
from core.actor import Permission
from core.errors import Invalid, Refused
from core.settings import settings
from patients import bindings_terminals as terminals
from patients.bindings_terminals import KIND_LABELS, Described, Terminal, TerminalKind
from staff import queries as staff

routes = web.RouteTableDef()


class TerminalForm(Form):
    """A terminal as it is registered."""

    name: str = Field(
        title="名称",
        description="如：门诊大厅自助机 1 号",
        max_length=60,
        json_schema_extra={"widget": "line"},
    )
    kind: TerminalKind = Field(
        default=TerminalKind.KIOSK,
        title="类型",
        json_schema_extra={
            "widget": "choice",
            "labels": {key.value: text for key, text in KIND_LABELS.items()},
        },
    )
    unit_id: int | None = Field(
        default=None, title="病区或科室", description="床旁屏必选", json_schema_extra={"widget": "department"}
    )
    bed: str = Field(default="", title="床号", description="床旁屏必填，与住院系统的床号一致", max_length=20)
    place: str = Field(default="", title="位置", description="如：一楼东侧，便于巡检", max_length=100)


@routes.get("/settings/terminals")
async def page(request: web.Request) -> web.Response:
    """Every terminal with its health."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    found, tree = await terminals.all_of_them(actor), await staff.tree()
    return await show(
        request,
        "console/terminals/list.html",
        rows=found,
        units={one.id: tree.label(one.unit_id) for one in found if one.unit_id is not None},
    )


async def _form(
    request: web.Request, given: dict[str, Any] | None = None, error: Invalid | Refused | None = None
) -> web.Response:
    controls = forms.controls(
        TerminalForm, given, error.details if error else (), {"unit_id": await pick.units(permit(request))}
    )
    return await show(
        request,
        "console/terminals/form.html",
        status=error.status if error else 200,
        controls=controls,
        error=error,
    )


@routes.get("/settings/terminals/new")
async def new(request: web.Request) -> web.Response:
    """The drawer in which one is registered."""
    permit(request, Permission.MACHINE_OPERATE)
    return await _form(request)


@routes.post("/settings/terminals/new")
async def register(request: web.Request) -> web.Response:
    """Register it; the bridge's key is shown this once."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    given = await forms.posted(request, TerminalForm)
    try:
        form = forms.parse(TerminalForm, given)
        described = Described(form.name, form.kind, form.unit_id, form.bed, form.place)
        terminal_id, key = await terminals.register(described, by=actor)
    except (Invalid, Refused) as error:
        return await _form(request, given, error)
    return await _once(request, await terminals.one(terminal_id, actor), key=key)


async def _once(request: web.Request, terminal: Terminal, *, key: str = "", code: str = "") -> web.Response:
    address = f"{settings().public_url.rstrip('/')}{settings().path_prefix}/kiosk/?seat={terminal.seat}"
    return await show(
        request, "console/terminals/once.html", terminal=terminal, key=key, code=code, address=address
    )


@routes.post("/settings/terminals/{id:\\d+}/pairing")
async def pairing(request: web.Request) -> web.Response:
    """A code that pairs one browser within half an hour."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    terminal_id = wanted(request)
    code = await terminals.pairing_code(terminal_id, by=actor)
    return await _once(request, await terminals.one(terminal_id, actor), code=code)


@routes.post("/settings/terminals/{id:\\d+}/key")
async def key(request: web.Request) -> web.Response:
    """Another key for the bridge."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    terminal_id = wanted(request)
    made = await terminals.new_key(terminal_id, by=actor)
    return await _once(request, await terminals.one(terminal_id, actor), key=made)


@routes.post("/settings/terminals/{id:\\d+}/{how:disable|enable}")
async def switch(request: web.Request) -> web.Response:
    """Take it out of use, or put it back."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    off = request.match_info["how"] == "disable"
    await terminals.set_disabled(wanted(request), off, by=actor)
    return go(request, "/settings/terminals", "终端已停用" if off else "终端已启用，请重新配对")

"""The drawers in which the history of a unit is put right: a term, a further name or a code."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from console import forms
from console.page import go, number, permit, show
from console.units import PAGE, wanted
from core.actions import Form
from core.actor import Permission
from core.errors import HuiyinError, Invalid, NotFound, Refused
from staff import correcting, queries, units_queries
from staff.correcting import NamingForm, TermForm
from staff.queries import Unit

routes = web.RouteTableDef()
KEEP = Permission.STAFF_MANAGE
AT = PAGE + "/{id:\\d+}/{what:terms|names}/{row:\\d+}/correct"
FORMS: Mapping[str, type[Form]] = {"terms": TermForm, "names": NamingForm}
HINTS = {
    "terms": "只用于更正录入错误，真正的更名请用“更名”。往年统计按更正后的日期计算，办过的事项不变。",
    "names": "只用于更正录入错误，已停止使用的请用“停用”。",
}


@routes.get(AT)
async def drawer(request: web.Request) -> web.Response:
    """The drawer, filled with what stands there."""
    by = permit(request, KEEP)
    unit = await wanted(request, by, KEEP)
    rows: list[Any] = list(
        await (units_queries.terms if request.match_info["what"] == "terms" else units_queries.namings)(
            unit.id
        )
    )
    row = next((one for one in rows if one.id == number(request.match_info["row"])), None)
    if row is None:
        raise NotFound("没有这段历史，可能已被他人更正")
    fields = FORMS[request.match_info["what"]].model_fields
    return await _drawer(request, unit, {name: getattr(row, name) for name in fields if hasattr(row, name)})


async def _drawer(
    request: web.Request, unit: Unit, given: Mapping[str, Any], error: HuiyinError | None = None
) -> web.Response:
    what = request.match_info["what"]
    return await show(
        request,
        "console/units/change.html",
        status=error.status if error else 200,
        title="更正历史" if what == "terms" else "更正名称或编码",
        note=(await queries.tree()).label(unit.id),
        to=f"{PAGE}/{unit.id}/{what}/{request.match_info['row']}/correct",
        hint=HINTS[what],
        fault=error.message if error and not error.details else "",
        controls=forms.controls(FORMS[what], given, error.details if error else ()),
        button="更正",
    )


@routes.post(AT)
async def corrected(request: web.Request) -> web.Response:
    """Write it as it should have been."""
    by = permit(request, KEEP)
    unit = await wanted(request, by, KEEP)
    what, row = request.match_info["what"], number(request.match_info["row"]) or 0
    given = await forms.posted(request, FORMS[what])
    try:
        if what == "terms":
            await correcting.term(unit.id, row, forms.parse(TermForm, given), by=by)
        else:
            await correcting.naming(unit.id, row, forms.parse(NamingForm, given), by=by)
    except (Invalid, Refused) as error:
        return await _drawer(request, unit, given, error)
    return go(request, f"{PAGE}/{unit.id}", "已更正，原来的内容和原因记入审计日志")

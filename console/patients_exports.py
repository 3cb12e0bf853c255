"""Lists of patients as Excel sheets: asked for, watched while they are written, fetched. Writes no sheet itself."""

from urllib.parse import parse_qsl, quote
from uuid import UUID

from aiohttp import hdrs, web

from console.page import go, permit, progress, show
from core.actor import Actor, Permission
from core.errors import NotFound, Refused
from patients import exporting
from patients.exporting import Export
from patients.search import List, read
from staff import queries as staff

routes = web.RouteTableDef()
PAGE = "/patients/exports"


@routes.post("/patients/{list:outpatient|emergency|inside|left|exam}/sheet")
async def ask(request: web.Request) -> web.Response:
    """Begin the sheet of the list whose query the form sends."""
    actor = permit(request, Permission.PATIENT_EXPORT)
    kind = List(request.match_info["list"])
    data = await request.post()
    units = {unit.id for unit in (await staff.tree()).units}
    wanted, faults = read(kind, parse_qsl(str(data.get("query", ""))[:4000]), units)
    if faults:
        raise Refused(f"“{faults[0].label}”有误：{faults[0].reason}，请改正后再导出")
    number = await exporting.ask(kind, wanted, by=actor)
    return go(request, f"{PAGE}/{number}")


@routes.get(PAGE)
async def mine(request: web.Request) -> web.Response:
    """One's own sheets."""
    return await _page(request, permit(request, Permission.PATIENT_EXPORT), None)


@routes.get(PAGE + "/{id}")
async def one(request: web.Request) -> web.Response:
    """One sheet, with its progress."""
    actor = permit(request, Permission.PATIENT_EXPORT)
    return await _page(request, actor, await exporting.find(_id(request), by=actor))


@routes.get(PAGE + "/{id}/progress")
async def going(request: web.Request) -> web.Response:
    """The bar; leads to the finished sheet."""
    actor = permit(request, Permission.PATIENT_EXPORT)
    found = await exporting.find(_id(request), by=actor)
    return await progress(
        request,
        done=found.done,
        total=found.total,
        note="正在写入表格" if found.total else "正在查找",
        finished=found.state != "running",
        then=f"{PAGE}/{found.id}",
    )


@routes.get(PAGE + "/{id}/file")
async def fetch(request: web.Request) -> web.Response:
    """The sheet itself."""
    actor = permit(request, Permission.PATIENT_EXPORT)
    file, data = await exporting.file_of(_id(request), by=actor)
    return web.Response(
        body=data,
        headers={
            hdrs.CONTENT_TYPE: file.mime,
            hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{quote(file.name)}",
            hdrs.CACHE_CONTROL: "no-store",
        },
    )


async def _page(request: web.Request, actor: Actor, found: Export | None) -> web.Response:
    return await show(
        request,
        "console/patients/exports.html",
        found=found,
        recent=await exporting.recent(by=actor),
        most=f"{exporting.MOST // 10_000} 万",
    )


def _id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise NotFound from None

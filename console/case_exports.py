"""Lists of cases as Excel sheets: asked for, watched while they are written, fetched. Writes no sheet itself."""

from urllib.parse import parse_qsl, quote
from uuid import UUID

from aiohttp import hdrs, web

from console.page import go, permit, progress, show
from core.actor import Permission
from core.errors import NotFound
from staff import queries as staff
from tickets import exporting
from tickets.queries.case_filter import read

routes = web.RouteTableDef()
PAGE = "/cases/exports"


@routes.post(PAGE)
async def ask(request: web.Request) -> web.Response:
    """Begin the sheet of the list whose query the form sends."""
    actor = permit(request, Permission.CASE_EXPORT)
    data = await request.post()
    wanted, _ = read(parse_qsl(str(data.get("query", ""))), {unit.id for unit in (await staff.tree()).units})
    number = await exporting.ask(wanted, by=actor)
    return go(request, f"{PAGE}/{number}")


@routes.get(PAGE)
async def mine(request: web.Request) -> web.Response:
    """One's own sheets."""
    actor = permit(request, Permission.CASE_EXPORT)
    return await show(
        request,
        "console/cases/list_exports.html",
        found=None,
        recent=await exporting.recent(by=actor),
        most=exporting.MOST,
    )


@routes.get(PAGE + "/{id}")
async def one(request: web.Request) -> web.Response:
    """One sheet, with its progress."""
    actor = permit(request, Permission.CASE_EXPORT)
    found = await exporting.find(_id(request), by=actor)
    return await show(
        request,
        "console/cases/list_exports.html",
        found=found,
        recent=await exporting.recent(by=actor),
        most=exporting.MOST,
    )


@routes.get(PAGE + "/{id}/progress")
async def going(request: web.Request) -> web.Response:
    """The bar; leads to the finished sheet."""
    actor = permit(request, Permission.CASE_EXPORT)
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
    actor = permit(request, Permission.CASE_EXPORT)
    file, data = await exporting.file_of(_id(request), by=actor)
    return web.Response(
        body=data,
        headers={
            hdrs.CONTENT_TYPE: file.mime,
            hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{quote(file.name)}",
            hdrs.CACHE_CONTROL: "no-store",
        },
    )


def _id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise NotFound from None

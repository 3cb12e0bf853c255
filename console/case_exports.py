"""Lists of cases as Excel sheets: asked for, watched while they are written, fetched. Writes no sheet itself."""

from urllib.parse import parse_qsl

from aiohttp import web

from console import asked_sheets
from console.page import go, permit
from core.actor import Permission
from staff import queries as staff
from tickets import exporting
from tickets.queries.case_filter import read

routes = web.RouteTableDef()
PAGE = "/cases/exports"
PLACE = asked_sheets.Place(
    sheets=exporting.sheets,
    file_of=exporting.file_of,
    permission=Permission.CASE_EXPORT,
    path=PAGE,
    title="诉求清单导出",
    about=f"姓名和电话已脱敏，经审批的完整信息除外；一次最多 {exporting.MOST // 10_000} 万件，表格保留 7 天"
    "（完整信息 24 小时），只有您本人可以下载，每次下载都有记录。",
    above=("诉求", "/cases?all=1"),
    empty=("在诉求列表上点击“导出”。", "去诉求列表", "/cases?all=1"),
    list_of=lambda one: f"/cases?{one.query or 'all=1'}",
    measure="件",
    word=lambda _: "",
)


@routes.post(PAGE)
async def ask(request: web.Request) -> web.Response:
    """Begin the sheet of the list whose query the form sends."""
    actor = permit(request, Permission.CASE_EXPORT)
    data = await request.post()
    wanted, _ = read(parse_qsl(str(data.get("query", ""))), {unit.id for unit in (await staff.tree()).units})
    number = await exporting.ask(wanted, by=actor)
    return go(request, f"{PAGE}/{number}")


asked_sheets.add_pages(routes, PLACE)

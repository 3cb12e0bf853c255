"""Lists of patients as Excel sheets: asked for, watched while they are written, fetched. Writes no sheet itself."""

from urllib.parse import parse_qsl

from aiohttp import web

from console import asked_sheets
from console.page import go, permit
from core.actor import Permission
from core.errors import Refused
from patients import exporting
from patients.search import List, read
from staff import queries as staff

routes = web.RouteTableDef()
PAGE = "/patients/exports"
PLACE = asked_sheets.Place(
    sheets=exporting.sheets,
    file_of=exporting.file_of,
    permission=Permission.PATIENT_EXPORT,
    path=PAGE,
    title="患者清单导出",
    about=f"姓名和电话已脱敏；一次最多 {exporting.MOST // 10_000} 万条，表格保留 7 天，"
    "只有您本人可以下载，每次下载都有记录。",
    above=("患者", "/patients"),
    empty=("在患者列表上点击“导出”。", "去患者列表", "/patients/outpatient"),
    list_of=lambda one: f"/patients/{one.list.value}" + (f"?{one.query}" if one.query else ""),
    measure="条",
    word=lambda one: f"{one.word}患者",
)


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


asked_sheets.add_pages(routes, PLACE)

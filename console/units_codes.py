"""The sheet of names and codes of outside systems (科室对照表): looked through, taken out, changed, brought in again."""

from aiohttp import web

from console import sheet_door
from console.page import go, permit, show
from console.sheet_door import SheetDoor
from console.units import PAGE
from core import clock
from core.actor import Permission
from core.downloads import attachment
from core.errors import Invalid
from staff import queries, units_queries
from staff.importing import code_sheets
from staff.importing.code_sheets import COLUMNS, Outcome
from staff.units_names import SYSTEMS

routes = web.RouteTableDef()
CODES = f"{PAGE}/codes"
MOST_SHOWN = 200
DOOR = SheetDoor(
    columns=COLUMNS,
    most=code_sheets.MOST,
    table=code_sheets.table,
    preview=code_sheets.preview,
    book=code_sheets.book,
    outcomes={
        Outcome.FAULTY: ("有误", "late"),
        Outcome.NEW: ("新增", "good"),
        Outcome.END: ("填写失效日期", "soon"),
        Outcome.SAME: ("已有", "wait"),
    },
    changing=(Outcome.NEW, Outcome.END),
    path=f"{CODES}/import",
    back=CODES,
    then=CODES,
    crumbs=(("设置", ""), ("组织机构", PAGE), ("名称与编码对照", CODES)),
    name="科室对照表",
)


@routes.get(CODES)
async def codes(request: web.Request) -> web.Response:
    """All names and codes of outside systems, and the door for a sheet."""
    permit(request, Permission.STAFF_MANAGE)
    return await _codes(request)


async def _codes(request: web.Request, error: Invalid | None = None) -> web.Response:
    system, words = request.query.get("system", "-"), request.query.get("q", "").strip()[:40]
    tree = await queries.tree()
    known = await units_queries.namings()
    return await show(
        request,
        "console/units/codes.html",
        status=error.status if error else 200,
        rows=[
            row
            for row in known
            if (system not in SYSTEMS or row.system == system)
            and (not words or words in row.name or words in row.code or words in tree.unit(row.unit_id).name)
        ][:MOST_SHOWN],
        total=len(known),
        most=MOST_SHOWN,
        tree=tree,
        systems=SYSTEMS,
        system=system,
        words=words,
        today=clock.today(),
        columns=COLUMNS,
        error=error,
        lines=None,
    )


@routes.get(CODES + "/sheet")
async def sheet(request: web.Request) -> web.Response:
    """All names and codes as a sheet, which may be changed and brought in again."""
    permit(request, Permission.STAFF_MANAGE)
    return attachment(f"科室对照表-{clock.today()}.xlsx", code_sheets.book(await code_sheets.exported()))


@routes.post(CODES + "/preview")
async def preview(request: web.Request) -> web.Response:
    """What the sheet would change; nothing is written."""
    by = permit(request, Permission.STAFF_MANAGE)
    try:
        rows = await sheet_door.sent(request, DOOR)
    except Invalid as error:
        return await _codes(request, error)
    return await sheet_door.page(request, DOOR, await code_sheets.preview(rows, by=by), rows)


@routes.post(CODES + "/import")
async def imported(request: web.Request) -> web.Response:
    """Take over what is not faulty; the others are shown and can be had as a sheet."""
    by = permit(request, Permission.STAFF_MANAGE)
    try:
        rows = await sheet_door.posted(request, DOOR)
    except Invalid as error:
        return await _codes(request, error)
    lines = await code_sheets.take(rows, by=by)
    counts = sheet_door.counted(lines)
    if counts[Outcome.FAULTY]:
        return await sheet_door.page(request, DOOR, lines, rows, done=True)
    said = f"已导入：新增 {counts[Outcome.NEW]} 条，填写失效日期 {counts[Outcome.END]} 条，已有 {counts[Outcome.SAME]} 条"
    return go(request, CODES, said)


@routes.post(CODES + "/import/faulty")
async def faulty(request: web.Request) -> web.Response:
    """The faulty rows with the reasons."""
    return await sheet_door.given_back(request, DOOR, permit(request, Permission.STAFF_MANAGE))

"""People from an Excel sheet: a template, a preview that writes nothing, the import, the faulty rows given back."""

from aiohttp import web

from console import sheet_door
from console.page import go, permit, show
from console.sheet_door import SheetDoor
from console.staff_people import KEEP, PAGE
from core.downloads import attachment
from core.errors import Invalid
from staff.importing import people_sheets
from staff.importing.people_sheets import COLUMNS, EXAMPLE, Outcome

routes = web.RouteTableDef()
PATH = f"{PAGE}/import"
DOOR = SheetDoor(
    columns=COLUMNS,
    most=people_sheets.MOST,
    table=people_sheets.table,
    preview=people_sheets.preview,
    book=people_sheets.book,
    outcomes={
        Outcome.FAULTY: ("有误", "late"),
        Outcome.NEW: ("新增", "doing"),
        Outcome.CHANGED: ("更新", "todo"),
        Outcome.SAME: ("无变化", "wait"),
    },
    changing=(Outcome.NEW, Outcome.CHANGED),
    path=PATH,
    back=PATH,
    then=PAGE,
    crumbs=(("人员与岗位", PAGE), ("从 Excel 导入人员", PATH)),
    name="人员",
)


@routes.get(PATH)
async def door(request: web.Request) -> web.Response:
    """The template and the door for a file."""
    permit(request, KEEP)
    return await _door(request)


async def _door(request: web.Request, error: Invalid | None = None) -> web.Response:
    return await show(
        request,
        "console/people/import.html",
        status=error.status if error else 200,
        error=error.message if error else "",
        columns=COLUMNS,
        example=EXAMPLE,
        most=people_sheets.MOST,
    )


@routes.get(f"{PATH}/template")
async def template(request: web.Request) -> web.Response:
    """An empty sheet with the columns and one example row."""
    permit(request, KEEP)
    return attachment("人员导入模板.xlsx", people_sheets.book([EXAMPLE]))


@routes.post(f"{PATH}/preview")
async def preview(request: web.Request) -> web.Response:
    """What the sheet would do; nothing is written."""
    by = permit(request, KEEP)
    try:
        rows = await sheet_door.sent(request, DOOR)
    except Invalid as error:
        return await _door(request, error)
    return await sheet_door.page(request, DOOR, await people_sheets.preview(rows, by=by), rows)


@routes.post(PATH)
async def imported(request: web.Request) -> web.Response:
    """Take over what is not faulty; the others are shown and can be had as a sheet."""
    by = permit(request, KEEP)
    try:
        rows = await sheet_door.posted(request, DOOR)
    except Invalid as error:
        return await _door(request, error)
    lines = await people_sheets.take(rows, by=by)
    counts = sheet_door.counted(lines)
    if counts[Outcome.FAULTY]:
        return await sheet_door.page(request, DOOR, lines, rows, done=True)
    said = f"已导入：新增 {counts[Outcome.NEW]} 人次，更新 {counts[Outcome.CHANGED]}，无变化 {counts[Outcome.SAME]}"
    return go(request, PAGE, said)


@routes.post(f"{PATH}/faulty")
async def faulty(request: web.Request) -> web.Response:
    """The faulty rows with the reasons."""
    return await sheet_door.given_back(request, DOOR, permit(request, KEEP))

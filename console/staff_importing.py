"""People from an Excel sheet: a template, a preview that writes nothing, the import, the faulty rows given back."""

import tempfile
from collections import Counter
from pathlib import Path

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from console.page import go, permit, show
from console.staff_people import KEEP, PAGE
from core import clock
from core.downloads import attachment
from core.errors import Invalid
from staff import importing_people
from staff.importing_people import COLUMNS, EXAMPLE, REASON, Line, Outcome
from tickets.sheets.limits import SheetError
from tickets.sheets.reader import open_sheet

routes = web.RouteTableDef()
DOOR = f"{PAGE}/import"
MOST_SHOWN = 300
LABELS = {Outcome.NEW: "新增", Outcome.CHANGED: "更新", Outcome.SAME: "无变化", Outcome.FAULTY: "有误"}
TONES = {Outcome.NEW: "doing", Outcome.CHANGED: "todo", Outcome.SAME: "wait", Outcome.FAULTY: "late"}
Rows = list[tuple[int, dict[str, str]]]
_ROWS = TypeAdapter(Rows)


@routes.get(DOOR)
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
        most=importing_people.MOST,
    )


def _file(name: str, data: bytes) -> web.Response:
    return attachment(name, data)


@routes.get(f"{DOOR}/template")
async def template(request: web.Request) -> web.Response:
    """An empty sheet with the columns and one example row."""
    permit(request, KEEP)
    return _file("人员导入模板.xlsx", importing_people.book([EXAMPLE]))


@routes.post(f"{DOOR}/preview")
async def preview(request: web.Request) -> web.Response:
    """What the sheet would do; nothing is written."""
    by = permit(request, KEEP)
    file = (await request.post()).get("file")
    try:
        if not isinstance(file, web.FileField) or not file.filename:
            raise Invalid("请选择文件")
        rows = _read(file.filename, file.file.read())
    except Invalid as error:
        return await _door(request, error)
    return await _lines(request, await importing_people.preview(rows, by=by), rows, done=False)


def _read(name: str, data: bytes) -> Rows:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet"
        path.write_bytes(data)
        try:
            opened = open_sheet(path, filename=name)
            rows = importing_people.table((row.number, row.cells) for row in opened.rows())
        except SheetError as error:
            raise Invalid(str(error)) from None
    if not rows:
        raise Invalid("表头下没有内容")
    return rows


async def _lines(request: web.Request, lines: list[Line], rows: Rows, *, done: bool) -> web.Response:
    order = (Outcome.FAULTY, Outcome.NEW, Outcome.CHANGED, Outcome.SAME)
    return await show(
        request,
        "console/people/import_lines.html",
        lines=sorted(lines, key=lambda line: (order.index(line.outcome), line.number))[:MOST_SHOWN],
        counts=Counter(line.outcome for line in lines),
        order=order,
        tones=TONES,
        labels=LABELS,
        columns=COLUMNS,
        more=max(0, len(lines) - MOST_SHOWN),
        rows=orjson.dumps(rows).decode(),
        done=done,
    )


async def _posted(request: web.Request) -> Rows:
    """The rows that the preview gave back; what came from outside is looked at again."""
    try:
        rows = _ROWS.validate_json(str((await request.post()).get("rows", "")))
    except ValidationError:
        raise Invalid("导入内容已失效，请重新选择文件") from None
    if len(rows) > importing_people.MOST:
        raise Invalid(f"一次最多导入 {importing_people.MOST} 行，请分成几个文件")
    return [(at, {name: text[:200] for name, text in row.items() if name in COLUMNS}) for at, row in rows]


@routes.post(DOOR)
async def imported(request: web.Request) -> web.Response:
    """Take over what is not faulty; the others are shown and can be had as a sheet."""
    by = permit(request, KEEP)
    try:
        rows = await _posted(request)
    except Invalid as error:
        return await _door(request, error)
    lines = await importing_people.take(rows, by=by)
    counts = Counter(line.outcome for line in lines)
    if counts[Outcome.FAULTY]:
        return await _lines(request, lines, rows, done=True)
    said = f"已导入：新增 {counts[Outcome.NEW]} 人次，更新 {counts[Outcome.CHANGED]}，无变化 {counts[Outcome.SAME]}"
    return go(request, PAGE, said)


@routes.post(f"{DOOR}/faulty")
async def faulty(request: web.Request) -> web.Response:
    """The faulty rows with the reasons, as a sheet that can be put right and brought in again."""
    by = permit(request, KEEP)
    lines = await importing_people.preview(await _posted(request), by=by)
    bad = [{**line.cells, REASON: line.reason} for line in lines if line.outcome is Outcome.FAULTY]
    return _file(f"人员-未导入-{clock.today()}.xlsx", importing_people.book(bad, faulty=True))

"""Importing sheets of orders: bring a file, look at what it would do, say what its columns mean, confirm, see what came.

Shows what `tickets.imports` knows; a page works reloaded while a job runs. Reads no file itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from console.page import STOP_ASKING, go, number, permit, show
from core import exports, storage
from core.actor import Actor, Permission
from core.downloads import attachment
from core.errors import Fault, Invalid, NotFound
from tickets.imports import actions, queries
from tickets.imports.queries import Import, RowLine
from tickets.imports.states import ImportState, RowOutcome
from tickets.sheets.columns import column_letter
from tickets.sheets.fields import REQUIRED, SPECS
from tickets.sheets.rows import Fault as CellFault

routes = web.RouteTableDef()
PAGE = "/imports"
TONES = {
    ImportState.READING: "doing",
    ImportState.PREVIEW: "todo",
    ImportState.IMPORTING: "doing",
    ImportState.DONE: "good",
    ImportState.REFUSED: "late",
}
FIELDS = tuple((field.value, spec.label) for field, spec in SPECS.items())


@dataclass(frozen=True, slots=True)
class Tab:
    """Rows of one sort: its name in the address, its words, how many, which outcomes, and how its figure looks."""

    name: str
    label: str
    count: int
    outcomes: tuple[RowOutcome, ...]
    look: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file and the field it is read as ("" for none)."""

    index: int
    letter: str
    header: str
    field: str
    fault: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One faulty cell as a line of its own; `first` on the first line of a row."""

    line: RowLine
    fault: CellFault
    first: bool


def tabs(entry: Import) -> list[Tab]:
    """What can be looked at, the most urgent first."""
    if entry.state is ImportState.DONE:
        left = entry.total - entry.taken - entry.failed - entry.same - entry.faulty
        found = [
            Tab("taken", "已导入", entry.taken, (RowOutcome.TAKEN,), "good"),
            Tab("bad", "未导入", entry.failed + entry.faulty, (RowOutcome.FAULTY, RowOutcome.FAILED), "late"),
            Tab("same", "重复", entry.same, (RowOutcome.SAME,)),
        ]
        if left:
            found.append(Tab("changed", "内容有变，未更新", left, (RowOutcome.CHANGED,), "soon"))
        return found
    return [
        Tab("bad", "有误", entry.faulty, (RowOutcome.FAULTY,), "late"),
        Tab("new", "新工单", entry.fresh, (RowOutcome.NEW,), "good"),
        Tab("changed", "内容有变", entry.changed, (RowOutcome.CHANGED,), "soon"),
        Tab("same", "重复", entry.same, (RowOutcome.SAME,)),
    ]


def _entry_id(request: web.Request) -> int:
    found = number(request.match_info["id"])
    if found is None:
        raise NotFound("没有这次导入")
    return found


@routes.get(PAGE)
async def history(request: web.Request) -> web.Response:
    """The door for a file, and all imports so far."""
    return await _history(request, permit(request, Permission.CASE_IMPORT))


async def _history(
    request: web.Request, by: Actor, *, sender: str = "", error: Invalid | None = None
) -> web.Response:
    before = number(request.query.get("before", ""))
    found = await queries.listed(by, before=before)
    senders = await queries.senders(by)
    return await show(
        request,
        "console/imports/list.html",
        status=error.status if error else 200,
        entries=found,
        tones=TONES,
        senders=senders,
        sender=sender or (senders[0] if senders else "12345 热线平台"),
        error=error,
        more=f"{PAGE}?before={found[-1].id}" if len(found) == queries.PAGE else "",
    )


@routes.post(PAGE)
async def upload(request: web.Request) -> web.Response:
    """Bring a file; it is read at once."""
    by = permit(request, Permission.CASE_IMPORT)
    data = await request.post()
    file, sender = data.get("file"), str(data.get("sender", ""))
    try:
        if not isinstance(file, web.FileField) or not file.filename:
            raise Invalid("请选择文件", details=[Fault(field="file", label="文件", reason="请选择文件")])
        made = await actions.upload(file.filename, file.file.read(), sender, by=by)
    except Invalid as error:
        return await _history(request, by, sender=sender, error=error)
    return go(request, f"{PAGE}/{made}")


@routes.get(PAGE + "/{id}")
async def one(request: web.Request) -> web.Response:
    """One import: what runs, what would happen, or what came of it."""
    by = permit(request, Permission.CASE_IMPORT)
    return await _one(request, await queries.one(_entry_id(request), by), by)


async def _one(request: web.Request, entry: Import, by: Actor, error: Invalid | None = None) -> web.Response:
    known = tabs(entry)
    wanted = request.query.get("show", "")
    here = next((tab for tab in known if tab.name == wanted), None) or next(
        (tab for tab in known if tab.count), known[0]
    )
    after = number(request.query.get("after", "")) or 0
    lines = await queries.rows(entry.id, here.outcomes, by, after=after) if not entry.running else []
    return await show(
        request,
        "console/imports/page.html",
        status=error.status if error else 200,
        entry=entry,
        tone=TONES[entry.state],
        tabs=known,
        here_tab=here,
        lines=lines,
        cells=[cell for line in lines for cell in _cells(line)],
        more=f"{PAGE}/{entry.id}?show={here.name}&after={lines[-1].row_no}"
        if len(lines) == queries.PAGE
        else "",
        columns=_columns(entry, error.details if error else ()),
        fields=FIELDS,
        required=[SPECS[field].label for field in REQUIRED],
        error=error,
    )


def _cells(line: RowLine) -> list[Cell]:
    return [Cell(line, fault, at == 0) for at, fault in enumerate(line.faults)]


def _columns(entry: Import, faults: Sequence[Fault]) -> list[Column]:
    if entry.mapping is None:
        return []
    chosen = {item.column: item.field.value for item in entry.mapping.columns}
    wrong = {fault.field: fault.reason for fault in faults}
    return [
        Column(at, column_letter(at), header, chosen.get(at, ""), wrong.get(f"column-{at}", ""))
        for at, header in enumerate(entry.mapping.headers)
        if header or at in chosen
    ]


@routes.get(PAGE + "/{id}/progress")
async def progress(request: web.Request) -> web.Response:
    """How far the job is; leads on to the page when it is done."""
    by = permit(request, Permission.CASE_IMPORT)
    entry = await queries.one(_entry_id(request), by)
    if not entry.running:
        return go(request, f"{PAGE}/{entry.id}")
    told = await queries.progress(entry)
    status = STOP_ASKING if told.parked else 200
    return await show(request, "console/imports/progress.html", status=status, told=told)


@routes.post(PAGE + "/{id}/columns")
async def columns(request: web.Request) -> web.Response:
    """Say which column is which field, or which work sheet is meant; the file is read again."""
    by = permit(request, Permission.CASE_IMPORT)
    number_of = _entry_id(request)
    data = await request.post()
    fields = {
        index: str(value)
        for name, value in data.items()
        if name.startswith("column-") and (index := number(name.removeprefix("column-"))) is not None
    }
    try:
        await actions.remap(number_of, fields, by=by, sheet=str(data.get("sheet", "")))
    except Invalid as error:
        return await _one(request, await queries.one(number_of, by), by, error)
    return go(request, f"{PAGE}/{number_of}", "已按新的对应关系重新读取，下次同一来源的文件自动套用")


@routes.post(PAGE + "/{id}/confirm")
async def confirm(request: web.Request) -> web.Response:
    """Have the good rows taken over."""
    by = permit(request, Permission.CASE_IMPORT)
    data = await request.post()
    await actions.confirm(_entry_id(request), with_changed=data.get("changed") == "true", by=by)
    return go(request, f"{PAGE}/{request.match_info['id']}")


@routes.get(PAGE + "/{id}/faulty")
async def faulty(request: web.Request) -> web.Response:
    """The rows that were not taken, as a sheet with the reasons."""
    by = permit(request, Permission.CASE_IMPORT)
    entry = await queries.one(_entry_id(request), by)
    if entry.faulty_file_id is None:
        raise NotFound("这次导入没有有误的行")
    file = await storage.find(entry.faulty_file_id)
    data = await storage.read(file)
    # It holds what the sender's own file held, whole: it goes back to whoever has that file.
    await exports.log(by, exports.Kind.IMPORT_FAULTS, file.name, data, whole=True, purpose="更正后重新导入")
    return attachment(file.name, data, file.mime)

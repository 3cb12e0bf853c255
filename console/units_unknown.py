"""Names of departments in orders and in messages of other systems that lead to no unit: mapped with one press, or set
aside; and the sheet of codes.

A sheet is shown before it is taken, and what is faulty is given back as a sheet.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from console import pick
from console.page import go, number, permit, show
from console.units import PAGE
from core import clock
from core.actor import Actor, Permission
from core.downloads import attachment
from core.errors import Invalid, NotFound, Refused
from patients.feeds import unknown_units as lost_names
from staff import queries, units_names, units_queries
from staff.importing import code_sheets
from staff.importing.code_sheets import COLUMNS, REASON, Line, Outcome
from staff.units_names import BEGIN, OWN, SYSTEMS, NameGiven
from tickets import unknown_units
from tickets.sheets.limits import SheetError
from tickets.sheets.reader import open_sheet
from tickets.sources import SOURCES

routes = web.RouteTableDef()
UNKNOWN = f"{PAGE}/unknown"
CODES = f"{PAGE}/codes"
TONES = {Outcome.NEW: "good", Outcome.END: "soon", Outcome.SAME: "wait", Outcome.FAULTY: "late"}
LABELS = {Outcome.NEW: "新增", Outcome.END: "填写失效日期", Outcome.SAME: "已有", Outcome.FAULTY: "有误"}
MOST_SHOWN = 200
_ROWS: TypeAdapter[list[tuple[int, dict[str, str]]]] = TypeAdapter(list[tuple[int, dict[str, str]]])


@routes.get(UNKNOWN)
async def unknown(request: web.Request) -> web.Response:
    """The list; `?ignored=1` shows what was set aside."""
    return await _unknown(request, permit(request, Permission.STAFF_MANAGE))


@dataclass(frozen=True, slots=True)
class Lost:
    """A name at a campus that leads to no unit, with what uses it and the units it may mean as (id, label)."""

    name: str
    site: str
    orders: unknown_units.Unknown | None
    messages: lost_names.Unknown | None
    likely: tuple[tuple[int, str], ...]

    @property
    def uses(self) -> int:
        """Orders that use it and messages that wait for it."""
        return (self.orders.count if self.orders else 0) + (self.messages.waiting if self.messages else 0)


async def lost(*, ignored: bool = False) -> list[Lost]:
    """The names that lead to no unit, those used most first. What is ignored is ignored in orders: a message waits on."""
    orders = {(one.name, one.site): one for one in await unknown_units.listed(ignored=ignored)}
    messages = {} if ignored else {(one.name, one.site): one for one in await lost_names.listed()}
    tree = await queries.tree()
    found = [
        Lost(
            *key,
            orders.get(key),
            messages.get(key),
            tuple((unit_id, tree.label(unit_id)) for unit_id in units_queries.likely(tree, *key)),
        )
        for key in orders.keys() | messages.keys()
    ]
    return sorted(found, key=lambda one: (-one.uses, one.name, one.site))


async def _unknown(request: web.Request, by: Actor, fault: str = "", at: str = "") -> web.Response:
    ignored = "ignored" in request.query
    return await show(
        request,
        "console/units/unknown.html",
        status=422 if fault else 200,
        found=await lost(ignored=ignored),
        ignored=ignored,
        units=await pick.units(by, Permission.STAFF_MANAGE),
        sources={name: source.label for name, source in SOURCES.items()},
        may_cases=by.can(Permission.CASE_READ),
        may_feeds=by.can(Permission.MACHINE_OPERATE),
        fault=fault,
        at=at,
    )


@routes.post(UNKNOWN)
async def mapped(request: web.Request) -> web.Response:
    """Have a name lead to a unit; what waits for it goes on by the event."""
    by = permit(request, Permission.STAFF_MANAGE)
    data = await request.post()
    name, site = str(data.get("name", "")), str(data.get("site", ""))
    unit_id = number(str(data.get("unit", "")))
    orders, messages = await unknown_units.seen(name, site), await lost_names.waiting(name, site)
    if not orders and not messages:
        raise NotFound("没有这个名称，可能已由他人处理")
    try:
        if unit_id is None:
            raise Invalid("请选择科室")
        await units_names.add_name(NameGiven(unit_id, OWN, "", name, BEGIN), by=by)
    except (Invalid, Refused) as error:
        return await _unknown(request, by, error.message, f"{site}\n{name}")
    said = [
        *([f"涉及 {orders} 件来单，未派单的将自动派单"] if orders else []),
        *([f"{messages} 条搁置的接口消息正在重放"] if messages else []),
    ]
    label = (await queries.tree()).label(unit_id)
    return go(request, UNKNOWN, f"“{name}”已对应到“{label}”，{'；'.join(said)}")


@routes.post(UNKNOWN + "/{how:ignore|restore}")
async def ignored(request: web.Request) -> web.Response:
    """Set a name aside, or take that back."""
    by = permit(request, Permission.STAFF_MANAGE)
    data = await request.post()
    on = request.match_info["how"] == "ignore"
    await unknown_units.ignore(str(data.get("name", "")), str(data.get("site", "")), on=on, by=by)
    return go(request, UNKNOWN if on else f"{UNKNOWN}?ignored=1", "已忽略" if on else "已恢复到待对应名单")


# --- the sheet of names and codes -----------------------------------------------------------------------


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
    return _file(f"科室对照表-{clock.today()}.xlsx", code_sheets.book(await code_sheets.exported()))


def _file(name: str, data: bytes) -> web.Response:
    return attachment(name, data)


@routes.post(CODES + "/preview")
async def preview(request: web.Request) -> web.Response:
    """What the sheet would change; nothing is written."""
    by = permit(request, Permission.STAFF_MANAGE)
    file = (await request.post()).get("file")
    try:
        if not isinstance(file, web.FileField) or not file.filename:
            raise Invalid("请选择文件")
        rows = _read(file.filename, file.file.read())
    except Invalid as error:
        return await _codes(request, error)
    return await _lines(request, await code_sheets.preview(rows, by=by), rows, done=False)


def _read(name: str, data: bytes) -> list[tuple[int, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet"
        path.write_bytes(data)
        try:
            opened = open_sheet(path, filename=name)
            rows = code_sheets.table((row.number, row.cells) for row in opened.rows())
        except SheetError as error:
            raise Invalid(str(error)) from None
    if not rows:
        raise Invalid("表头下没有内容")
    return rows


async def _lines(
    request: web.Request, lines: list[Line], rows: list[tuple[int, dict[str, str]]], *, done: bool
) -> web.Response:
    order = (Outcome.FAULTY, Outcome.NEW, Outcome.END, Outcome.SAME)
    return await show(
        request,
        "console/units/sheet.html",
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


async def _posted(request: web.Request) -> list[tuple[int, dict[str, str]]]:
    """The rows that the preview gave back; what came from outside is looked at again."""
    try:
        rows = _ROWS.validate_json(str((await request.post()).get("rows", "")))
    except ValidationError:
        raise Invalid("导入内容已失效，请重新选择文件") from None
    if len(rows) > code_sheets.MOST:
        raise Invalid(f"一次最多导入 {code_sheets.MOST} 行，请分成几个文件")
    return [(at, {name: text[:200] for name, text in row.items() if name in COLUMNS}) for at, row in rows]


@routes.post(CODES + "/import")
async def imported(request: web.Request) -> web.Response:
    """Take over what is not faulty; the others are shown and can be had as a sheet."""
    by = permit(request, Permission.STAFF_MANAGE)
    try:
        rows = await _posted(request)
    except Invalid as error:
        return await _codes(request, error)
    lines = await code_sheets.take(rows, by=by)
    counts = Counter(line.outcome for line in lines)
    if not counts[Outcome.FAULTY]:
        said = f"已导入：新增 {counts[Outcome.NEW]} 条，填写失效日期 {counts[Outcome.END]} 条，已有 {counts[Outcome.SAME]} 条"
        return go(request, CODES, said)
    return await _lines(request, lines, rows, done=True)


@routes.post(CODES + "/faulty")
async def faulty(request: web.Request) -> web.Response:
    """The faulty rows with the reasons, as a sheet that can be put right and brought in again."""
    by = permit(request, Permission.STAFF_MANAGE)
    lines = await code_sheets.preview(await _posted(request), by=by)
    bad = [{**line.cells, REASON: line.reason} for line in lines if line.outcome is Outcome.FAULTY]
    return _file(f"科室对照表-未导入-{clock.today()}.xlsx", code_sheets.book(bad, faulty=True))

"""The door for a sheet of staff or of names: read, shown before it is taken, taken, and what is faulty given back.

Nothing is written before a person has seen what each row would do; the rows travel with the page and are looked at again.
"""

import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from console.page import show
from core import clock
from core.actor import Actor
from core.downloads import attachment
from core.errors import Invalid
from staff.importing.sheet_rows import REASON, Rows
from tickets.sheets.limits import SheetError
from tickets.sheets.reader import open_sheet

FAULTY = "faulty"
LONGEST = 200
MOST_SHOWN = 300
_ROWS = TypeAdapter(Rows)


class Line(Protocol):
    """A row with what it would do (`outcome`, a word of `SheetDoor.outcomes`) and why not."""

    @property
    def number(self) -> int: ...
    @property
    def cells(self) -> Mapping[str, str]: ...
    @property
    def outcome(self) -> str: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SheetDoor:
    """A sort of sheet: what reads and judges it, and how its pages speak of it."""

    columns: Sequence[str]
    most: int
    table: Callable[[Iterable[tuple[int, Sequence[object]]]], Rows]
    preview: Callable[..., Awaitable[Sequence[Line]]]  # (rows, by=)
    book: Callable[..., bytes]  # (rows, faulty=)
    outcomes: Mapping[str, tuple[str, str]]  # outcome → words and tone, in the order in which lines are shown
    changing: Collection[str]  # the outcomes that write something
    path: str  # where the sheet is taken (POST); + "/faulty" gives the faulty rows back
    back: str  # where a person comes from
    then: str  # where a person goes when all is done
    crumbs: Sequence[tuple[str, str]]
    name: str  # of the file of faulty rows


async def sent(request: web.Request, door: SheetDoor) -> Rows:
    """The rows of the file that the form sends.

    Raises:
        Invalid: no file, no sheet, no header, nothing below it, or too many rows.
    """
    file = (await request.post()).get("file")
    if not isinstance(file, web.FileField) or not file.filename:
        raise Invalid("请选择文件")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet"
        path.write_bytes(file.file.read())
        try:
            opened = open_sheet(path, filename=file.filename)
            rows = door.table((row.number, row.cells) for row in opened.rows())
        except SheetError as error:
            raise Invalid(str(error)) from None
    if not rows:
        raise Invalid("表头下没有内容")
    return rows


async def posted(request: web.Request, door: SheetDoor) -> Rows:
    """The rows that the preview gave back; what came from outside is looked at again.

    Raises:
        Invalid: they are none, or too many.
    """
    try:
        rows = _ROWS.validate_json(str((await request.post()).get("rows", "")))
    except ValidationError:
        raise Invalid("导入内容已失效，请重新选择文件") from None
    if len(rows) > door.most:
        raise Invalid(f"一次最多导入 {door.most} 行，请分成几个文件")
    return [
        (at, {name: text[:LONGEST] for name, text in row.items() if name in door.columns}) for at, row in rows
    ]


def counted(lines: Iterable[Line]) -> Counter[str]:
    """How many rows of each outcome."""
    return Counter(str(line.outcome) for line in lines)


async def page(
    request: web.Request, door: SheetDoor, lines: Sequence[Line], rows: Rows, *, done: bool = False
) -> web.Response:
    """What each row would do, or what was not taken once it is `done`."""
    order = list(door.outcomes)
    counts = counted(lines)
    context: dict[str, Any] = {
        "door": door,
        "lines": sorted(lines, key=lambda line: (order.index(line.outcome), line.number))[:MOST_SHOWN],
        "counts": counts,
        "changes": any(counts[outcome] for outcome in door.changing),
        "more": max(0, len(lines) - MOST_SHOWN),
        "rows": orjson.dumps(rows).decode(),
        "done": done,
    }
    return await show(request, "console/sheet_lines.html", **context)


async def given_back(request: web.Request, door: SheetDoor, by: Actor) -> web.Response:
    """The faulty rows with the reasons, as a sheet that can be put right and brought in again."""
    lines = await door.preview(await posted(request, door), by=by)
    bad = [{**line.cells, REASON: line.reason} for line in lines if line.outcome == FAULTY]
    return attachment(f"{door.name}-未导入-{clock.today()}.xlsx", door.book(bad, faulty=True))

"""The HTTP door of the chat: files in and out, older messages, the list of rooms. Signed-in staff only.

Upload is streamed, so the CSRF token comes in the header `X-CSRF-Token`. Only pictures are shown in place;
whatever else a colleague uploaded is downloaded, and nothing runs with the rights of our pages.
"""

from uuid import UUID

import orjson
from aiohttp import BodyPartReader, hdrs, web
from pydantic import Field

from core import storage
from core.actions import Form
from core.downloads import POWERLESS, SHOWN_IN_PLACE, attachment, disposition
from core.errors import Fault, Invalid, NotFound
from core.filetypes import MOST_BYTES
from core.web import json_answer
from im import actions, groups, queries, transcript
from im.drafts import Number, parse
from im.search import Wanted, search
from staff import queries as staff
from staff.sessions import require

routes = web.RouteTableDef()

PLAYED = frozenset({"audio/webm", "audio/ogg", "audio/mpeg", "audio/mp4", "video/mp4"})
MOST_ID = 2**53
MOST_FOUND = 20
MOST_OF_UNIT = 300


class NewGroup(Form):
    """A group to be made; `key` is made by the client once."""

    key: UUID = Field(title="编号")
    title: str = Field(max_length=100, title="群名称")
    staff_ids: tuple[Number, ...] = Field(min_length=1, max_length=500, title="群成员")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) <= MOST_ID:
        raise NotFound
    return int(text)


def _room(request: web.Request) -> int:
    return _number(request.match_info["room"])


@routes.get("/chat/rooms")
async def list_rooms(request: web.Request) -> web.Response:
    """The rooms of who asks, open ones, with `?closed=1` the closed ones, with `?moderated=` those they keep order in.

    Beside them what waits in all open ones; `moderated` is a part of the title, or nothing.
    """
    by = require(request)
    unread, mentions = await queries.waiting(by=by)
    if "moderated" in request.query:
        found = await queries.moderated(request.query["moderated"][:100], by=by)
    else:
        found = await queries.rooms(by=by, closed=request.query.get("closed") == "1")
    return json_answer({"rooms": found, "unread": unread, "mentions": mentions})


@routes.get("/chat/rooms/{room}/messages")
async def older(request: web.Request) -> web.Response:
    """A page of 50 messages before `?before=seq`, after `?after=seq` or around `?around=seq`, oldest first."""
    by = require(request)
    room, asked = _room(request), request.query
    if "around" in asked:
        page = await queries.around(room, _number(asked["around"]), by=by)
    elif "after" in asked:
        page = await queries.since(room, _number(asked["after"]), by=by)
    else:
        page = await queries.before(room, _number(asked["before"]) if asked.get("before") else None, by=by)
    return json_answer({"messages": page.messages, "more": page.more, "newer": page.newer})


@routes.get("/chat/search")
async def find(request: web.Request) -> web.Response:
    """Messages of one's rooms that hold every word of `?q=`, newest first; filters as in im.search.Wanted."""
    by = require(request)
    asked = {
        name: int(text) if text.isdigit() and name != "q" else text for name, text in request.query.items()
    }
    found = await search(parse(Wanted, {name: value for name, value in asked.items() if value != ""}), by=by)
    return json_answer(found)


@routes.get("/chat/people")
async def people(request: web.Request) -> web.Response:
    """Whom one may take into a group: by the beginning of name or number `?q=`, or all of a unit `?unit=`."""
    require(request)
    unit = request.query.get("unit", "")
    if unit:
        path = (await staff.tree()).unit(_number(unit)).path
        rows = await staff.find_people("", path=path, limit=MOST_OF_UNIT)
    else:
        words = request.query.get("q", "").strip()[:40]
        rows = await staff.find_people(words, limit=MOST_FOUND) if words else []
    tree = await staff.tree()
    found = []
    for person in rows:
        posts = await staff.posts(person.id)
        place = tree.label(posts[0].unit_id) if posts else ""
        found.append({"id": person.id, "name": person.name, "number": person.number, "unit": place})
    return json_answer({"people": found})


@routes.get("/chat/units")
async def units(request: web.Request) -> web.Response:
    """Departments and wards, to take in all of one."""
    require(request)
    tree = await staff.tree()
    found = [
        {"id": unit.id, "label": tree.label(unit.id)}
        for unit in tree.below()
        if unit.kind in ("department", "ward")
    ]
    return json_answer({"units": found})


@routes.post("/chat/groups")
async def found_group(request: web.Request) -> web.Response:
    """A new group: JSON `{key, title, staff_ids}`; the same key again is the same group. Answers its room."""
    by = require(request)
    form = parse(NewGroup, await _json(request))
    room = await groups.found(form.key, form.title, form.staff_ids, by=by)
    return json_answer({"room": room}, 201)


@routes.get("/chat/rooms/{room}/export")
async def export(request: web.Request) -> web.Response:
    """The whole room as a ZIP: a readable transcript and its files."""
    by = require(request)
    name, data = await transcript.export(_room(request), by=by)
    return attachment(name, data, "application/zip")


async def _json(request: web.Request) -> object:
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise Invalid("请求的格式不对") from error


@routes.post("/chat/rooms/{room}/files")
async def bring(request: web.Request) -> web.Response:
    """Keep the file of the multipart field `file` for a message that follows; answers its id."""
    by = require(request)
    room = _room(request)
    await queries.room(room, by=by)
    name, data = await _read_file(request)
    return json_answer({"file": await actions.bring_file(room, name, data, by=by)}, 201)


@routes.get("/chat/rooms/{room}/files/{file}")
async def show(request: web.Request) -> web.Response:
    """The bytes of a file shown in the room."""
    by = require(request)
    try:
        file_id = UUID(request.match_info["file"])
    except ValueError:
        raise NotFound from None
    file = await queries.file(_room(request), file_id, by=by)
    in_place = file.mime in (SHOWN_IN_PLACE | PLAYED) and "download" not in request.query
    data, status, more = _ranged(request, await storage.read(file))
    return web.Response(
        body=data,
        status=status,
        content_type=file.mime,
        headers={
            **more,
            hdrs.CONTENT_DISPOSITION: disposition(file.name, in_place=in_place),
            **POWERLESS,
            hdrs.CACHE_CONTROL: "private, max-age=3600",
        },
    )


def _ranged(request: web.Request, data: bytes) -> tuple[bytes, int, dict[str, str]]:
    """The part of a recording that a player asks for (Safari plays nothing without); else the whole."""
    more = {"Accept-Ranges": "bytes"}
    try:
        wanted = request.http_range
    except ValueError:
        return data, 200, more
    if wanted.start is None and wanted.stop is None:
        return data, 200, more
    start, stop, _ = wanted.indices(len(data))
    if start >= stop:
        return b"", 416, {**more, "Content-Range": f"bytes */{len(data)}"}
    return data[start:stop], 206, {**more, "Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"}


async def _read_file(request: web.Request) -> tuple[str, bytes]:
    if request.content_type != "multipart/form-data":
        raise _bad("请用表单上传文件")
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
                return part.filename, await _bytes(part)
    except ValueError as error:
        raise _bad("上传的内容不完整") from error
    raise _bad("没有收到文件")


async def _bytes(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(256 * 1024):
        data += chunk
        if len(data) > MOST_BYTES:
            raise _bad(f"超过 {MOST_BYTES // 1024 // 1024} MB")
    return bytes(data)


def _bad(reason: str) -> Invalid:
    return Invalid(reason, details=[Fault(field="file", label="附件", reason=reason)])

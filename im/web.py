"""The HTTP door of the chat: files in and out, older messages, the list of rooms. Signed-in staff only.

Upload is streamed, so the CSRF token comes in the header `X-CSRF-Token`. Only pictures are shown in place;
whatever else a colleague uploaded is downloaded, and nothing runs with the rights of our pages.
"""

from urllib.parse import quote
from uuid import UUID

from aiohttp import BodyPartReader, hdrs, web

from core import storage
from core.errors import Fault, Invalid, NotFound
from core.filetypes import MOST_BYTES
from core.web import json_answer
from im import actions, queries
from staff.sessions import require

routes = web.RouteTableDef()

SHOWN_IN_PLACE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MOST_ID = 2**53


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) <= MOST_ID:
        raise NotFound
    return int(text)


def _room(request: web.Request) -> int:
    return _number(request.match_info["room"])


@routes.get("/chat/rooms")
async def list_rooms(request: web.Request) -> web.Response:
    """The rooms of who asks, open ones, or with `?closed=1` the closed ones; and what waits in all open ones."""
    by = require(request)
    unread, mentions = await queries.waiting(by=by)
    found = await queries.rooms(by=by, closed=request.query.get("closed") == "1")
    return json_answer({"rooms": found, "unread": unread, "mentions": mentions})


@routes.get("/chat/rooms/{room}/messages")
async def older(request: web.Request) -> web.Response:
    """A page of 50 messages before `?before=seq`, oldest first."""
    by = require(request)
    text = request.query.get("before", "")
    page = await queries.before(_room(request), _number(text) if text else None, by=by)
    return json_answer({"messages": page.messages, "more": page.more})


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
    in_place = file.mime in SHOWN_IN_PLACE and "download" not in request.query
    return web.Response(
        body=await storage.read(file),
        content_type=file.mime,
        headers={
            hdrs.CONTENT_DISPOSITION: disposition(file.name, in_place=in_place),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            hdrs.CACHE_CONTROL: "private, max-age=3600",
        },
    )


def disposition(name: str, *, in_place: bool) -> str:
    """Content-Disposition with a Chinese file name (RFC 6266, RFC 8187)."""
    plain = "".join(
        letter if (letter.isalnum() and letter.isascii()) or letter in ".-_" else "_" for letter in name
    )
    return f"{'inline' if in_place else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


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

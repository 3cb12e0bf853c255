"""Temporary files: ``media/upload`` and ``media/get``, kept three days.

Source: 上传临时素材 and its limits of size and type per kind.
"""

import mimetypes
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from sandbox.wire import Refusal, Reply
from sandbox.world import World

MEGABYTE = 1024 * 1024
LIMITS = {"image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE}
SUFFIXES = {
    "image": (".jpg", ".jpeg", ".png"),
    "voice": (".amr",),
    "video": (".mp4",),
    "file": ("",),
}
SMALLEST = 5


def check(kind: str, filename: str, size: int) -> None:
    """Raises 40004 for a wrong kind or suffix, 40006 for a size out of range."""
    if kind not in LIMITS:
        raise Refusal(40004, "invalid media type")
    if not filename.lower().endswith(SUFFIXES[kind]):
        raise Refusal(40004, f"invalid media type: {filename} is no {kind}")
    if not SMALLEST <= size <= LIMITS[kind]:
        raise Refusal(40006, f"invalid file size: {size} bytes")


def mime_of(filename: str) -> str:
    """The content type a file name suggests."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


async def upload(world: World, request: web.Request) -> Reply:
    """Multipart field ``media``; answers the media id."""
    kind = request.query.get("type", "")
    filename, data = await _part(request)
    check(kind, filename, len(data))
    media = world.keep_media(kind, filename, mime_of(filename), data)
    return {"type": kind, "media_id": media.media_id, "created_at": str(int(media.created_at))}


async def _part(request: web.Request) -> tuple[str, bytes]:
    if not (request.content_type or "").startswith("multipart/"):
        raise Refusal(41005, "media data missing")
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "media":
            return part.filename or "file", bytes(await part.read(decode=False))
    raise Refusal(41005, "media data missing")


async def get(world: World, request: web.Request) -> web.StreamResponse:
    """The file itself; 40007 when unknown or older than three days."""
    media = world.state.media.get(request.query.get("media_id", ""))
    data = world.store.get(media.media_id) if media else None
    if media is None or data is None or media.created_at + world.config.media_seconds < world.clock.now():
        raise Refusal(40007, "invalid media_id")
    return file_response(media.filename, media.mime, data)


def file_response(filename: str, mime: str, data: bytes) -> web.Response:
    """Bytes as a download, never executed in the page."""
    return web.Response(
        body=data,
        content_type=mime,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}",
            "X-Content-Type-Options": "nosniff",
        },
    )

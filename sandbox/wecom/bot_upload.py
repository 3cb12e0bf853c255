"""Uploads over the bot's line: announced, sent in chunks of at most 512 KB, finished.

Source: 智能机器人长连接, 上传素材 (path 101463): at most 100 chunks, 30 uploads a minute.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from sandbox.wecom.media import check, mime_of
from sandbox.wire import Refusal, Reply, token, validate
from sandbox.world import World

CHUNK = 512 * 1024


class Init(BaseModel):
    """``aibot_upload_media_init``."""

    type: str
    filename: str
    total_size: int
    total_chunks: int = Field(ge=1, le=100)
    md5: str = ""


class Chunk(BaseModel):
    """``aibot_upload_media_chunk``."""

    upload_id: str
    chunk_index: int = Field(ge=0)
    base64_data: str


class Finish(BaseModel):
    """``aibot_upload_media_finish``."""

    upload_id: str


@dataclass
class Upload:
    """A file that is arriving."""

    init: Init
    chunks: dict[int, bytes] = field(default_factory=dict)


class Uploads:
    """The uploads of one connection."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[str, Upload] = {}

    def obey(self, cmd: str, raw: str) -> Reply:
        """Carry out one of the three commands and give its answer's body."""
        if cmd == "aibot_upload_media_init":
            return self._init(validate(Init, raw))
        if cmd == "aibot_upload_media_chunk":
            return self._chunk(validate(Chunk, raw))
        return self._finish(validate(Finish, raw))

    def _init(self, wanted: Init) -> Reply:
        if not self._world.windows.allow("bot-upload", (60.0, 30)):
            raise Refusal(45009, "api freq out of limit")
        check(wanted.type, wanted.filename, wanted.total_size)
        upload_id = token("up_")
        self._open[upload_id] = Upload(wanted)
        return {"upload_id": upload_id}

    def _chunk(self, wanted: Chunk) -> Reply:
        upload = self._find(wanted.upload_id)
        try:
            data = base64.b64decode(wanted.base64_data, validate=True)
        except binascii.Error as error:
            raise Refusal(40058, "invalid Request Parameter: base64_data") from error
        if len(data) > CHUNK or wanted.chunk_index >= upload.init.total_chunks:
            raise Refusal(40058, "invalid Request Parameter: chunk_index: out of range or chunk too large")
        upload.chunks[wanted.chunk_index] = data
        return {}

    def _finish(self, wanted: Finish) -> Reply:
        upload = self._find(wanted.upload_id)
        init = upload.init
        data = b"".join(upload.chunks[index] for index in sorted(upload.chunks))
        if len(upload.chunks) != init.total_chunks or len(data) != init.total_size:
            raise Refusal(40058, "invalid Request Parameter: total_size: chunks are missing")
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if init.md5 and init.md5.lower() != digest:
            raise Refusal(40058, "invalid Request Parameter: md5: differs")
        del self._open[wanted.upload_id]
        media = self._world.keep_media(init.type, init.filename, mime_of(init.filename), data)
        return {"type": init.type, "media_id": media.media_id, "created_at": int(media.created_at)}

    def _find(self, upload_id: str) -> Upload:
        upload = self._open.get(upload_id)
        if upload is None:
            raise Refusal(40058, "invalid Request Parameter: upload_id: unknown")
        return upload

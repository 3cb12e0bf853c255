"""Files (attachments, reports, templates): content-addressed, checked, in a folder or an S3-compatible store.

Never served from a guessable path: a page asks for a `StoredFile` by its random id, after asking whether the
person may see what it belongs to.
"""

import asyncio
import hashlib
import io
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

from minio import Minio
from minio.error import S3Error

from core.errors import NotFound
from core.filetypes import check_upload
from core.models import StoredFile
from core.settings import Settings, settings


class Store(Protocol):
    """Where the bytes lie; keys are the sha256 in hex."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep the bytes; the same key again changes nothing."""
        ...

    async def get(self, key: str) -> bytes:
        """The bytes; NotFound if they are gone."""
        ...


class FolderStore:
    """Files below one folder, two levels deep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:4] / key

    async def put(self, key: str, data: bytes) -> None:
        """Write to a temporary name and rename, so that a half-written file is never read."""
        await asyncio.to_thread(self._write, self._path(key), data)

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
        part.write_bytes(data)
        part.replace(path)

    async def get(self, key: str) -> bytes:
        """Read."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            raise NotFound("文件已不在存储中") from None


class S3Store:
    """An S3-compatible bucket; the client is blocking, so it works in threads."""

    def __init__(self, using: Settings) -> None:
        self.bucket = using.s3_bucket
        self.client = Minio(
            using.s3_endpoint,
            access_key=using.s3_access_key.get_secret_value(),
            secret_key=using.s3_secret_key.get_secret_value(),
            secure=using.s3_secure,
        )

    async def put(self, key: str, data: bytes) -> None:
        """Upload."""
        await asyncio.to_thread(self.client.put_object, self.bucket, key, io.BytesIO(data), len(data))

    async def get(self, key: str) -> bytes:
        """Download."""
        return await asyncio.to_thread(self._read, key)

    def _read(self, key: str) -> bytes:
        try:
            answer = self.client.get_object(self.bucket, key)
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise NotFound("文件已不在存储中") from None
            raise
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()


def _store() -> Store:
    using = settings()
    return S3Store(using) if using.storage == "s3" else FolderStore(using.storage_folder)


async def keep(name: str, data: bytes, *, by: str = "", checked: bool = False) -> StoredFile:
    """Keep a file and a row that names it.

    Args:
        name: the name the person gave it; path parts are dropped.
        data: the bytes.
        by: who brought it.
        checked: True for files we made ourselves; what people send is checked for its real type and size.

    Raises:
        Invalid: not a kind of file we take, or the name lies about what it is.
    """
    name = name.replace("\\", "/").rsplit("/", 1)[-1].strip()[-150:] or "未命名"
    mime = await check_upload(name, data, scan=not checked)
    digest = hashlib.sha256(data).hexdigest()
    await _store().put(digest, data)
    return await StoredFile.create(
        id=uuid4(), sha256=digest, name=name, mime=mime, size=len(data), created_by=by
    )


async def find(file_id: UUID) -> StoredFile:
    """The row of a file; who may see it is the caller's question."""
    row = await StoredFile.get_or_none(id=file_id)
    if row is None:
        raise NotFound
    return row


async def read(file: StoredFile) -> bytes:
    """The bytes of a file, verified against their digest."""
    data = await _store().get(file.sha256)
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise NotFound("文件内容与登记的摘要不符，已停止提供")
    return data

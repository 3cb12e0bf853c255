"""Where the bytes of files lie: a folder, or an S3-compatible bucket; keys are the sha256 in hex.

Knows no names, no rows and nobody's rights; what was found infected lies apart, under `apart/`, and `get` never
gives it out.
"""

import asyncio
import io
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from minio import Minio
from minio.commonconfig import CopySource
from minio.error import S3Error

from core.errors import NotFound
from core.settings import Settings, settings

APART = "apart"
GONE = "文件已不在存储中"


class Store(Protocol):
    """Where the bytes lie."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep the bytes; the same key again changes nothing."""
        ...

    async def get(self, key: str) -> bytes:
        """The bytes; NotFound if they are gone."""
        ...

    async def set_apart(self, key: str) -> None:
        """Move the bytes to where `get` does not look; nothing happens when they lie there already."""
        ...

    async def remove(self, key: str) -> None:
        """Delete the bytes; nothing happens when they are gone already."""
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
            raise NotFound(GONE) from None

    async def set_apart(self, key: str) -> None:
        """Rename into the folder for such files, which nobody but this program's user may enter."""
        await asyncio.to_thread(self._move, self._path(key), self.folder / APART / key)

    @staticmethod
    def _move(path: Path, to: Path) -> None:
        if not path.exists():
            return
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o400)
        path.replace(to)

    async def remove(self, key: str) -> None:
        """Unlink."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)


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
                raise NotFound(GONE) from None
            raise
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    async def set_apart(self, key: str) -> None:
        """Copy under the prefix for such files, then remove."""
        await asyncio.to_thread(self._move, key)

    def _move(self, key: str) -> None:
        try:
            self.client.copy_object(self.bucket, f"{APART}/{key}", CopySource(self.bucket, key))
        except S3Error as error:
            if error.code == "NoSuchKey":
                return
            raise
        self.client.remove_object(self.bucket, key)

    async def remove(self, key: str) -> None:
        """Delete; S3 says nothing of a key that is not there."""
        await asyncio.to_thread(self.client.remove_object, self.bucket, key)


def store() -> Store:
    """The one of the settings."""
    using = settings()
    return S3Store(using) if using.storage == "s3" else FolderStore(using.storage_folder)

"""Files (attachments, reports, templates): content-addressed, checked, in a folder or an S3-compatible store.

Never served from a guessable path: a page asks for a `StoredFile` by its random id, after asking whether the
person may see what it belongs to.
"""

import asyncio
import hashlib
from collections.abc import Collection
from uuid import UUID, uuid4

from core import db, filenames, jobs, quarantine
from core.actor import Actor
from core.errors import NotFound
from core.filetypes import examined, kind_of
from core.jobs import Job
from core.models import StoredFile
from core.stores import store

REMOVE = "files.remove"


async def keep(name: str, data: bytes, *, by: Actor | str = "", checked: bool = False) -> StoredFile:
    """Keep a file and a row that names it.

    Args:
        name: the name the person gave it; made safe (core/filenames.py).
        data: the bytes.
        by: who brought it; an actor of the staff is told if a virus is found in it.
        checked: True for files we made ourselves; what people send is checked for its real type, its size and for
            what acts in it, a picture is stripped of all that is not the picture, and the virus scanner is asked.

    Raises:
        Invalid: not a kind of file we take, or the name lies about what it is.
    """
    name = filenames.safe(name)
    if checked and filenames.ending(name) == "zip":
        mime = "application/zip"  # only we make archives, and they may be larger than what people send
    elif checked:
        mime = kind_of(name, data)
    else:
        mime, data = await asyncio.to_thread(examined, name, data)
    digest = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
    await store().put(digest, data)
    async with db.transaction():
        file = await StoredFile.create(
            id=uuid4(),
            sha256=digest,
            name=name,
            mime=mime,
            size=len(data),
            created_by=by.name if isinstance(by, Actor) else by,
            uploader_id=by.staff_id if isinstance(by, Actor) else None,
        )
        if not checked:
            await quarantine.hold(digest)
    return file


async def find(file_id: UUID) -> StoredFile:
    """The row of a file; who may see it is the caller's question."""
    row = await StoredFile.get_or_none(id=file_id)
    if row is None:
        raise NotFound
    return row


async def read(file: StoredFile) -> bytes:
    """The bytes of a file, verified against their digest.

    Raises:
        NotFound: they are gone, or are not those that were kept.
        Refused: the virus scanner has not looked at them yet.
        Forbidden: it has found something.
    """
    await quarantine.pass_or_refuse(file.sha256)
    data = await store().get(file.sha256)
    if (await asyncio.to_thread(hashlib.sha256, data)).hexdigest() != file.sha256:
        raise NotFound("文件内容与登记的摘要不符，已停止提供")
    return data


async def let_go(file_ids: Collection[UUID]) -> None:
    """Forget files to which no row points any more; their bytes go with the last name they had. In a transaction."""
    rows = await db.fetch(
        "delete from stored_file where id = any($1::uuid[]) returning id, sha256", list(file_ids)
    )
    for row in rows:
        await jobs.enqueue(REMOVE, {"sha256": row["sha256"]}, key=f"remove:{row['id']}")


async def remove(job: Job) -> None:
    """Delete the bytes, unless a file of the same content has been kept under another name."""
    digest = str(job.payload["sha256"])
    if not await db.fetchval("select exists (select from stored_file where sha256 = $1)", digest):
        await store().remove(digest)

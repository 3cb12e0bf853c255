"""The hospital's Word templates in versions: checked before they are taken, old ones kept, one in use of each kind.

A version never changes and is never deleted: the reports made with it name it. Fills no report (`reporting` does).
"""

import asyncio
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
from PIL import Image

from core import audit, clock, db, storage
from core.actor import Actor, Permission, system
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound
from core.models import StoredFile
from tickets.word.check import Inspection, inspect
from tickets.word.fill import fill
from tickets.word.preview import to_html
from tickets.word.variables import Kind, sample_context

SHIPPED = Path(__file__).resolve().parent.parent / "templates" / "word"
_COLUMNS = "id, kind, version, name, file_id, active, variables, uploaded_by, uploaded_at"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a template; `variables` are the dotted names it uses."""

    id: int
    kind: Kind
    version: int
    name: str
    file_id: UUID
    active: bool
    variables: tuple[str, ...]
    uploaded_by: str
    uploaded_at: datetime


def _version(row: "asyncpg.Record") -> Version:
    return Version(**{**dict(row), "kind": Kind(row["kind"]), "variables": tuple(row["variables"])})


async def versions(kind: Kind) -> list[Version]:
    """All versions of a kind, the newest first; the shipped one where the hospital has none of its own yet."""
    rows = await _rows(kind)
    if not rows:
        await load_defaults()
        rows = await _rows(kind)
    return [_version(row) for row in rows]


async def _rows(kind: Kind) -> "list[asyncpg.Record]":
    return await db.fetch(
        f"select {_COLUMNS} from word_template where kind = $1 order by version desc",  # noqa: S608 - our columns
        kind,
    )


async def version(version_id: int) -> Version:
    """One version.

    Raises:
        NotFound: no such version.
    """
    row = await db.fetchrow(f"select {_COLUMNS} from word_template where id = $1", version_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这个模板版本")
    return _version(row)


async def in_use(kind: Kind) -> Version:
    """The version that reports of this kind are made with."""
    return next(entry for entry in await versions(kind) if entry.active)


async def content(entry: Version) -> bytes:
    """The bytes of a version's file."""
    return await storage.read(await storage.find(entry.file_id))


async def check(data: bytes, kind: Kind) -> Inspection:
    """What an administrator is told about a file before it is accepted; keeps nothing."""
    return await asyncio.to_thread(inspect, data, kind)


def faults(found: Inspection) -> list[Fault]:
    """Why a template is not accepted, a line each; empty when it is."""
    told = [Fault(field="file", label="不能使用", reason=text) for text in found.forbidden]
    told += [Fault(field="file", label="写法有误", reason=text) for text in found.syntax_errors]
    for item in found.unknown:
        meant = f"；是否要写：{'、'.join(item.suggestions)}" if item.suggestions else ""
        hint = f"；{item.hint}" if item.hint else ""
        reason = f"“{item.name}”（在“{item.paragraph}”）{hint}{meant}"
        told.append(Fault(field="file", label="未知变量", reason=reason, value=item.name))
    told += [
        Fault(field="file", label="缺少变量", reason=f"必须用到 {path}", value=path)
        for path in found.missing_required
    ]
    return told


def _permitted(by: Actor) -> None:
    if not by.can(Permission.TEMPLATE_MANAGE):
        raise Forbidden


async def upload(kind: Kind, name: str, file_name: str, data: bytes, *, by: Actor) -> Version:
    """Take a checked file as the next version and put it into use; the versions before it stay.

    Args:
        kind: the document it is for.
        name: what the version is called on the page; the file's own name when empty.
        file_name: as uploaded.
        data: the bytes.
        by: who brings it.

    Raises:
        Forbidden: no right to.
        Invalid: the check found something; `details` name each unknown and missing variable.
    """
    _permitted(by)
    found = await check(data, kind)
    if not found.acceptable:
        raise Invalid("模板未通过检查，没有保存", details=faults(found))
    file = await storage.keep(file_name, data, by=by)
    async with transaction():
        return await _add(kind, name.strip() or file.name, file, found.used, by)


async def _add(kind: Kind, name: str, file: StoredFile, used: tuple[str, ...], by: Actor) -> Version:
    await _lock(kind)
    await db.execute("update word_template set active = false where kind = $1 and active", kind)
    row = await db.fetchrow(
        "insert into word_template (kind, version, name, file_id, active, variables, uploaded_by, uploaded_at)"  # noqa: S608
        " select $1, coalesce(max(version), 0) + 1, $2, $3, true, $4, $5, $6 from word_template where kind = $1"
        f" returning {_COLUMNS}",
        kind,
        name,
        file.id,
        list(used),
        by.name,
        clock.now(),
    )
    if row is None:
        raise LookupError(kind)
    await audit.record(by, "template.upload", "word_template", row["id"], kind=kind, version=row["version"])
    return _version(row)


async def activate(version_id: int, *, by: Actor) -> Version:
    """Put a version into use in place of the present one; nothing happens when it is in use already."""
    _permitted(by)
    entry = await version(version_id)
    async with transaction():
        await _lock(entry.kind)
        moved = await db.execute(
            "update word_template set active = true where id = $1 and not active", entry.id
        )
        if moved:
            await db.execute(
                "update word_template set active = false where kind = $1 and id <> $2 and active",
                entry.kind,
                entry.id,
            )
            await audit.record(
                by, "template.activate", "word_template", entry.id, kind=entry.kind, version=entry.version
            )
    return await version(version_id)


async def _lock(kind: Kind) -> None:
    """One change of a kind at a time, so that versions have no gaps and exactly one is in use."""
    await db.execute("select pg_advisory_xact_lock(hashtext('word_template:' || $1))", kind)


async def load_defaults() -> int:
    """Load the shipped template of each kind that has none; how many were loaded. Safe to run at every start."""
    loaded, by = 0, system("出厂模板")
    for kind in Kind:
        async with transaction():
            await _lock(kind)
            if await db.fetchval("select 1 from word_template where kind = $1 limit 1", kind):
                continue
            data = await asyncio.to_thread((SHIPPED / f"{kind}.docx").read_bytes)
            found = await check(data, kind)
            file = await storage.keep(f"{kind.label}.docx", data, by=by.name, checked=True)
            await _add(kind, f"{kind.label}（出厂）", file, found.used, by)
            loaded += 1
    return loaded


async def tried(data: bytes, kind: Kind = Kind.EVENT_REPORT) -> str:
    """The template filled with sample data, as HTML for the browser.

    Raises:
        FillError, TemplateError: it cannot be filled or shown.
    """
    return await asyncio.to_thread(_tried, data, kind)


def _tried(data: bytes, kind: Kind) -> str:
    picture = io.BytesIO()
    Image.new("RGB", (320, 180), "#dbe7f3").save(picture, "PNG")
    context = sample_context()
    images = {photo.image: picture.getvalue() for photo in context.photos}
    return to_html(fill(data, context, images, kind))

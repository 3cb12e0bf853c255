"""What an archived month of the audit log is: its files, its manifest, its row; finds them and changes nothing.

An archive is gzip files of lines exactly as they were hashed, a gzip file of the seals over them, and a manifest that
names each file with its SHA-256 and is itself sealed by a key (HMAC-SHA-256). An archive proves itself: whoever has the
files can recompute the chain without our database.
"""

import asyncio
import gzip
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from core import db
from core.audit_chain import Seal
from core.errors import NotFound, Refused
from core.settings import settings
from core.stores import store

FORMAT = 1
Told = Callable[[int, int], Awaitable[None]]


class Part(BaseModel):
    """One file of an archive: its key and SHA-256 in storage, its size in bytes, and what it holds."""

    model_config = ConfigDict(frozen=True)

    kind: str  # "lines" or "seals"
    sha256: str
    bytes: int
    count: int


class Manifest(BaseModel):
    """What an archive is made of; `seal` is the HMAC over all the rest."""

    model_config = ConfigDict(frozen=True)

    format: int
    hospital: str
    month: str
    made_at: str
    made_by: str
    columns: tuple[str, ...]
    lines: int
    first_at: str
    last_at: str
    ids: str
    first_seal: int
    last_seal: int
    parts: tuple[Part, ...]
    seal: str = ""

    def sealed(self) -> "Manifest":
        """With its seal."""
        return self.model_copy(update={"seal": self.own_seal()})

    def own_seal(self) -> str:
        """What its seal ought to be."""
        key = hmac.new(settings().hash_key.encode(), b"audit-archive", "sha256").digest()
        body = orjson.dumps(self.model_dump(exclude={"seal"}), option=orjson.OPT_SORT_KEYS)
        return hmac.new(key, body, "sha256").hexdigest()


class KeptSeal(BaseModel):
    """A seal in an archive. Not `whole`: the rest of its lines, and its proof, lie in the archive of the month before."""

    model_config = ConfigDict(frozen=True)

    no: int
    form: int
    ids: tuple[int, ...]
    before: str
    hash: str
    marks: str
    whole: bool

    def link(self) -> Seal:
        """As a link of the chain."""
        before, own, marks = map(bytes.fromhex, (self.before, self.hash, self.marks))
        return Seal(self.no, self.form, self.ids, before, own, marks, None, None)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archived month as its row tells it; `restored` lines of it lie ready for reading, `online` while the table still has it."""

    id: int
    month: date
    lines: int
    bytes: int
    first_at: datetime
    last_at: datetime
    first_seal: int
    last_seal: int
    manifest: str
    archived_at: datetime
    archived_by: str
    restored: int
    online: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of proving an archive: lines and seals read, and the first fault ("" none)."""

    month: str
    lines: int
    seals: int
    broken: str


def month_of(text: str) -> date:
    """The month of "2026-01".

    Raises:
        NotFound: it is none.
    """
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise NotFound("月份应写成 2026-01 这样") from None


def bounds(month: date) -> tuple[datetime, datetime]:
    """Its first instant and that of the next month, in UTC as the partitions are."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return (
        datetime(month.year, month.month, 1, tzinfo=UTC),
        datetime(following.year, following.month, 1, tzinfo=UTC),
    )


def part_name(month: date) -> str:
    """The partition's name."""
    return f"audit_{month:%Y%m}"


async def archives() -> list[Archive]:
    """All archived months, newest first."""
    rows = await db.fetch(
        "select a.id, a.month, a.lines, a.bytes, a.first_at, a.last_at, a.first_seal, a.last_seal, a.manifest,"
        " a.archived_at, a.archived_by, (select count(*) from audit_restored r where r.month = a.month) as restored,"
        " to_regclass('audit_' || to_char(a.month, 'YYYYMM')) is not null as online"
        " from audit_archive a order by a.month desc"
    )
    return [Archive(**dict(row)) for row in rows]


async def find(month: date) -> Archive:
    """The archive of a month.

    Raises:
        NotFound: it is not archived.
    """
    for one in await archives():
        if one.month == month:
            return one
    raise NotFound(f"{month:%Y-%m} 没有归档")


async def read_part(part: Part) -> list[bytes]:
    """The lines of one file, checked against the manifest.

    Raises:
        Refused: they are not those that were written.
        NotFound: the file is gone.
    """
    data = await store().get(part.sha256)
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise Refused(f"归档文件 {part.sha256[:12]} 的内容与清单不符")
    found: list[bytes] = (await asyncio.to_thread(gzip.decompress, data)).splitlines()
    if len(found) != part.count:
        raise Refused(f"归档文件 {part.sha256[:12]} 的行数与清单不符")
    return found


async def manifest_of(archive: Archive) -> Manifest:
    """The manifest of an archive.

    Raises:
        Refused: it is gone, changed, or not sealed by us.
    """
    try:
        body = await store().get(archive.manifest)
        manifest = Manifest.model_validate_json(body)
    except (NotFound, ValidationError):
        raise Refused("归档清单已不在存储中，或已损坏") from None
    if hashlib.sha256(body).hexdigest() != archive.manifest:
        raise Refused("归档清单的内容与登记的摘要不符")
    if not hmac.compare_digest(manifest.own_seal(), manifest.seal):
        raise Refused("归档清单的签封不符")
    return manifest

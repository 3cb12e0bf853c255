"""Writes months of the audit log as archives into storage, and lets the table go of them once they are proven.

Nothing is written twice, nothing is let go of that cannot be read back whole. Archives are never deleted here.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import asyncpg
import orjson

from core import audit, audit_chain, clock, db
from core.actor import Actor
from core.audit_archive import FORMAT, Archive, KeptSeal, Manifest, Part, Told, bounds, find
from core.audit_chain import COLUMNS, Line, Seal
from core.audit_restoring import prove
from core.errors import NotFound, Refused
from core.settings import settings
from core.stores import store

PART = 100_000  # lines of one file


class _Writer:
    """Files of lines, written as the lines come."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.parts: list[Part] = []

    async def add(self, lines: Iterable[Line]) -> None:
        self.lines += map(audit_chain.line_text, lines)
        while len(self.lines) >= PART:
            now, self.lines = self.lines[:PART], self.lines[PART:]
            self.parts.append(await put_part("lines", now))

    async def close(self, seals: Sequence[KeptSeal]) -> tuple[Part, ...]:
        if self.lines:
            self.parts.append(await put_part("lines", self.lines))
        self.parts.append(await put_part("seals", [seal.model_dump_json().encode() for seal in seals]))
        return tuple(self.parts)


async def put_part(kind: str, lines: Sequence[bytes]) -> Part:
    """Keep lines as one file; what the manifest says of it."""
    data = await asyncio.to_thread(gzip.compress, b"".join(line + b"\n" for line in lines), 6, mtime=0)
    digest = hashlib.sha256(data).hexdigest()
    await store().put(digest, data)
    return Part(kind=kind, sha256=digest, bytes=len(data), count=len(lines))


async def write(month: date, *, by: Actor, told: Told | None = None) -> Archive:
    """Write a month's archive and its row; the table keeps its lines until `release`. Does nothing twice.

    Raises:
        Refused: its chain is broken, or not all of it is sealed yet.
        NotFound: there is not a line of that month.
    """
    if await db.fetchval("select exists (select 1 from audit_archive where month = $1)", month):
        return await find(month)
    since, til = bounds(month)
    facts = await db.fetchrow(
        "select count(*) as lines, range_agg(int8range(id, id, '[]'))::text as ids, min(at) as first_at,"
        " max(at) as last_at from audit where at >= $1 and at < $2",
        since,
        til,
    )
    if facts is None or not facts["lines"]:
        raise NotFound(f"{month:%Y-%m} 没有审计记录")
    writer, seals, written = _Writer(), [], 0
    numbers = await _seals_over(since, til)
    for start in range(0, len(numbers), audit_chain.AT_ONCE):
        chunk = await audit_chain.seals_of(numbers[start : start + audit_chain.AT_ONCE])
        known = await audit_chain.lines_of(chunk)
        for link in chunk:
            here = [known[number] for number in sorted(link.ids) if number in known]
            whole = len(here) == len(link.ids)
            words, _ = audit_chain.fault_of(link, here) if whole else (await _missing(link, known), None)
            if words:
                raise Refused(f"{month:%Y-%m} 不能归档：封印 {link.no}：{words}")
            await writer.add(here)
            written += sum(since.isoformat(" ") <= line[1] < til.isoformat(" ") for line in here)
            seals.append(_kept(link, whole=whole))
        if told is not None:
            await told(min(start + audit_chain.AT_ONCE, len(numbers)), len(numbers))
    if written != facts["lines"]:
        raise Refused(f"{month:%Y-%m} 不能归档：有 {facts['lines'] - written} 行尚未封印或不在任何封印之内")
    manifest = Manifest(
        format=FORMAT,
        hospital=settings().hospital_name,
        month=f"{month:%Y-%m}",
        made_at=clock.now().isoformat(),
        made_by=by.name,
        columns=COLUMNS,
        lines=facts["lines"],
        first_at=facts["first_at"].isoformat(),
        last_at=facts["last_at"].isoformat(),
        ids=facts["ids"],
        first_seal=seals[0].no,
        last_seal=seals[-1].no,
        parts=await writer.close(seals),
    ).sealed()
    body = orjson.dumps(manifest.model_dump(), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    key = hashlib.sha256(body).hexdigest()
    await store().put(key, body)
    return await _keep(month, manifest, key, by)


def _kept(link: Seal, *, whole: bool) -> KeptSeal:
    return KeptSeal(
        no=link.no,
        form=link.form,
        ids=link.ids,
        before=link.before.hex(),
        hash=link.hash.hex(),
        marks=link.marks.hex(),
        whole=whole,
    )


async def _seals_over(since: datetime, til: datetime) -> list[int]:
    """The seals over lines of a month; those of before 0025 do not say which and are asked by their lines."""
    rows = await db.fetch(
        "select no from audit_seal where first_at >= $1 and first_at < $2 or first_at is null and exists"
        " (select 1 from audit a where a.id = any(ids) and a.at >= $1 and a.at < $2) order by no",
        since,
        til,
    )
    return [row["no"] for row in rows]


async def _missing(link: Seal, known: dict[int, Line]) -> str:
    gone = [number for number in link.ids if number not in known]
    kept = await db.fetchval(
        "select count(*) from unnest($1::bigint[]) i where exists (select 1 from audit_archive where ids @> i)",
        gone,
    )
    return "" if kept == len(gone) else f"缺少 {len(gone)} 行审计记录"


async def _keep(month: date, manifest: Manifest, key: str, by: Actor) -> Archive:
    async with db.transaction():
        number = await db.fetchval(
            "insert into audit_archive (month, lines, ids, first_at, last_at, first_seal, last_seal, bytes, manifest,"
            " archived_at, archived_by) values ($1, $2, $3::text::int8multirange, $4, $5, $6, $7, $8, $9, $10, $11)"
            " on conflict (month) do nothing returning id",
            month,
            manifest.lines,
            manifest.ids,
            datetime.fromisoformat(manifest.first_at),
            datetime.fromisoformat(manifest.last_at),
            manifest.first_seal,
            manifest.last_seal,
            sum(part.bytes for part in manifest.parts),
            key,
            clock.now(),
            by.name,
        )
        if number is not None:
            await audit.record(
                by,
                "audit.archive",
                "audit_archive",
                number,
                month=manifest.month,
                lines=manifest.lines,
                sha256=key,
            )
    return await find(month)


async def release(month: date, *, by: Actor) -> int:
    """Let the table go of a month whose archive proves itself; how many lines. The database refuses what is too young.

    Raises:
        Refused: the archive does not prove itself, or the table is too busy to let go of a month now.
    """
    archive = await find(month)
    if not archive.online:
        return 0
    proof = await prove(month)
    if proof.broken:
        raise Refused(f"{month:%Y-%m} 的归档校验未通过，在线记录予以保留：{proof.broken}")
    try:
        async with db.transaction():
            await db.execute(
                "select set_config('lock_timeout', '3s', true)"
            )  # writers queue behind a waiting drop
            count: int = await db.fetchval("select audit_drop_month($1)", month)
            await audit.record(
                by, "audit.release", "audit_archive", archive.id, month=f"{month:%Y-%m}", lines=count
            )
    except asyncpg.LockNotAvailableError:
        raise Refused("数据库正忙，归档文件已写好，在线记录稍后再移出") from None
    return count

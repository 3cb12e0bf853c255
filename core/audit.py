"""The audit log: append-only, sealed into a hash chain a moment after it is written.

Rows are chained by a sealer and not by the writer, so that writers never wait for one another. A row that
was changed, added or taken away after sealing breaks the chain; `verify` says where.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from core import clock, db
from core.actor import Actor
from core.logs import trace_id

_HASHED = (
    "id, at, actor_kind, actor_id, actor_name, door, address, action, subject, subject_id, detail, trace_id"
)
BATCH = 2000


async def record(by: Actor, action: str, subject: str, subject_id: int | None, **detail: Any) -> None:
    """Write one line: who did what to which thing; `detail` is JSON without personal data in the clear."""
    await db.execute(
        "with line as (insert into audit (at, actor_kind, actor_id, actor_name, door, address, action, subject,"
        " subject_id, detail, trace_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11) returning id)"
        " insert into audit_unsealed (audit_id) select id from line",
        clock.now(),
        by.kind,
        by.id,
        by.name,
        by.door,
        by.address,
        action,
        subject,
        subject_id,
        orjson.dumps(detail, default=str).decode(),
        trace_id(),
    )


def _digest(before: bytes, rows: Sequence[asyncpg.Record]) -> bytes:
    sha = hashlib.sha256(before)
    for row in rows:
        sha.update(orjson.dumps([str(value) for value in row.values()]))
    return sha.digest()


async def seal() -> int:
    """Chain what was written since the last seal; how many lines. One sealer works at a time."""
    async with db.transaction():
        if not await db.fetchval("select pg_try_advisory_xact_lock(hashtext('audit-seal'))"):
            return 0
        taken = await db.fetch(
            "delete from audit_unsealed where audit_id in"
            " (select audit_id from audit_unsealed order by audit_id limit $1) returning audit_id",
            BATCH,
        )
        if not taken:
            return 0
        ids = sorted(row["audit_id"] for row in taken)
        rows = await db.fetch(f"select {_HASHED} from audit where id = any($1::bigint[]) order by id", ids)  # noqa: S608
        before = await db.fetchval("select hash from audit_seal order by no desc limit 1") or b""
        await db.execute(
            "insert into audit_seal (ids, before, hash) values ($1::bigint[], $2, $3)",
            ids,
            before,
            _digest(before, rows),
        )
        return len(ids)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how many lines and seals are sound, and where the first break is ("" if none)."""

    lines: int
    seals: int
    broken: str


async def verify() -> Verdict:
    """Recompute the whole chain."""
    before, lines, seals = b"", 0, 0
    last = 0
    while True:
        chain = await db.fetch(
            "select no, ids, before, hash from audit_seal where no > $1 order by no limit 100", last
        )
        if not chain:
            break
        for link in chain:
            rows = await db.fetch(
                f"select {_HASHED} from audit where id = any($1::bigint[]) order by id",  # noqa: S608
                link["ids"],
            )
            if len(rows) != len(link["ids"]):
                return Verdict(
                    lines, seals, f"封印 {link['no']}：缺少 {len(link['ids']) - len(rows)} 行审计记录"
                )
            if link["before"] != before or _digest(before, rows) != link["hash"]:
                return Verdict(lines, seals, f"封印 {link['no']}：内容与摘要不符")
            before, last = link["hash"], link["no"]
            lines += len(rows)
            seals += 1
    stray = await db.fetchval(
        "select count(*) from audit a where not exists (select 1 from audit_unsealed u where u.audit_id = a.id)"
    )
    return Verdict(lines, seals, "" if stray == lines else f"有 {stray - lines} 行审计记录不在任何封印之内")

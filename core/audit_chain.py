"""The chain over the audit log: seals what was written, and proves that nothing was changed, added or taken away.

A seal covers lines of one month. In form 2 its hash is over the seal before and each line's own SHA-256, the first
bytes of which it keeps, so that a changed line is named; form 1 (before 0025) hashed twelve columns in one go.
Lines of archived months are believed here and proven by core/audit_archive.py.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import orjson

from core import db

Line = tuple[str, ...]  # a line as it is hashed and archived: each of COLUMNS as text
BATCH = 2000  # lines of one seal at the most
AT_ONCE = 400  # seals proven in one go
MARK = 8  # bytes of a line's hash that its seal keeps
FORM = 2
_FIRST = (
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "door",
    "address",
    "action",
    "subject",
    "subject_id",
    "detail",
    "trace_id",
)
_LATER = ("role", "agent", "session", "result")
_UNTOUCHED = ("", "", "", "ok")  # what 0025 gave to the lines that stood there
COLUMNS = (*_FIRST, *_LATER)
_LISTED = ", ".join(COLUMNS)


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of the chain as it is kept."""

    no: int
    form: int
    ids: tuple[int, ...]
    before: bytes
    hash: bytes
    marks: bytes
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how many lines and seals are sound, and where the first break is ("" if none).

    `archived` lines lie in archives and were not read; `line` and `seal` name the place of the break.
    """

    lines: int
    seals: int
    broken: str
    archived: int = 0
    line: int | None = None
    seal: int | None = None


def line_of(row: asyncpg.Record) -> Line:
    """A row as it is hashed."""
    return tuple(str(row[name]) for name in COLUMNS)


def line_text(line: Line) -> bytes:
    """A line as one line of JSON: this is what is hashed, and what an archive holds."""
    return orjson.dumps(line)


def _form_1(before: bytes, lines: Iterable[Line]) -> bytes:
    sha = hashlib.sha256(before)
    for line in lines:
        sha.update(orjson.dumps(line[: len(_FIRST)]))
    return sha.digest()


def fault_of(link: Seal, lines: Sequence[Line]) -> tuple[str, int | None]:
    """What is wrong with a seal and its lines, ordered by id: (words, the line if known), ("", None) if nothing."""
    if link.form == 1:
        for line in lines:
            if line[len(_FIRST) :] != _UNTOUCHED:
                return f"第 {line[0]} 行在封印之后被改动", int(line[0])
        if _form_1(link.before, lines) == link.hash:
            return "", None
        return "内容与摘要不符", None
    hashes = [hashlib.sha256(line_text(line)).digest() for line in lines]
    for at, (line, own) in enumerate(zip(lines, hashes, strict=True)):
        if link.marks[at * MARK : (at + 1) * MARK] != own[:MARK]:
            return f"第 {line[0]} 行在封印之后被改动", int(line[0])
    if hashlib.sha256(link.before + b"".join(hashes)).digest() != link.hash:
        return "内容与摘要不符", None
    return "", None


async def lines_of(links: Sequence[Seal]) -> dict[int, Line]:
    """The lines under these seals by id; those that are not there are missing."""
    ids = [number for link in links for number in link.ids]
    at = [day for link in links for day in (link.first_at, link.last_at)]
    known = [day for day in at if day is not None]
    if len(known) == len(at) and known:  # most months need not be looked at
        rows = await db.fetch(
            f"select {_LISTED} from audit where id = any($1::bigint[])"  # noqa: S608 - our own columns
            " and at >= date_trunc('month', $2::timestamptz, 'UTC')"
            " and at < date_trunc('month', $3::timestamptz, 'UTC') + interval '1 month'",
            ids,
            min(known),
            max(known),
        )
    else:
        rows = await db.fetch(f"select {_LISTED} from audit where id = any($1::bigint[])", ids)  # noqa: S608
    return {row["id"]: line_of(row) for row in rows}


async def seal() -> int:
    """Chain what was written since the last seal; how many lines. One sealer works at a time."""
    async with db.transaction():
        if not await db.fetchval("select pg_try_advisory_xact_lock(hashtext('audit-seal'))"):
            return 0
        found = await db.fetch(
            f"select {_LISTED} from audit where id in"  # noqa: S608 - our own columns
            " (select audit_id from audit_unsealed order by audit_id limit $1) order by id",
            BATCH,
        )
        if not found:
            return 0
        rows = [row for row in found if _month(row["at"]) == _month(found[0]["at"])]
        ids = [row["id"] for row in rows]
        await db.execute("delete from audit_unsealed where audit_id = any($1::bigint[])", ids)
        hashes = [hashlib.sha256(line_text(line_of(row))).digest() for row in rows]
        before = await db.fetchval("select hash from audit_seal order by no desc limit 1") or b""
        await db.execute(
            "insert into audit_seal (ids, before, hash, form, marks, first_at, last_at)"
            " values ($1::bigint[], $2, $3, $4, $5, $6, $7)",
            ids,
            before,
            hashlib.sha256(before + b"".join(hashes)).digest(),
            FORM,
            b"".join(own[:MARK] for own in hashes),
            min(row["at"] for row in rows),
            max(row["at"] for row in rows),
        )
        return len(ids)


def _month(at: datetime) -> tuple[int, int]:
    there = at.astimezone(UTC)
    return there.year, there.month


_SEALS = "select no, form, ids, before, hash, coalesce(marks, ''::bytea) as marks, first_at, last_at from audit_seal where"


async def seals_after(no: int, *, most: int = AT_ONCE) -> list[Seal]:
    """The next links, in order."""
    return _links(await db.fetch(f"{_SEALS} no > $1 order by no limit $2", no, most))


async def seals_of(numbers: Sequence[int]) -> list[Seal]:
    """Those links, in order."""
    return _links(await db.fetch(f"{_SEALS} no = any($1::bigint[]) order by no", numbers))


def _links(rows: Iterable[asyncpg.Record]) -> list[Seal]:
    return [Seal(**(dict(row) | {"ids": tuple(row["ids"])})) for row in rows]


Told = Callable[[int, int], Awaitable[None]]


class _Walk:
    """The walk along the chain."""

    def __init__(self) -> None:
        self.before, self.last = b"", 0
        self.lines = self.seals = self.archived = 0

    def _broken(self, words: str, line: int | None = None, seal: int | None = None) -> Verdict:
        return Verdict(self.lines, self.seals, words, self.archived, line, seal)

    async def step(self) -> tuple[int, Verdict | None]:
        """Prove the next links: how many there were, and the break if there is one."""
        chain = await seals_after(self.last)
        if not chain:
            return 0, None
        wanted = [number for link in chain for number in link.ids]
        known = await lines_of(chain)
        kept = await _archived([number for number in wanted if number not in known])
        for link in chain:
            missing = [number for number in link.ids if number not in known and number not in kept]
            if missing:
                words = f"封印 {link.no}：缺少 {len(missing)} 行审计记录（第 {missing[0]} 行起）"
                return len(chain), self._broken(words, missing[0], link.no)
            if link.before != self.before:
                return len(chain), self._broken(f"封印 {link.no}：与上一封印不相接", None, link.no)
            here = [known[number] for number in sorted(link.ids) if number in known]
            if len(here) == len(link.ids):
                words, line = fault_of(link, here)
                if words:
                    return len(chain), self._broken(f"封印 {link.no}：{words}", line, link.no)
            self.lines += len(here)
            self.archived += len(link.ids) - len(here)
            self.seals += 1
            self.before, self.last = link.hash, link.no
        return len(chain), None


async def _archived(ids: Sequence[int]) -> set[int]:
    if not ids:
        return set()
    rows = await db.fetch(
        "select i from unnest($1::bigint[]) i where exists (select 1 from audit_archive where ids @> i)", ids
    )
    return {row["i"] for row in rows}


async def verify(told: Told | None = None) -> Verdict:
    """Recompute the whole chain; `told(seals proven, seals in all)` is called along the way."""
    walk = _Walk()
    while True:
        links, broken = await walk.step()
        if broken is not None:
            return broken
        if told is not None:
            await told(walk.seals, await db.fetchval("select count(*) from audit_seal"))
        if links < AT_ONCE:
            break
    return await _ending(walk)


async def _ending(walk: _Walk) -> Verdict:
    """What was sealed meanwhile, and the lines under no seal at all, both as of one moment."""
    async with db.transaction():
        await db.execute("set transaction isolation level repeatable read")
        links = AT_ONCE
        while links == AT_ONCE:
            links, broken = await walk.step()
            if broken is not None:
                return broken
        stray = await db.fetchval(
            "select (select count(*) from audit) - (select count(*) from audit_unsealed u"
            " where exists (select 1 from audit a where a.id = u.audit_id))"
        )
        if stray == walk.lines:
            return Verdict(walk.lines, walk.seals, "", walk.archived)
        first = await db.fetchval(
            "select min(id) from (select id from audit except select audit_id from audit_unsealed"
            " except select unnest(ids) from audit_seal) s"
        )
        words = f"有 {stray - walk.lines} 行审计记录不在任何封印之内（第 {first} 行起）"
        return Verdict(walk.lines, walk.seals, words, walk.archived, first)

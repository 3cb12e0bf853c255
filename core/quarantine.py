"""Nothing that people sent is given out before the virus scanner has called it clean, where one is configured.

A file's bytes are asked about by a job; while they wait, reading them waits a little and is then refused. A scanner
that is away lets nothing pass: `sweep` asks again until it answers. What was found is moved apart, written into the
audit log and announced. Which scanner there is, wiring.py says; none is none, and the operator's page tells so.
GB/T 22239-2019 8.1.4.5 (malicious code); OWASP ASVS 4.0 12.4.2.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import audit, clock, db, jobs
from core.actor import system
from core.errors import Forbidden, Refused
from core.events import Event, announce
from core.jobs import Job
from core.logs import logger
from core.settings import settings
from core.stores import store

log = logger(__name__)

KIND = "files.scan"
PATIENCE = 6.0  # seconds for which reading waits for the verdict; a scan takes parts of one
LOOK = 0.1
AGAIN = timedelta(seconds=30)  # after this what still waits is asked about again
BELIEVED = timedelta(days=1)  # the same bytes are asked about anew after this: signatures grow
WAITING_WORDS = "文件正在等待病毒检查，检查通过后即可打开，请稍后再试"
FOUND_WORDS = "文件未通过病毒检查，已隔离，不能打开；请联系安全管理员"

Scan = Callable[[bytes], Awaitable[str]]  # what was found ("" nothing); raises ScannerAway


class ScannerAway(Exception):
    """The scanner did not answer, or not in a way that can be believed."""


class FileFound(Event):
    """The scanner has found something in a file's bytes."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the scanning is: whether there is a scanner, how many wait, since when, and how many were found."""

    configured: bool
    waiting: int
    since: datetime | None
    found: int
    last_clean: datetime | None


_scan: Scan | None = None


def use(scan: Scan) -> None:
    """The scanner to ask; called by wiring.py."""
    global _scan
    _scan = scan


def configured() -> bool:
    """Whether a scanner is configured."""
    return bool(settings().clamav_address)


async def hold(sha256: str) -> None:
    """Have the bytes asked about, in the caller's transaction if there is one; nothing where no scanner is configured.

    Bytes in which something was found before stay found.
    """
    if not configured():
        return
    now = clock.now()
    async with db.transaction():
        fresh = await db.execute(
            "insert into file_scan (sha256, asked_at) values ($1, $2) on conflict (sha256) do update"
            " set state = 'waiting', asked_at = $2, done_at = null"
            " where file_scan.state = 'clean' and file_scan.done_at < $3",
            sha256,
            now,
            now - BELIEVED,
        )
        if fresh:
            await jobs.enqueue(KIND, {"sha256": sha256}, key=f"scan:{sha256}:{now:%Y%m%d%H%M%S}")


async def pass_or_refuse(sha256: str, *, patience: float = PATIENCE) -> None:
    """Let what was called clean, or was never to be scanned, pass; waits a little for what is being scanned.

    Raises:
        Refused: not scanned yet.
        Forbidden: something was found.
    """
    deadline = asyncio.get_running_loop().time() + patience
    while (state := await db.fetchval("select state from file_scan where sha256 = $1", sha256)) == "waiting":
        if asyncio.get_running_loop().time() >= deadline:
            raise Refused(WAITING_WORDS)
        await asyncio.sleep(LOOK)
    if state == "found":
        raise Forbidden(FOUND_WORDS)


async def scan(job: Job) -> None:
    """The job: ask the scanner about one content and write down what it said."""
    sha256 = str(job.payload["sha256"])
    if await db.fetchval("select state from file_scan where sha256 = $1", sha256) != "waiting":
        return
    if _scan is None or not configured():
        return
    try:
        found = await _scan(await store().get(sha256))
    except ScannerAway as away:
        log.warning("scanner_away", reason=str(away))
        return
    if found:
        await store().set_apart(sha256)
    await _write(sha256, found)


async def _write(sha256: str, found: str) -> None:
    async with db.transaction():
        written = await db.execute(
            "update file_scan set state = $2, found = $3, done_at = $4 where sha256 = $1 and state = 'waiting'",
            sha256,
            "found" if found else "clean",
            found[:200],
            clock.now(),
        )
        if written and found:
            rows = await db.fetch(
                "select id, name, created_by from stored_file where sha256 = $1 order by created_at", sha256
            )
            await audit.record(
                system("病毒扫描"),
                "file.infected",
                "file",
                None,
                sha256=sha256,
                found=found[:200],
                files=[str(row["id"]) for row in rows],
                names=[row["name"] for row in rows],
                from_whom=[row["created_by"] for row in rows],
            )
            await announce(FileFound(sha256=sha256))


async def sweep() -> int:
    """Ask again about what still waits (the scanner was away, or the job was lost); how many. For the housekeeping."""
    if not configured():
        return 0
    now, asked = clock.now(), 0
    rows = await db.fetch(
        "select sha256 from file_scan where state = 'waiting' and asked_at < $1 order by asked_at limit 200",
        now - AGAIN,
    )
    turn = int(now.timestamp() // AGAIN.total_seconds())
    for row in rows:
        key = f"scan:{row['sha256']}:{turn}"
        asked += await jobs.enqueue(KIND, {"sha256": row["sha256"]}, key=key) is not None
    return asked


async def standing() -> Standing:
    """How it is now."""
    row = await db.fetchrow(
        "select count(*) filter (where state = 'waiting') as waiting,"
        " min(asked_at) filter (where state = 'waiting') as since,"
        " count(*) filter (where state = 'found') as found, max(done_at) filter (where state = 'clean') as clean"
        " from file_scan"
    )
    assert row is not None  # noqa: S101 - an aggregate without groups has one row
    return Standing(configured(), row["waiting"], row["since"], row["found"], row["clean"])

"""A round of the auditor: look, mend, keep what was found, raise an alarm. One process does it for all.

Whoever comes while a round runs, or soon after one, has nothing to do.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from core import clock, db
from core.db import transaction
from core.events import announce
from core.jobs import enqueue
from core.logs import logger
from core.settings import settings
from tickets.auditing import checks, repairs
from tickets.auditing.findings import MENDED, Finding, Seen
from tickets.auditing.heartbeat import PING
from tickets.events import AuditorAlarmed

log = logger(__name__)

EVERY = 180.0  # seconds between two rounds
SOON = timedelta(seconds=EVERY * 0.75)  # no round so soon after another one
KEPT = timedelta(days=180)
EXAMPLES = 20
STUBBORN = 3  # rounds in a row that had to mend something: the cause is still there
WAITED = 300  # seconds a due row may wait before it is an alarm


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round; `alarm` is "" when nobody need be called."""

    id: int
    started_at: datetime
    seen: Seen
    repaired: int
    alarm: str


async def take() -> Round | None:
    """One round; None when another process has just done it, or is doing it."""
    async with transaction():
        if not await db.fetchval("select pg_try_advisory_xact_lock(hashtext('tickets.auditing'))"):
            return None
        last = await db.fetchval("select max(started_at) from auditor_round")
        if last is not None and timedelta() <= clock.now() - last < SOON:
            return None
        return await _round()


async def _round() -> Round:
    started, began = clock.now(), time.perf_counter()
    seen = await checks.look()
    repaired = await repairs.mend(seen.findings)
    took = int((time.perf_counter() - began) * 1000)
    alarm = await _alarm(seen, repaired)
    before = await db.fetchval("select alarm from auditor_round order by started_at desc limit 1")
    number: int = await db.fetchval(
        "insert into auditor_round (started_at, ended_at, took_ms, clocks, tickets, found, repaired, late_seconds,"
        " kinds, examples, alarm) values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11) returning id",
        started,
        started + timedelta(milliseconds=took),
        took,
        seen.clocks,
        seen.tickets,
        len(seen.findings),
        repaired,
        seen.late_seconds,
        orjson.dumps(_kinds(seen.findings)).decode(),
        orjson.dumps(_examples(seen.findings)).decode(),
        alarm,
    )
    await db.execute("delete from auditor_round where started_at < $1", started - KEPT)
    if alarm and not before:
        await announce(AuditorAlarmed(round_id=number))
    if settings().heartbeat_url:
        await enqueue(PING, {"round": number}, key=f"{PING}:{number}")
    if seen.findings or alarm:
        log.warning("auditor_found", round=number, found=len(seen.findings), repaired=repaired, alarm=alarm)
    return Round(number, started, seen, repaired, alarm)


def _kinds(findings: Sequence[Finding]) -> dict[str, dict[str, int]]:
    counted = Counter(finding.wrong for finding in findings)
    return {
        wrong.value: {"found": number, "repaired": number if wrong in MENDED else 0}
        for wrong, number in sorted(counted.items())
    }


def _examples(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The first few of each kind, ids only: this is shown to operators, who need not know the matters."""
    seen: Counter[str] = Counter()
    found: list[dict[str, str]] = []
    for finding in findings:
        seen[finding.wrong] += 1
        if seen[finding.wrong] <= 5 and len(found) < EXAMPLES:
            found.append({"kind": finding.wrong.value, "subject": finding.subject, "note": finding.note})
    return found


async def _alarm(seen: Seen, repaired: int) -> str:
    """Why somebody must be called, "" when nobody need be."""
    told = []
    if repaired:
        rows = await db.fetch(
            "select repaired from auditor_round order by started_at desc limit $1", STUBBORN - 1
        )
        if len(rows) == STUBBORN - 1 and all(row["repaired"] for row in rows):
            told.append(f"连续 {STUBBORN} 轮都有提醒需要补写，原因尚未消除")
    if seen.late_seconds > WAITED:
        told.append(f"到期事项已积压 {seen.late_seconds // 60} 分钟未处理，请检查后台进程")
    judged = [finding for finding in seen.findings if finding.wrong not in MENDED]
    if judged:
        told.append(f"{len(judged)} 处矛盾需要人工核对")
    return "；".join(told)

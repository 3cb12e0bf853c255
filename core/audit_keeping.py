"""How long the log stays in the table, when it is proven and archived, and who asked for it; each proof is a row.

`nightly` and `archive_old` are schedules (timetable.py), `check`, `restore` and `prove` are jobs that a page asks for.
Shows nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core import audit, audit_archive, audit_archiving, audit_restoring, clock, db, jobs
from core.actor import Actor, ActorKind, Door, system
from core.errors import HuiyinError, Refused
from core.jobs import Job
from core.parameters import Parameter, declare, number

CHECK, RESTORE, PROVE = "audit.check", "audit.restore", "audit.prove"
CHAIN = "chain"
PROVEN_WITHIN = timedelta(days=30)  # each archive is read again as often
AT_NIGHT = 6  # archives of one night, so that ten years of them are proven within a month
SHORT = 40  # seals that are proven while a person waits
LAW = "《网络安全法》第二十三条第三项（2025 年修正前为第二十一条第三项）：网络日志的留存不少于六个月"

KEEP_DAYS = declare(
    Parameter(
        name="audit.keep_days",
        label="审计日志在线保存天数",
        kind=int,
        default=366,
        low=180,
        high=3650,
        unit="天",
        source=f"{LAW}；GB/T 22239-2019 8.1.4.3 安全审计。到期后按月归档，归档文件不删除",
        law=LAW,
    )
)


@dataclass(frozen=True, slots=True)
class Check:
    """A proof of the chain (`what` "chain") or of an archive (its month). `done` of `total` while it runs."""

    id: int
    what: str
    asked_by: str
    started_at: datetime
    ended_at: datetime | None
    lines: int
    archived: int
    seals: int
    broken: str
    job_id: int | None
    done: int
    total: int
    note: str


_SELECT = """
select c.id, c.what, c.asked_by, c.started_at, c.ended_at, c.lines, c.archived, c.seals,
    case when c.ended_at is null and j.state in ('parked', 'dropped') then '没有完成：' || j.error else c.broken end as broken,
    c.job_id, coalesce((j.progress->>'done')::int, 0) as done, coalesce((j.progress->>'total')::int, 0) as total,
    coalesce(j.progress->>'note', '') as note
from audit_check c left join job j on j.id = c.job_id
"""


async def find(check_id: int) -> Check | None:
    """One proof."""
    row = await db.fetchrow(f"{_SELECT} where c.id = $1", check_id)
    return Check(**dict(row)) if row else None


async def latest(most: int = 5, what: str | None = None) -> Sequence[Check]:
    """The last proofs, newest first."""
    rows = await db.fetch(
        f"{_SELECT} where $2::text is null or c.what = $2 order by c.started_at desc limit $1", most, what
    )
    return [Check(**dict(row)) for row in rows]


async def ask(by: Actor) -> int:
    """Have the chain proven: at once when it is short, else by a job; the number of the proof."""
    newest = await db.fetchval("select count(*) from (select 1 from audit_seal limit $1) s", SHORT + 1)
    async with db.transaction():
        check_id = await _begin(CHAIN, by)
        if newest > SHORT:
            job = await jobs.enqueue(CHECK, _payload(by, check=check_id))
            await db.execute("update audit_check set job_id = $2 where id = $1", check_id, job)
    if newest <= SHORT:
        await _prove_chain(check_id, by, None)
    return check_id


async def ask_archive(kind: str, month: date, by: Actor) -> int:
    """Have an archive proven (`PROVE`) or a copy of it laid out for reading (`RESTORE`) by a job; its number."""
    await audit_archive.find(month)
    async with db.transaction():
        check_id = await _begin(f"{month:%Y-%m}", by)
        job = await jobs.enqueue(kind, _payload(by, check=check_id, month=f"{month:%Y-%m}"))
        await db.execute("update audit_check set job_id = $2 where id = $1", check_id, job)
    return check_id


async def forget(month: date, *, by: Actor) -> int:
    """Throw the copy of an archived month away; how many lines it had."""
    return await audit_restoring.forget(month, by=by)


async def _begin(what: str, by: Actor) -> int:
    number: int = await db.fetchval(
        "insert into audit_check (what, asked_by, started_at) values ($1, $2, $3) returning id",
        what,
        by.name,
        clock.now(),
    )
    return number


def _payload(by: Actor, **more: Any) -> dict[str, Any]:
    """Who asked goes with the job, so that its lines name them; it grants nothing."""
    return {"by": [by.kind, by.id, by.name, by.door, by.address, list(by.roles)], **more}


def _asker(job: Job) -> Actor:
    kind, number, name, door, address, roles = job.payload["by"]
    return Actor(ActorKind(kind), number, name, Door(door), (), address, tuple(roles))


async def check(job: Job) -> None:
    """The job: prove the chain. A second run proves it again."""
    await _prove_chain(job.payload["check"], _asker(job), job)


async def _prove_chain(check_id: int, by: Actor, job: Job | None) -> Check:
    async def told(done: int, total: int) -> None:
        if job is not None:
            await job.report(done, total, "正在核对审计链")

    verdict = await audit.verify(told)
    seals, lines, broken = verdict.seals, verdict.lines, verdict.broken
    return await _end(check_id, by, lines, verdict.archived, seals, broken)


async def _end(check_id: int, by: Actor, lines: int, archived: int, seals: int, broken: str) -> Check:
    async with db.transaction():
        await db.execute(
            "update audit_check set ended_at = $2, lines = $3, archived = $4, seals = $5, broken = $6 where id = $1",
            check_id,
            clock.now(),
            lines,
            archived,
            seals,
            broken,
        )
        found = await find(check_id)
        assert found is not None  # noqa: S101 - the row just written
        about = {} if found.what == CHAIN else {"month": found.what}
        if broken:
            about["broken"] = broken
        await audit.record(
            by,
            "audit.verify",
            "audit",
            None,
            lines=lines,
            archived=archived,
            seals=seals,
            **about,
        )
        if broken:
            await audit.record(by, "audit.broken", "audit", None, **about)
    return found


async def prove(job: Job) -> None:
    """The job: prove an archive."""
    month = audit_archive.month_of(job.payload["month"])

    async def told(done: int, total: int) -> None:
        await job.report(done, total, "正在核对归档")

    proof = await audit_restoring.prove(month, told)
    await _end(job.payload["check"], _asker(job), 0, proof.lines, proof.seals, proof.broken)


async def restore(job: Job) -> None:
    """The job: lay a copy of an archived month out for reading."""
    month, by = audit_archive.month_of(job.payload["month"]), _asker(job)

    async def told(done: int, total: int) -> None:
        await job.report(done, total, "正在核对归档")

    try:
        lines = await audit_restoring.restore(month, by=by, told=told)
    except Refused as error:
        await _end(job.payload["check"], by, 0, 0, 0, error.message)
        return
    await _end(job.payload["check"], by, 0, lines, 0, "")


async def prove_now(by: Actor) -> Check:
    """Prove the chain while the caller waits."""
    return await _prove_chain(await _begin(CHAIN, by), by, None)


async def nightly() -> int:
    """What the clock calls: prove the chain, and the archives that have waited longest; how many lines are sound.

    Raises:
        Refused: something is broken; the schedule's alarm tells the duty officers.
    """
    by = system("系统", Door.CLOCK)
    found = await prove_now(by)
    if found.broken:
        raise Refused(f"审计链已断裂：{found.broken}")
    lines, broken = found.lines, list[str]()
    for month in await _waiting_archives():
        check_id = await _begin(f"{month:%Y-%m}", by)
        proof = await audit_restoring.prove(month)
        await _end(check_id, by, 0, proof.lines, proof.seals, proof.broken)
        lines += proof.lines
        broken += [f"{proof.month} 的归档有问题：{proof.broken}"] if proof.broken else []
    if broken:
        raise Refused("；".join(broken))
    return lines


async def _waiting_archives() -> list[date]:
    """Archived months that nobody has proven within `PROVEN_WITHIN`, or that were not whole, longest ago first."""
    rows = await db.fetch(
        "select a.month from audit_archive a left join lateral (select c.ended_at, c.broken from audit_check c"
        " where c.what = to_char(a.month, 'YYYY-MM') and c.ended_at is not null order by c.ended_at desc limit 1) c on true"
        " where c.ended_at is null or c.ended_at < $1 or c.broken <> ''"
        " order by c.ended_at nulls first, a.month limit $2",
        clock.now() - PROVEN_WITHIN,
        AT_NIGHT,
    )
    return [row["month"] for row in rows]


async def old_months() -> list[date]:
    """Months of which the table still has lines and that ended more than `audit.keep_days` ago, oldest first."""
    last = clock.now() - timedelta(days=await number(KEEP_DAYS))
    rows = await db.fetch(
        "select to_date(right(c.relname, 6), 'YYYYMM') as month from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = 'audit'::regclass and c.relname ~ '^audit_[0-9]{6}$' order by 1"
    )
    old = [row["month"] for row in rows if audit_archive.bounds(row["month"])[1] <= last]
    return [month for month in old if await _has_lines(month)]


async def _has_lines(month: date) -> bool:
    since, til = audit_archive.bounds(month)
    return bool(
        await db.fetchval("select exists (select 1 from audit where at >= $1 and at < $2)", since, til)
    )


async def archive_old() -> int:
    """What the clock calls: archive the months that are old enough, prove them, let the table go of them; how many lines.

    Raises:
        Refused: a month is not whole; it stays in the table.
    """
    by, lines = system("系统", Door.CLOCK), 0
    for month in await old_months():
        try:
            await audit_archiving.write(month, by=by)
            lines += await audit_archiving.release(month, by=by)
        except HuiyinError as error:
            await audit.record(
                by, "audit.archive.failed", "audit", None, month=f"{month:%Y-%m}", why=error.message
            )
            raise
    return lines

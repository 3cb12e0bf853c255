"""The daily proof: what the clocks did in the last twenty-four hours, in one sentence that can be checked. Once a day.

Every figure is counted from rows: rungs taken from `due`, messages from `message`, repairs from the auditor's rounds.
"""

import re
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

import orjson

from core import clock, db, parameters
from core.clock import SHANGHAI
from core.db import transaction
from core.errors import Invalid
from core.events import announce
from core.parameters import Parameter
from tickets import clock_kinds
from tickets.auditing.checks import LATE
from tickets.clocks import STEP
from tickets.events import ProofMade

_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class TimeOfDay(Parameter):
    """A time of day, "08:30"."""

    def parse(self, text: str) -> str:
        """The time as it was written.

        Raises:
            Invalid: it is none.
        """
        if not _HOUR.fullmatch(text):
            raise Invalid(f"{self.label}：应为 24 小时制的时刻，例如 08:30")
        return text


AT = parameters.declare(
    TimeOfDay(
        "auditor.proof_at",
        "每日时限证明的发送时间",
        str,
        "08:30",
        what="24 小时制，如 08:30；发给值班负责人的企业微信",
    )
)
DUTY = parameters.declare(
    Parameter(
        "auditor.duty",
        "值班负责人工号",
        str,
        "",
        what="接收每日时限证明、审计报警和计划任务报警；多人用逗号分开，留空为服务中心主任",
    )
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is proved, for the span from `since` to `until`."""

    open: int  # clocks that run or stand still
    overdue: int
    rungs: int  # rungs of the ladder that were taken
    late: int  # rungs whose time had come and that nobody took
    sent: int  # messages of reminders that left
    failed: int  # messages of reminders that reached nobody
    waiting: int  # messages of reminders that are on their way
    rounds: int
    repaired: int
    gap_minutes: int  # the longest time without a round
    parked: int  # due rows that wait for an operator, now


_CLOCKS = """
select count(*) as open, count(*) filter (where k.state = 'running' and k.due_at < $1 and k.kind = any($2::text[])) as overdue
from clock k join cases c on c.id = k.case_id
where k.state in ('running', 'paused') and c.merged_into is null
"""
_TAKEN = "select count(*) from due where kind = $1 and state = 'done' and done_at >= $2 and done_at < $3"
_LATE = "select count(*) from due where kind = $1 and state = 'due' and due_at < $2"
_MESSAGES = """
select count(*) filter (where state in ('sent', 'delivered', 'bundled')) as sent,
    count(*) filter (where state = 'failed') as failed,
    count(*) filter (where state in ('waiting', 'sending')) as waiting
from message where purpose = any($1::text[]) and created_at >= $2 and created_at < $3
"""
_ROUNDS = """
select count(*) as rounds, coalesce(sum(repaired), 0) as repaired,
    coalesce(max(extract(epoch from started_at - before)), 0) as gap
from (select started_at, repaired, lag(ended_at, 1, $1) over (order by started_at) as before
    from auditor_round where started_at >= $1 and started_at < $2
    union all select $2, 0, coalesce((select max(ended_at) from auditor_round where started_at >= $1 and started_at < $2), $1)
) r
"""
REMINDERS = ("ticket.reminder", "case.reminder")


async def make() -> date | None:
    """The proof of today, when its time has come and nobody has made it; announced. None otherwise."""
    at = time.fromisoformat(str(await parameters.value(AT)))
    until = datetime.combine(clock.today(), at, SHANGHAI)
    if clock.now() < until:
        return None
    if await db.fetchval("select true from auditor_proof where day = $1", clock.today()):
        return None
    since = until - timedelta(days=1)
    async with transaction():
        found = await figures(since, until)
        made = await db.fetchval(
            "insert into auditor_proof (day, since, until, text, figures) values ($1, $2, $3, $4, $5::jsonb)"
            " on conflict do nothing returning day",
            clock.today(),
            since,
            until,
            words(found, since, until),
            orjson.dumps(asdict(found)).decode(),
        )
        if made is not None:
            await announce(ProofMade(day=f"{made}"))
    return clock.today() if made is not None else None


async def figures(since: datetime, until: datetime) -> Figures:
    """Counted now, for the span given."""
    clocks = await db.fetchrow(_CLOCKS, clock.now(), clock_kinds.ours())
    messages = await db.fetchrow(_MESSAGES, list(REMINDERS), since, until)
    rounds = await db.fetchrow(_ROUNDS, since, until)
    late = await db.fetchval(_LATE, STEP, until - LATE)
    if clocks is None or messages is None or rounds is None:
        raise LookupError("a query of sums gave no row")
    return Figures(
        open=clocks["open"],
        overdue=clocks["overdue"],
        rungs=await db.fetchval(_TAKEN, STEP, since, until),
        late=late,
        sent=messages["sent"],
        failed=messages["failed"],
        waiting=messages["waiting"],
        rounds=rounds["rounds"] - 1,
        repaired=int(rounds["repaired"]),
        gap_minutes=int(rounds["gap"]) // 60,
        parked=await db.fetchval("select count(*) from due where state = 'parked'"),
    )


def words(found: Figures, since: datetime, until: datetime) -> str:
    """The proof as it is read on a phone."""
    reached = (
        "全部送出"
        if not found.failed + found.waiting
        else "，".join(
            part
            for part in (
                f"送出 {found.sent} 条",
                f"未送达 {found.failed} 条" if found.failed else "",
                f"待发 {found.waiting} 条" if found.waiting else "",
            )
            if part
        )
    )
    executed = f"另有 {found.late} 次已到点尚未执行" if found.late else "已全部执行"
    total = found.sent + found.failed + found.waiting
    lines = [
        f"时限每日证明（{clock.local(since):%-m月%-d日 %H:%M} 至 {clock.local(until):%-m月%-d日 %H:%M}）",
        f"在办时限 {found.open} 个，其中逾期 {found.overdue} 个。",
        f"到点提醒 {found.rungs} 次，{executed}；提醒消息 {total} 条，{reached}。",
        f"审计 {found.rounds} 轮，补漏 {found.repaired} 次，最长间隔 {found.gap_minutes} 分钟。",
    ]
    if found.parked:
        lines.append(f"有 {found.parked} 个定时事项已搁置，请到“运行状况”处理。")
    if found.rounds == 0:
        lines.append("这一天没有完成过审计，以上数字未经核对，请检查后台进程。")
    return "\n".join(lines)

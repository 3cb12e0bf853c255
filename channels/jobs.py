"""The slow, outward work: deliver a message, correct a card, notice a missing receipt. Safe to run twice.

An attempt is written as begun before the vendor is called and repeated under the same key when the process died
or no answer came, so that the other side sees one message.
"""

from dataclasses import dataclass
from datetime import timedelta

from channels import consenting, ladder, limits, outcome, rules
from channels.bundling import bundled
from channels.drafts import Lane
from channels.ladder import Move
from channels.outcome import DELIVER
from channels.outgoing import Outgoing, Row, Transport, outgoing, read_row, receiver_of
from channels.transports import REGISTER
from core import clock, db
from core.due import Came, Due
from core.jobs import Job, enqueue
from integrations.http import CallFailed, Kind

OPEN = ("waiting", "sending")


@dataclass(frozen=True, slots=True)
class _Ready:
    message: Outgoing
    transport: Transport


async def deliver(job: Job) -> None:
    """Job `message.deliver` {"message": id}: one attempt at the present step of its ladder."""
    number = int(job.payload["message"])
    numbers = await rules.load()
    ready = await _prepare(number, numbers)
    if ready is None:
        return
    wait = limits.off_peak(clock.now(), ready.message.lane)
    limit_rules = ready.transport.rules(ready.message, numbers)
    wait = wait or await limits.acquire(limit_rules, ready.message.lane)
    if wait:
        await outcome.postpone(number, wait, "等待发送额度")
        return
    ready = await _begin(number, ready.transport)
    if ready is None:
        return
    try:
        delivered = await ready.transport.deliver(ready.message, numbers)
    except CallFailed as error:
        if error.kind is Kind.QUOTA:
            await limits.block(
                limit_rules[-1:] if ready.transport.system == "wecom" else limit_rules[:1], error.wait or 60
            )
        await outcome.failed(ready.message, ready.transport, error)
        return
    await outcome.sent(ready.message, ready.transport, delivered)


async def _prepare(number: int, numbers: rules.Rules) -> _Ready | None:
    """The message and the transport that can reach its receiver, or None when there is nothing to do now."""
    async with db.transaction():
        if bundle := await db.fetchval("select bundle_key from message where id = $1", number):
            # One of a bundle at a time, or two would wait for each other's rows.
            await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 6))", bundle)
        record = await db.fetchrow("select * from message where id = $1 for update", number)
        if record is None or record["state"] not in OPEN:
            return None
        row = read_row(record)
        if row.not_before > clock.now() + timedelta(seconds=1):
            return None  # another job comes at that time
        if row.lane is not Lane.URGENT and (wait := rules.quiet_wait(clock.now(), numbers)):
            await outcome.postpone(number, wait, "免打扰时段")
            return None
        if row.bundle_key and row.state == "waiting":
            await _gather(row)
        receiver, why = receiver_of(record), "没有可用的联系方式"
        for step in range(row.step, len(row.ladder)):
            transport = REGISTER.get(row.ladder[step])
            if transport is not None and transport.can_reach(receiver):
                may = await consenting.may_go(record, transport.name)
                if not may:
                    why = f"{consenting.HELD}{may.why}"
                    continue
                if step != row.step:
                    await db.execute("update message set step = $2, tries = 0 where id = $1", number, step)
                return _Ready(outgoing(record, row.attempts), transport)
        await outcome.give_up(number, why)
        return None


async def _gather(row: Row) -> None:
    """Take the other reminders that wait for the same receiver into this one; it then goes as a list."""
    others = await db.fetch(
        "select id, text from message where bundle_key = $1 and state = 'waiting' and id <> $2 order by id for update",
        row.bundle_key,
        row.id,
    )
    if not others:
        return
    texts = [
        text for _, text in sorted([(row.id, row.record["text"]), *((o["id"], o["text"]) for o in others)])
    ]
    ids = [other["id"] for other in others]
    await db.execute(
        "update message set state = 'bundled', bundled_into = $2, done_at = $3 where id = any($1::bigint[])",
        ids,
        row.id,
        clock.now(),
    )
    await db.execute(
        "update card_copy set state = 'stale' where message_id = any($1::bigint[])", [*ids, row.id]
    )
    await db.execute(
        "update message set text = $2, texts = '{}', card = null, bundle_key = '' where id = $1",
        row.id,
        bundled(texts),
    )


async def _begin(number: int, transport: Transport) -> _Ready | None:
    """Write the attempt down before it is made; one that was begun and never ended is taken up again."""
    async with db.transaction():
        record = await db.fetchrow("select * from message where id = $1 for update", number)
        if (
            record is None
            or record["state"] not in OPEN
            or record["ladder"][record["step"]] != transport.name
        ):
            return None
        row = read_row(record)
        begun = await db.fetchval(
            "select no from message_attempt where message_id = $1 and no = $2 and transport = $3 and outcome = 'begun'",
            number,
            row.attempts,
            transport.name,
        )
        no = row.attempts if begun else row.attempts + 1
        if not begun:
            await db.execute(
                "insert into message_attempt (message_id, no, transport, at) values ($1, $2, $3, $4)",
                number,
                no,
                transport.name,
                clock.now(),
            )
        await db.execute(
            "update message set state = 'sending', attempts = $2, tries = tries + 1, reason = '' where id = $1",
            number,
            no,
        )
        return _Ready(outgoing(record, no, repeated=bool(begun)), transport)


async def receipt_due(due: Due) -> tuple[Came, str]:
    """Due `message.receipt`, ref = message, ref_version = attempt: no receipt came in time."""
    async with db.transaction():
        record = await db.fetchrow("select * from message where id = $1 for update", due.ref)
        if record is None or record["state"] != "sent" or record["attempts"] != due.ref_version:
            return Came.VOID, "已有结果"
        row = read_row(record)
        decision = ladder.after_silence(last=row.last)
        if decision is None:
            return Came.DONE, "没有回执，也没有下一步"
        await db.execute(
            "update message_attempt set outcome = 'no_receipt', done_at = $3 where message_id = $1 and no = $2",
            row.id,
            due.ref_version,
            clock.now(),
        )
        await outcome.move(row, Move.NEXT, 0.0, "未收到送达回执")
        return Came.DONE, "改用下一种方式"


async def repair() -> int:
    """Ask again for the delivery of messages that have no job; how many. For the auditor, every few minutes."""
    rows = await db.fetch(
        "select m.id, m.attempts from message m where m.state in ('waiting', 'sending') and m.not_before < $1"
        " and not exists (select 1 from job j where j.state in ('due', 'parked') and j.kind = $2"
        " and (j.payload->>'message')::bigint = m.id) order by m.id limit 500",
        clock.now() - timedelta(minutes=5),
        DELIVER,
    )
    for row in rows:
        await enqueue(
            DELIVER, {"message": row["id"]}, key=f"message:{row['id']}:repair:{clock.now():%Y%m%d%H%M}"
        )
    return len(rows)

"""The machine: transactions that lose no connection, reactions and due rows that run once, jobs that survive."""

import asyncio
import random
from datetime import timedelta

import asyncpg
import pytest

from core import clock, db, due, events, inbound, jobs, pump, queues
from core.actor import Actor, ActorKind, Door, system
from core.due import DUE, Ask, Came, Due
from core.errors import Forbidden, GiveUp, Refused, TryLater
from core.events import Event, announce
from core.inbound import INBOUND, Inbound
from core.jobs import Job
from core.outbox import OUTBOX
from core.pump import MOST_ATTEMPTS, Queue, drain


class SomethingTested(Event):
    """An event of these tests."""

    number: int


_seen: list[int] = []


async def _note(event: SomethingTested) -> None:
    await db.execute("insert into parameter (name, value) values ($1, 'x')", f"seen-{event.number}")
    if event.number < 0:
        raise ValueError("a negative number")
    _seen.append(event.number)


async def _void(row: Due) -> tuple[Came, str]:
    return (Came.VOID, "过期") if row.ref_version < 2 else (Came.DONE, "")


async def _take(message: Inbound) -> None:
    if message.body == b"bad":
        raise GiveUp("看不懂的消息")
    await db.execute("insert into parameter (name, value) values ($1, 'in')", message.external_id)


async def _work(job: Job) -> None:
    match job.payload["do"]:
        case "later":
            raise TryLater("对方忙", after=60)
        case "never":
            raise GiveUp("没有这个人")
        case "break":
            raise RuntimeError("a bug")
        case _:
            await job.report(1, 2, "一半")


@pytest.fixture(autouse=True, scope="module")
def _wired() -> None:
    events.react(SomethingTested, _note)
    due.on_due("test.void", _void)
    inbound.on_inbound("test", _take)
    jobs.on_job("test.work", _work)


async def test_a_task_cancelled_while_a_transaction_opens_gives_its_connection_back(database: object) -> None:
    dice = random.Random(7)

    async def some_work() -> None:
        async with db.transaction():
            await db.fetchval("select pg_sleep(0.001)")

    for _ in range(150):
        task = asyncio.create_task(some_work())
        await asyncio.sleep(dice.random() * 0.002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(20):  # a pool that lost connections would wait for ever here
        await asyncio.gather(*(some_work() for _ in range(30)))
    # This database alone: the other worker of the suite has its own, with transactions of its own.
    left = "select count(*) from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()"
    async with asyncio.timeout(20):  # the server learns of a connection that was cut a moment later
        while await db.fetchval(left):
            await db.fetchval("select pg_sleep(0.05)")


async def test_a_savepoint_that_fails_takes_back_its_rows_and_its_bells_alone(database: object) -> None:
    rung: list[str] = []

    async def bell(name: str) -> None:
        rung.append(name)

    async def inner() -> None:
        async with db.transaction():
            await db.execute("insert into parameter (name, value) values ('inner', '1')")
            await db.after_commit(lambda: bell("inner"))
            raise ZeroDivisionError

    async with db.transaction():
        await db.execute("insert into parameter (name, value) values ('outer', '1')")
        await db.after_commit(lambda: bell("outer"))
        with pytest.raises(ZeroDivisionError):
            await inner()
        assert rung == []
    assert rung == ["outer"]
    assert [row["name"] for row in await db.fetch("select name from parameter")] == ["outer"]


async def test_an_event_is_announced_with_its_transaction_or_not_at_all(database: object) -> None:
    with pytest.raises(RuntimeError, match="open transaction"):
        await announce(SomethingTested(number=1))

    async def fails() -> None:
        async with db.transaction():
            await announce(SomethingTested(number=2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await db.fetchval("select count(*) from outbox") == 0


async def test_a_reaction_runs_once_and_a_failing_one_rolls_back_alone_until_it_is_parked(
    database: object,
) -> None:
    _seen.clear()
    async with db.transaction():
        await announce(SomethingTested(number=1), SomethingTested(number=-5), SomethingTested(number=3))
    assert await drain(OUTBOX) == 3
    assert await drain(OUTBOX) == 0
    assert _seen == [1, 3]
    assert [row["name"] for row in await db.fetch("select name from parameter order by name")] == [
        "seen-1",
        "seen-3",
    ]
    row = await db.fetchrow("select state, attempts, error from outbox where state = 'due'")
    assert dict(row or {}) == {"state": "due", "attempts": 1, "error": "ValueError: a negative number"}
    for _ in range(MOST_ATTEMPTS - 1):
        with clock.frozen(clock.now() + timedelta(days=1)):
            await db.execute("update outbox set due_at = now() where state = 'due'")
            await drain(OUTBOX)
    assert await db.fetchval("select attempts from outbox where state = 'parked'") == MOST_ATTEMPTS


async def test_four_workers_run_each_of_a_thousand_reactions_once(database: object) -> None:
    _seen.clear()
    async with db.transaction():
        await announce(*(SomethingTested(number=number) for number in range(1000)))

    async def worker() -> None:
        while await drain(OUTBOX):
            pass

    await asyncio.gather(*(worker() for _ in range(4)))
    assert sorted(_seen) == list(range(1000))


async def test_a_parked_row_is_replayed_repaired_or_given_up_by_an_operator_only(database: object) -> None:
    async with db.transaction():
        await announce(SomethingTested(number=-1))
    number = await db.fetchval("update outbox set state = 'parked' returning id")
    operator = system("测试管理员")
    stranger = Actor(ActorKind.STAFF, 1, "测试护士", Door.WEB)
    with pytest.raises(Forbidden):
        await queues.replay("outbox", number, by=stranger)
    _seen.clear()
    await queues.repair("outbox", number, '{"number": 8}', by=operator)
    await drain(OUTBOX)
    assert _seen == [8]
    with pytest.raises(Refused, match="已搁置"):
        await queues.drop("outbox", number, "不需要了", by=operator)


async def test_what_is_due_is_done_void_or_missed_but_never_lost(database: object) -> None:
    now = clock.now()
    await due.schedule(Ask(now, "test.void", 1, 1), Ask(now, "test.void", 1, 2), Ask(now, "test.void", 1, 2))
    await due.schedule(Ask(now + timedelta(hours=1), "test.void", 2, 2))
    await drain(DUE)
    rows = await db.fetch("select ref, ref_version, state, error from due order by id")
    assert [tuple(row) for row in rows] == [(1, 1, "void", "过期"), (1, 2, "done", ""), (2, 2, "due", "")]


async def test_a_message_from_outside_is_kept_once_and_a_bad_one_is_parked_with_the_reason(
    database: object,
) -> None:
    assert await inbound.store("test", "m1", b"good") is not None
    assert await inbound.store("test", "m1", b"good") is None
    await inbound.store("test", "m2", b"bad")
    while await drain(INBOUND):
        pass
    rows = await db.fetch("select external_id, state, error from inbound order by id")
    assert [tuple(row) for row in rows] == [("m1", "done", ""), ("m2", "parked", "GiveUp: 看不懂的消息")]


@pytest.mark.parametrize(
    ("what", "outcome", "state"),
    [
        ("half", "done", "done"),
        ("later", "again", "due"),
        ("never", "parked", "parked"),
        ("break", "again", "due"),
    ],
)
async def test_a_job_ends_as_it_says(database: object, what: str, outcome: str, state: str) -> None:
    number = await jobs.enqueue("test.work", {"do": what})
    assert number is not None
    assert await jobs.run_job(number) == outcome
    assert await db.fetchval("select state from job where id = $1", number) == state
    assert await jobs.run_job(number) == "taken"


async def test_a_job_whose_worker_died_is_found_again_when_its_lease_is_over(database: object) -> None:
    number = await jobs.enqueue("test.work", {"do": "half"}, key="once")
    assert await jobs.enqueue("test.work", {"do": "half"}, key="once") is None
    await db.execute("update job set lease_until = now() + interval '30 seconds'")
    assert await jobs.sweep() == 0
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        assert await jobs.sweep() == 1
        assert await jobs.run_job(number or 0) == "done"


async def test_a_pool_of_fewer_than_are_opened_at_once_opens(database_url: str) -> None:
    await db.open_db(database_url, pool_min=4, pool_max=2)
    try:
        assert await db.fetchval("select 1") == 1
    finally:
        await db.close_db()


class Said:
    """What a program wrote to its log: level, event, whether with a traceback."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, bool]] = []

    def warning(self, event: str, **facts: object) -> None:
        self.lines.append(("warning", event, "exc_info" in facts))

    def error(self, event: str, **facts: object) -> None:
        self.lines.append(("error", event, "exc_info" in facts))


async def test_a_database_that_is_away_costs_a_line_a_second_and_anything_else_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopping, said = asyncio.Event(), Said()
    happens = [asyncpg.CannotConnectNowError("starting up"), ConnectionRefusedError(), asyncpg.DataError("x")]

    async def failing(_: Queue, __: float) -> int:
        if happens:
            raise happens.pop(0)
        stopping.set()
        return 0

    monkeypatch.setattr(pump, "drain", failing)
    monkeypatch.setattr(pump, "log", said)
    monkeypatch.setattr(pump, "REST", 0)
    await pump.keep_draining(OUTBOX, stopping)
    assert said.lines == [
        ("warning", "database_away", False),
        ("warning", "database_away", False),
        ("error", "pump_failed", True),
    ]

"""Schedules: one process at a time, nothing while it rests, failures told once, history kept and pruned."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest

from core import clock, db, events, schedules, schedules_queries
from core import schedules_acts as acts
from core import schedules_running as running
from core.actor import Actor, ActorKind, Door, Grant, Permission, system
from core.errors import Forbidden, Invalid, NotFound, Refused
from core.schedules import Schedule, ScheduleFailed, Weight, span
from core.schedules_queries import Health

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in the hospital
OPERATOR = Actor(
    ActorKind.STAFF, 7, "测试管理员", Door.WEB, (Grant(Permission.MACHINE_OPERATE, "/"),), "10.0.0.8"
)
NOBODY = Actor(ActorKind.STAFF, 8, "测试甲", Door.WEB)
_did: list[str] = []
_result: list[object] = []


async def _quick() -> object:
    _did.append("quick")
    found = _result[0] if _result else None
    if isinstance(found, Exception):
        raise found
    return found


async def _daily() -> None:
    _did.append("daily")


async def _slow() -> None:
    await asyncio.sleep(30)


QUICK = Schedule("test.quick", "快任务", "测试", _quick, every=2, low=1, high=30, weight=Weight.IMPORTANT)
DAILY = Schedule("test.daily", "每日任务", "测试", _daily, at=time(3, 10))
SLOW = Schedule("test.slow", "慢任务", "测试", _slow, every=3600, low=60, high=7200, longest=0.01)


@pytest.fixture(autouse=True)
def _declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """These schedules and no others; reactions to what is announced are not ours."""
    register: dict[str, Schedule] = {}
    monkeypatch.setattr(schedules, "REGISTER", register)
    for module in (running, acts, schedules_queries):
        monkeypatch.setattr(module, "REGISTER", register)
    schedules.declare(QUICK, DAILY, SLOW)
    _did.clear()
    _result.clear()


@pytest.fixture
async def opened(database: object) -> None:
    with clock.frozen(NOON):
        await running.open_schedules()
        await db.execute(
            "update schedule set next_at = next_at + interval '24 hours 30 minutes' where name = 'test.slow'"
        )


async def turn() -> list[str]:
    """What a worker does at a look: "name outcome" of each run."""
    return [f"{taken.schedule.name} {await running.run(taken)}" for taken in await running.claim()]


async def health(name: str) -> Health:
    line = await schedules_queries.line(name)
    assert line is not None
    return line.health


async def outcomes(name: str) -> list[tuple[str, int, str, str]]:
    return [
        (run.outcome, run.runs, run.result, run.error)
        for run in reversed(await schedules_queries.runs(name, limit=100))
    ]


async def test_one_in_intervals_runs_at_once_and_one_by_the_day_at_its_time(opened: None) -> None:
    with clock.frozen(NOON):
        assert await turn() == ["test.quick done"]
        assert await turn() == []
    with clock.frozen(NOON + timedelta(seconds=2)):
        assert await turn() == ["test.quick done"]
    with clock.frozen(datetime(2026, 11, 23, 19, 10, 1, tzinfo=UTC)):  # 03:10:01 of the next day
        assert await turn() == ["test.quick done", "test.daily done"]
        line = await schedules_queries.line("test.daily")
        assert line is not None
        assert (line.when, line.next_at) == ("每天 03:10", datetime(2026, 11, 24, 19, 10, tzinfo=UTC))


async def test_what_one_process_has_in_hand_no_other_takes(opened: None) -> None:
    with clock.frozen(NOON):
        (taken,) = await running.claim()
        assert await running.claim() == []
        assert await health("test.quick") is Health.RUNNING
        assert await running.run(taken) == "done"
    assert _did == ["quick"]


async def test_many_workers_at_once_run_it_once(opened: None) -> None:
    with clock.frozen(NOON):
        looks = await asyncio.gather(*(running.claim() for _ in range(8)))
    assert [taken.schedule.name for look in looks for taken in look] == ["test.quick"]


async def test_the_run_of_a_process_that_died_is_taken_over_and_told(opened: None) -> None:
    with clock.frozen(NOON):
        await running.claim()
    with clock.frozen(NOON + timedelta(seconds=29)):
        assert await turn() == []
    with clock.frozen(NOON + timedelta(seconds=31)):
        assert await turn() == ["test.quick done"]
        done, lost = await schedules_queries.runs("test.quick")
        assert (lost.outcome, lost.started_at, done.outcome) == ("lost", NOON, "done")


async def test_quiet_runs_of_an_hour_are_one_row_and_what_was_done_last_stands_in_it(opened: None) -> None:
    for second, result in ((0, 3), (2, 0), (4, None)):
        _result[:] = [result]
        with clock.frozen(NOON + timedelta(seconds=second)):
            await turn()
    with clock.frozen(NOON + timedelta(hours=1)):
        await turn()
    assert await outcomes("test.quick") == [("done", 3, "处理 3 项", ""), ("done", 1, "", "")]


async def test_a_resting_one_does_not_run_and_an_important_one_is_an_alarm(opened: None) -> None:
    with clock.frozen(NOON):
        await acts.pause("test.quick", "  数据库 维护 ", by=OPERATOR)
        await acts.pause("test.daily", "不需要", by=OPERATOR)
    with clock.frozen(NOON + timedelta(days=1)):
        assert await turn() == []
        assert (await health("test.quick"), await health("test.daily")) == (
            Health.PAUSED_IMPORTANT,
            Health.PAUSED,
        )
        standing = await schedules_queries.standing()
        assert (standing.paused, [one.schedule.name for one in standing.alarming]) == (2, ["test.quick"])
        with pytest.raises(Refused):
            await acts.pause("test.quick", "再来一次", by=OPERATOR)
        await acts.resume("test.quick", by=OPERATOR)
        assert await turn() == ["test.quick done"]
        with pytest.raises(Refused):
            await acts.resume("test.quick", by=OPERATOR)
    lines = await db.fetch("select action, actor_name, detail->>'name' as name from audit order by id")
    assert [tuple(line) for line in lines] == [
        ("schedule.pause", "测试管理员", "test.quick"),
        ("schedule.pause", "测试管理员", "test.daily"),
        ("schedule.resume", "测试管理员", "test.quick"),
    ]


async def test_one_that_rests_can_be_run_once_by_hand_and_rests_on(opened: None) -> None:
    with clock.frozen(NOON):
        await acts.pause("test.daily", "不需要", by=OPERATOR)
        await acts.run_now("test.daily", by=OPERATOR)
        await acts.pause("test.quick", "安静", by=OPERATOR)
        assert await turn() == ["test.daily done"]
        assert await turn() == []
        (run,) = await schedules_queries.runs("test.daily")
        assert (run.asked_by, run.outcome, await health("test.daily")) == (
            "测试管理员",
            "done",
            Health.PAUSED,
        )


@pytest.mark.parametrize("reason", ["", " ", "x", "长" * 201])
async def test_nothing_is_paused_without_a_reason(opened: None, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        await acts.pause("test.quick", reason, by=OPERATOR)
    assert caught.value.details[0].field == "reason"
    assert await health("test.quick") is not Health.PAUSED_IMPORTANT


@pytest.mark.parametrize("text", ["0", "31", "-1", "2.5", "abc", "²", "99999999"])
async def test_an_interval_outside_of_its_bounds_is_refused(opened: None, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        await acts.change("test.quick", text, by=OPERATOR)
    assert "应在 1 到 30 秒之间" in caught.value.details[0].reason
    assert await db.fetchval("select every_seconds from schedule where name = 'test.quick'") is None


async def test_an_interval_is_changed_and_set_back(opened: None) -> None:
    with clock.frozen(NOON):
        await turn()
        await acts.change("test.quick", "10", by=OPERATOR)
    with clock.frozen(NOON + timedelta(seconds=2)):
        await turn()
        line = await schedules_queries.line("test.quick")
        assert line is not None
        assert (line.when, line.own, line.next_at) == ("每 10 秒", True, NOON + timedelta(seconds=12))
        await acts.change("test.quick", "", by=OPERATOR)
        line = await schedules_queries.line("test.quick")
        assert line is not None
        assert (line.when, line.own, line.next_at) == ("每 2 秒", False, NOON + timedelta(seconds=4))


async def test_a_time_of_day_is_changed_and_nonsense_refused(opened: None) -> None:
    with clock.frozen(NOON):
        for text in ("25:00", "3", "03:61", "早上"):
            with pytest.raises(Invalid):
                await acts.change("test.daily", text, by=OPERATOR)
        await acts.change("test.daily", "12:30", by=OPERATOR)
    with clock.frozen(NOON + timedelta(minutes=31)):
        await acts.pause("test.quick", "安静", by=OPERATOR)
        assert await turn() == ["test.daily done"]


async def test_one_that_fails_comes_again_at_its_interval_and_is_told_of_once(
    opened: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hear(event: ScheduleFailed) -> None: ...

    monkeypatch.setattr(events, "REACTIONS", {})
    monkeypatch.setattr(events, "BY_NAME", {})
    events.react(ScheduleFailed, hear)
    _result[:] = [ZeroDivisionError("除数为零")]
    tries = []
    for second in range(40):
        with clock.frozen(NOON + timedelta(seconds=second)):
            if await turn():
                tries.append(second)
    assert tries == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38]
    assert (await outcomes("test.quick"))[-1] == ("failed", 1, "", "ZeroDivisionError: 除数为零")
    assert await health("test.quick") is Health.FAILING
    assert await db.fetchval("select count(*) from outbox where event = 'ScheduleFailed'") == 1
    _result[:] = []
    with clock.frozen(NOON + timedelta(seconds=40)):
        assert await turn() == ["test.quick done"]
    told = await db.fetch("select action, actor_name from audit order by id")
    assert [tuple(line) for line in told] == [
        ("schedule.failed", "计划任务"),
        ("schedule.recovered", "计划任务"),
    ]
    assert await health("test.quick") in (Health.GOOD, Health.LATE)


async def test_a_seldom_one_is_told_of_at_its_first_failure_and_tried_again_soon(opened: None) -> None:
    with clock.frozen(NOON):
        await acts.pause("test.quick", "安静", by=OPERATOR)
        await acts.run_now("test.slow", by=OPERATOR)
        assert await turn() == ["test.slow failed"]
        assert await outcomes("test.slow") == [("failed", 1, "", "超过 0 秒 没有完成，已中断")]
        line = await schedules_queries.line("test.slow")
        assert line is not None
        assert (line.next_at, line.fails) == (NOON + timedelta(seconds=2), 1)
    assert await db.fetchval("select count(*) from audit where action = 'schedule.failed'") == 1


async def test_one_that_nobody_runs_is_late(opened: None) -> None:
    with clock.frozen(NOON + timedelta(minutes=2)):
        assert await health("test.quick") is Health.LATE


async def test_a_clock_that_was_set_back_stops_nothing(opened: None) -> None:
    with clock.frozen(NOON + timedelta(days=400)):
        await running.claim()
    with clock.frozen(NOON):
        await db.execute("update schedule set paused_at = $1 where name <> 'test.quick'", NOON)
        assert await turn() == ["test.quick done"]
        await db.execute(
            "update schedule set next_at = $1 where name = 'test.quick'", NOON + timedelta(days=400)
        )
        assert await turn() == ["test.quick done"]
        assert await turn() == []


async def test_old_runs_are_forgotten_and_failed_ones_later(opened: None) -> None:
    await db.executemany(
        "insert into schedule_run (name, started_at, ended_at, took_ms, outcome) values ('test.daily', $1, $1, 1, $2)",
        [(NOON - timedelta(days=days), outcome) for days in (1, 31, 181) for outcome in ("done", "failed")],
    )
    with clock.frozen(NOON):
        assert await schedules_queries.forget_old() == 3
    kept = [(NOON - run.started_at).days for run in await schedules_queries.runs("test.daily")]
    assert sorted(kept) == [1, 1, 31]
    assert [run.outcome for run in await schedules_queries.runs("test.daily", failed=True)] == [
        "failed",
        "failed",
    ]


async def test_only_an_operator_touches_a_schedule_and_only_one_that_exists(opened: None) -> None:
    for act in (
        acts.pause("test.quick", "原因", by=NOBODY),
        acts.resume("test.quick", by=NOBODY),
        acts.run_now("test.quick", by=NOBODY),
        acts.change("test.quick", "5", by=NOBODY),
    ):
        with pytest.raises(Forbidden):
            await act
    with pytest.raises(NotFound):
        await acts.run_now("no.such", by=system())


def test_a_schedule_is_declared_once_and_within_its_bounds() -> None:
    with pytest.raises(ValueError, match="twice"):
        schedules.declare(QUICK)
    with pytest.raises(ValueError, match="bounds"):
        schedules.declare(Schedule("test.odd", "", "", _quick, every=2, low=5, high=9))


@pytest.mark.parametrize(
    ("seconds", "words"), [(2, "2 秒"), (90, "90 秒"), (180, "3 分钟"), (3600, "1 小时"), (86400, "1 天")]
)
def test_a_span_is_told_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert span(seconds) == words

"""Clocks as rows: pauses with their ground, several kinds in one case, and counting again when the working days change."""

import asyncio
from datetime import date, datetime

import orjson

from core import clock, db
from core import jobs as core_jobs
from core.actor import Door, system
from core.calendar import Day
from core.db import transaction
from core.due import DUE
from core.outbox import OUTBOX
from core.pump import drain
from staff import working_days
from tests.tickets.conftest import Cast, at, order
from tickets import clocks, recounting
from tickets.deadlines import Unit
from tickets.models import Case, Clock, Ticket
from tickets.receiving import receive

PLATFORM = system("测试热线平台", Door.API)
MONDAY = "2026-03-02 09:00"
HOLIDAY = Day(date(2026, 3, 4), "测试节", is_off=True)


def short(instant: datetime) -> str:
    return f"{clock.local(instant):%m-%d %H:%M}"


async def settle() -> None:
    while await drain(OUTBOX):
        pass


async def opened(number: str = "GZ-1", when: str = MONDAY, **more: object) -> tuple[Case, Ticket]:
    await working_days.seed((2026,), by=system())
    await settle()
    with clock.frozen(at(when)):
        received = await receive(order(number, **more), by=PLATFORM)
    return await Case.get(id=received.case_id), await Ticket.get(case_id=received.case_id)


async def limits_of(case: Case) -> dict[str, str]:
    return {row.kind: short(row.due_at) for row in await Clock.filter(case_id=case.id).order_by("id")}


async def waiting(row: Clock) -> list[tuple[int, int, str, str]]:
    """The due rows of a clock: version, step, state, time."""
    rows = await db.fetch("select * from due where kind = 'clock.step' and ref = $1 order by id", row.id)
    return [(due["ref_version"], due["step"], due["state"], short(due["due_at"])) for due in rows]


async def recount() -> str:
    """Run the newest recount; its outcome."""
    await settle()
    outcome = await core_jobs.run_job(
        await db.fetchval("select max(id) from job where kind = 'clocks.recount'")
    )
    await settle()
    return outcome


async def test_a_new_holiday_moves_every_limit_that_leans_on_it_and_says_whose(cast: Cast) -> None:
    case, ticket = await opened()
    before = await limits_of(case)
    await working_days.set_day(HOLIDAY, by=cast.admin)
    assert await recount() == "done"
    assert (before, await limits_of(case)) == (
        {"upstream": "03-23 17:30", "hospital": "03-09 17:30", "department": "03-05 17:30"},
        {"upstream": "03-24 17:30", "hospital": "03-10 17:30", "department": "03-06 17:30"},
    )
    department = await Clock.get(ticket_id=ticket.id)
    assert "3/4（三）测试节放假不计" in department.reason
    assert department.version == 2
    assert [row[:3] for row in await waiting(department)] == [(1, 1, "due"), (2, 1, "due")]
    assert (await Ticket.get(id=ticket.id)).due_at == department.due_at
    assert short((await Case.get(id=case.id)).due_at or case.received_at) == "03-10 17:30"
    moved = await db.fetch("select kind, before_at, after_at from recount_moved order by clock_id")
    assert [(row["kind"], short(row["before_at"]), short(row["after_at"])) for row in moved] == [
        ("upstream", "03-23 17:30", "03-24 17:30"),
        ("hospital", "03-09 17:30", "03-10 17:30"),
        ("department", "03-05 17:30", "03-06 17:30"),
    ]
    story = await db.fetch("select detail, actor_name from history where verb = 'limit_moved' order by id")
    assert [(orjson.loads(row["detail"])["kind"], row["actor_name"]) for row in story] == [
        ("upstream", "工作日历"),
        ("hospital", "工作日历"),
        ("department", "工作日历"),
    ]
    told = await db.fetchrow("select clocks, moved, ended_at is not null as ended from recount")
    assert tuple(told or ()) == (3, 3, True)


async def test_the_old_reminder_finds_itself_void_and_the_new_one_is_taken(cast: Cast) -> None:
    _, ticket = await opened()
    await working_days.set_day(HOLIDAY, by=cast.admin)
    await recount()
    with clock.frozen(at("2026-03-06 18:00")):
        while await drain(DUE):
            pass
    row = await Clock.get(ticket_id=ticket.id)
    states = {version: state for version, _, state, _ in await waiting(row)}
    assert (row.level, states) == (4, {1: "void", 2: "done"})


async def test_a_recount_that_runs_twice_changes_nothing_the_second_time(cast: Cast) -> None:
    await opened()
    await working_days.set_day(HOLIDAY, by=cast.admin)
    await recount()
    rows = [tuple(row) for row in await db.fetch("select * from clock order by id")]
    await db.execute("update job set state = 'due', lease_until = null")
    await db.execute("update recount set ended_at = null")
    assert await recount() == "done"
    assert [tuple(row) for row in await db.fetch("select * from clock order by id")] == rows
    assert await db.fetchval("select count(*) from history where verb = 'limit_moved'") == 3
    assert await db.fetchval("select count(*) from recount_moved") == 3


async def test_a_case_in_somebodys_hand_is_left_out_and_counted_when_it_is_free(cast: Cast) -> None:
    held, _ = await opened("GZ-1")
    free, _ = await opened("GZ-2")
    holding, let_go = asyncio.Event(), asyncio.Event()

    async def verb() -> None:
        async with transaction():
            await Case.select_for_update().get(id=held.id)
            holding.set()
            await let_go.wait()

    busy = asyncio.create_task(verb())
    await holding.wait()
    await working_days.set_day(HOLIDAY, by=cast.admin)
    async with transaction():
        counted = await recounting.recount(
            [held.id, free.id], recounting.Counter(await working_days.calendar(fresh=True)), PLATFORM
        )
    assert (counted.clocks, counted.busy) == (3, [held.id])
    assert {one.clock.case_id for one in counted.moved} == {free.id}
    let_go.set()
    await busy
    assert await recount() == "done"
    assert await limits_of(held) == await limits_of(free)


async def test_a_rung_moves_with_the_working_days_even_where_the_limit_stays(cast: Cast) -> None:
    case, _ = await opened(upstream_deadline=at("2026-03-20 18:00").isoformat(), departments=["心血管内科"])
    upstream = await Clock.get(case_id=case.id, kind="upstream")
    before = await waiting(upstream)
    await working_days.set_day(HOLIDAY, by=cast.admin)
    await recount()
    after = await waiting(upstream)
    assert (before[0][:3], after[0][:3]) == ((1, 1, "due"), (1, 1, "due"))
    assert (len(after), before[0][3], after[0][3]) == (1, "03-17 03:45", "03-17 09:45")


async def test_pauses_and_extensions_are_told_in_the_reason_and_stay_when_it_is_counted_again(
    cast: Cast,
) -> None:
    case, ticket = await opened()
    with clock.frozen(at("2026-03-02 12:00")):
        await clocks.pause(ticket, ground="等待司法鉴定", by="测试中心主任")
    with clock.frozen(at("2026-03-03 13:30")):
        await clocks.resume(ticket)
        await clocks.extend(case, ticket, 1, "测试中心主任")
    row = await Clock.get(ticket_id=ticket.id)
    assert (
        "2026-03-02 12:00 至 2026-03-03 13:30 等待司法鉴定，停止计时 1 天 1 小时 30 分钟，时限顺延；"
        "应于 2026-03-06 17:30 前办结。延期 1 个工作日；"
    ) in row.reason
    pause = await db.fetchrow("select ground, from_at, to_at, paused_by from clock_pause")
    assert tuple(pause or ()) == (
        "等待司法鉴定",
        at("2026-03-02 12:00"),
        at("2026-03-03 13:30"),
        "测试中心主任",
    )
    told = row.reason.split("。", 1)[1]
    await working_days.set_day(HOLIDAY, by=cast.admin)
    await recount()
    again = await Clock.get(ticket_id=ticket.id)
    assert (short(row.due_at), short(again.due_at)) == ("03-09 17:30", "03-10 17:30")
    assert [
        part in again.reason for part in ("等待司法鉴定，停止计时", "延期 1 个工作日", "测试中心主任 批准")
    ] == [
        True,
        True,
        True,
    ]
    assert "等待司法鉴定" in told


async def test_a_stated_limit_that_was_paused_is_not_counted_again(cast: Cast) -> None:
    case, _ = await opened(upstream_deadline=at("2026-03-10 18:00").isoformat())
    with clock.frozen(at("2026-03-02 12:00")):
        await clocks.pause_kind(case, "upstream", ground="听证")
    with clock.frozen(at("2026-03-03 12:00")):
        await clocks.resume_kind(case, "upstream", "听证")
    await working_days.set_day(HOLIDAY, by=cast.admin)
    await recount()
    row = await Clock.get(case_id=case.id, kind="upstream")
    assert (short(row.due_at), row.rule, row.paused_seconds) == ("03-11 18:00", None, 86400)


async def test_a_clock_that_ends_while_it_stands_still_leaves_no_open_pause(cast: Cast) -> None:
    _, ticket = await opened()
    await clocks.pause(ticket)
    await clocks.meet_ticket(ticket)
    assert await db.fetchval("select count(*) filter (where to_at is null) from clock_pause") == 0
    assert await db.fetchval("select count(*) from clock_pause") == 1


async def test_a_petition_runs_calendar_days_and_working_days_side_by_side(cast: Cast) -> None:
    case, _ = await opened()
    await db.execute("update cases set source = 'petition', appeal_type = '申诉求决' where id = $1", case.id)
    case = await Case.get(id=case.id)
    for kind in ("notice", "objection", "decision"):
        await clocks.open_kind(case, kind, at("2026-02-09 09:00"))
    found = await limits_of(case)
    assert {kind: found[kind] for kind in ("notice", "objection", "decision")} == {
        "notice": "02-24 17:30",  # 《信访工作条例》 Art. 23: 15 days
        "objection": "02-14 17:30",  # Art. 23: 5 working days; Saturday 14 is worked
        "decision": "04-10 17:30",  # Art. 34: 60 days
    }
    reason = await clocks.prolong_kind(case, "decision", 30, Unit.CALENDAR_DAYS, "测试院长")
    assert reason.endswith("延期 30 日；应于 2026-05-10 17:30 前办结。依据：测试院长 批准。")
    await clocks.end_kind(case, "notice")
    states = {row.kind: row.state for row in await Clock.filter(case_id=case.id, ticket_id=None)}
    assert (states["notice"], states["decision"]) == ("met", "running")


# A clock's life: (state, verb) → state; what is not here changes nothing.
LIFE = {
    ("running", "pause"): "paused",
    ("running", "meet"): "met",
    ("running", "void"): "void",
    ("running", "resume"): "running",
    ("running", "run_again"): "running",
    ("paused", "pause"): "paused",
    ("paused", "resume"): "running",
    ("paused", "meet"): "met",
    ("paused", "void"): "void",
    ("paused", "run_again"): "paused",
    ("met", "pause"): "met",
    ("met", "resume"): "met",
    ("met", "meet"): "met",
    ("met", "void"): "met",
    ("met", "run_again"): "running",
    ("void", "pause"): "void",
    ("void", "resume"): "void",
    ("void", "meet"): "void",
    ("void", "void"): "void",
    ("void", "run_again"): "void",
}


async def _into(ticket: Ticket, state: str) -> None:
    if state == "paused":
        await clocks.pause(ticket)
    elif state == "met":
        await clocks.meet_ticket(ticket)
    elif state == "void":
        await clocks.void_ticket(ticket, "测试")


async def _verb(ticket: Ticket, verb: str) -> None:
    if verb == "pause":
        await clocks.pause(ticket)
    elif verb == "resume":
        await clocks.resume(ticket)
    elif verb == "meet":
        await clocks.meet_ticket(ticket)
    elif verb == "void":
        await clocks.void_ticket(ticket, "测试")
    else:
        await clocks.run_again(ticket)


async def test_every_verb_in_every_state_of_a_clock(cast: Cast) -> None:
    found = {}
    for number, (state, verb) in enumerate(LIFE):
        _, ticket = await opened(f"GZ-{number}")
        await _into(ticket, state)
        await _verb(ticket, verb)
        row = await Clock.get(ticket_id=ticket.id)
        found[state, verb] = row.state
        armed = [due for due in await waiting(row) if due[0] == row.version and due[2] == "due"]
        assert bool(armed) == (row.state == "running"), (state, verb)
    assert found == LIFE

"""How an order becomes a case: once, whole, with its clocks, tickets and story."""

import asyncio

import pytest

from core import clock, db, inbound
from core.actor import Door, system
from core.errors import Refused
from tests.tickets.conftest import Cast, at, order
from tickets.receiving import Outcome, receive

PLATFORM = system("测试热线平台", Door.API)


async def test_an_order_opens_a_case_with_clocks_tickets_history_audit_and_outbox_in_one_go(
    cast: Cast,
) -> None:
    with clock.frozen(at("2026-03-02 09:00")):
        received = await receive(order(), by=PLATFORM)
    assert received.outcome is Outcome.NEW
    assert received.number == f"20260302-{received.case_id}"
    case = await db.fetchrow(
        "select state, round, unit_ids, title from cases where id = $1", received.case_id
    )
    assert dict(case or {}) == {
        "state": "in_progress",
        "round": 1,
        "unit_ids": [1, 2, 4],
        "title": "心内科门诊排队过久",
    }
    clocks = await db.fetch("select kind, due_at, provisional from clock order by id")
    assert [
        (row["kind"], f"{clock.local(row['due_at']):%m-%d %H:%M}", row["provisional"]) for row in clocks
    ] == [
        ("upstream", "03-23 17:30", True),
        ("hospital", "03-09 17:30", True),
        ("department", "03-05 17:30", True),
    ]
    ticket = await db.fetchrow("select unit_id, role, state, due_at from ticket")
    assert dict(ticket or {}) == {
        "unit_id": cast.units["心血管内科"],
        "role": "lead",
        "state": "assigned",
        "due_at": clocks[2]["due_at"],
    }
    assert [row["verb"] for row in await db.fetch("select verb from history order by id")] == [
        "receive",
        "assign",
    ]
    assert await db.fetchval("select count(*) from due where kind = 'clock.step' and state = 'due'") == 3
    assert await db.fetchval("select count(*) from audit where action = 'case.receive'") == 1
    events = {row["event"] for row in await db.fetch("select event from outbox")}
    assert events == {"CaseReceived", "TicketAssigned"}
    raw = await inbound.body_of(await db.fetchval("select inbound_id from cases"))
    assert raw is not None
    assert b"GZ-1" in raw


async def test_the_same_order_again_is_the_same_case_and_writes_nothing(cast: Cast) -> None:
    first = await receive(order(), by=PLATFORM)
    again = await receive(order(), by=PLATFORM)
    assert (again.outcome, again.case_id) == (Outcome.SAME, first.case_id)
    assert await db.fetchval("select count(*) from history") == 2


async def test_other_content_under_a_known_number_is_refused_unless_it_is_declared_an_update(
    cast: Cast,
) -> None:
    first = await receive(order(), by=PLATFORM)
    with pytest.raises(Refused, match="内容不同"):
        await receive(order(title="改了标题"), by=PLATFORM)
    changed = await receive(order(title="改了标题", update=True), by=PLATFORM)
    assert (changed.outcome, changed.case_id) == (Outcome.CHANGED, first.case_id)
    assert await db.fetchval("select title from cases") == "改了标题"
    assert await db.fetchval("select text from history where verb = 'update'") == "标题"


async def test_twenty_pushes_of_one_order_at_once_make_one_case(cast: Cast) -> None:
    found = await asyncio.gather(*(receive(order(), by=PLATFORM) for _ in range(20)))
    assert sorted(entry.outcome for entry in found) == ["new"] + ["same"] * 19
    assert await db.fetchval("select count(*) from cases") == 1
    assert await db.fetchval("select count(*) from inbound") == 1


async def test_the_limit_printed_on_the_order_wins_over_every_rule(cast: Cast) -> None:
    with clock.frozen(at("2026-03-02 09:00")):
        await receive(order(upstream_deadline="2026-03-04T18:00:00+08:00"), by=PLATFORM)
    rows = await db.fetch("select kind, due_at from clock order by id")
    assert [(row["kind"], f"{clock.local(row['due_at']):%m-%d %H:%M}") for row in rows] == [
        ("upstream", "03-04 18:00"),
        ("hospital", "03-03 17:30"),
        ("department", "03-02 17:30"),
    ]


async def test_a_department_nobody_knows_leaves_the_case_for_the_centre_to_assign(cast: Cast) -> None:
    received = await receive(order(departments=["神经外太空科"]), by=PLATFORM)
    assert await db.fetchval("select state from cases where id = $1", received.case_id) == "received"
    assert await db.fetchval("select count(*) from ticket") == 0


async def test_praise_is_kept_without_a_ticket(cast: Cast) -> None:
    await receive(order(appeal_type="表扬"), by=PLATFORM)
    assert await db.fetchval("select count(*) from ticket") == 0

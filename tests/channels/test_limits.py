"""The vendors' limits are kept on our side, because what goes beyond them is dropped without a word."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from channels import actions, limits, rules
from channels.drafts import Lane
from channels.limits import Rule
from core import bell, db
from tests.channels.help import ZHANG, draft, work
from tests.integrations.outside import PHONE, USERID, Outside

MEMBER = Rule("wecom:member:a", 30, 60)


@pytest_asyncio.fixture
async def counters(redis_url: str) -> AsyncIterator[Redis]:
    """The Redis that counts."""
    yield bell.open_redis(redis_url)
    await bell.close_redis()


async def test_a_member_never_gets_more_than_the_vendor_allows(outside: Outside) -> None:
    numbers = [await actions.send(draft(f"k{at}", text=f"第 {at} 条")) for at in range(45)]
    await work(100)
    assert len(await outside.phone(userid=USERID)) == 30
    assert await outside.count("wecom.dropped") == 0
    states = await db.fetch("select state, reason, count(*) from message group by 1, 2 order by 1")
    assert [tuple(row) for row in states] == [("sent", "", 30), ("waiting", "等待发送额度", 15)]
    assert len(numbers) == 45


async def test_a_number_gets_no_more_texts_than_the_parameter_says(outside: Outside) -> None:
    await db.execute("insert into parameter (name, value) values ($1, '2')", rules.SMS_HOUR.name)
    for at in range(3):
        await actions.send(draft(f"k{at}", receiver=ZHANG, ladder=("sms",), text=f"第 {at} 条"))
    await work()
    assert len(await outside.phone(phone=PHONE)) == 2


async def test_exactly_as_many_as_allowed_may_go_however_many_ask_at_once(counters: Redis) -> None:
    waits = await asyncio.gather(*(limits.acquire((MEMBER,), Lane.URGENT) for _ in range(50)))
    assert sum(wait == 0 for wait in waits) == 30
    assert all(0 < wait <= 63 for wait in waits if wait)


async def test_lanes_leave_room_for_what_is_more_urgent(counters: Redis) -> None:
    went = {}
    for lane in (Lane.BULK, Lane.NORMAL, Lane.URGENT):
        went[lane] = 0
        while await limits.acquire((MEMBER,), lane) == 0:
            went[lane] += 1
    assert went == {Lane.BULK: 18, Lane.NORMAL: 9, Lane.URGENT: 3}


async def test_a_rule_that_is_full_counts_nothing_against_the_others(counters: Redis) -> None:
    narrow, wide = Rule("a", 1, 60), Rule("b", 3, 60)
    assert await limits.acquire((narrow, wide), Lane.URGENT) == 0
    for _ in range(5):
        assert await limits.acquire((narrow, wide), Lane.URGENT) > 0
    assert [await limits.acquire((wide,), Lane.URGENT) == 0 for _ in range(3)] == [True, True, False]


async def test_a_large_limit_lets_a_tenth_go_at_once_and_the_rest_over_the_window(counters: Redis) -> None:
    large = Rule("corp", 10_000, 3600)
    went = 0
    while await limits.acquire((large,), Lane.URGENT) == 0:
        went += 1
    assert 1000 <= went <= 1050  # those that trickled in meanwhile


async def test_what_the_vendor_blocked_is_blocked_for_everybody(counters: Redis) -> None:
    await limits.block((MEMBER,), 60)
    assert 59 < await limits.acquire((MEMBER,), Lane.URGENT) <= 60


async def test_without_redis_a_process_uses_a_quarter_by_itself(
    servers: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell.open_redis("redis://127.0.0.1:9/0")
    rule = Rule("wecom:member:alone", 30, 60)
    waits = [await limits.acquire((rule,), Lane.URGENT) for _ in range(10)]
    await bell.close_redis()
    assert [wait == 0 for wait in waits] == [True] * 7 + [False] * 3


@pytest.mark.parametrize(
    ("minute", "lane", "wait"),
    [
        (0, Lane.BULK, 45.0),
        (30, Lane.BULK, 45.0),
        (1, Lane.BULK, 0.0),
        (0, Lane.NORMAL, 0.0),
        (0, Lane.URGENT, 0.0),
    ],
)
def test_bulk_keeps_away_from_the_minutes_in_which_everybody_sends(
    minute: int, lane: Lane, wait: float
) -> None:
    assert limits.off_peak(datetime(2026, 11, 20, 1, minute, 15, tzinfo=UTC), lane) == wait

"""Distinct signed orders pushed to one web process, and the bare ceiling of the same machine in the same run.

Each order makes a case with its clocks, ticket, history, audit and outbox rows, committed before it is answered.
Required (the project's figures): at least a quarter of the ceiling's rate, no error.
"""

import asyncio
import statistics
from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import orjson
import uvloop

from bench.load import Outcome, drive, request
from bench.stage import SECRET, Row, Stage, stage
from core import clock
from integrations.signing import signed

LINES = 64
WARM_UP, SECONDS = 2.0, 6.0
WORDS = (
    "本人在东院区心血管内科门诊就诊，排队三小时仍未看上病，咨询台无人答复，要求说明原因并改进叫号流程。" * 3
)


def order(number: str, at: int) -> bytes:
    """An order as a platform pushes it, of one known department."""
    day = clock.local(clock.now()).replace(hour=18, minute=0, second=0, microsecond=0)
    return orjson.dumps(
        {
            "order_no": number,
            "title": f"门诊排队过久 {number}",
            "content": f"{WORDS}（{number}）",
            "appeal_type": ("投诉", "咨询", "求助")[at % 3],
            "category": "医疗卫生->医疗服务->挂号与退费",
            "caller_name": "张测试",
            "caller_gender": "女",
            "caller_phone": f"138{at % 100_000_000:08d}",
            "departments": ["心血管内科"],
            "campus": "东院区",
            "urgency": "一般",
            "channel": "电话",
            "dispatched_at": day - timedelta(days=1),
            "upstream_deadline": day + timedelta(days=10 + at % 5),
            "occurred_at": day - timedelta(days=2),
        }
    )


def orders(prefix: str) -> Iterator[bytes]:
    """Requests without end, each of an order of its own, signed as it is taken."""
    at = 0
    while True:
        body = order(f"{prefix}-{at:07d}", at)
        yield request("/api/v1/hotline/orders", body, signed(SECRET, body))
        at += 1


def rows_to_insert(prefix: str) -> Iterator[bytes]:
    """The same bodies for the bare endpoint, signed too, so that the client has the same work."""
    at = 0
    while True:
        body = order(f"{prefix}-{at:07d}", at)
        yield request("/insert", body, signed(SECRET, body))
        at += 1


async def _measure(port: int, warm: Iterator[bytes], real: Iterator[bytes]) -> Outcome:
    await drive(port, warm, lines=LINES, seconds=WARM_UP)
    return await drive(port, real, lines=LINES, seconds=SECONDS)


async def _written(place: Stage, prefix: str) -> int:
    """How many of the orders stand in the database whole: case, three clocks, ticket, history, audit, outbox."""
    raw = await asyncpg.connect(place.database_url)
    try:
        return int(
            await raw.fetchval(
                "select count(*) from cases c where external_no like $1"
                " and (select count(*) from clock where case_id = c.id) = 3"
                " and (select count(*) from history where case_id = c.id) = 2"
                " and exists (select 1 from ticket where case_id = c.id)"
                " and exists (select 1 from inbound i where i.id = c.inbound_id)",
                f"{prefix}-%",
            )
        )
    finally:
        await raw.close()


async def run() -> list[Row]:
    """Both rates, their ratio, the waits, the errors."""
    async with stage() as place:
        async with place.web("-m", "bench.ceiling") as port:
            bare = await _measure(port, rows_to_insert("W"), rows_to_insert("B"))
        async with place.web("app.py") as port:
            ours = await _measure(port, orders("W"), orders("R"))
        whole = await _written(place, "R")
    cuts = statistics.quantiles(ours.waits, n=100)
    return [
        ("bare ceiling: one row inserted", round(bare.rate, 1), "requests/s"),
        ("bare ceiling: errors", bare.errors(201), "answers"),
        ("orders taken by one web process", round(ours.rate, 1), "orders/s"),
        ("share of the ceiling (required: 0.25)", round(ours.rate / bare.rate, 3), ""),
        ("orders: errors (required: 0)", ours.errors(201), "answers"),
        ("orders answered and not whole in the database", len(ours.waits) - whole, "orders"),
        ("orders: answered p50", round(cuts[49] * 1000, 1), "ms"),
        ("orders: answered p99", round(cuts[98] * 1000, 1), "ms"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run()):
            print(*line)

"""The outbox: how many reactions one worker process runs in a second, and how late they are while orders arrive.

First a heap of announced events is worked off by one worker, each reaction writing a row of its own; then orders
come at a steady 50 a second through a web process, and the worker runs their real reactions (search index, visits,
chat room, cards). Lag is from a row's due time until its batch has run it.
Required (the project's figures): 1,000 reactions a second and more; lag p95 below 1 second.
"""

import asyncio
from dataclasses import dataclass

import asyncpg
import uvloop

from bench.intake import orders
from bench.load import drive
from bench.stage import Row, Stage, stage

HEAP = 8_000
RATE, SECONDS = 50.0, 12.0
PATIENCE = 60.0  # seconds to wait for a queue to become empty
REACTION = "__main__.note:Drummed"


@dataclass(frozen=True)
class _Board:
    """The database as the benchmark reads it."""

    raw: "asyncpg.Connection[asyncpg.Record]"

    async def pile(self) -> None:
        """Announce `HEAP` beats, all due now."""
        await self.raw.execute("create table drum (beat int primary key)")
        await self.raw.execute(
            "insert into outbox (event, reaction, payload) select 'Drummed', $1, jsonb_build_object('beat', n)"
            " from generate_series(1, $2::int) n",
            REACTION,
            HEAP,
        )

    async def empty(self) -> None:
        """Wait until nothing is due any more."""
        async with asyncio.timeout(PATIENCE):
            while await self.raw.fetchval(
                "select exists (select 1 from outbox where state = 'due') from pg_sleep(0.1)"
            ):
                pass

    async def rate(self) -> float:
        """Beats per second, from the end of the first batch to the end of the last (the first one warms up)."""
        return float(
            await self.raw.fetchval(
                "with ends as (select done_at, count(*) as n from outbox where reaction = $1 group by done_at)"
                " select (sum(n) - (select n from ends order by done_at limit 1))"
                " / extract(epoch from max(done_at) - min(done_at)) from ends",
                REACTION,
            )
        )

    async def noted(self) -> int:
        """Beats whose reaction wrote its row."""
        return int(await self.raw.fetchval("select count(*) from drum"))

    async def lag(self) -> "asyncpg.Record":
        """How late the reactions of orders were: p50, p95, worst, in ms; how many ran, how many failed."""
        row = await self.raw.fetchrow(
            "select percentile_cont(array[0.5, 0.95, 1]) within group"
            " (order by extract(epoch from done_at - due_at) * 1000) as late, count(*) as ran,"
            " count(*) filter (where state <> 'done' or attempts > 1) as failed"
            " from outbox where reaction <> $1",
            REACTION,
        )
        assert row is not None
        return row


async def _figures(place: Stage, board: _Board) -> list[Row]:
    await board.pile()
    async with place.program("-m", "bench.outbox_worker"), place.web("app.py") as port:
        await board.empty()
        rate, noted = await board.rate(), await board.noted()
        pushed = await drive(port, orders("R"), lines=8, seconds=SECONDS, rate=RATE)
        await board.empty()
    found = await board.lag()
    p50, p95, worst = found["late"]
    return [
        ("reactions by one worker process (required: 1000)", round(rate, 1), "reactions/s"),
        ("reactions that wrote their row", noted, f"of {HEAP}"),
        ("orders arriving meanwhile", round(pushed.rate, 1), "orders/s"),
        ("reactions to these orders", found["ran"], f"reactions, {found['failed']} failed"),
        ("lag p50", round(p50, 1), "ms"),
        ("lag p95 (required: below 1000)", round(p95, 1), "ms"),
        ("lag worst", round(worst, 1), "ms"),
    ]


async def run() -> list[Row]:
    """The outbox's figures."""
    async with stage() as place:
        raw = await asyncpg.connect(place.database_url)
        try:
            return await _figures(place, _Board(raw))
        finally:
            await raw.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run()):
            print(*line)

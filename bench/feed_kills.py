"""Messages over MLLP while the process and PostgreSQL are killed at random: stored = acknowledged, applied once.

A sender resends what was not answered AA, as a HIS does. Required (the project's figures): 100,000 messages, none lost,
none doubled. The first argument is the number of messages, the second the seconds between two kills.
"""

import asyncio
import os
import random
import signal
import sys
import time

import asyncpg
import uvloop

from bench.feed_work import messages
from bench.stage import Row, Stage, free_port, stage
from core import db
from core.actor import system
from patients.feeds import links
from patients.feeds.links import LinkForm

MESSAGES, PAUSE, LINES = 100_000, 8.0, 8
PATIENCE = 3_600  # seconds for the work that is left at the end


class Plan:
    """What is to be sent, and what was answered."""

    def __init__(self, count: int) -> None:
        self.left = [body for _, _, body in reversed(messages(count))]
        self.accepted: set[str] = set()
        self.resent = 0
        self.refused = 0

    def name(self, body: bytes) -> str:
        """MSH-10."""
        return body.split(b"|", 10)[9].decode()


async def _send(port: int, plan: Plan) -> None:
    """One connection: each message until it is answered AA."""
    while plan.left:
        body = plan.left.pop()
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                while True:
                    writer.write(b"\x0b" + body + b"\x1c\r")
                    answer = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 60)
                    if b"\rMSA|AA|" not in answer:
                        plan.refused += 1
                        await asyncio.sleep(0.2)
                        continue
                    plan.accepted.add(plan.name(body))
                    if not plan.left:
                        writer.close()
                        return
                    body = plan.left.pop()
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                plan.resent += 1
                await asyncio.sleep(0.1)


async def _program(place: Stage, port: int) -> asyncio.subprocess.Process:
    environment = {**os.environ, **place.environment, "HUIYIN_MLLP_PORT": str(port)}
    return await asyncio.create_subprocess_exec(sys.executable, "feeds.py", env=environment)


def _kill_postgres(place: Stage) -> None:
    """An immediate shutdown, so that what was not written must be recovered; and up again."""
    if (pid := place.postgres.pid) is not None:
        os.kill(pid, signal.SIGQUIT)
    while place.postgres.pid is not None:
        time.sleep(0.05)
    place.postgres.start()


async def _kill(place: Stage, port: int, plan: Plan, pause: float, kills: list[str]) -> None:
    """Kill one or the other at random moments until everything was sent; both are there again afterwards."""
    chance = random.Random(20260301)
    child = await _program(place, port)
    try:
        while plan.left:
            await asyncio.sleep(chance.uniform(pause / 2, pause * 1.5))
            if not plan.left:
                break
            if chance.random() < 0.6:
                kills.append("process")
                child.kill()
                await child.wait()
                child = await _program(place, port)
            else:
                kills.append("postgres")
                await asyncio.to_thread(_kill_postgres, place)
        for _ in range(PATIENCE):
            if not await _count(place, "select count(*) from feed_message where state = 'due'"):
                break
            await asyncio.sleep(1)
    finally:
        child.terminate()
        await child.wait()


async def _count(place: Stage, sql: str) -> int:
    raw = await asyncpg.connect(place.database_url)
    try:
        return int(await raw.fetchval(sql))
    finally:
        await raw.close()


async def run(count: int = MESSAGES, pause: float = PAUSE) -> list[Row]:
    """What was answered, what is stored, what was applied."""
    async with stage() as place:
        await db.open_db(place.database_url)
        form = LinkForm(name="压测", application="BENCH", facility="HOSP", mapping="hl7")
        await links.save(None, form, by=system("压测"))
        await db.close_db()
        port, plan, kills = free_port(), Plan(count), list[str]()
        began = time.perf_counter()
        killing = asyncio.create_task(_kill(place, port, plan, pause, kills))
        await asyncio.gather(*(_send(port, plan) for _ in range(LINES)))
        await killing
        took = time.perf_counter() - began
        raw = await asyncpg.connect(place.database_url)
        stored = {row["external_id"] for row in await raw.fetch("select external_id from feed_message")}
        await raw.close()
        undone = await _count(place, "select count(*) from feed_message where state <> 'done'")
        visits = await _count(place, "select count(*) from visit")
        reports = await _count(place, "select count(*) from report")
        facts = await _count(place, "select count(*) from record_fact where subject in ('visit', 'report')")
        doubled = await _count(
            place, "select count(*) - count(distinct (message_id, place)) from record_fact"
        )
        opened = await _count(place, "select count(*) from visit where state <> 'closed'")
    expected = {f"B{number:08d}" for number in range(count)}
    return [
        (f"{count:,} messages with kills", round(took, 1), "s"),
        ("kills of the process", kills.count("process"), "kills"),
        ("kills of PostgreSQL", kills.count("postgres"), "kills"),
        ("messages sent again by the sender", plan.resent, "messages"),
        ("acknowledged and not stored (required: 0)", len(plan.accepted - stored), "messages"),
        ("stored and not of those sent (required: 0)", len(stored - expected), "messages"),
        ("not applied (required: 0)", undone, "messages"),
        ("facts missing or doubled (required: 0)", abs(facts - count) + doubled, "facts"),
        ("visits missing or doubled (required: 0)", abs(visits - (count + 2) // 3) + opened, "visits"),
        ("reports missing or doubled (required: 0)", abs(reports - count // 3), "reports"),
    ]


if __name__ == "__main__":
    size = int(sys.argv[1]) if sys.argv[1:] else MESSAGES
    between = float(sys.argv[2]) if sys.argv[2:] else PAUSE
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run(size, between)):
            print(*line)

"""The process of feeds is killed while messages come: what was accepted is kept, and everything is worked on once."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core import db
from tests.patients.feed import open_link
from tests.patients.history import Sender, person, stay
from tests.staff.cast import build
from wiring import wire

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def feeds(port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program; killed hard at the end of the block, if it still runs."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "feeds.py",
        cwd=ROOT,
        env={**os.environ, "HUIYIN_MLLP_PORT": str(port), "HUIYIN_LOG_LEVEL": "ERROR"},
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, as soon as somebody listens."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)


async def test_what_was_accepted_survives_a_kill_and_is_worked_on_once(database: str, redis_url: str) -> None:
    assert database
    assert redis_url
    wire()
    await build()
    await open_link()
    his, port = Sender(), free_port()
    messages = [
        his.send(
            "ADT^A04",
            f"{8 + at // 60:02}{at % 60:02}",
            stay(f"MZ{at}", kind="O"),
            pid=person(f"P{at}", id_number=""),
        )
        for at in range(60)
    ]
    left = list(messages)
    accepted: list[str] = []
    for cut in (20, 45, 60):
        async with feeds(port) as child:
            reader, writer = await connect(port)
            while len(accepted) < cut:
                writer.write(b"\x0b" + left[0].encode() + b"\x1c\r")
                answer = await reader.readuntil(b"\x1c\r")
                assert b"MSA|AA|" in answer
                accepted.append(left.pop(0).split("|")[9])
            if left:
                writer.write(b"\x0b" + left[0].encode() + b"\x1c\r")  # on its way when the process dies
                child.kill()
                await child.wait()
            else:
                async with asyncio.timeout(PATIENCE):
                    while True:
                        if not await db.fetchval("select count(*) from feed_message where state = 'due'"):
                            break
                        await asyncio.sleep(0.2)
            writer.close()
    kept = await db.fetch("select external_id, state from feed_message order by id")
    assert {row["external_id"] for row in kept} == set(accepted)
    assert [row["state"] for row in kept] == ["done"] * len(messages)
    assert await db.fetchval("select count(*) from visit") == len(messages)
    assert await db.fetchval("select count(*) from record_fact where subject = 'visit'") == len(messages)

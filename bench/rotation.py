"""Key rotation in the background: what the list of cases costs while every phone is sealed anew, against when none is.

`size` cases with a sealed phone each; the web process holds the new key and the old. A process of its own rotates; it is
stopped and continued every `WINDOW` seconds, and the page's times are told apart by that, so that whatever else the
machine does burdens both alike. One reader asks for the lists of bench/case_list.py in turn, one page after another.
Ends when everything is rotated and both have their pages.

Required (the project's figures): p95 with the rotation within 1.5 times p95 without.
"""

import asyncio
import contextlib
import signal
import sys
import time
from contextlib import AsyncExitStack
from urllib.parse import urlencode

import aiohttp

from bench.case_list import LISTS, filters, p95, readers
from bench.fill import Filled
from bench.stage import Row, Stage, stage
from bench.statistics import filled_stage
from core import db
from staff import queries as staff
from staff import sessions
from tickets.queries import spans

SIZE = 1_000_000
WINDOW = 5.0  # seconds; shorter where there is little to rotate
LEAST = 200  # pages of each sort
KEYS = "2:EBESExQVFhcYGRobHB0eHwABAgMEBQYHCAkKCwwNDg8=,1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OLD = b"\x01\x01"


async def _prepared(own: Stage, filled: Filled) -> str:
    await db.open_db(own.database_url)
    try:
        await staff.forget_tree()
        for _ in range(2):
            await spans.seal("0")
        token = await sessions.begin(readers(filled)["group"], address="127.0.0.1", agent="bench")
        return f"{sessions.COOKIE}={token}"
    finally:
        await db.close_db()


async def _left(own: Stage) -> int:
    await db.open_db(own.database_url)
    try:
        left: int = await db.fetchval(
            "select count(*) from cases where substring(caller_phone from 1 for 2) = $1", OLD
        )
        return left
    finally:
        await db.close_db()


class Reader:
    """Asks for one list after another for a while."""

    def __init__(self, http: aiohttp.ClientSession, port: int, cookie: str, filled: Filled) -> None:
        self.http = http
        self.headers = {"Cookie": cookie}
        self.addresses = [
            f"http://127.0.0.1:{port}/cases?{wanted.query() or urlencode({'all': '1'})}"
            for wanted in filters(filled).values()
        ]
        self.next = 0

    async def read(self, seconds: float, times: list[float]) -> None:
        """Pages for so many seconds; what each took, in ms, is added to `times`."""
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            address = self.addresses[self.next % len(self.addresses)]
            self.next += 1
            async with self.http.get(address, headers=self.headers) as answer:
                await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{address}: {answer.status}")
            times.append((time.perf_counter() - began) * 1000)


def _signal(child: asyncio.subprocess.Process, what: signal.Signals) -> None:
    """Stop it, or let it go on, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        if child.returncode is None:
            child.send_signal(what)


async def _alternating(
    reader: Reader, child: asyncio.subprocess.Process, window: float
) -> tuple[list[float], list[float], float]:
    """The pages without and with the rotation, and the seconds it was let run."""
    without: list[float] = []
    during: list[float] = []
    try:
        ran = await _take_turns(reader, child, window, without, during)
    finally:
        _signal(child, signal.SIGCONT)  # or it could not be ended
    return without, during, ran


async def _take_turns(
    reader: Reader,
    child: asyncio.subprocess.Process,
    window: float,
    without: list[float],
    during: list[float],
) -> float:
    """Until everything is rotated and both have their pages; the seconds the rotation was let run."""
    ran = 0.0
    await reader.read(window, [])  # warms, while the rotation counts what there is to do
    while child.returncode is None or min(len(without), len(during)) < LEAST:
        _signal(child, signal.SIGSTOP)
        await reader.read(window, without)
        if child.returncode is not None:
            if len(during) < LEAST:  # it was done before there were enough pages: say so rather than guess
                break
            continue
        _signal(child, signal.SIGCONT)
        began = time.perf_counter()
        await reader.read(window, during)
        ran += time.perf_counter() - began
    return ran


async def run(size: int = SIZE) -> list[Row]:
    """The rows of the table."""
    async with stage() as servers, AsyncExitStack() as programs:
        own, filled = await filled_stage(servers, size)
        cookie = await _prepared(own, filled)
        own.environment["HUIYIN_ENCRYPTION_KEYS"] = KEYS
        before = await _left(own)
        port = await programs.enter_async_context(own.web("app.py"))
        http = await programs.enter_async_context(aiohttp.ClientSession())
        child = await programs.enter_async_context(own.program("-m", "bench.rotation_worker"))
        without, during, ran = await _alternating(
            Reader(http, port, cookie, filled), child, min(WINDOW, size / 40_000)
        )
        left = await _left(own)
    head = f"rotation {size:,}"
    return [
        (f"{head}: lists asked for in turn", len(LISTS), ""),
        (f"{head}: values to seal anew", before, "values"),
        (f"{head}: values left under the old key", left, "values"),
        (f"{head}: values a second while it runs", round((before - left) / ran) if ran else 0, "values/s"),
        (f"{head}: pages without / with", len(without), f"/ {len(during)} pages"),
        (f"{head}: page p95 without the rotation", round(p95(without), 1), "ms"),
        (f"{head}: page p95 with the rotation", round(p95(during), 1), "ms"),
        (f"{head}: with / without (required: 1.5)", round(p95(during) / p95(without), 2), "×"),
    ]


if __name__ == "__main__":
    for what, figure, unit in asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE)):
        print(f"{what:<70} {figure:>12,.2f} {unit}")

"""What logging in costs, and whether fifty people at the door at once are felt by those who are in already.

First the price of one argon2id check on one core, as `staff.login.password` is set. Then a web process of ours: somebody
reads a page over and over, alone and while `CROWD` people press 登录 at the same moment, the two in turn; a row of
people who are in already is the measure, those at the door are only asked whether they came in.

Required (the project's figures): one check 50 to 150 ms; p95 of the other pages with the crowd within 1.5 times of without.
"""

import asyncio
import statistics
import sys
import time

import aiohttp

from bench.stage import Row, Stage, stage
from core import clock, db
from staff import sessions
from staff.login import password
from staff.roles import Role

CROWD = 50
ROUNDS = 6
READERS = 2
SECONDS = 4.0  # of reading in each half of a round
WORD = "Xinnei#2026"
Waits = list[float]


async def _check() -> float:
    """Median milliseconds of one check, one after the other."""
    stored = await password.hashed(WORD)
    taken = []
    for _ in range(15):
        began = time.perf_counter()
        await password.fits(stored, WORD)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def _people(own: Stage) -> str:
    """The crowd, and somebody who is in already; their cookie."""
    await db.open_db(own.database_url)
    try:
        stored = await password.hashed(WORD)
        await db.execute("insert into parameter (name, value) values ('login.second_factor', 'off')")
        for number in range(CROWD + 1):
            staff_id = 5000 + number
            await db.execute(
                "insert into staff (id, number, name, password_hash, password_set_at) values ($1, $2, $3, $4, $5)",
                staff_id,
                f"door{number}",
                f"压测登录{number}",
                stored,
                clock.now(),
            )
            await db.execute(
                "insert into post (staff_id, unit_id, role) values ($1, 3, $2)", staff_id, Role.LIAISON
            )
        token = await sessions.begin(5000 + CROWD, address="127.0.0.1", agent="bench")
        return f"{sessions.COOKIE}={token}"
    finally:
        await db.close_db()


async def _read(http: aiohttp.ClientSession, address: str, cookie: str, until: float, waits: Waits) -> None:
    while time.perf_counter() < until:
        began = time.perf_counter()
        async with http.get(f"{address}/account", headers={"Cookie": cookie}) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the page answered {answer.status}")
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.02)


async def _enter(address: str, number: int, waits: Waits) -> int:
    """Log in with a browser of one's own; the status."""
    began = time.perf_counter()
    async with aiohttp.ClientSession() as http:
        form = {"number": f"door{number}", "password": WORD}
        async with http.post(f"{address}/login", data=form, allow_redirects=False) as answer:
            await answer.read()
            waits.append(time.perf_counter() - began)
            return answer.status


async def _half(http: aiohttp.ClientSession, address: str, cookie: str, waits: Waits) -> None:
    until = time.perf_counter() + SECONDS
    async with asyncio.TaskGroup() as group:
        for _ in range(READERS):
            group.create_task(_read(http, address, cookie, until, waits))


def share(values: Waits, part: float) -> float:
    """The value below which this part of all lies, in milliseconds."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000, 1) if values else 0.0


async def run(rounds: int = ROUNDS) -> list[Row]:
    """The rows of the table."""
    alone: Waits = []
    beside: Waits = []
    doors: Waits = []
    statuses: list[int] = []
    async with stage() as own, own.web("app.py") as port:
        check = await _check()
        cookie, address = await _people(own), f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as http:
            await _half(http, address, cookie, [])  # warm
            for _ in range(rounds):
                await _half(http, address, cookie, alone)
                reading = asyncio.create_task(_half(http, address, cookie, beside))
                statuses += await asyncio.gather(*(_enter(address, number, doors) for number in range(CROWD)))
                await reading
    before, after = share(alone, 0.95), share(beside, 0.95)
    return [
        ("log in: one argon2id check (required: 50 to 150)", round(check, 1), "ms"),
        ("log in: page p95 with nobody at the door", before, "ms"),
        (f"log in: page p95 with {CROWD} at the door at once", after, "ms"),
        ("log in: ratio of the two (required: 1.5)", round(after / before, 2) if before else 0.0, ""),
        (f"log in: {CROWD} at once, longest wait", share(doors, 1.0), "ms"),
        ("log in: refused", sum(status != 303 for status in statuses), "log-ins"),
    ]


if __name__ == "__main__":
    for what, figure, unit in asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)):
        print(f"{what:<80} {figure:>10,.2f} {unit}")

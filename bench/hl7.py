"""HL7 messages over MLLP into one process: kept and synced to disk before AA; and how fast the kept ones are worked on.

Each of the connections sends its next message when the last is answered, as a HIS does. Required (the project's
figures): at least 500 messages/s, every accepted message in the database, each worked on once.
"""

import asyncio
import statistics
import time
from itertools import count

import asyncpg
import uvloop

from bench.stage import Row, Stage, free_port, stage
from core import db
from core.actor import system
from patients.feeds import links
from patients.feeds.links import LinkForm

LINES, SECONDS, WORKED = 16, 6.0, 8.0
PERSONS = 5_000
KINDS = ("ADT^A04", "ADT^A08", "ORU^R01")
_numbers = count(1)


def message() -> bytes:
    """The next message: in turn a visit, its diagnosis, its results."""
    number = next(_numbers)
    whose, kind = number // 3 % PERSONS, KINDS[number % 3]
    stamp = "20260301083000"
    lines = [
        f"MSH|^~\\&|BENCH|HOSP|HUIYIN|HOSP|{stamp}||{kind}|B{number:08d}|P|2.4|||AL|NE||UNICODE UTF-8",
        f"EVN|{kind[4:]}|{stamp}",
        f"PID|1||B{whose:06d}^^^HOSP^MR||测试患者||19900101|M|||示范市示例区样例路1号||199{whose:08d}|||M",
        f"PV1|1|O|心血管内科^^^东院区||||1001^测试医生|||心血管内科|||||||||MZ{whose:06d}{'|' * 25}{stamp}",
    ]
    if kind == "ADT^A08":
        lines.append("DG1|1||I10.x00^原发性高血压^ICD-10|||W")
    if kind == "ORU^R01":
        lines.append(f"OBR|1|SQ{number}|JY{number}|K^血钾|||{stamp}|||||||||||||||{stamp}||LAB|F")
        lines.append(f"OBX|1|NM|K^血钾||4.{number % 10}|mmol/L|3.5-5.3|N|||F|||{stamp}")
    return b"\x0b" + "\r".join(lines).encode() + b"\r\x1c\r"


async def _send(port: int, until: float, waits: list[float], wrong: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        body, began = message(), time.perf_counter()
        writer.write(body)
        answer = await reader.readuntil(b"\x1c\r")
        waits.append(time.perf_counter() - began)
        if b"\rMSA|AA|" not in answer:
            wrong.append(answer)
    writer.close()


async def _listens(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return


async def _count(place: Stage, sql: str) -> int:
    raw = await asyncpg.connect(place.database_url)
    try:
        return int(await raw.fetchval(sql))
    finally:
        await raw.close()


async def _measure(place: Stage, lines: int, loops: int = 0) -> tuple[float, list[float], int]:
    """Messages a second, waits and answers that were not AA, over so many connections, `loops` working beside."""
    port = free_port()
    waits: list[float] = []
    wrong: list[bytes] = []
    async with place.program("feeds.py", HUIYIN_MLLP_PORT=str(port), HUIYIN_FEEDS_LOOPS=str(loops)):
        await _listens(port)
        began = time.perf_counter()
        await asyncio.gather(*(_send(port, began + SECONDS, waits, wrong) for _ in range(lines)))
        took = time.perf_counter() - began
    return len(waits) / took, waits, len(wrong)


async def run() -> list[Row]:
    """The rates of one connection and of many, the waits, what is in the database, and the rate of the work."""
    async with stage() as place:
        await db.open_db(place.database_url)
        form = LinkForm(name="压测", application="BENCH", facility="HOSP", mapping="hl7")
        await links.save(None, form, by=system("压测"))
        # Nobody works on them in two of the three turns: a quick machine would reach the bound, and the door hold back.
        await db.execute("insert into parameter (name, value) values ('feeds.most_waiting', '1000000')")
        await db.close_db()
        one, _, wrong_one = await _measure(place, 1)
        many, waits, wrong_many = await _measure(place, LINES)
        both, _, wrong_both = await _measure(place, LINES, 2)
        kept = await _count(place, "select count(*) from feed_message")
        port = free_port()
        async with place.program("feeds.py", HUIYIN_MLLP_PORT=str(port)):
            await _listens(port)
            before = await _count(place, "select count(*) from feed_message where state = 'done'")
            await asyncio.sleep(WORKED)
            done = await _count(place, "select count(*) from feed_message where state = 'done'") - before
        waiting = await _count(place, "select count(*) from feed_message where state = 'due'")
        parked = await _count(place, "select count(*) from feed_message where state = 'parked'")
    cuts = statistics.quantiles(waits, n=100)
    return [
        ("messages kept and answered, one connection", round(one, 1), "messages/s"),
        (f"messages kept and answered, {LINES} connections (required: 500)", round(many, 1), "messages/s"),
        (f"the same while the process also works on them, {LINES} connections", round(both, 1), "messages/s"),
        ("answers that were not AA (required: 0)", wrong_one + wrong_many + wrong_both, "answers"),
        ("answered p50", round(cuts[49] * 1000, 1), "ms"),
        ("answered p99", round(cuts[98] * 1000, 1), "ms"),
        ("messages in the database", kept, "messages"),
        ("still waiting at the end", waiting, "messages"),
        ("parked (required: 0)", parked, "messages"),
        ("worked on by one process while none came", round(done / WORKED, 1), "messages/s"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run()):
            print(*line)

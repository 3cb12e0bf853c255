"""How fast kept HL7 messages are worked on by one process with its two loops, and what one costs in statements.

A hospital's mix: of each visit its registration, a change with a diagnosis, a report of five results; persons of their
own names and birth dates, every fourth of them new. Required: 500 messages/s and more, none parked. The first argument
is the number of messages, `HUIYIN_BENCH_MESSAGES` as well.
"""

import asyncio
import os
import sys
import time
from datetime import date, timedelta

import uvloop

from bench.stage import Row, stage
from core import db
from core.actor import system
from core.pump import drain
from patients.feeds import links, store
from patients.feeds.links import LinkForm
from patients.feeds.processing import FEED
from wiring import wire

MESSAGES = 12_000
LOOPS = 2
NAMES = "安柏程丁冯葛何江孔林马倪欧潘钱任沈唐万徐"
STAMP = "20260301083000"


def messages(count: int) -> list[tuple[str, str, bytes]]:
    """So many messages: (id, kind, body)."""
    found = []
    for number in range(count):
        visit, step = divmod(number, 3)
        whose = visit * 3 // 4
        kind = ("ADT^A04", "ADT^A08", "ORU^R01")[step]
        name = f"{NAMES[whose % 20]}测{NAMES[whose // 20 % 20]}{NAMES[whose // 400 % 20]}"
        born = f"{date(1940, 1, 1) + timedelta(days=whose * 7919 % 25_000):%Y%m%d}"
        lines = [
            f"MSH|^~\\&|BENCH|HOSP|HUIYIN|HOSP|{STAMP}||{kind}|B{number:08d}|P|2.4|||AL|NE||UNICODE UTF-8",
            f"EVN|{kind[4:]}|{STAMP}",
            f"PID|1||B{whose:06d}^^^HOSP^MR||{name}||{born}|{'MF'[whose % 2]}|||示范市示例区样例路{whose % 99}号||199{whose:08d}|||M",
            f"PV1|1|O|心血管内科^^^东院区||||1001^测试医生|||心血管内科|||||||||MZ{visit:06d}{'|' * 25}{STAMP}",
        ]
        if step == 1:
            lines.append("DG1|1||I10.x00^原发性高血压^ICD-10|||W")
        if step == 2:
            lines.append(f"OBR|1|SQ{number}|JY{number}|SH^生化||{STAMP}|||||||||||||||{STAMP}||||LAB|F")
            lines += [
                f"OBX|{at}|NM|K{at}^项目{at}||4.{number % 10}|mmol/L|3.5-5.3|N|||F|||{STAMP}"
                for at in range(1, 6)
            ]
        found.append((f"B{number:08d}", kind, "\r".join(lines).encode()))
    return found


async def _drain() -> None:
    while await drain(FEED):
        pass


async def run(count: int = 0) -> list[Row]:
    """The rate of the work, and that none was parked."""
    wanted = count or int(os.environ.get("HUIYIN_BENCH_MESSAGES", MESSAGES))
    async with stage() as place:
        wire()
        await db.open_db(place.database_url, pool_min=LOOPS, pool_max=LOOPS + 1)
        form = LinkForm(name="压测", application="BENCH", facility="HOSP", mapping="hl7")
        link = await links.link(await links.save(None, form, by=system("压测")))
        for control, kind, body in messages(wanted):
            await store.keep(link, control, kind, body)
        began = time.perf_counter()
        await asyncio.gather(*(_drain() for _ in range(LOOPS)))
        took = time.perf_counter() - began
        rows = await db.fetch("select state, count(*) as n from feed_message group by state")
        states = {row["state"]: row["n"] for row in rows}
        visits = await db.fetchval("select count(*) from visit")
        await db.close_db()
    return [
        ("messages worked on by one process (required: 500)", round(wanted / took, 1), "messages/s"),
        ("parked or left (required: 0)", wanted - states.get("done", 0), "messages"),
        ("visits that came of them", visits, "visits"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run(int(sys.argv[1]) if sys.argv[1:] else 0)):
            print(*line)

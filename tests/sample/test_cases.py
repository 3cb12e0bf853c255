"""The invented cases: their stories hold at whatever hour and on whatever day somebody tries the product."""

import itertools
import random
from datetime import datetime, timedelta

from core import clock, db
from sample import cases, seed
from wiring import wire

HOURS = (0, 5, 8, 11, 13, 17, 21)
DAYS = range(0, 16, 2)  # each day of the week, and the days about a holiday


async def test_an_extension_is_asked_for_in_time_at_every_hour_of_every_day(database: str) -> None:
    wire()
    await seed(password="Sample#2026")
    centre, chief = await cases.tellers()
    chance = random.Random(7)
    # A Friday and 中秋; from 1 October the week off.
    began = datetime(2026, 9, 25, 0, 7, tzinfo=clock.SHANGHAI)
    for number, (day, hour) in enumerate(itertools.product(DAYS, HOURS)):
        with clock.frozen(began + timedelta(days=day, hours=hour)):
            await cases.tell("extension", number, chance, centre, chief)
    asked = await db.fetchval(
        "select count(*) from ticket_request where kind = 'extension' and state = 'pending'"
    )
    assert asked == len(DAYS) * len(HOURS)

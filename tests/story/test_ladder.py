"""The ladder of reminders in the running system: each rung told once to whom it names, though the worker dies at each."""

import asyncio
import random
from datetime import datetime, timedelta

from core import clock, db
from staff import working_days
from tests.story import accounts
from tests.story.hospital import Hospital
from tests.story.orders import pushed
from tests.story.people import PEOPLE
from tests.story.waiting import until
from tickets import clock_kinds
from tickets.clocks import STEP
from tickets.deadlines import instant_of_share
from tickets.ladder import Rung

STAFF = [person[0] for person in PEOPLE]


async def test_every_rung_of_the_ladder_is_told_once_though_the_worker_dies_at_each(rough: Hospital) -> None:
    chance = random.Random(7)
    _, ticket = await pushed(rough, "LADDER-1")
    await rough.settled()
    number = await db.fetchval("select id from clock where ticket_id = $1", ticket)
    for rung in clock_kinds.rungs("department"):
        await until_armed(number, rung.step)
        await move_to(number, rung)
        await asyncio.sleep(chance.uniform(0, 1.2))
        await rough.restart("worker-1", "worker-2")
    await until(lambda: _level(number, 4), "the last rung was reached")
    await accounts.calm(rough)

    taken = await db.fetch(
        "select step, state from due where kind = $1 and ref = $2 order by step", STEP, number
    )
    assert [tuple(row) for row in taken] == [(1, "done"), (2, "done"), (3, "done"), (4, "done")]
    told = await db.fetch(
        "select text from history where ticket_id = $1 and verb = 'remind' order by id", ticket
    )
    assert [row["text"] for row in told] == [
        f"科室时限{rung.title}" for rung in clock_kinds.rungs("department")
    ]
    wanted = {
        "时限过半": {"liaison"},
        "时限已过四分之三": {"liaison", "deputy"},
        "即将到期": {"liaison", "deputy", "head"},
        "已逾期": {"liaison", "deputy", "head", "vice", "centre", "second"},
    }
    for title, people_told in wanted.items():
        heard = {userid: await times(rough, userid, f"#{ticket} 科室时限{title}") for userid in STAFF}
        assert heard == {userid: int(userid in people_told) for userid in STAFF}, title
    assert await accounts.machine() == []
    assert await accounts.messages(rough.phones, STAFF, []) == []
    assert await accounts.clocks() == []


async def test_rungs_that_were_slept_through_are_one_reminder_that_says_so(rough: Hospital) -> None:
    _, ticket = await pushed(rough, "LADDER-2")
    await rough.settled()
    number = await db.fetchval("select id from clock where ticket_id = $1", ticket)
    for name in ("worker-1", "worker-2"):
        rough.programs[name].kill()
    await move_to(number, clock_kinds.rungs("department")[2])
    await rough.start("worker-1", "worker-2")
    await until(lambda: _level(number, 3), "the third rung was reached")
    await accounts.calm(rough)
    rows = await db.fetch(
        "select step, state, error from due where kind = $1 and ref = $2 order by step", STEP, number
    )
    assert [tuple(row) for row in rows] == [(1, "done", "即将到期（含此前 2 级）"), (4, "due", "")]
    assert [await times(rough, userid, f"#{ticket} 科室时限") for userid in ("liaison", "deputy", "head", "vice")] == [
        1, 1, 1, 0,
    ]  # fmt: skip


async def times(hospital: Hospital, userid: str, part: str) -> int:
    """In how many messages a person read these words."""
    return sum(text.count(part) for text in await hospital.phones.texts(userid))


async def _level(number: int, level: int) -> bool:
    return bool(await db.fetchval("select level >= $2 from clock where id = $1", number, level))


async def until_armed(number: int, step: int) -> None:
    """Wait until the due row of a step is there."""

    async def look() -> bool:
        row = await db.fetchval(
            "select true from due where kind = $1 and ref = $2 and step = $3 and state = 'due'",
            STEP,
            number,
            step,
        )
        return bool(row)

    await until(look, f"step {step} of clock {number} is armed")


async def move_to(number: int, rung: Rung) -> None:
    """Shift a clock in time so that this rung has just been reached and the next has not."""
    start, due_at = await _span(rung)
    async with db.transaction():
        await db.execute("update clock set start_at = $2, due_at = $3 where id = $1", number, start, due_at)
        await db.execute(
            "update due set due_at = $2 where kind = $1 and ref = $3 and state = 'due'",
            STEP,
            clock.now(),
            number,
        )


async def _span(rung: Rung) -> tuple[datetime, datetime]:
    """A clock that began twenty days ago and of which just so much is used."""
    now, calendar = clock.now(), await working_days.calendar()
    start = now - timedelta(days=20)
    if rung.share >= 1:
        return start, now - timedelta(minutes=1)
    following = next(each for each in clock_kinds.rungs("department") if each.step == rung.step + 1)
    for hours in range(1, 24 * 60):
        due_at = now + timedelta(hours=hours)
        later = (
            instant_of_share(start, due_at, following.share, 0, calendar) if following.share < 1 else due_at
        )
        if instant_of_share(start, due_at, rung.share, 0, calendar) < now < later:
            return start, due_at
    raise AssertionError(f"no clock has used just {rung.share}")

"""A rough day: programs are killed without warning, Redis forgets, vendors fail; at its end the books are sound."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
import pytest_asyncio

from channels import rules
from core import clock, db
from staff import working_days
from tests.conftest import Template
from tests.story import accounts, people
from tests.story.desk import Desk, Refusal
from tests.story.hospital import Hospital, fresh_database, running, small
from tests.story.orders import case_of, order, pushed
from tests.story.people import PEOPLE
from tests.story.phones import Grey
from tests.story.waiting import until
from tickets import ladder
from tickets.clocks import STEP
from tickets.deadlines import instant_of_share

ORDERS = 40
REPLIED = 6  # of them go the whole way to the caller's SMS and the platform's book
BLOWS = 9
STAFF = [person[0] for person in PEOPLE]
FAULTS = (
    {"system": "wecom", "api": "message/send", "http": 502, "times": 4},
    {"system": "wecom", "api": "message/send", "errcode": -1, "times": 3},
    {"system": "wecom", "api": "message/send", "drop": "before", "times": 3},
    {"system": "wecom", "api": "message/send", "drop": "after", "times": 4},
    {"system": "wecom", "api": "message/send", "errcode": 42001, "times": 2},
    {"system": "wecom", "api": "message/update_template_card", "http": 503, "times": 4},
    {"system": "wecom", "api": "message/update_template_card", "drop": "after", "times": 3},
    {"system": "wecom", "api": "callback", "drop": True, "times": 4},
    {"system": "sms", "api": "send", "http": 500, "times": 2},
    {"system": "sms", "api": "send", "drop": "after", "times": 3},
    {"system": "sms", "api": "receipts", "drop": True, "times": 3},
    {"system": "hotline", "api": "results", "http": 503, "times": 2},
    {"system": "hotline", "api": "results", "drop": "after", "times": 2},
)


@pytest_asyncio.fixture
async def rough(template_database: Template) -> AsyncIterator[Hospital]:
    """A hospital with two workers, whose limits on our side leave room for a day's messages in a minute."""

    async def move_in(hospital: Hospital) -> None:
        await small(hospital)
        await people.set_parameter(rules.MEMBER_MINUTE, 1000)
        await people.set_parameter(rules.BUNDLE_SECONDS, 0)

    template = template_database
    async with (
        fresh_database(template.server_url, template.name, f"{template.name}_rough") as url,
        running(url, workers=2, move_in=move_in) as hospital,
    ):
        yield hospital


@dataclass
class Day:
    """What goes on at once, until `over`."""

    hospital: Hospital
    chance: random.Random
    numbers: list[str]
    over: bool = False
    tried: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)  # how often, when next

    async def platform(self) -> None:
        """The city pushes orders, some twice at once, each until it is taken."""
        for at, number in enumerate(self.numbers):
            times = 2 if at % 7 == 3 else 1
            await asyncio.gather(*(self._push(number, at) for _ in range(times)))
            await asyncio.sleep(self.chance.uniform(0.1, 0.6))

    async def _push(self, number: str, at: int) -> None:
        heart = at % 3 != 2
        body = order(
            number,
            title=f"反映第{at}号窗口等候过久",
            caller_name="测试来电人",
            caller_phone=phone_of(number),
            departments=["心血管内科"] if heart else ["骨科"],
            campus="东院区" if heart else "西院区",
        )

        async def taken() -> bool:
            return (await self.hospital.phones.push_order(body))["status"] in (200, 201)

        await until(taken, f"{number} is taken", step=0.5)

    async def blows(self) -> None:
        """Kill and forget at random points."""
        for _ in range(BLOWS):
            await asyncio.sleep(self.chance.uniform(0.5, 2.5))
            name = self.chance.choice(("web", "worker-1", "worker-2", "redis"))
            if name == "redis":
                await self.hospital.flush_redis()
                continue
            self.hospital.programs[name].kill()
            await asyncio.sleep(self.chance.uniform(0, 1))
            await self.hospital.start(name)

    async def faults(self) -> None:
        """Order trouble at the vendors, bit by bit."""
        for fault in self.chance.sample(FAULTS, len(FAULTS)):
            await self.hospital.phones.post("faults", **fault)
            await asyncio.sleep(self.chance.uniform(0.3, 1.5))
        await self.hospital.phones.post("faults", system="wecom", api="message/send", errcode=45009)

    async def hurry(self) -> None:
        """Shorten the pauses before another attempt, which would outlast the day."""
        while not self.over:
            await asyncio.sleep(3)
            await self.hospital.lift_blocks()
            await accounts.fast_forward()

    async def person(self, userid: str, buttons: tuple[str, ...]) -> None:
        """Somebody works off the cards on the phone, and presses again when nothing seems to happen."""
        while not self.over:
            await asyncio.sleep(self.chance.uniform(0.2, 0.6))
            for card in await self.hospital.phones.cards(userid):
                button = next((each for each in buttons if card.live and each in card.buttons), "")
                now = asyncio.get_running_loop().time()
                times_tried, next_at = self.tried.get((card.task_id, button), (0, 0.0))
                if not button or now < next_at:
                    continue
                self.tried[card.task_id, button] = (times_tried + 1, now + 4 * 2**times_tried)
                with contextlib.suppress(Grey):
                    await self._do(userid, card.buttons[button], card.task_id, button)

    async def _do(self, userid: str, key: str, task_id: str, button: str) -> None:
        if button == "答复":
            number = key.split(":")[1]
            await self.hospital.phones.say(userid, f"回复 {number} 已电话联系来电人并致歉", wait=False)
            return
        await self.hospital.phones.post("press", userid=userid, task_id=task_id, key=key)

    async def centre(self, number: str) -> None:
        """The centre replies to one order as soon as its department is done."""

        async def done() -> bool:
            found = await db.fetchval(
                "select t.state from ticket t join cases c on c.id = t.case_id where c.external_no = $1",
                number,
            )
            return bool(found == "done")

        await until(done, f"{number} is done by its department", 75)
        case = await case_of(number)
        await self._insist("centre", case, "submit", reply=f"{number} 已核实并改进，向您致歉", tell_by="sms")
        await self._insist("chief", case, "approve")

    async def _insist(self, who: str, case: int, verb: str, **form: str) -> None:
        """An action of the API until it has happened, whether or not its answer came through."""

        async def happened() -> bool:
            try:
                async with Desk(self.hospital.web, who, self.hospital.password) as desk:
                    await desk.act("cases", case, verb, **form)
            except Refusal:
                state = await db.fetchval("select state from cases where id = $1", case)
                return (verb, state) in {
                    ("submit", "under_review"),
                    ("submit", "replied"),
                    ("approve", "replied"),
                }
            except (aiohttp.ClientError, OSError, TimeoutError):
                return False
            return True

        await until(happened, f"{verb} of case {case}", step=0.5)


def phone_of(number: str) -> str:
    """The caller's phone of an order: a platform takes few texts an hour for one number."""
    return f"13800100{number[-3:]}"


async def calm(hospital: Hospital) -> None:
    """No more trouble: everything that waits for another attempt gets it, until nothing is under way."""
    await hospital.phones.post("faults/clear")
    for name, program in hospital.programs.items():
        if not program.running:
            await hospital.start(name)

    async def quiet() -> bool:
        await hospital.lift_blocks()
        await accounts.fast_forward()
        await asyncio.sleep(1)
        busy = await db.fetchval(
            "select (select count(*) from outbox where state = 'due') + (select count(*) from inbound where state = 'due')"
            " + (select count(*) from job where state = 'due')"
        )
        return not busy and not await accounts.open_messages()

    await until(quiet, "nothing is under way any more", 120)


async def test_nothing_is_lost_or_doubled_when_programs_die_redis_forgets_and_vendors_fail(
    rough: Hospital,
) -> None:
    day = Day(rough, random.Random(20261121), [f"ROUGH-{at:03d}" for at in range(ORDERS)])
    async with asyncio.TaskGroup() as going_on:
        actors = [
            going_on.create_task(work)
            for work in (
                day.person("liaison", ("签收", "答复")),
                day.person("deputy", ("签收", "答复")),
                day.person("bones", ("签收", "答复")),
                day.person("head", ("同意",)),
                day.person("surgeon", ("同意",)),
                day.person("centre", ("通过",)),
                day.hurry(),
            )
        ]
        await asyncio.gather(
            day.platform(),
            day.blows(),
            day.faults(),
            *(day.centre(number) for number in day.numbers[:REPLIED]),
        )
        day.over = True
        await asyncio.wait(actors)
    await calm(rough)

    assert await accounts.one_case_each(day.numbers) == []
    assert await accounts.histories() == []
    assert await accounts.clocks() == []
    assert await accounts.machine() == []
    assert await accounts.messages(rough.phones, STAFF, [phone_of(number) for number in day.numbers]) == []
    worked = await db.fetchval("select count(*) from ticket where state <> 'assigned'")
    assert worked >= ORDERS // 2, "the day was too short to prove anything"
    for number in day.numbers[:REPLIED]:
        results = [
            each for each in (await rough.phones.order(number))["exchanges"] if each["what"] == "result"
        ]
        assert len(results) == 1, f"{number} was reported {len(results)} times"
        assert [number in text for text in await rough.phones.sms(phone_of(number))] == [True]
    cardless = await db.fetch(
        "select t.id from ticket t where not exists (select 1 from message m where m.subject = 'ticket:' || t.id"
        " and m.purpose = 'ticket.assigned' and m.state in ('sent', 'delivered'))"
    )
    assert [row["id"] for row in cardless] == []
    roomless = await db.fetchval("select count(*) from ticket where room_id is null")
    assert roomless == 0


async def test_every_rung_of_the_ladder_is_told_once_though_the_worker_dies_at_each(rough: Hospital) -> None:
    chance = random.Random(7)
    _, ticket = await pushed(rough, "LADDER-1")
    await rough.settled()
    number = await db.fetchval("select id from clock where ticket_id = $1", ticket)
    for rung in ladder.rungs("department"):
        await until_armed(number, rung.step)
        await move_to(number, rung)
        await asyncio.sleep(chance.uniform(0, 1.2))
        await rough.restart("worker-1", "worker-2")
    await until(lambda: _level(number, 4), "the last rung was reached")
    await calm(rough)

    taken = await db.fetch(
        "select step, state from due where kind = $1 and ref = $2 order by step", STEP, number
    )
    assert [tuple(row) for row in taken] == [(1, "done"), (2, "done"), (3, "done"), (4, "done")]
    told = await db.fetch(
        "select text from history where ticket_id = $1 and verb = 'remind' order by id", ticket
    )
    assert [row["text"] for row in told] == [f"科室时限{rung.title}" for rung in ladder.rungs("department")]
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
    await move_to(number, ladder.rungs("department")[2])
    await rough.start("worker-1", "worker-2")
    await until(lambda: _level(number, 3), "the third rung was reached")
    await calm(rough)
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


async def move_to(number: int, rung: ladder.Rung) -> None:
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


async def _span(rung: ladder.Rung) -> tuple[datetime, datetime]:
    """A clock that began twenty days ago and of which just so much is used."""
    now, calendar = clock.now(), await working_days.calendar()
    start = now - timedelta(days=20)
    if rung.share >= 1:
        return start, now - timedelta(minutes=1)
    following = next(each for each in ladder.rungs("department") if each.step == rung.step + 1)
    for hours in range(1, 24 * 60):
        due_at = now + timedelta(hours=hours)
        later = (
            instant_of_share(start, due_at, following.share, 0, calendar) if following.share < 1 else due_at
        )
        if instant_of_share(start, due_at, rung.share, 0, calendar) < now < later:
            return start, due_at
    raise AssertionError(f"no clock has used just {rung.share}")

"""A rough day: programs are killed without warning, Redis forgets, vendors fail; at its end the books are sound."""

import asyncio
import contextlib
import random
from dataclasses import dataclass, field

import aiohttp

from core import db
from tests.story import accounts
from tests.story.desk import Desk, Refusal
from tests.story.hospital import Hospital
from tests.story.orders import case_of, order
from tests.story.people import PEOPLE
from tests.story.phones import Grey
from tests.story.waiting import until

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

        await until(done, f"{number} is done by its department", 240)
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
    await accounts.calm(rough)

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

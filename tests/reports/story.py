"""Random stories of cases for the tests of statistics: the real actions, at invented times."""

import random
from datetime import UTC, datetime, timedelta

from core import clock, db
from core.actions import REGISTER
from core.actor import Actor, Door, system
from core.errors import HuiyinError
from core.outbox import OUTBOX
from core.pump import drain
from tests.tickets.conftest import Cast, at, order
from tickets.models import Case, Ticket
from tickets.receiving import receive

PLATFORM = system("测试热线平台", Door.API)
BEGIN = at("2026-01-20 09:00")
TYPES = ("投诉", "咨询", "求助", "表扬")
CATEGORIES = ("医疗卫生->医疗服务->挂号", "医疗卫生->医疗服务->排队", "医疗卫生->收费", "")
PLACES = (("心血管内科", "东院区"), ("收费处", "东院区"), ("骨科", "西院区"))


async def settle() -> None:
    """Let every reaction run; nothing may fail."""
    with clock.frozen(
        datetime.now(UTC) + timedelta(hours=1)
    ):  # rows of the outbox are due by the server's clock
        while await drain(OUTBOX):
            pass
    failed = await db.fetch("select reaction, error from outbox where error <> '' and state <> 'dropped'")
    assert [dict(row) for row in failed] == []


async def do(name: str, subject: int, by: Actor, **data: object) -> bool:
    """One action; whether it was possible."""
    entry = REGISTER[name]
    try:
        await entry.run(subject, entry.parse(data), by=by)
    except HuiyinError:
        return False
    return True


async def new_case(chance: random.Random, number: int) -> None:
    """An order of a random kind."""
    department, campus = chance.choice(PLACES)
    await receive(
        order(
            f"ST-{number}",
            title=f"第 {number} 件：{department}排队过久",
            appeal_type=chance.choice(TYPES),
            category=chance.choice(CATEGORIES),
            caller_phone=f"1380000000{chance.randrange(4)}",
            departments=[department] if chance.random() < 0.8 else [],
            campus=campus,
            channel=chance.choice(("电话", "微信")),
        ),
        by=PLATFORM,
    )


async def step(chance: random.Random, cast: Cast) -> None:
    """Something that happens to some case, if it can."""
    ids = [row["id"] for row in await db.fetch("select id from cases order by id")]
    case = await Case.get(id=chance.choice(ids))
    tickets = await Ticket.filter(case_id=case.id).order_by("-id")
    other = await Case.get(id=chance.choice(ids))
    liaison = {4: cast.liaison, 5: cast.cashier, 6: cast.bones}
    subject = case.id
    options: tuple[tuple[str, Actor, dict[str, object]], ...]
    if tickets and chance.random() < 0.6:
        ticket = chance.choice(tickets)
        subject = ticket.id
        who = liaison[ticket.unit_id]
        options = (
            ("ticket.sign", who, {}),
            ("ticket.answer", who, {"text": "已电话联系患者说明情况"}),
            ("ticket.ask_extension", who, {"days": 1, "reason": "等待核查"}),
            ("ticket.approve_extension", cast.centre, {}),
            ("ticket.ask_pause", who, {"reason": "等待凭证"}),
            ("ticket.approve_pause", cast.centre, {}),
            ("ticket.resume", cast.centre, {}),
            ("ticket.return", who, {"reason": "不属本科室"}),
            ("ticket.transfer", cast.centre, {"unit": str(chance.choice((4, 5, 6))), "reason": "属该科室"}),
            ("ticket.send_back", cast.centre, {"reason": "请补充经过"}),
            ("ticket.approve", cast.centre, {}),
            ("ticket.approve", cast.centre, {}),
            ("ticket.withdraw", cast.centre, {"reason": "重复派单"}),
            ("ticket.urge", cast.centre, {}),
        )
    else:
        options = (
            ("case.accept", cast.centre, {}),
            ("case.return_upstream", cast.centre, {"reason": "不属我院"}),
            ("case.assign", cast.second, {"units": [str(chance.choice((4, 5, 6)))]}),
            ("case.submit", cast.centre, {"reply": "已核实并改进", "verified": chance.choice(("属实", "不属实"))}),
            ("case.submit", cast.centre, {"reply": "已核实并改进", "verified": "部分属实"}),
            ("case.approve", cast.chief, {}),
            ("case.approve", cast.chief, {}),
            ("case.call_back", cast.centre, {
                "satisfied": chance.choice(("满意", "基本满意", "不满意", "未评价")),
                "solved": chance.choice(("已解决", "未解决")), "remark": "回访",
            }),
            ("case.close", cast.centre, {}),
            ("case.rework", cast.centre, {"reason": "平台退回"}),
            ("case.merge", cast.chief, {"main": other.number, "reason": "同一件事"}),
            ("case.split", cast.chief, {"reason": "并非一事"}),
        )  # fmt: skip
    name, by, data = chance.choice(options)
    await do(name, subject, by, **data)


async def told(
    chance: random.Random, cast: Cast, cases: int, steps: int, begin: datetime = BEGIN
) -> datetime:
    """A story of so many cases and steps; the instant at which it ends."""
    now, first = begin, await db.fetchval("select count(*) from cases")
    turns = ["case"] * (cases - 1) + ["step"] * steps
    chance.shuffle(turns)
    for number, turn in enumerate(["case", *turns]):
        now += timedelta(minutes=chance.choice((5, 60, 600, 1500)))
        with clock.frozen(now):
            await (new_case(chance, first * 1000 + number) if turn == "case" else step(chance, cast))
    return now

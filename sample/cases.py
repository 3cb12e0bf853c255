"""Three hundred invented cases in every state, made by the real actions at invented times; one transaction in all.

What they would have sent is not sent: only tickets that are still open put their cards on the sandbox's phones.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels import rules
from core import clock, db, parameters
from core.actions import REGISTER
from core.actor import Actor, Door, system
from core.due import DUE
from core.pump import drain
from patients.rows import opened
from reports import cubes
from sample import feedback, petitions
from sample.hospital import Progress, quiet
from sample.names import patient_name
from sample.texts import TEXTS, Story, Told
from staff import queries as staff
from staff.actors import actor_of
from staff.roles import Role
from tickets import reporting
from tickets.models import Case, Ticket
from tickets.orders import Order
from tickets.receiving import receive
from tickets.states import TicketState
from tickets.word.variables import Kind

SEED = 54321
PLATFORM = system("12345 热线平台", Door.API)
# How far each case gets, and how many do; the youngest first.
PLAN: tuple[tuple[str, int], ...] = (
    ("received", 12),
    ("accepted", 6),
    ("assigned", 26),
    ("signed", 30),
    ("extension", 6),
    ("paused", 4),
    ("returned", 4),
    ("answered", 12),
    ("endorsed", 10),
    ("done", 6),
    ("under_review", 10),
    ("replied", 18),
    ("called_back", 16),
    ("rework", 10),
    ("returned_upstream", 10),
    ("closed", 96),
    ("archived", 24),
)
DAYS_BACK = {"closed": (12, 90), "archived": (20, 120), "returned_upstream": (5, 60), "rework": (8, 20)}
OPEN_DAYS = (0, 7)
KEPT = ("index", "propose_visits", "open_room", "tell_room")


@dataclass
class Teller:
    """The chance of these stories and who acts in them."""

    chance: random.Random
    centre: list[Actor]
    chief: Actor
    now: datetime

    def later(self, low: float, high: float) -> None:
        """Let some hours go by, but not past the present."""
        self.now = min(self.now + timedelta(hours=self.chance.uniform(low, high)), clock.now())


async def seed(progress: Progress = quiet) -> None:
    """Write the cases, unless there are some."""
    if await db.fetchval("select exists (select 1 from cases)"):
        return
    await progress("三百件诉求")
    chance = random.Random(SEED)
    centre, chief = await tellers()
    async with db.transaction():
        number = 0
        for goal, times in reversed(PLAN):  # the oldest first, so that numbers grow with time
            for _ in range(times):
                number += 1
                await tell(goal, number, chance, centre, chief)
        await petitions.tell(centre[0], chief)
        await feedback.tell(centre[0], chief)
        while await drain(DUE):  # reminders of days gone by are told in the story, not on the phones
            pass
        await _quieten()
    # The phones of the sandbox answer at any hour; a real hospital keeps its quiet hours.
    for name in (rules.QUIET_FROM.name, rules.QUIET_UNTIL.name):
        await parameters.change(name, "0", by=system("示例数据", Door.COMMAND))
    await cubes.rebuild()  # what the quietened reactions would have told the statistics
    await db.execute("analyze cases, ticket, clock, history, case_fact, ticket_fact, clock_fact")


async def tellers() -> tuple[list[Actor], Actor]:
    """The staff of the centre, and its head."""
    return await _holders(1, Role.CENTRE_STAFF), (await _holders(1, Role.CENTRE_HEAD))[0]


async def _holders(unit_id: int, role: Role) -> list[Actor]:
    return [await actor_of(person.id, Door.WEB) for person in await staff.holders(unit_id, role)]


async def tell(goal: str, number: int, chance: random.Random, centre: list[Actor], chief: Actor) -> None:
    """One case as far as `goal`, a word of `PLAN`; begun some days before now."""
    low, high = DAYS_BACK.get(goal, OPEN_DAYS)
    start = clock.now() - timedelta(days=chance.uniform(low, high), hours=2)
    teller = Teller(chance, centre, chief, start)
    story = chance.choice(
        [text for text in TEXTS if goal in ("received", "closed") or text.appeal_type != "表扬"]
    )
    told = story.told(chance, clock.local(start).date())
    with clock.frozen(start):
        order = await _order(number, story, told, start, chance)
        received = await receive(order, by=PLATFORM, assign=False)
    case = await Case.get(id=received.case_id)
    await _road(teller, case, story, told, goal)


async def _order(number: int, story: Story, told: Told, start: datetime, chance: random.Random) -> Order:
    secret = chance.random() < 0.08
    name, phone = await _caller(story, told, chance)
    return Order.model_validate(
        {
            "order_no": f"SL12345-{clock.local(start):%Y%m%d}-{number:05d}",
            "title": told.title,
            "content": told.content,
            "appeal_type": story.appeal_type,
            "category": story.category,
            "caller_name": name,
            "caller_gender": chance.choice(("男", "女")),
            "caller_phone": phone,
            "confidential": secret,
            "campus": story.campus,
            "departments": [story.department],
            "urgency": chance.choices(("一般", "紧急", "特急"), (88, 10, 2))[0],
            "channel": chance.choice(("电话", "电话", "电话", "网络", "微信")),
            "occurred_at": datetime.combine(told.occurred_on, datetime.min.time(), clock.SHANGHAI).replace(
                hour=10
            ),
            "dispatched_at": start - timedelta(hours=1),
        }
    )


async def _caller(story: Story, told: Told, chance: random.Random) -> tuple[str, str]:
    """Mostly somebody who was there about that day, so that a visit is found; else anybody."""
    anybody = patient_name(chance), f"199000{chance.randrange(100000):05d}"
    unit = (await staff.tree()).find(story.department, story.campus)
    if unit is None or chance.random() < 0.35:
        return anybody
    rows = await db.fetch(
        "select p.name, p.phone from visit v join patient p on p.id = v.patient_id where v.unit_id = $1"
        " and p.phone is not null order by abs(v.start_on - $2::date), v.id limit 8",
        unit.id,
        told.occurred_on,
    )
    if not rows:
        return anybody
    row = chance.choice(rows)
    return row["name"], opened(row["phone"], "phone")


async def _do(teller: Teller, name: str, subject: int, by: Actor, **data: object) -> None:
    entry = REGISTER[name]
    with clock.frozen(teller.now):
        await entry.run(subject, entry.parse(data), by=by)


async def _road(teller: Teller, case: Case, story: Story, told: Told, goal: str) -> None:
    """Walk the case as far as it is to get."""
    staff_member = teller.chance.choice(teller.centre)
    if goal == "received":
        return
    teller.later(0.3, 2)
    await _do(teller, "case.accept", case.id, staff_member)
    if goal == "accepted":
        return
    if goal == "returned_upstream":
        await _do(
            teller,
            "case.return_upstream",
            case.id,
            staff_member,
            reason="经核实，所反映事项不属于我院职责范围",
        )
        return
    if story.appeal_type == "表扬":
        await _reply(teller, case, staff_member, "感谢您的肯定，已将您的表扬转达科室并在院内通报。")
        await _finish(teller, case, staff_member, goal)
        return
    unit = await _unit(story)
    await _do(
        teller, "case.assign", case.id, staff_member, units=[str(unit)], instructions="请尽快联系来电人核实"
    )
    ticket = await Ticket.get(case_id=case.id)
    if goal == "assigned" or not await _work(teller, ticket, goal):
        return
    await _answer(teller, ticket, told, goal)
    if goal in ("answered", "endorsed"):
        return
    await _do(teller, "ticket.approve", ticket.id, staff_member)
    if goal == "done":
        return
    await _record(teller, case, staff_member, told)
    await _reply(teller, case, staff_member, told.answer, approve=goal != "under_review")
    await _finish(teller, case, staff_member, goal)


async def _unit(story: Story) -> int:
    tree = await staff.tree()
    unit = tree.find(story.department, story.campus)
    if unit is None:
        raise LookupError(f"{story.department} of {story.campus} is no unit of the sample hospital")
    return unit.id


async def _work(teller: Teller, ticket: Ticket, goal: str) -> bool:
    """The liaison's part before the answer; whether an answer follows."""
    liaison = (await _holders(ticket.unit_id, Role.LIAISON))[0]
    assigned = teller.now
    teller.later(0.3, 8)
    if goal == "extension" and ticket.due_at is not None:  # asked for in time, be the limit ever so short
        teller.now = min(teller.now, assigned + (ticket.due_at - assigned) / 2)
    await _do(teller, "ticket.sign", ticket.id, liaison)
    match goal:
        case "signed":
            return False
        case "extension":
            with_reason = {"days": 2, "reason": "需等待设备科提供检修记录"}
            await _do(teller, "ticket.ask_extension", ticket.id, liaison, **with_reason)
            return False
        case "paused":
            await _do(teller, "ticket.ask_pause", ticket.id, liaison, reason="等待来电人提供缴费凭证")
            await _do(teller, "ticket.approve_pause", ticket.id, teller.centre[0])
            return False
        case "returned":
            await _do(teller, "ticket.return", ticket.id, liaison, reason="经核对，患者未在我科就诊")
            return False
    if teller.chance.random() < 0.2:
        await _do(teller, "ticket.ask", ticket.id, liaison, text="能否提供来电人方便接听电话的时间？")
    return True


async def _answer(teller: Teller, ticket: Ticket, told: Told, goal: str) -> None:
    liaison = (await _holders(ticket.unit_id, Role.LIAISON))[0]
    heads = await _holders(ticket.unit_id, Role.DEPARTMENT_HEAD)
    teller.later(4, 30)
    await _do(teller, "ticket.answer", ticket.id, liaison, text=told.answer)
    if teller.chance.random() < 0.12:
        await _do(
            teller, "ticket.send_back", ticket.id, teller.centre[0], reason="请补充与来电人沟通的时间和结果"
        )
        teller.later(1, 6)
        await _do(
            teller,
            "ticket.answer",
            ticket.id,
            liaison,
            text=f"{told.answer}已于当日电话告知来电人，来电人表示理解。",
        )
    if goal != "answered" and heads:
        teller.later(0.5, 6)
        await _do(teller, "ticket.endorse", ticket.id, heads[0])


async def _record(teller: Teller, case: Case, by: Actor, told: Told) -> None:
    place = "、".join(case.departments)
    await _do(
        teller, "case.write_record", case.id, by, facts=told.answer, place=place, conclusion="情况已核实"
    )


async def _reply(teller: Teller, case: Case, by: Actor, text: str, *, approve: bool = True) -> None:
    teller.later(0.5, 6)
    await _do(teller, "case.submit", case.id, by, reply=text, tell_by="auto")
    if approve:
        teller.later(0.3, 4)
        await _do(teller, "case.approve", case.id, teller.chief)


async def _finish(teller: Teller, case: Case, by: Actor, goal: str) -> None:
    """Call-back, the next round, the end, the archive."""
    if goal in ("replied", "under_review"):
        return
    teller.later(12, 40)
    happy = goal != "rework"
    said = {"satisfied": teller.chance.choice(("满意", "满意", "基本满意")) if happy else "不满意"}
    remark = "" if happy else "认为答复没有说明具体的改进措施"
    await _do(teller, "case.call_back", case.id, by, remark=remark, **said)
    if goal in ("called_back", "rework"):
        return
    await _do(teller, "case.close", case.id, by)
    if goal == "archived":
        tickets = [ticket.id for ticket in await Ticket.filter(case_id=case.id, state=TicketState.DONE)]
        with clock.frozen(teller.now):
            await reporting.make(
                case.id, reporting.ReportForm(kind=Kind.FINAL_REPORT, tickets=tickets), by=by
            )
        await _do(teller, "case.archive", case.id, by)


async def _quieten() -> None:
    """Let the stories rest: no old message goes out, only the cards of tickets that are still open."""
    kept = " or ".join(f"reaction like '%.{name}:%'" for name in KEPT)
    await db.execute(
        f"update outbox set state = 'dropped', error = '示例数据，不外发' where state = 'due' and not ({kept})"  # noqa: S608
        " and not (event = 'TicketAssigned' and exists (select 1 from ticket t"
        " where t.id = (payload->>'ticket_id')::bigint and t.state in ('assigned', 'in_progress')))"
    )

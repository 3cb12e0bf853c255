"""Some forty invented feedback cases of every kind, made by the real actions at invented times; texts are the orders'."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from core.actions import REGISTER
from core.actor import Actor, Door
from sample.names import patient_name
from sample.texts import TEXTS, Story
from staff import queries as staff
from staff.actors import actor_of
from staff.roles import Role
from tickets.feedback.given import Feedback
from tickets.feedback.registering import register
from tickets.feedback.words import PRAISE
from tickets.models import Case, Ticket
from tickets.states import CaseState

SEED = 20190410
# How far each gets, and how many do.
PLAN: tuple[tuple[str, int], ...] = (
    ("closed", 12),
    ("praise", 7),
    ("settled", 6),
    ("replied", 4),
    ("answered", 4),
    ("signed", 4),
    ("assigned", 3),
    ("received", 2),
)
KINDS = ("投诉", "投诉", "投诉", "咨询", "建议", "举报")
CHANNELS = ("来访", "来访", "来电", "来电", "公众号", "意见箱", "来信", "随访转入", "满意度转入")
WISHES = ("道歉", "解释", "退费", "改进")
# Words of a story → category, and how HCAT would call it.
CLASSES = (
    (("态度", "生硬"), 13, "respect"),
    (("解释", "说明"), 14, "communication"),
    (("费", "退"), 26, "institutional"),
    (("候诊", "等候", "排队"), 30, "institutional"),
    (("预约", "挂号"), 29, "institutional"),
    (("卫生", "停车", "电梯"), 33, "environment"),
    (("药",), 40, "quality"),
)
OTHER = (11, "listening")


@dataclass
class Day:
    """The time in a story, and who acts at the centre."""

    chance: random.Random
    centre: Actor
    chief: Actor
    now: datetime

    async def do(self, name: str, subject: int, by: Actor, **data: object) -> None:
        """One step, some hours after the one before."""
        self.now = min(self.now + timedelta(hours=self.chance.uniform(0.5, 7)), clock.now())
        action = REGISTER[name]
        with clock.frozen(self.now):
            await action.run(subject, action.parse(data), by=by)


async def tell(centre: Actor, chief: Actor) -> None:
    """Write them all; inside the caller's transaction."""
    chance, number = random.Random(SEED), 0
    for goal, times in PLAN:
        for _ in range(times):
            number += 1
            back = chance.uniform(6, 60) if goal in ("closed", "praise", "settled") else chance.uniform(0, 3)
            day = Day(chance, centre, chief, clock.now() - timedelta(days=back, hours=1))
            await _one(day, goal, number)


async def _one(day: Day, goal: str, number: int) -> None:
    kind = PRAISE if goal == "praise" else day.chance.choice(KINDS)
    story = day.chance.choice([text for text in TEXTS if text.appeal_type == kind])
    told = story.told(day.chance, clock.local(day.now).date())
    given = _said(day, story, told.title, told.content.replace("来电人", "患者"), goal, number)
    with clock.frozen(day.now):
        received = await register(given, by=day.centre)
    case = await Case.get(id=received.case_id)
    if goal in ("praise", "settled", "received"):
        return
    answer = told.answer.replace("来电人", "反映人")
    if case.state is CaseState.RECEIVED:
        await _assign(day, case, story)
    if goal == "assigned":
        return
    ticket = await Ticket.filter(case_id=case.id).order_by("id").first()
    if ticket is None:
        return
    liaison = await _holder(ticket.unit_id, Role.LIAISON)
    if liaison is None:
        return
    await day.do("ticket.sign", ticket.id, liaison)
    await day.do(
        "ticket.note_handling", ticket.id, liaison, content="已电话联系反映人，了解经过并表示将尽快核实。"
    )
    if goal == "signed":
        return
    await day.do("ticket.answer", ticket.id, liaison, text=answer)
    if goal == "answered":
        return
    await _end(day, case, ticket, answer, goal)


async def _assign(day: Day, case: Case, story: Story) -> None:
    unit = (await staff.tree()).find(story.department, story.campus)
    if unit is not None:
        await day.do("case.assign", case.id, day.centre, units=[str(unit.id)], instructions="请核实并答复")


async def _end(day: Day, case: Case, ticket: Ticket, answer: str, goal: str) -> None:
    await day.do("ticket.approve", ticket.id, day.centre)
    await day.do("case.submit", case.id, day.centre, reply=answer, tell_by="auto")
    await day.do("case.approve", case.id, day.chief)
    if goal == "replied":
        return
    await day.do("case.call_back", case.id, day.centre, satisfied=day.chance.choice(("满意", "基本满意")))
    if day.chance.random() < 0.5:
        limit = clock.today() + timedelta(days=day.chance.randrange(5, 40))
        measure = "组织科室学习沟通规范，值班护士长每日抽查并记录"
        await day.do(
            "case.plan_rectification",
            case.id,
            day.centre,
            measure=measure,
            unit=str(ticket.unit_id),
            due_on=limit.isoformat(),
        )
    await day.do("case.close", case.id, day.centre)


def _said(day: Day, story: Story, title: str, content: str, goal: str, number: int) -> Feedback:
    chance = day.chance
    category, hcat = next(
        ((one, mark) for words, one, mark in CLASSES if any(word in title for word in words)), OTHER
    )
    praise = goal == "praise"
    given: dict[str, object] = {
        "key": f"SLFK-{number:04d}",
        "kind": story.appeal_type,
        "channel": chance.choice(CHANNELS),
        "title": title,
        "content": content,
        "caller_name": patient_name(chance),
        "caller_phone": f"199000{chance.randrange(100000):05d}",
        "relation": chance.choice(("本人", "本人", "家属")),
        "campus": story.campus,
        "departments": [] if goal == "received" else [story.department],
        "categories": [47 if praise else category],
        "tags": chance.sample(("夜间", "老年患者", "急诊"), k=chance.randrange(2)),
    }
    if not praise:
        given |= {
            "wishes": chance.sample(WISHES, k=chance.randrange(1, 3)),
            "severity": chance.choices(("一般", "较大", "重大"), (75, 20, 5))[0],
            "hcat": [{"category": hcat, "severity": chance.randrange(1, 4)}],
            "stage": chance.choice(("就诊前与入院", "检查与诊断", "门诊或病房诊疗")),
            "risks": ["媒体"] if chance.random() < 0.1 else [],
        }
    if goal == "settled":
        given["settled"] = {"how": "当场核对后向反映人说明情况并致歉，反映人表示理解。", "satisfied": "满意"}
    return Feedback.model_validate(given)


async def _holder(unit_id: int, role: Role) -> Actor | None:
    found = await staff.holders(unit_id, role)
    return await actor_of(found[0].id, Door.WECOM) if found else None

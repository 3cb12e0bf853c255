"""What the bot does when a ticket or case moved: cards to who is next, corrected cards to who was before.

Draws what is so now, not what was so then: told late, twice or in another order it ends in the same cards.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot import audience, holders, telling
from bot.matters import Matter
from bot.telling import News
from channels import actions as channels
from channels.drafts import Lane
from core import db
from staff.queries import Person
from tickets.events import CaseMoved, CaseReceived, TicketAssigned, TicketMoved
from tickets.models import Ticket
from tickets.queries import secrecy
from tickets.states import CaseState, CaseVerb, TicketVerb

V = TicketVerb
REMINDER = "ticket.reminder"
ENDS_REMINDERS = (V.ANSWER, V.RETURN, V.TRANSFER, V.WITHDRAW, V.APPROVE, V.HOLD)
DONE_WORDS = {
    V.SIGN: "已由 {name} 签收",
    V.ANSWER: "{name} 已答复，待科室审核",
    V.ENDORSE: "{name} 已审核同意",
    V.RETURN: "{name} 已退回中心",
    V.TRANSFER: "{name} 已转派",
    V.SEND_BACK: "{name} 已打回重办",
    V.APPROVE: "{name} 审核通过，已办结",
    V.WITHDRAW: "{name} 已撤销",
    V.ASK_EXTENSION: "{name} 已申请延期",
    V.APPROVE_EXTENSION: "{name} 已同意延期",
    V.REFUSE_EXTENSION: "{name} 未同意延期",
    V.ASK_PAUSE: "{name} 已申请挂起",
    V.APPROVE_PAUSE: "{name} 已同意挂起",
    V.REFUSE_PAUSE: "{name} 未同意挂起",
    V.RESUME: "{name} 已恢复办理",
    V.URGE: "{name} 已催办",
    V.ASK: "{name} 已向中心提问",
    V.ATTACH: "{name} 提交了材料",
    V.HOLD: "{name} 合并了诉求，本工单暂停办理",
    V.RELEASE: "{name} 拆分了诉求，本工单恢复办理",
    V.NOTE_HANDLING: "{name} 登记了处理记录",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step as the history tells it."""

    id: int
    verb: TicketVerb
    actor_id: int | None
    actor_name: str
    text: str

    @property
    def done(self) -> str:
        """What is written where the buttons were."""
        return DONE_WORDS[self.verb].format(name=self.actor_name)


async def _matter(ticket_id: int) -> Matter:
    ticket = await Ticket.get(id=ticket_id)
    return Matter(await secrecy.to_tell_of(ticket.case_id), ticket)


async def assigned(event: TicketAssigned) -> None:
    """A ticket came to a department: its liaison gets the card, the deputies get theirs; SMS where WeCom cannot reach."""
    matter = await _matter(event.ticket_id)
    ticket = matter.ticket
    assert ticket is not None  # noqa: S101 - made from a ticket
    key = f"assigned:{ticket.id}:{int(ticket.assigned_at.timestamp() * 1000)}"
    found = await audience.liaisons_of(matter)
    again = f"第 {matter.case.round} 轮重办" if matter.case.round > 1 else "新工单"
    reachable = [person for person in found if person.wecom_userid or person.phone]
    imported = matter.case.import_id is not None and ticket.assigned_at == matter.case.received_at
    for at, person in enumerate(found):
        news = News(
            key,
            "ticket.assigned",
            title=f"{again} " if at == 0 else f"{again}（副联络人）",
            note=ticket.instructions,
            lane=telling.urgent(matter),
            sms=at == 0 or not any(each.wecom_userid for each in found),
            bundle="assigned"
            if imported
            else "",  # a book of orders is one list; by hand it is a card at once
        )
        await telling.card(matter, person, news)
    if not reachable:
        await _nobody_there(matter, key)


async def _nobody_there(matter: Matter, key: str) -> None:
    """A department without a liaison who can be reached: the centre must telephone."""
    for person in await audience.centre(matter):
        text = f"{matter.number} {matter.case.title}：承办科室没有可以联系的联络人，请电话通知并在“组织与岗位”中补充"
        await telling.words(
            matter, person, News(f"{key}:nobody", "ticket.unreachable", lane=Lane.URGENT), text
        )


async def moved(event: TicketMoved) -> None:
    """A ticket took a step: older cards are corrected, and whoever is next is told."""
    row = await db.fetchrow(
        "select id, verb, actor_id, actor_name, text from history where id = $1", event.history_id
    )
    if row is None:
        raise LookupError(f"history {event.history_id}")
    step = Step(row["id"], V(row["verb"]), row["actor_id"], row["actor_name"], row["text"])
    matter = await _matter(event.ticket_id)
    if step.verb in ENDS_REMINDERS:
        await channels.cancel(matter.subject, purpose=REMINDER, reason=step.done)
    told: frozenset[str] = frozenset()
    if next_one := NEXT.get(step.verb):
        told = await next_one(matter, step)
    await holders.refresh(matter, step.done, but_not=told)
    if step.verb is V.APPROVE:
        await _all_done(matter, step)


async def _cards(
    matter: Matter, people: list[Person], news: News, step: Step, wanted: tuple[str, ...]
) -> frozenset[str]:
    told = set()
    for person in telling.one(people, but_not=step.actor_id):
        if await telling.card(matter, person, news, wanted=wanted):
            told.add(person.wecom_userid)
    return frozenset(told)


def _news(step: Step, title: str, note: str = "", **more: object) -> News:
    quote = more.get("quote")
    lane = more.get("lane")
    return News(
        f"moved:{step.id}",
        f"ticket.{step.verb}",
        title=title,
        note=note,
        quote=quote if isinstance(quote, tuple) else None,
        lane=lane if isinstance(lane, Lane) else Lane.NORMAL,
    )


async def _answered(matter: Matter, step: Step) -> frozenset[str]:
    """To the head; a department without one is reviewed by the centre at once."""
    quote = (f"{step.actor_name} 的答复", step.text)
    heads = telling.one(await audience.heads(matter), but_not=step.actor_id)
    if heads:
        news = _news(step, "待审核 ", quote=quote)
        return await _cards(matter, heads, news, step, ("ticket.endorse",))
    news = _news(step, "待中心审核 ", quote=quote)
    return await _cards(matter, await audience.centre(matter), news, step, ("ticket.approve",))


async def _endorsed(matter: Matter, step: Step) -> frozenset[str]:
    answer = matter.ticket.answer if matter.ticket is not None else ""
    news = _news(step, "待中心审核 ", step.done, quote=("科室答复", answer))
    return await _cards(matter, await audience.centre(matter), news, step, ("ticket.approve",))


async def _returned(matter: Matter, step: Step) -> frozenset[str]:
    news = _news(step, "科室退回 ", quote=(f"{step.actor_name} 退回原因", step.text))
    return await _cards(matter, await audience.centre(matter), news, step, ("ticket.transfer",))


async def _asked(matter: Matter, step: Step) -> frozenset[str]:
    number = matter.number.removeprefix("#")
    news = _news(
        step,
        "科室提问 ",
        f"回复请在群聊中发言，或发“回话 {number} 内容”",
        quote=(f"{step.actor_name} 问", step.text),
    )
    return await _cards(matter, await audience.centre(matter), news, step, ())


async def _extension_asked(matter: Matter, step: Step) -> frozenset[str]:
    days = await db.fetchval(
        "select days from ticket_request where ticket_id = $1 and state = 'pending'", matter.id
    )
    news = _news(step, "申请延期 ", quote=(f"{step.actor_name} 申请延期 {days or ''} 个工作日", step.text))
    return await _cards(matter, await audience.centre(matter), news, step, ("ticket.approve_extension",))


async def _pause_asked(matter: Matter, step: Step) -> frozenset[str]:
    news = _news(step, "申请挂起 ", quote=(f"{step.actor_name} 申请挂起", step.text))
    return await _cards(matter, await audience.centre(matter), news, step, ("ticket.approve_pause",))


async def _sent_back(matter: Matter, step: Step) -> frozenset[str]:
    news = _news(
        step, "打回重办 ", quote=(f"{step.actor_name} 的意见", step.text), lane=telling.urgent(matter)
    )
    return await _cards(matter, await audience.holder(matter), news, step, ("ticket.answer",))


async def _urged(matter: Matter, step: Step) -> frozenset[str]:
    """To everybody who could do it, at once."""
    times = matter.ticket.urged if matter.ticket is not None else 1
    news = _news(step, "催办 ", f"第 {times} 次催办：{step.text or '请尽快办理'}", lane=Lane.URGENT)
    people = [*await audience.holder(matter), *await audience.deputies(matter)]
    if matter.ticket is not None and matter.ticket.state == "answered":
        people = await audience.heads(matter)
    return await _cards(matter, people, news, step, ("ticket.sign", "ticket.answer", "ticket.endorse"))


async def _decided(matter: Matter, step: Step) -> frozenset[str]:
    """What was decided about the liaison's ticket is told in a sentence; the card is corrected in place."""
    told = await telling.told(matter, step.id)
    for person in telling.one(await audience.holder(matter), but_not=step.actor_id):
        await telling.words(matter, person, _news(step, ""), f"{matter.number} {matter.case.title}\n{told}")
    return frozenset()


NEXT: dict[TicketVerb, Callable[[Matter, Step], Awaitable[frozenset[str]]]] = {
    V.ANSWER: _answered,
    V.ENDORSE: _endorsed,
    V.RETURN: _returned,
    V.ASK: _asked,
    V.ASK_EXTENSION: _extension_asked,
    V.ASK_PAUSE: _pause_asked,
    V.SEND_BACK: _sent_back,
    V.URGE: _urged,
    V.APPROVE_EXTENSION: _decided,
    V.REFUSE_EXTENSION: _decided,
    V.APPROVE_PAUSE: _decided,
    V.REFUSE_PAUSE: _decided,
    V.RESUME: _decided,
    V.APPROVE: _decided,
    V.WITHDRAW: _decided,
    V.HOLD: _decided,
    V.RELEASE: _decided,
}


async def _all_done(matter: Matter, step: Step) -> None:
    """The last department is done: the centre drafts the reply."""
    left = await db.fetchval(
        "select count(*) from ticket where case_id = $1 and round = $2 and state <> all($3::text[])",
        matter.case.id,
        matter.case.round,
        ["done", "withdrawn"],
    )
    if left or matter.case.state is not CaseState.IN_PROGRESS:
        return
    case = Matter(matter.case)
    for person in telling.one(await audience.centre(case), but_not=step.actor_id):
        news = News(f"all-done:{matter.case.id}:{step.id}", "case.all_done")
        await telling.words(
            case, person, news, f"{case.number} {matter.case.title}：科室均已办结，请起草答复"
        )


async def case_moved(event: CaseMoved) -> None:
    """A case took a step at the centre: a draft goes to the head of the centre, what was sent back to its drafter."""
    case = await secrecy.to_tell_of(event.case_id)
    matter = Matter(case)
    row = await db.fetchrow("select actor_id, actor_name, text from history where id = $1", event.history_id)
    if row is None:
        raise LookupError(f"history {event.history_id}")
    told: frozenset[str] = frozenset()
    if case.held:  # merged: its main case reminds for it
        await channels.cancel(matter.subject, purpose="case.reminder", reason=f"已并入 {case.merged_number}")
    news = News(f"case:{event.history_id}", f"case.{event.verb}")
    if event.verb in (CaseVerb.SUBMIT, CaseVerb.DRAFT_OPINION):
        told = await _to_review(matter, row["actor_id"], row["actor_name"], row["text"], event.history_id)
    elif event.verb in (CaseVerb.SEND_BACK, CaseVerb.APPROVE, CaseVerb.ISSUE_OPINION):
        told_words = await telling.told(matter, event.history_id)
        for person in telling.one(await audience.centre(matter), but_not=row["actor_id"]):
            await telling.words(matter, person, news, f"{matter.number} {case.title}\n{told_words}")
    elif event.verb == CaseVerb.MAKE_SECRET:
        for person in telling.one(await audience.centre(matter), but_not=row["actor_id"]):
            await telling.words(matter, person, news, f"{matter.number} {case.title}：请登录系统办理")
    await holders.refresh(matter, f"{case.label}（{row['actor_name']}）", but_not=told)


async def _to_review(
    matter: Matter, actor_id: int | None, name: str, text: str, history_id: int
) -> frozenset[str]:
    news = News(f"case:{history_id}", "case.submit", title="待审核 ", quote=(f"{name} 起草的答复", text))
    told = set()
    for person in telling.one(await audience.centre_heads(matter), but_not=actor_id):
        if await telling.card(matter, person, news, wanted=("case.approve", "case.issue_opinion")):
            told.add(person.wecom_userid)
    return frozenset(told)


async def received(event: CaseReceived) -> None:
    """A case that no department was named on waits for the centre; imports are looked at on the page."""
    case = await secrecy.to_tell_of(event.case_id)
    if case.state is not CaseState.RECEIVED or case.import_id is not None:
        return
    matter = Matter(case)
    for person in await audience.centre(matter):
        news = News(f"received:{case.id}", "case.received", lane=telling.urgent(matter), bundle="received")
        await telling.words(matter, person, news, f"{matter.number} 待受理：{case.title}")

"""Reminders: a clock reached a rung, a limit moved, a message reached nobody. Bundled, and gone when they are not needed."""

from bot import audience, remaining, telling
from bot.matters import Matter
from bot.reactions import REMINDER
from bot.telling import News
from channels.drafts import Lane
from channels.events import MessageFailed
from core import db
from tickets import clock_kinds
from tickets.events import ClockStepped, DeadlineMoved, ExtensionRefused
from tickets.models import Clock, Ticket
from tickets.queries import secrecy


async def _matter(clock: Clock) -> Matter:
    case = await secrecy.to_tell_of(clock.case_id)
    return Matter(case, await Ticket.get(id=clock.ticket_id) if clock.ticket_id is not None else None)


async def stepped(event: ClockStepped) -> None:
    """Remind whom the rung names; what is over its limit goes at once, also to the vice-president."""
    clock = await Clock.get(id=event.clock_id)
    reached = clock_kinds.rung(clock.kind, event.step)
    if reached is None or clock.state != "running":
        return
    matter = await _matter(clock)
    over = reached.share >= 1
    news = News(
        f"rung:{clock.id}:{clock.version}:{event.step}",
        REMINDER if matter.ticket is not None else "case.reminder",
        lane=Lane.URGENT if over else Lane.NORMAL,
        bundle="overdue" if over else "reminder",
    )
    # The first line is what a bundle of reminders shows of each.
    text = (
        f"{matter.number} {clock_kinds.label(clock.kind)}{reached.title}（{remaining.left(clock.due_at)}）：{matter.case.title}\n"
        f"时限 {remaining.limit(clock.due_at)}，当前状态：{matter.label}"
        f"{_how(matter)}"
    )
    for person in await audience.rung(matter, reached.roles):
        await telling.words(matter, person, news, text)


def _how(matter: Matter) -> str:
    return f"。发“工单 {matter.id}”查看全文" if matter.ticket is not None else ""


async def limit_moved(event: DeadlineMoved) -> None:
    """The calendar or the platform moved a limit: who holds the ticket is told why."""
    clock = await Clock.get(id=event.clock_id)
    if clock.state not in ("running", "paused"):
        return
    matter = await _matter(clock)
    people = await audience.holder(matter) if matter.ticket is not None else await audience.centre(matter)
    news = News(f"limit:{clock.id}:{clock.version}", "ticket.limit", bundle="limits")
    for person in people:
        text = (
            f"{matter.number} {clock_kinds.label(clock.kind)}变更为 {remaining.limit(clock.due_at)}：{matter.case.title}"
            + ("" if matter.case.secret else f"\n依据：{clock.reason}")
        )
        await telling.words(matter, person, news, text)


async def extension_refused(event: ExtensionRefused) -> None:
    """The platform grants no more time: whoever looks after the case must know, for the old limit stands."""
    matter = Matter(await secrecy.to_tell_of(event.case_id))
    why = await telling.told(matter, event.history_id)
    limits = await Clock.filter(case_id=event.case_id, kind="upstream", state="running")
    stays = "".join(f"\n上级时限仍为 {remaining.limit(clock.due_at)}" for clock in limits)
    news = News(f"extension-refused:{event.history_id}", "case.extension_refused", lane=Lane.URGENT)
    for person in await audience.centre(matter):
        text = f"{matter.number} {matter.case.title}\n{why}{stays}"
        await telling.words(matter, person, news, text)


async def unreached(event: MessageFailed) -> None:
    """A message about a ticket reached nobody: the centre must telephone."""
    row = await db.fetchrow(
        "select subject, purpose, receiver_id, receiver_name, reason from message where id = $1",
        event.message_id,
    )
    if row is None or row["purpose"] not in ("ticket.assigned", "ticket.send_back", "ticket.urge"):
        return
    kind, _, number = row["subject"].partition(":")
    if kind != "ticket" or not number.isdigit():
        return
    ticket = await Ticket.get(id=int(number))
    matter = Matter(await secrecy.to_tell_of(ticket.case_id), ticket)
    news = News(f"unreached:{event.message_id}", "ticket.unreachable", lane=Lane.URGENT)
    for person in telling.one(await audience.centre(matter), but_not=row["receiver_id"]):
        text = f"{matter.number} 的通知没有送达 {row['receiver_name']}（{row['reason']}），请电话联系"
        await telling.words(matter, person, news, text)

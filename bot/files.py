"""Photos and documents sent to the bot: fetched at once, since their addresses die early, and put to a ticket.

Which ticket is known from what is being filled in or from "材料 1234"; else it is asked. The fetching is a job.
"""

from bot import answers, conversations, matters, orders, queries
from bot.conversations import FILES, WHICH, Question
from bot.finding import words
from bot.matters import Matter
from bot.models import Conversation
from bot.places import Answer, Speaker
from core import clock, db
from core.errors import HuiyinError
from core.jobs import enqueue
from tickets.states import TicketVerb

FETCH = "bot.file"


async def receive(speaker: Speaker, inbound_id: int, part: int, name: str) -> Answer | None:
    """Take note of a file; asks which ticket it is for when that is not known. None: nothing to say yet."""
    open_now = await conversations.current(speaker)
    target = await _target(speaker, open_now)
    asked_already = open_now is not None and open_now.asked == WHICH and not open_now.actions
    offered = []
    if target is None and not asked_already:
        offered = await queries.able(speaker.actor, (TicketVerb.ATTACH,), most=8)
        if not offered:
            return Answer("您现在没有在办工单，文件没有保存")
        if len(offered) == 1:
            target = offered[0].id
    made = await db.fetchval(
        "insert into bot_file (staff_id, way, place, inbound_id, part, ticket_id, name, created_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (inbound_id, part) do nothing returning id",
        speaker.person.id,
        speaker.place.way,
        speaker.place.name,
        inbound_id,
        part,
        target,
        name,
        clock.now(),
    )
    if made is None:
        return None
    await enqueue(FETCH, {"file": made}, key=f"{FETCH}:{made}:fetch")
    if target is not None or asked_already:
        if open_now is not None:
            await conversations.prolong(open_now)
        return None
    listed = "\n".join(f"{at}. {words(line)}" for at, line in enumerate(offered, start=1))
    question = Question(
        WHICH,
        f"要交到哪个工单？请发序号或工单号：\n{listed}\n",
        tuple(str(line.id) for line in offered),
    )
    return await conversations.ask(speaker, [], None, question)


async def _target(speaker: Speaker, open_now: Conversation | None) -> int | None:
    """The ticket that is talked about, when it takes material from this person."""
    number = speaker.ticket_id
    if open_now is not None and open_now.subject_id is not None:
        if not all(name.startswith("ticket.") for name in open_now.actions):
            return None
        number = open_now.subject_id
    if number is None:
        return None
    try:
        matter = await matters.ticket(number, speaker.actor)
    except HuiyinError:
        return None
    return number if await orders.takes_material(matter, speaker.actor) else None


async def chosen(speaker: Speaker, open_now: Conversation, text: str) -> Answer:
    """The answer to "which ticket is it for": the waiting files go there, and what is sent next too."""
    number = answers.picked(open_now, text)
    if number is None:
        await conversations.prolong(open_now)
        return Answer("请发列表中的序号或工单号，或发“取消”放弃")
    matter = await matters.ticket(number, speaker.actor)
    if not await orders.takes_material(matter, speaker.actor):
        return Answer(
            f"工单 {matter.number} 当前状态为“{matter.label}”，不能再提交材料，请另选一张或发“取消”"
        )
    await _assign(speaker, matter)
    words_back = f"文件将作为 {matter.number} 的材料；还有的请继续发，发“完成”结束"
    return await conversations.ask(speaker, [], matter, Question(FILES, words_back))


async def _assign(speaker: Speaker, matter: Matter) -> None:
    rows = await db.fetch(
        "update bot_file set ticket_id = $2 where staff_id = $1 and ticket_id is null and state in ('fetching', 'kept')"
        " returning id",
        speaker.person.id,
        matter.id,
    )
    for row in rows:
        await enqueue(FETCH, {"file": row["id"]}, key=f"{FETCH}:{row['id']}:attach")

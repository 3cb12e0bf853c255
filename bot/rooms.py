"""The bot in a ticket's group chat: the same commands there, and a nudge in WeCom for who is spoken to but not reading."""

from datetime import timedelta

from bot import hearing, queries
from bot.places import ROOM, Place, Speaker, one_line, staff_receiver
from channels import actions as channels
from channels.drafts import Draft
from core import clock, db
from core.actor import Door, system
from core.due import Ask, Came, Due, schedule
from core.errors import HuiyinError
from core.parameters import Parameter, declare, number
from im import queries as rooms
from im.events import MessagePosted
from im.views import AuthorKind, Kind, Message
from staff import queries as staff
from staff.actors import actor_of
from tickets.models import Case, Ticket
from tickets.queries import secrecy

NUDGE = "bot.nudge"
SECONDS = declare(
    Parameter(
        "bot.nudge_seconds",
        "群聊消息未读多久后转到企业微信",
        int,
        30,
        5,
        3600,
        "秒",
        what="人不在页面上时，未读消息发到本人企业微信",
    )
)


async def posted(event: MessagePosted) -> None:
    """Do what a line in a room asks of the bot; plan the nudge of those who are spoken to."""
    message = await rooms.message(event.room_id, event.seq, by=system())
    if message.author_kind is not AuthorKind.STAFF or message.author_id is None or message.recalled:
        return
    room = await rooms.room(event.room_id, by=system())
    ticket_id = await queries.room_ticket(room.subject)
    if message.kind is Kind.TEXT and await _commanded(message, ticket_id):
        return
    if await _spoken_to(message, ticket_id):
        at = clock.now() + timedelta(seconds=await number(SECONDS))
        await schedule(Ask(at, NUDGE, event.room_id, event.seq))


async def _commanded(message: Message, ticket_id: int | None) -> bool:
    assert message.author_id is not None  # noqa: S101 - asked for staff only
    if not hearing.meant_for_bot(message.text) and not await _waited_for(message):
        return False
    try:
        by = await actor_of(message.author_id, Door.CHAT)
    except HuiyinError:
        return False
    speaker = Speaker(
        person=await staff.person(message.author_id),
        actor=by,
        place=Place("room", f"{ROOM}{message.room_id}"),
        key=f"room:{message.room_id}:{message.seq}",
        ticket_id=ticket_id,
        reply_to=message.seq,
    )
    return await hearing.answer_to(speaker, message.text)


async def _waited_for(message: Message) -> bool:
    """Whether the bot has asked this person something in this room; looked at before anything dear is."""
    found = await db.fetchval(
        "select true from conversation where staff_id = $1 and place = $2",
        message.author_id,
        f"{ROOM}{message.room_id}",
    )
    return bool(found)


async def _spoken_to(message: Message, ticket_id: int | None) -> list[int]:
    """Whom a message concerns: those mentioned, who holds the ticket, and who looks after the case.

    Who wished for quiet in this room hears only of what mentions them.
    """
    inside = await rooms.inside(message.room_id)
    wanted = [who.staff_id for who in inside if message.to_all and who.staff_id is not None]
    wanted += message.mentions
    named = set(wanted)
    if ticket_id is not None:
        ticket = await Ticket.get(id=ticket_id)
        case = await Case.get(id=ticket.case_id)
        wanted += [who for who in (ticket.holder_id, case.handler_id) if who is not None]
        wanted = [who for who in wanted if who in await secrecy.among(case, ticket, wanted)]
    present = {who.staff_id for who in inside}
    quiet = await rooms.quiet(message.room_id)
    return [
        who
        for who in dict.fromkeys(wanted)
        if who in present and who != message.author_id and (who in named or who not in quiet)
    ]


async def nudge(due: Due) -> tuple[Came, str]:
    """Due `bot.nudge`, ref = room, ref_version = sequence: who has not read by now gets the words in WeCom."""
    message = await rooms.message(due.ref, due.ref_version, by=system())
    if message.recalled:
        return Came.VOID, "消息已撤回"
    room = await rooms.room(due.ref, by=system())
    wanted = await _spoken_to(message, await queries.room_ticket(room.subject))
    read = {
        row["staff_id"]: row["read_seq"]
        for row in await db.fetch(
            "select staff_id, read_seq from room_member where room_id = $1 and kind = 'staff'", due.ref
        )
    }
    late = [who for who in wanted if read.get(who, 0) < message.seq]
    if not late:
        return Came.VOID, "均已阅读"
    for person in (await staff.people(late)).values():
        mentioned = "（提到了您）" if message.to_all or person.id in message.mentions else ""
        what = message.text or (f"[文件] {message.file.name}" if message.file else "")
        foot = (
            f"\n回复请发“回话 {room.subject.partition(':')[2]} 内容”"
            if room.subject.startswith("ticket:")
            else ""
        )
        said = "有新消息，请登录系统查看" if room.sealed else f"{message.author}：{what[:1500]}{foot}"
        await channels.send(
            Draft(
                key=f"nudge:{due.ref}:{due.ref_version}:{person.id}",
                purpose="room.nudge",
                subject=f"room:{due.ref}",
                receiver=staff_receiver(person),
                text=f"{one_line(room.title, 30)}{mentioned} {said}",
                bundle="room",
            )
        )
    return Came.DONE, f"已提醒 {len(late)} 人"

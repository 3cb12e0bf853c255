"""Rooms copied into WeCom: an application group for each room the hospital wants there, its members and its lines.

A copy, one way: what is said inside such a group reaches no application (the vendor offers no callback for it), so
people answer on the page or through the bot. Sealed rooms are never copied. One job at a time speaks for a room,
so lines keep their order; a job that dies between sending and writing it down sends its line once more.
"""

import hashlib
from datetime import timedelta

from channels import limits
from channels.drafts import Lane
from channels.limits import Rule
from core import clock, db
from core.actor import system
from core.errors import GiveUp, TryLater
from core.jobs import Job, enqueue
from core.parameters import Parameter, declare, value
from core.settings import settings
from im import queries as rooms
from im.events import MembersChanged, MessagePosted, RoomChanged, RoomOpened
from im.views import GROUP, SAID, AuthorKind, Kind, Message, Room
from integrations import wecom
from integrations.http import CallFailed
from integrations.http import Kind as Failure
from staff import queries as staff

JOB = "room.mirror"
OFF, TICKETS, ALL = "off", "tickets", "all"
WHICH = declare(
    Parameter(
        "im.mirror_rooms",
        "群聊同步到企业微信群",
        str,
        OFF,
        source="企业微信《应用发送消息到群聊会话》：群内发言无法回传，回复请打开链接或发给机器人",
        choices=(OFF, TICKETS, ALL),
        names=("不同步", "仅工单群", "全部群聊"),
        what="把系统里的群聊消息单向抄送到企业微信群，成员随群聊变化",
    )
)
LEASE = timedelta(seconds=60)
LEAST, MOST = 2, 2000  # members of an application group (appchat/create)
AT_ONCE = 100
# Limits of path 90244: change 1000/h; push 20,000 person-times a minute, here counted by message and group size.
CHANGES = Rule("wecom:appchat:change", 1000, 3600)
PUSHES = 20_000
PUSH_WINDOW = 60
GONE = "86003"  # the group is not there any more


async def opened(event: RoomOpened) -> None:
    """A room that the hospital wants in WeCom gets its copy."""
    room = await rooms.room(event.room_id, by=system())
    if not await _wanted(room):
        return
    chatid = hashlib.sha256(f"huiyin:{settings().public_url}:{room.id}".encode()).hexdigest()[:32]
    await db.execute(
        "insert into room_mirror (room_id, chatid, sent_seq, made_at) values ($1, $2, $3, $4)"
        " on conflict (room_id) do nothing",
        room.id,
        chatid,
        0,
        clock.now(),
    )
    await _ask(room.id, f"open:{room.id}")


async def posted(event: MessagePosted) -> None:
    """A line goes into the copy of its room, where there is one."""
    if await _copied(event.room_id):
        await _ask(event.room_id, f"{event.room_id}:{event.seq}")


async def changed(event: MembersChanged | RoomChanged) -> None:
    """Members, name and end of the copy follow the room."""
    if await _copied(event.room_id):
        version = await db.fetchval("select version from room where id = $1", event.room_id)
        await _ask(event.room_id, f"{event.room_id}:v{version}:{type(event).__name__}")


async def _wanted(room: Room) -> bool:
    chosen = str(await value(WHICH))
    own = room.subject.startswith(GROUP)
    return (
        wecom.configured()
        and not room.sealed
        and not room.closed
        and (chosen == ALL or (chosen == TICKETS and not own))
    )


async def _copied(room_id: int) -> bool:
    found = await db.fetchval("select 1 from room_mirror where room_id = $1 and state <> 'ended'", room_id)
    return found is not None


async def _ask(room_id: int, key: str) -> None:
    await enqueue(JOB, {"room": room_id}, key=f"{JOB}:{key}")


async def mirror(job: Job) -> None:
    """Job `room.mirror`: bring the copy up to the room as it is now; looks first what has been done."""
    room_id = int(job.payload["room"])
    row = await db.fetchrow(
        "update room_mirror set leased_until = $2 where room_id = $1 and state <> 'ended'"
        " and (leased_until is null or leased_until < $3) returning *",
        room_id,
        clock.now() + LEASE,
        clock.now(),
    )
    if row is None:
        if await _copied(room_id):
            raise TryLater("群聊正在由另一任务同步", after=2)
        return
    try:
        room = await rooms.room(room_id, by=system())
        if await _follow(room, row["chatid"], tuple(row["members"]), row["title"]):
            await _lines(room, row["chatid"], row["sent_seq"])
        error = ""
    except CallFailed as failed:
        error = f"{failed.code} {failed.advice or failed}"
        await _failed(room_id, failed, error)
    finally:
        await db.execute("update room_mirror set leased_until = null where room_id = $1", room_id)
    await db.execute("update room_mirror set error = $2 where room_id = $1", room_id, error)


async def _failed(room_id: int, failed: CallFailed, error: str) -> None:
    await db.execute(
        "update room_mirror set state = 'failed', error = $2,"
        " members = case when $3 then '{}' else members end where room_id = $1",
        room_id,
        error,
        failed.code == GONE,
    )
    if failed.code == GONE or failed.kind in (Failure.RETRY, Failure.QUOTA):
        raise TryLater(error, after=failed.wait or None)
    raise GiveUp(error)


async def _follow(room: Room, chatid: str, held: tuple[str, ...], title: str) -> bool:
    """Group, members and name as they should be; whether lines may be sent."""
    if room.sealed:
        await _end(room.id, chatid, held)
        return False
    people = await staff.people(await rooms.audience(room.id))
    wanted = tuple(sorted({person.wecom_userid for person in people.values() if person.wecom_userid}))[:MOST]
    name = room.title[:50]
    if not held:
        if len(wanted) < LEAST:
            await db.execute("update room_mirror set state = 'few' where room_id = $1", room.id)
            return False
        await _spend(CHANGES)
        try:
            await wecom.appchat_create(chatid, name, wanted[0], list(wanted))
        except CallFailed as failed:
            if failed.code != "86215":  # it exists: a job died after making it
                raise
        await _hold(room.id, wanted, name)
        return True
    added = tuple(who for who in wanted if who not in held)
    gone = tuple(who for who in held if who not in wanted)
    if len(wanted) >= LEAST and (added or gone or name != title):
        await _spend(CHANGES)
        await wecom.appchat_update(chatid, name=name, owner=wanted[0], add=added, remove=gone)
        await _hold(room.id, wanted, name)
    return len(wanted) >= LEAST


async def _hold(room_id: int, members: tuple[str, ...], name: str) -> None:
    await db.execute(
        "update room_mirror set state = 'open', members = $2, title = $3 where room_id = $1",
        room_id,
        list(members),
        name,
    )


async def _end(room_id: int, chatid: str, held: tuple[str, ...]) -> None:
    """Sealed since: the copy hears nothing more, and says so."""
    if held:
        await wecom.appchat_send(chatid, "本群不再同步消息，请在系统内查看。")
    await db.execute("update room_mirror set state = 'ended' where room_id = $1", room_id)


async def _lines(room: Room, chatid: str, sent: int) -> None:
    """What was said since the last line sent, in order, each written down as soon as it went out."""
    while True:
        page = await rooms.since(room.id, sent, by=system(), limit=AT_ONCE)
        for message in page.messages:
            if text := words(room, message):
                size = max(1, len(await rooms.audience(room.id)))
                await _spend(Rule("wecom:appchat:push", max(1, PUSHES // size), PUSH_WINDOW))
                await wecom.appchat_send(chatid, text)
            sent = message.seq
            await db.execute(
                "update room_mirror set sent_seq = $2, leased_until = $3 where room_id = $1",
                room.id,
                sent,
                clock.now() + LEASE,
            )
        if not page.more:
            return


def words(room: Room, message: Message) -> str:
    """The line as it stands in WeCom, with its author's name; "" for what does not go there."""
    if message.recalled or message.kind is Kind.RECALL:
        return ""
    if message.kind is Kind.NOTICE:
        return message.text
    if message.kind not in SAID:
        return ""
    base = f"{settings().public_url.rstrip('/')}{settings().path_prefix}"
    link = f"{base}/chat?room={room.id}&seq={message.seq}"
    body = message.text
    if message.file is not None:
        what = f"[语音 {message.seconds} 秒]" if message.seconds else f"[文件] {message.file.name}"
        body = f"{what} {body}".strip() + f"\n查看：{link}"
    if message.kind is Kind.ANNOUNCEMENT:
        body = f"【群公告】{body}"
    who = "回音助手" if message.author_kind is AuthorKind.BOT else message.author
    return f"{who}：{body}"


async def _spend(rule: Rule) -> None:
    if wait := await limits.acquire([rule], Lane.NORMAL):
        raise TryLater("企业微信群聊接口的频率上限", after=wait)

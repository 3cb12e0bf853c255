"""Where somebody speaks to the bot, and how the answer gets back there: a message row, or a line in the room.

Calls nobody outside; whatever is written here belongs to the caller's transaction.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from channels import actions as channels
from channels.drafts import Card, Draft, Lane, Receiver, ReceiverKind, shorten
from core import storage
from core.actor import Actor
from im import actions as im
from staff.queries import Person

Way = Literal["wecom_app", "wecom_bot", "room"]
OTHER: dict[str, str] = {"wecom_app": "wecom_bot", "wecom_bot": "wecom_app"}
MOST_BYTES = 2000  # WeCom cuts a text at 2048 bytes (发送应用消息, path 90236)
ROOM = "room:"
GROUP = "group:"


def way_of(text: str) -> Way:
    """The way as kept in a row."""
    return "wecom_bot" if text == "wecom_bot" else "room" if text == "room" else "wecom_app"


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation: private ("") with application or bot, a WeCom group ("group:<chatid>"), a room ("room:12")."""

    way: Way
    name: str = ""

    @property
    def private(self) -> bool:
        """Whether nobody else reads along."""
        return not self.name

    @property
    def room_id(self) -> int | None:
        """The room, when it is one of ours."""
        return int(self.name.removeprefix(ROOM)) if self.name.startswith(ROOM) else None


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something, as whom they may act, where, and about which ticket when the place says so.

    `key` names this very happening: everything that is said back is keyed by it.
    """

    person: Person
    actor: Actor
    place: Place
    key: str
    ticket_id: int | None = None
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot says back. `secret` words go to the person alone and are wiped once sent."""

    text: str
    files: tuple[UUID, ...] = ()
    secret: bool = False
    card: Card | None = None
    subject: str = ""


def cut(text: str, most: int = MOST_BYTES) -> str:
    """The text in at most `most` bytes, ending with an ellipsis when something was cut."""
    raw = text.encode()
    return text if len(raw) <= most else f"{raw[: most - 3].decode('utf-8', 'ignore')}…"


def staff_receiver(person: Person) -> Receiver:
    """A member of staff as a receiver of messages."""
    return Receiver(
        kind=ReceiverKind.STAFF,
        id=person.id,
        name=person.name,
        wecom_userid=person.wecom_userid,
        phone=person.phone,
    )


def stranger(userid: str) -> Receiver:
    """A WeCom account that is bound to nobody."""
    return Receiver(kind=ReceiverKind.STAFF, id=0, name=userid, wecom_userid=userid)


def ladder(way: str) -> tuple[str, ...]:
    """The way somebody spoke first, then the other."""
    return (way, OTHER[way]) if way in OTHER else ("wecom",)


async def answer(speaker: Speaker, said: Answer) -> None:
    """Say it back where it was asked."""
    room = speaker.place.room_id
    if room is not None:
        await _answer_in_room(speaker, room, said)
        return
    whom = _receiver(speaker, said)
    if said.text:
        await _send(f"reply:{speaker.key}", whom, said, ladder(speaker.place.way))
    for at, file_id in enumerate(said.files):
        await _send_file(f"reply:{speaker.key}:file{at}", whom, file_id, ladder(speaker.place.way))


def _receiver(speaker: Speaker, said: Answer) -> Receiver:
    name = speaker.place.name
    if name.startswith(GROUP) and not (said.secret or said.card):
        return Receiver(
            kind=ReceiverKind.GROUP, id=0, name=speaker.person.name, wecom_chatid=name.removeprefix(GROUP)
        )
    return staff_receiver(speaker.person)


async def _answer_in_room(speaker: Speaker, room: int, said: Answer) -> None:
    whom = staff_receiver(speaker.person)
    if said.secret or said.card:
        await _send(f"reply:{speaker.key}", whom, said, ("wecom",))
        text = "已发到您的企业微信"
    else:
        text = said.text
    mentions = (speaker.person.id,)
    await im.say(room, text, key=f"bot:{speaker.key}", mentions=mentions, reply_to=speaker.reply_to)
    for at, file_id in enumerate(said.files):
        await im.say(room, "", key=f"bot:{speaker.key}:file{at}", file_id=file_id)


async def _send(key: str, whom: Receiver, said: Answer, steps: tuple[str, ...]) -> None:
    await channels.send(
        Draft(
            key=key[:200],
            purpose="bot.reply",
            receiver=whom,
            lane=Lane.URGENT,  # somebody waits for it, whatever the hour
            text=cut(said.text),
            card=said.card,
            subject=said.subject,
            secret=said.secret,
            ladder=steps,
        )
    )


async def _send_file(key: str, whom: Receiver, file_id: UUID, steps: tuple[str, ...]) -> None:
    await channels.send(
        Draft(
            key=key[:200],
            purpose="bot.file",
            receiver=whom,
            lane=Lane.URGENT,
            text=(await storage.find(file_id)).name,
            file_id=file_id,
            ladder=steps,
        )
    )


def one_line(text: str, most: int) -> str:
    """For lists: on one line, shortened."""
    return shorten(text, most)

"""Rooms, members and messages as they are read and sent over the wire; frozen values, no reading of anything.

All instants are aware UTC; `seq` counts from 1 within a room, without gaps.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

BOT_NAME = "回音助手"
HOUSE_NAME = "系统"
GROUP = "group:"  # subject of the groups people make themselves
PAGE = 50
QUOTED = 80  # characters of a quoted message


class Kind(StrEnum):
    """What a message is."""

    TEXT = "text"
    FILE = "file"
    VOICE = "voice"
    ANNOUNCEMENT = "announcement"
    NOTICE = "notice"
    RECALL = "recall"


SAID = frozenset(
    {Kind.TEXT, Kind.FILE, Kind.VOICE, Kind.ANNOUNCEMENT}
)  # what somebody said: counted, searched


class Role(StrEnum):
    """What a member is in a room; rooms about something else know plain members only."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class AuthorKind(StrEnum):
    """Who wrote it: a member of staff, the bot, or the house itself (notices)."""

    STAFF = "staff"
    BOT = "bot"
    HOUSE = "house"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)

    def wire(self) -> dict[str, Any]:
        """JSON values."""
        return self.model_dump(mode="json")


class FileView(_View):
    """A file shown in a message; its bytes come from /chat/rooms/{room}/files/{id}."""

    id: UUID
    name: str
    mime: str
    size: int


class Quote(_View):
    """The message that is replied to; empty text when it was recalled."""

    seq: int
    author: str
    text: str


class Message(_View):
    """One line of a room. A recalled message keeps its place and loses its words.

    `seconds` is the length of a voice message; `to_all` speaks to everybody in the room; `recalled_by` and
    `reason` tell who took it back and why (the reason also stands in the recall itself).
    """

    room_id: int
    seq: int
    client_id: UUID
    kind: Kind
    author_kind: AuthorKind
    author_id: int | None
    author: str
    text: str
    file: FileView | None = None
    seconds: int | None = None
    mentions: tuple[int, ...] = ()
    to_all: bool = False
    quote: Quote | None = None
    recalls: int | None = None
    recalled: bool = False
    recalled_by: str = ""
    reason: str = ""
    at: datetime


class Member(_View):
    """Somebody in a room; `read_seq` is the last message they have read, the bot reads all."""

    kind: str
    staff_id: int | None
    name: str
    joined_seq: int
    read_seq: int
    role: Role = Role.MEMBER
    hushed: bool = False


class Announcement(_View):
    """The announcement in force; it is the message `seq` of the room."""

    seq: int
    author: str
    text: str
    at: datetime


class RoomState(_View):
    """What all in the room see of it beside messages and members; `version` counts the changes."""

    version: int
    title: str
    closed: bool
    hushed: bool
    announcement: Announcement | None = None
    pins: tuple[Quote, ...] = ()


class Mine(_View):
    """A person's own wishes for a room: `quiet` no nudges, `pinned` first in the list."""

    quiet: bool = False
    pinned: bool = False


class Room(_View):
    """A room as one person sees it; `until` is the last message they may see (None: no end).

    `role` and `hushed` are the person's own, `silenced` is the whole room's; `moderates`: they may step in, also
    from outside; `sealed`: nobody but members looks in.
    """

    id: int
    subject: str
    title: str
    last_seq: int
    closed: bool
    member: bool
    until: int | None = None
    role: Role = Role.MEMBER
    hushed: bool = False
    silenced: bool = False
    moderates: bool = False
    sealed: bool = False

    @property
    def own_group(self) -> bool:
        """Whether people made it themselves, with an owner; else its members follow what it is about."""
        return self.subject.startswith(GROUP)

    @property
    def writable(self) -> bool:
        """Whether this person may post."""
        return self.member and not self.closed and not self.muted

    @property
    def muted(self) -> bool:
        """Whether this person was told to be silent, alone or with all others."""
        return self.hushed or (self.silenced and self.role is Role.MEMBER and not self.moderates)


class RoomLine(_View):
    """A room in a person's list: what waits and what was said last."""

    id: int
    subject: str
    title: str
    closed: bool
    unread: int
    mentions: int
    last: str
    last_at: datetime | None
    quiet: bool = False
    pinned: bool = False


class Page(_View):
    """Messages in order of `seq`; `more` tells whether there are others beyond this page.

    Around a message in the middle both ends are open: `more` older ones, `newer` newer ones.
    """

    messages: tuple[Message, ...]
    more: bool
    newer: bool = False


class Hit(_View):
    """A message that was searched for; `id` orders hits and pages them."""

    id: int
    room_id: int
    title: str
    seq: int
    author: str
    text: str
    file: str
    mime: str
    at: datetime


class Hits(_View):
    """A page of hits, newest first."""

    hits: tuple[Hit, ...]
    more: bool

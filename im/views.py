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
PAGE = 50
QUOTED = 80  # characters of a quoted message


class Kind(StrEnum):
    """What a message is."""

    TEXT = "text"
    FILE = "file"
    NOTICE = "notice"
    RECALL = "recall"


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
    """One line of a room. A recalled message keeps its place and loses its words."""

    room_id: int
    seq: int
    client_id: UUID
    kind: Kind
    author_kind: AuthorKind
    author_id: int | None
    author: str
    text: str
    file: FileView | None = None
    mentions: tuple[int, ...] = ()
    quote: Quote | None = None
    recalls: int | None = None
    recalled: bool = False
    at: datetime


class Member(_View):
    """Somebody in a room; `read_seq` is the last message they have read, the bot reads all."""

    kind: str
    staff_id: int | None
    name: str
    joined_seq: int
    read_seq: int


class Room(_View):
    """A room as one person sees it; `until` is the last message they may see (None: no end)."""

    id: int
    subject: str
    title: str
    last_seq: int
    closed: bool
    member: bool
    until: int | None = None

    @property
    def writable(self) -> bool:
        """Whether this person may post."""
        return self.member and not self.closed


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


class Page(_View):
    """Messages in order of `seq`; `more` tells whether there are others beyond this page."""

    messages: tuple[Message, ...]
    more: bool

"""Everything the sandbox remembers, as plain models, and the snapshot that outlives a restart.

State holds facts only; who may do what, and what follows from it, is in the protocol packages.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from sandbox.wecom.cards import Card

MAX_MESSAGES = 20_000


class Kept(BaseModel):
    """Base of what is remembered; mutable, checked on assignment."""

    model_config = ConfigDict(extra="forbid", validate_assignment=False)


class Member(Kept):
    """Somebody of the hospital with a WeCom account."""

    userid: str
    name: str
    department: str = ""
    title: str = ""
    role: str = ""  # the heading on the page; empty: by title
    phone: str = ""
    active: bool = True


class Patient(Kept):
    """Somebody of the public with WeChat and a phone number."""

    openid: str
    unionid: str = ""
    name: str
    phone: str = ""
    following: bool = True
    blocks_templates: bool = False
    last_act: float = 0.0  # when the person last did something towards the account


class Note(Kept):
    """A WeChat template message as the phone shows it."""

    template_id: str
    title: str
    rows: list[tuple[str, str]]
    url: str = ""


class Kind(StrEnum):
    """What a message is made of."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CARD = "template_card"
    IMAGE = "image"
    FILE = "file"
    VOICE = "voice"
    VIDEO = "video"
    NOTE = "template"
    SMS = "sms"
    EVENT = "event"


class Message(Kept):
    """One bubble in one conversation.

    ``conversation`` is ``app:<userid>``, ``bot:<userid>``, ``group:<chatid>``, ``wechat:<openid>`` or
    ``sms:<phone>``; ``sender`` is ``app``, ``bot``, ``wechat``, ``sms``, ``system`` or a person's id.
    """

    seq: int
    conversation: str
    sender: str
    kind: Kind
    at: float
    text: str = ""
    card: Card | None = None
    chosen: dict[str, list[str]] = Field(default_factory=dict)
    media: str = ""
    filename: str = ""
    note: Note | None = None
    msgid: str = ""
    recalled: bool = False
    streaming: bool = False


class Group(Kept):
    """An application group chat."""

    chatid: str
    name: str
    owner: str
    userlist: list[str]
    messages_from_app: int = 0


class Token(Kept):
    """An access token of one system."""

    system: Literal["wecom", "wechat"]
    expires_at: float
    dead: bool = False


class ResponseCode(Kept):
    """The right to update a card once."""

    task_id: str
    expires_at: float
    used: bool = False


class OAuthCode(Kept):
    """A log-in code of one person."""

    system: Literal["wecom", "wechat"]
    person: str
    expires_at: float
    scope: str = "snsapi_base"
    used: bool = False


class Media(Kept):
    """An uploaded file; its bytes lie beside the state."""

    media_id: str
    kind: str
    filename: str
    mime: str
    created_at: float
    aeskey: str = ""  # base64, for what a member sends to the bot


class Scene(Kept):
    """A QR code with a parameter."""

    ticket: str
    scene: str
    expires_at: float | None


class Sent(Kept):
    """An SMS handed to the platform."""

    out_id: str
    biz_id: str
    phone: str
    content: str
    sign_name: str
    segments: int
    at: float
    receipt: str = "waiting"


class Fate(Kept):
    """What becomes of messages to a number: delivered, undelivered (with a code) or no receipt."""

    outcome: Literal["delivered", "undelivered", "silent"]
    err_code: str = "UNDELIV"


class Exchange(Kept):
    """One thing that passed between the 12345 platform and the hospital about an order."""

    at: float
    what: Literal["push", "update", "callback", "result", "return", "extension"]
    body: dict[str, JsonValue]
    status: int
    answer: str
    files: list[str] = Field(default_factory=list)  # media ids


class Order(Kept):
    """A work order as the platform keeps it."""

    order_no: str
    body: dict[str, JsonValue]
    exchanges: list[Exchange] = Field(default_factory=list)
    answered_rounds: list[int] = Field(default_factory=list)
    concluded: bool = False


class State(Kept):
    """The whole memory."""

    seq: int = 0
    members: dict[str, Member] = Field(default_factory=dict)
    patients: dict[str, Patient] = Field(default_factory=dict)
    groups: dict[str, Group] = Field(default_factory=dict)
    messages: list[Message] = Field(default_factory=list)
    marks: dict[str, int] = Field(default_factory=dict)  # "<person>|<conversation>" -> last seq read
    tokens: dict[str, Token] = Field(default_factory=dict)
    current: dict[str, str] = Field(default_factory=dict)  # system -> the token handed out last
    response_codes: dict[str, ResponseCode] = Field(default_factory=dict)
    task_ids: dict[str, float] = Field(default_factory=dict)  # "app|<id>" or "bot|<id>"
    oauth_codes: dict[str, OAuthCode] = Field(default_factory=dict)
    media: dict[str, Media] = Field(default_factory=dict)
    scenes: dict[str, Scene] = Field(default_factory=dict)
    sms: dict[str, Sent] = Field(default_factory=dict)
    fates: dict[str, Fate] = Field(default_factory=dict)
    orders: dict[str, Order] = Field(default_factory=dict)
    receipts: dict[str, str] = Field(default_factory=dict)  # idempotency key -> receipt


class Store:
    """The snapshot on disk: ``path`` for the facts, ``path + ".media"`` for the files."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._blobs: dict[str, bytes] = {}

    def load(self) -> State:
        """What was saved, or an empty state; raises ``ValueError`` when the file is not ours."""
        if self._path is None or not self._path.exists():
            return State()
        return State.model_validate(json.loads(self._path.read_text(encoding="utf-8")))

    def save(self, state: State) -> None:
        """Replace the snapshot in one step."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".part")
        draft.write_text(state.model_dump_json(), encoding="utf-8")
        draft.replace(self._path)

    def put(self, media_id: str, data: bytes) -> None:
        """Keep a file's bytes."""
        folder = self._folder()
        if folder is None:
            self._blobs[media_id] = data
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / media_id).write_bytes(data)

    def get(self, media_id: str) -> bytes | None:
        """A file's bytes, if kept; ``media_id`` must come from the state."""
        folder = self._folder()
        if folder is None:
            return self._blobs.get(media_id)
        path = folder / media_id
        return path.read_bytes() if path.exists() else None

    def clear(self) -> None:
        """Forget all files."""
        self._blobs.clear()
        folder = self._folder()
        if folder is not None and folder.exists():
            for path in folder.iterdir():
                path.unlink()

    def _folder(self) -> Path | None:
        return self._path.with_suffix(".media") if self._path else None

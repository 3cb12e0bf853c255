"""What the intelligent bot can say: pushes and replies over its long connection, from any process.

Sources: 智能机器人 被动回复 (path 101031), 主动回复 (101138), 长连接 (101463). The connection itself is held by
`wecom_bot_line` in one process; here frames are handed to it. Failures are `CallFailed` by the table of codes.
"""

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from core.errors import Invalid
from core.settings import settings
from integrations import http
from integrations.http import CallFailed, Json, Kind
from integrations.wecom import Media
from integrations.wecom_bot_frames import SYSTEM, push

STREAM_BYTES = 20_480
EVENT_PATIENCE = 4.5  # an event must be answered within 5 s


class BotEvent(BaseModel):
    """A message or event that came over the line; fields that do not apply are empty.

    `chatid` is empty in a single chat. `media` are (kind, url, aeskey) of what was sent along: the url lives
    five minutes. `selected` maps a question's key to the chosen option ids.
    """

    model_config = ConfigDict(frozen=True)

    req_id: str
    cmd: str
    msgid: str = ""
    userid: str = ""
    chatid: str = ""
    group: bool = False
    msgtype: str = ""
    text: str = ""
    media: tuple[tuple[str, str, str], ...] = ()
    event: str = ""
    event_key: str = ""
    task_id: str = ""
    card_type: str = ""
    selected: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    created: int = 0

    @property
    def dedupe_key(self) -> str:
        """The same for every delivery of one happening."""
        return self.msgid or self.req_id


def configured() -> bool:
    """Whether a bot is set."""
    chosen = settings()
    return bool(chosen.wecom_bot_id and chosen.wecom_bot_secret.get_secret_value())


async def send_markdown(key: str, chatid: str, text: str, *, group: bool = False) -> None:
    """Push markdown to a member (`chatid` is the user id) or into a group; `key` makes it one frame."""
    await _send(key, chatid, {"msgtype": "markdown", "markdown": {"content": text}}, group=group)


async def send_card(key: str, chatid: str, card: Json, *, group: bool = False) -> None:
    """Push a template card."""
    await _send(key, chatid, {"msgtype": "template_card", "template_card": card}, group=group)


async def _send(key: str, chatid: str, body: Json, *, group: bool) -> None:
    await push(key, "aibot_send_msg", {"chatid": chatid, "chat_type": 2 if group else 1, **body})


async def respond(key: str, req_id: str, text: str, *, stream: str = "", finish: bool = True) -> None:
    """Answer a message with text; with the same `stream` id the text grows until `finish` (5 min, 20 480 bytes)."""
    part: Json = {"id": stream or key[-64:], "finish": finish, "content": text}
    await push(key, "aibot_respond_msg", {"msgtype": "stream", "stream": part}, req_id=req_id)


async def respond_card(key: str, req_id: str, card: Json) -> None:
    """Answer a message with a card."""
    await push(key, "aibot_respond_msg", {"msgtype": "template_card", "template_card": card}, req_id=req_id)


async def respond_welcome(key: str, req_id: str, text: str) -> None:
    """Answer `enter_chat`, within 5 s."""
    body: Json = {"msgtype": "text", "text": {"content": text}}
    await push(key, "aibot_respond_welcome_msg", body, req_id=req_id, patience=EVENT_PATIENCE)


async def respond_update(key: str, req_id: str, card: Json) -> None:
    """Answer a tap on a card by another card, within 5 s and once."""
    body: Json = {"response_type": "update_template_card", "template_card": card}
    await push(key, "aibot_respond_update_msg", body, req_id=req_id, patience=EVENT_PATIENCE)


async def download(url: str, aeskey: str) -> Media:
    """What a member sent: fetched from its short-lived address and decrypted (AES-256-CBC, IV = first 16 bytes).

    Raises:
        CallFailed: the address is gone or the bytes do not decrypt.
    """
    answer = await http.call(SYSTEM, "media", "GET", url, most=http.MOST_MEDIA, patience=http.LONG_PATIENCE)
    if answer.status != 200:
        raise CallFailed(SYSTEM, "media", f"http {answer.status}", "文件链接已失效", Kind.PERMANENT)
    try:
        key = base64.b64decode(aeskey + "=" * (-len(aeskey) % 4)) if aeskey else b""
        data = _decrypted(key, answer.body) if key else answer.body
    except (ValueError, binascii.Error) as error:
        raise CallFailed(SYSTEM, "media", "cipher", "文件无法解密", Kind.PERMANENT) from error
    http.count(SYSTEM, "media", "ok")
    return Media(filename=answer.filename, mime=answer.mime, data=data)


def _decrypted(key: bytes, sealed: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= 32:
        raise ValueError("bad padding")
    return padded[: -padded[-1]]


def parse(frame: Json) -> BotEvent:
    """A frame from the line as a value.

    Raises:
        Invalid: it is no callback frame.
    """
    cmd, headers, body = frame.get("cmd"), frame.get("headers"), frame.get("body")
    if not (isinstance(cmd, str) and isinstance(headers, dict) and isinstance(body, dict)):
        raise Invalid("机器人消息的格式不对")
    event = _part(body, "event")
    card = _part(event, "template_card_event")
    return BotEvent(
        req_id=_text(headers, "req_id"),
        cmd=cmd,
        msgid=_text(body, "msgid"),
        userid=_text(_part(body, "from"), "userid"),
        chatid=_text(body, "chatid"),
        group=_text(body, "chattype") == "group",
        msgtype=_text(body, "msgtype"),
        text=_words(body),
        media=tuple(_media(body)),
        event=_text(event, "eventtype"),
        event_key=_text(card, "event_key"),
        task_id=_text(card, "task_id"),
        card_type=_text(card, "card_type"),
        selected=_selected(card),
        created=int(_text(body, "create_time") or 0),
    )


def _part(data: Json, name: str) -> Json:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _text(data: Json, name: str) -> str:
    value = data.get(name)
    return str(value) if isinstance(value, (str, int)) else ""


def _items(body: Json) -> list[Json]:
    """The parts of a message: itself, or those of a mixed one."""
    parts: JsonValue = _part(body, "mixed").get("msg_item")
    return [body, *(part for part in parts if isinstance(part, dict))] if isinstance(parts, list) else [body]


def _words(body: Json) -> str:
    return "\n".join(filter(None, (_text(_part(item, "text"), "content") for item in _items(body))))


def _media(body: Json) -> list[tuple[str, str, str]]:
    found = []
    for item in _items(body):
        for kind in ("image", "file", "voice", "video"):
            part = _part(item, kind)
            if url := _text(part, "url"):
                found.append((kind, url, _text(part, "aeskey")))
    return found


def _selected(card: Json) -> dict[str, tuple[str, ...]]:
    items = _part(card, "selected_items").get("selected_item")
    chosen: dict[str, tuple[str, ...]] = {}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            options = _part(item, "option_ids").get("option_id")
            chosen[_text(item, "question_key")] = (
                tuple(map(str, options)) if isinstance(options, list) else ()
            )
    return chosen

"""The intelligent bot's long connection: who is connected, what is pushed, what is answered.

Frames are ``{"cmd", "headers": {"req_id"}, "body"}``; answers ``{"headers": {"req_id"}, "errcode",
"errmsg", "body"}``. Sources: 智能机器人长连接 (path 101463), 被动回复 (101031), 主动回复 (101138),
接收消息 (100719), 接收事件 (101027). One connection per bot: the newest wins. What happens while
nobody is connected is lost, as at the vendor's.
"""

import base64
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from sandbox.feed import Change
from sandbox.state import Kind, Media, Member, Message
from sandbox.wecom.cards import Card, faults
from sandbox.wecom.inbound import Press
from sandbox.wecom.messages import Body, claim_task, draw, replace_card
from sandbox.wire import Refusal, Reply, token
from sandbox.world import World

STREAM_BYTES = 20_480
SENDABLE = frozenset({Kind.MARKDOWN, Kind.CARD, Kind.IMAGE, Kind.FILE, Kind.VOICE, Kind.VIDEO})
REPLYABLE = SENDABLE | {Kind.TEXT}


class Headers(BaseModel):
    """Frame headers."""

    req_id: str = Field(min_length=1)


class Frame(BaseModel):
    """A frame from the product."""

    model_config = ConfigDict(extra="ignore")

    cmd: str
    headers: Headers
    body: dict[str, JsonValue] = Field(default_factory=dict)


class Subscribe(BaseModel):
    """``aibot_subscribe``."""

    bot_id: str
    secret: str


class Stream(BaseModel):
    """A reply that grows; the same id is the same bubble."""

    id: str = Field(min_length=1, max_length=64)
    finish: bool = False
    content: str = ""


class Respond(Body):
    """``aibot_respond_msg`` and ``aibot_respond_welcome_msg``."""

    stream: Stream | None = None


class Push(Body):
    """``aibot_send_msg``."""

    chatid: str
    chat_type: int = Field(default=0, ge=0, le=2)


class UpdateCard(BaseModel):
    """``aibot_respond_update_msg``."""

    model_config = ConfigDict(extra="ignore")

    response_type: str = "update_template_card"
    userids: list[str] = Field(default_factory=list)
    template_card: Card


class Occasion(StrEnum):
    """What a ``req_id`` stands for."""

    MESSAGE = "message"
    WELCOME = "enter_chat"
    CARD = "template_card_event"


@dataclass
class Context:
    """A callback that may be answered by its ``req_id``."""

    occasion: Occasion
    conversation: str
    at: float
    message: Message | None = None
    used: bool = False
    streams: dict[str, Message] = field(default_factory=dict)
    stream_since: float = 0.0


class BotLine:
    """The one live connection of the bot and the contexts it may answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.socket: web.WebSocketResponse | None = None
        self.contexts: dict[str, Context] = {}

    @property
    def connected(self) -> bool:
        """Whether the product listens."""
        return self.socket is not None and not self.socket.closed

    # --- towards the product ------------------------------------------------------------------

    async def take_over(self, socket: web.WebSocketResponse) -> None:
        """The newest connection wins; the old one is told and closed."""
        old, self.socket = self.socket, socket
        if old is not None and old is not socket and not old.closed:
            event: Reply = {
                "aibotid": self.world.config.wecom_bot_id,
                "event": {"eventtype": "disconnected_event"},
            }
            await old.send_json(_frame("aibot_event_callback", token("req_"), event))
            await old.close()
        self.world.changed(Change(what="bot"))

    async def push(self, cmd: str, context: Context, body: Reply) -> bool:
        """Tell the product of something; False when nobody is connected (it is lost)."""
        world = self.world
        req_id = token("req_")
        self.contexts[req_id] = context
        frame = _frame(cmd, req_id, body)
        delivered = self.connected and world.faults.take("wecom", cmd) is None
        if delivered and self.socket is not None:
            try:
                await self.socket.send_json(frame)
            except (ConnectionError, RuntimeError):
                delivered = False
        world.feed.count("wecom.bot_callbacks" if delivered else "wecom.bot_callbacks_lost")
        world.feed.log(
            at=world.clock.now(),
            direction="out",
            system="wecom",
            api=cmd,
            status="sent" if delivered else "lost",
            asked=web.json_response(frame).text or "",
            answered="",
            seconds=0.0,
        )
        return delivered

    async def say(self, member: Member, conversation: str, words: str) -> tuple[Message, bool]:
        """A member speaks to the bot, alone or by @ in a group."""
        message = self.world.add(conversation, member.userid, Kind.TEXT, text=words)
        body: Reply = {"msgtype": "text", "text": {"content": words}}
        return message, await self._message(member, conversation, body)

    async def media(self, member: Member, conversation: str, sent: Media) -> tuple[Message, bool]:
        """A member sends a picture or file; the address lives 5 minutes and the bytes are encrypted."""
        message = self.world.add(
            conversation, member.userid, Kind(sent.kind), media=sent.media_id, filename=sent.filename
        )
        sent.aeskey = base64.b64encode(secrets.token_bytes(32)).decode()
        part: dict[str, JsonValue] = {
            "url": f"{self.world.origin}/wecom/bot-media/{sent.media_id}",
            "aeskey": sent.aeskey,
        }
        return message, await self._message(member, conversation, {"msgtype": sent.kind, sent.kind: part})

    async def _message(self, member: Member, conversation: str, body: Reply) -> bool:
        context = Context(Occasion.MESSAGE, conversation, self.world.clock.now())
        return await self.push("aibot_msg_callback", context, {**self._about(member, conversation), **body})

    async def enter(self, member: Member) -> bool:
        """A member opens the bot's chat."""
        conversation = f"bot:{member.userid}"
        context = Context(Occasion.WELCOME, conversation, self.world.clock.now())
        event: Reply = {"msgtype": "event", "event": {"eventtype": "enter_chat"}}
        return await self.push(
            "aibot_event_callback", context, {**self._about(member, conversation), **event}
        )

    async def press(self, member: Member, message: Message, tap: Press) -> bool:
        """A member taps a button of a card the bot sent."""
        if message.card is None:
            raise ValueError("the message is no card")
        message.chosen = tap.selected
        self.world.touched(message)
        detail: dict[str, JsonValue] = {
            "card_type": message.card.card_type.value,
            "event_key": tap.key,
            "task_id": message.card.task_id,
        }
        if tap.selected:
            detail["selected_items"] = {
                "selected_item": [
                    {"question_key": question, "option_ids": {"option_id": list(options)}}
                    for question, options in tap.selected.items()
                ]
            }
        body = self._about(member, message.conversation)
        body["msgtype"] = "event"
        body["event"] = {"eventtype": "template_card_event", "template_card_event": detail}
        context = Context(Occasion.CARD, message.conversation, self.world.clock.now(), message)
        return await self.push("aibot_event_callback", context, body)

    def _about(self, member: Member, conversation: str) -> Reply:
        group = conversation.startswith("group:")
        about: Reply = {
            "msgid": token("m_"),
            "create_time": int(self.world.clock.now()),
            "aibotid": self.world.config.wecom_bot_id,
            "chattype": "group" if group else "single",
            "from": {"corpid": self.world.config.wecom_corp_id, "userid": member.userid},
        }
        if group:
            about["chatid"] = conversation.removeprefix("group:")
        return about

    # --- from the product ---------------------------------------------------------------------

    def context(self, req_id: str, *occasions: Occasion) -> Context:
        """What ``req_id`` stands for; 846605 when unknown, of another kind, or its time is over."""
        found = self.contexts.get(req_id)
        if found is None or found.occasion not in occasions:
            raise Refusal(846605, "invalid req_id")
        config = self.world.config
        patience = {
            Occasion.MESSAGE: config.bot_reply_seconds,
            Occasion.WELCOME: config.bot_event_seconds,
            Occasion.CARD: config.bot_event_seconds,
        }[found.occasion]
        if found.at + patience < self.world.clock.now():
            raise Refusal(846605, "invalid req_id: too late")
        return found

    def spend(self, conversation: str) -> None:
        """30 a minute and 1000 an hour per conversation, replies and pushes together; else 45009."""
        config = self.world.config
        rules = ((60.0, config.bot_per_minute), (3600.0, config.bot_per_hour))
        if not self.world.windows.allow(f"bot|{conversation}", *rules):
            self.world.feed.count("wecom.bot_quota_refused")
            raise Refusal(45009, "api freq out of limit")

    def respond(self, req_id: str, wanted: Respond) -> None:
        """Answer a message: text that grows, a card, or both."""
        context = self.context(req_id, Occasion.MESSAGE)
        if wanted.msgtype in {"stream", "stream_with_template_card"}:
            self._stream(context, wanted)
            if wanted.msgtype == "stream" or wanted.template_card is None:
                return
            wanted = wanted.model_copy(update={"msgtype": "template_card"})
        self.show(context.conversation, wanted, REPLYABLE)

    def _stream(self, context: Context, wanted: Respond) -> None:
        stream = wanted.stream
        if stream is None:
            raise Refusal(40058, "invalid Request Parameter: stream: Field required")
        if len(stream.content.encode()) > STREAM_BYTES:
            raise Refusal(45002, "content size out of limit")
        now = self.world.clock.now()
        known = context.streams.get(stream.id)
        if known is None:
            self.spend(context.conversation)
            context.stream_since = now
            known = self.world.add(context.conversation, "bot", Kind.MARKDOWN, streaming=True)
            context.streams[stream.id] = known
        elif not known.streaming or context.stream_since + self.world.config.bot_stream_seconds < now:
            raise Refusal(846608, "stream message update expired")
        known.text, known.streaming = stream.content, not stream.finish
        self.world.touched(known)

    def welcome(self, req_id: str, wanted: Respond) -> None:
        """Answer ``enter_chat`` once, within 5 s."""
        context = self.context(req_id, Occasion.WELCOME)
        if context.used:
            raise Refusal(846605, "invalid req_id: used before")
        self.show(context.conversation, wanted, REPLYABLE)
        context.used = True

    def update(self, req_id: str, wanted: UpdateCard) -> None:
        """Answer a tap by replacing the card, once, within 5 s."""
        context = self.context(req_id, Occasion.CARD)
        if context.used or context.message is None or context.message.card is None:
            raise Refusal(846605, "invalid req_id: used before")
        card = wanted.template_card.keyed(context.message.card.task_id)
        fault = faults(card)
        if fault:
            raise Refusal(40058, f"invalid Request Parameter: {fault}")
        if card.task_id != context.message.card.task_id:
            claim_task(self.world, "bot", card)
        context.used = True
        replace_card(self.world, context.message, card, "")

    def send(self, wanted: Push) -> None:
        """Push without being asked; 93006 for a chat that is not there."""
        self.show(self._conversation(wanted.chatid, wanted.chat_type), wanted, SENDABLE)

    def _conversation(self, chatid: str, chat_type: int) -> str:
        # Chat ids are case-sensitive here, unlike user ids elsewhere.
        member = self.world.state.members.get(chatid)
        if chat_type in {0, 1} and member is not None and member.active:
            return f"bot:{chatid}"
        if chat_type in {0, 2} and self.world.group(chatid) is not None:
            return f"group:{chatid}"
        raise Refusal(93006, "invalid chatid")

    def show(self, conversation: str, wanted: Body, allowed: frozenset[Kind]) -> Message:
        """Check, count and display a message of the bot."""
        drawn = draw(self.world, wanted, allowed)
        self.spend(conversation)
        if drawn.card is not None:
            claim_task(self.world, "bot", drawn.card)
        self.world.feed.count("wecom.bot_sent")
        return drawn.put(self.world, conversation, "bot", token("bot_"))


def _frame(cmd: str, req_id: str, body: Reply) -> Reply:
    return {"cmd": cmd, "headers": {"req_id": req_id}, "body": body}


BOT = web.AppKey("bot", BotLine)

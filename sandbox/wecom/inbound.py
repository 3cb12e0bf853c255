"""What members do towards the application, told to the product as encrypted XML callbacks.

Sources: 接收消息与事件 (path 96466), 接收事件 (path 90240). A callback that is not answered with HTTP
200 within 5 s is sent three times more.
"""

import secrets
from dataclasses import dataclass, field

import aiohttp
from defusedxml import ElementTree

from sandbox.courier import Attempt, Delivery, Parcel
from sandbox.crypto import Envelope
from sandbox.state import Kind, Media, Member, Message
from sandbox.wecom.messages import issue_code
from sandbox.wire import XmlTree, to_xml
from sandbox.world import World

PATH = "/wecom/callback"


@dataclass(frozen=True)
class Press:
    """A tap on a card: which button, and what was selected (question key -> option ids)."""

    key: str
    selected: dict[str, list[str]] = field(default_factory=dict)
    menu: bool = False


def envelope(world: World) -> Envelope:
    """The cipher of the application's callback address."""
    config = world.config
    return Envelope(config.wecom_token, config.wecom_aes_key, config.wecom_corp_id)


def text(world: World, member: Member, words: str) -> tuple[Message, Delivery]:
    """The member types into the application's conversation."""
    message = world.add(f"app:{member.userid}", member.userid, Kind.TEXT, text=words)
    return message, _post(world, member, "text", (("Content", words), ("MsgId", _msg_id())), words)


def media(world: World, member: Member, sent: Media) -> tuple[Message, Delivery]:
    """The member sends a picture, voice or file that was stored as ``sent``."""
    message = world.add(
        f"app:{member.userid}", member.userid, Kind(sent.kind), media=sent.media_id, filename=sent.filename
    )
    extra: XmlTree = {
        "image": (("PicUrl", f"{world.origin}/media/{sent.media_id}"),),
        "voice": (("Format", "amr"),),
    }.get(sent.kind, (("FileName", sent.filename),))
    fields: XmlTree = (*extra, ("MediaId", sent.media_id), ("MsgId", _msg_id()))
    return message, _post(world, member, sent.kind, fields, f"[{sent.kind}] {sent.filename}")


def enter(world: World, member: Member) -> Delivery:
    """The member opens the application's conversation."""
    return _post(world, member, "event", (("Event", "enter_agent"), ("EventKey", "")), "enter_agent")


def press(world: World, member: Member, message: Message, tap: Press) -> Delivery:
    """The member taps a button of an application card; every tap yields a fresh response code."""
    card = message.card
    if card is None:
        raise ValueError("the message is no card")
    message.chosen = tap.selected
    items: XmlTree = tuple(
        (
            "SelectedItem",
            (("QuestionKey", question), ("OptionIds", tuple(("OptionId", option) for option in options))),
        )
        for question, options in tap.selected.items()
    )
    event = "template_card_menu_event" if tap.menu else "template_card_event"
    fields: XmlTree = (
        ("Event", event),
        ("EventKey", tap.key),
        ("TaskId", card.task_id),
        ("CardType", card.card_type.value),
        ("ResponseCode", issue_code(world, card.task_id)),
    )
    if items:
        fields = (*fields, ("SelectedItems", items))
    world.touched(message)

    def passive(body: bytes) -> None:
        _passive(world, member, message, body)

    return _post(world, member, "event", fields, f"{event} {tap.key}", passive)


def _msg_id() -> int:
    return secrets.randbits(62)


def _post(
    world: World, member: Member, msgtype: str, fields: XmlTree, label: str, answered: object = None
) -> Delivery:
    plain = to_xml(
        (
            ("ToUserName", world.config.wecom_corp_id),
            ("FromUserName", member.userid),
            ("CreateTime", int(world.clock.now())),
            ("MsgType", msgtype),
            *fields,
            ("AgentID", int(world.config.wecom_agent_id)),
        )
    )

    def passive(body: bytes) -> None:
        _passive(world, member, None, body)

    parcel = Parcel(
        system="wecom",
        label=f"callback {label}"[:60],
        plain=plain,
        make=lambda: _sealed(world, plain),
        taken=lambda status, _body: status == 200,
        answered=answered if callable(answered) else passive,
        retries=world.config.callback_retry_seconds,
    )
    return world.courier.send(parcel)


def _sealed(world: World, plain: str) -> Attempt:
    seal = envelope(world)
    cipher = seal.seal(plain)
    stamp, nonce = str(int(world.clock.now())), secrets.token_hex(8)
    query = f"msg_signature={seal.sign(stamp, nonce, cipher)}&timestamp={stamp}&nonce={nonce}"
    body = to_xml(
        (
            ("ToUserName", world.config.wecom_corp_id),
            ("AgentID", world.config.wecom_agent_id),
            ("Encrypt", cipher),
        )
    )
    url = f"{world.config.app_url.rstrip('/')}{PATH}?{query}"
    return Attempt(url=url, headers={"Content-Type": "text/xml; charset=utf-8"}, body=body.encode())


def _passive(world: World, member: Member, pressed: Message | None, body: bytes) -> None:
    """Show a passive answer: a text, or grey words for the clicker's own card."""
    if not body.strip().startswith(b"<"):
        return
    try:
        outer = ElementTree.fromstring(body)
        inner = ElementTree.fromstring(envelope(world).open(outer.findtext("Encrypt") or ""))
    except (ElementTree.ParseError, ValueError):
        world.feed.count("wecom.passive_answers_unreadable")
        return
    kind = inner.findtext("MsgType")
    if kind == "text":
        world.add(f"app:{member.userid}", "app", Kind.TEXT, text=inner.findtext("Content") or "")
    elif kind == "update_button" and pressed is not None and pressed.card is not None:
        pressed.card = pressed.card.finished(inner.findtext("Button/ReplaceName") or "")
        world.touched(pressed)


async def verify(world: World) -> tuple[bool, str]:
    """The GET check of the callback address; the echo must come back bare within 1 s."""
    seal = envelope(world)
    echo = secrets.token_hex(10)
    cipher = seal.seal(echo)
    stamp, nonce = str(int(world.clock.now())), secrets.token_hex(8)
    query = {
        "msg_signature": seal.sign(stamp, nonce, cipher),
        "timestamp": stamp,
        "nonce": nonce,
        "echostr": cipher,
    }
    try:
        async with world.http.get(
            f"{world.config.app_url.rstrip('/')}{PATH}",
            params=query,
            timeout=aiohttp.ClientTimeout(total=1),
        ) as response:
            answer = await response.text()
            return response.status == 200 and answer == echo, f"HTTP {response.status}: {answer[:200]}"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return False, f"{type(error).__name__}: {error}"

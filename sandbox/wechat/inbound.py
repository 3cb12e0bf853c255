"""What patients do towards the service account, told to the product as encrypted XML.

Source: 消息加解密 (safe mode) and 接收事件推送; unanswered callbacks are repeated three times.
"""

import secrets

from defusedxml import ElementTree

from sandbox.courier import Attempt, Delivery, Parcel
from sandbox.crypto import Envelope
from sandbox.feed import Change
from sandbox.state import Kind, Message, Patient
from sandbox.wire import XmlTree, to_xml
from sandbox.world import World

PATH = "/wechat/callback"


def message_id() -> int:
    """A 64-bit message id."""
    return secrets.randbits(62)


def envelope(world: World) -> Envelope:
    """The cipher of the service account's callback address."""
    config = world.config
    return Envelope(config.wechat_token, config.wechat_aes_key, config.wechat_app_id)


def text(world: World, patient: Patient, words: str) -> tuple[Message, Delivery]:
    """The patient writes to the account."""
    patient.last_act = world.clock.now()
    message = world.add(f"wechat:{patient.openid}", patient.openid, Kind.TEXT, text=words)
    return message, post(world, patient, "text", (("Content", words), ("MsgId", message_id())), words)


def follow(world: World, patient: Patient, scene: str = "", ticket: str = "") -> Delivery:
    """The patient follows, by search or by a QR code with a parameter."""
    patient.following, patient.last_act = True, world.clock.now()
    world.changed(Change(what="cast"))
    fields: XmlTree = (("Event", "subscribe"), ("EventKey", f"qrscene_{scene}" if scene else ""))
    if ticket:
        fields = (*fields, ("Ticket", ticket))
    world.add(f"wechat:{patient.openid}", "system", Kind.EVENT, text="已关注服务号")
    return post(world, patient, "event", fields, "subscribe")


def unfollow(world: World, patient: Patient) -> Delivery:
    """The patient leaves."""
    patient.following = False
    world.changed(Change(what="cast"))
    world.add(f"wechat:{patient.openid}", "system", Kind.EVENT, text="已取消关注")
    return post(world, patient, "event", (("Event", "unsubscribe"), ("EventKey", "")), "unsubscribe")


def scan(world: World, patient: Patient, scene: str, ticket: str = "") -> Delivery:
    """Scanning a code follows the account, or only tells the scene when already following."""
    if not patient.following:
        return follow(world, patient, scene, ticket)
    patient.last_act = world.clock.now()
    fields: XmlTree = (("Event", "SCAN"), ("EventKey", scene), ("Ticket", ticket))
    return post(world, patient, "event", fields, "SCAN")


def post(world: World, patient: Patient, msgtype: str, fields: XmlTree, name: str) -> Delivery:
    """Send a message or event of this patient to the product."""
    plain = to_xml(
        (
            ("ToUserName", world.config.wechat_original_id),
            ("FromUserName", patient.openid),
            ("CreateTime", int(world.clock.now())),
            ("MsgType", msgtype),
            *fields,
        )
    )
    parcel = Parcel(
        system="wechat",
        label=f"callback {name}"[:60],
        plain=plain,
        make=lambda: _sealed(world, patient.openid, plain),
        taken=lambda status, _body: status == 200,
        answered=lambda body: _passive(world, patient, body),
        retries=world.config.callback_retry_seconds,
    )
    return world.courier.send(parcel)


def _sealed(world: World, openid: str, plain: str) -> Attempt:
    seal = envelope(world)
    cipher = seal.seal(plain)
    stamp, nonce = str(int(world.clock.now())), secrets.token_hex(8)
    query = (
        f"signature={seal.sign_plain(stamp, nonce)}&timestamp={stamp}&nonce={nonce}&openid={openid}"
        f"&encrypt_type=aes&msg_signature={seal.sign(stamp, nonce, cipher)}"
    )
    body = to_xml((("ToUserName", world.config.wechat_original_id), ("Encrypt", cipher)))
    url = f"{world.config.app_url.rstrip('/')}{PATH}?{query}"
    return Attempt(url=url, headers={"Content-Type": "text/xml; charset=utf-8"}, body=body.encode())


def _passive(world: World, patient: Patient, body: bytes) -> None:
    if not body.strip().startswith(b"<"):
        return
    try:
        outer = ElementTree.fromstring(body)
        inner = ElementTree.fromstring(envelope(world).open(outer.findtext("Encrypt") or ""))
    except (ElementTree.ParseError, ValueError):
        world.feed.count("wechat.passive_answers_unreadable")
        return
    if inner.findtext("MsgType") == "text":
        world.add(f"wechat:{patient.openid}", "wechat", Kind.TEXT, text=inner.findtext("Content") or "")

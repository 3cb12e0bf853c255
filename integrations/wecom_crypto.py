"""Callbacks of WeCom and WeChat: signature, decryption, and the XML as a typed value.

加解密方案说明 https://developer.work.weixin.qq.com/document/path/90968; the service account's safe mode is the
same scheme under its own token, key and id. The cipher is wechatpy's; entities in the XML are refused. Nothing
here stores or answers.
"""

import binascii
import hashlib
import hmac
import secrets
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import BaseModel, ConfigDict
from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner

from core import clock
from core.errors import Invalid, Unauthenticated
from core.settings import settings

MOST_XML = 256 * 1024


class WecomCallback(BaseModel):
    """One message or event from a member; fields that do not apply are empty.

    `selected` maps a question's key to the chosen option ids.
    """

    model_config = ConfigDict(frozen=True)

    to_user: str = ""
    from_user: str = ""
    created: int = 0
    msg_type: str = ""
    event: str = ""
    event_key: str = ""
    msg_id: str = ""
    content: str = ""
    media_id: str = ""
    pic_url: str = ""
    file_name: str = ""
    agent_id: str = ""
    task_id: str = ""
    card_type: str = ""
    response_code: str = ""
    selected: dict[str, tuple[str, ...]] = {}
    ticket: str = ""
    status: str = ""

    @property
    def dedupe_key(self) -> str:
        """The same for every delivery of one happening: the message id; for an event who, when and what."""
        if self.msg_id and not self.event:
            return self.msg_id
        parts = (self.from_user, str(self.created), self.event, self.event_key, self.msg_id, self.task_id)
        code = hashlib.sha256(self.response_code.encode()).hexdigest()[:16] if self.response_code else ""
        return ":".join((*parts, code))[:400]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The cipher of one callback address: its token, key (43 characters) and receiver (corp or app id)."""

    token: str
    aes_key: str
    receiver: str

    def sign(self, *parts: str) -> str:
        """SHA-1 over the sorted token and parts, as the vendor demands."""
        signer = WeChatSigner()
        signer.add_data(self.token, *parts)
        return str(signer.signature)

    def open(self, signature: str, timestamp: str, nonce: str, cipher: str) -> str:
        """The text inside.

        Raises:
            Unauthenticated: nothing is set up, the signature is wrong, or it is for somebody else.
        """
        if not (self.token and self.aes_key and self.receiver):
            raise Unauthenticated("回调的 Token 或 EncodingAESKey 尚未设置，拒绝接收")
        if not hmac.compare_digest(self.sign(timestamp, nonce, cipher).encode(), signature.encode()):
            raise Unauthenticated("回调签名不正确")
        try:
            return str(self._cipher().decrypt(cipher, self.receiver))
        except (WeChatException, ValueError, IndexError, binascii.Error, UnicodeDecodeError) as error:
            raise Unauthenticated("回调内容无法解密") from error

    def seal(self, text: str) -> str:
        """An encrypted answer as XML."""
        stamp, nonce = str(int(clock.now().timestamp())), secrets.token_hex(8)
        cipher = self._cipher().encrypt(text, self.receiver).decode()
        return (
            f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{self.sign(stamp, nonce, cipher)}]]></MsgSignature>"
            f"<TimeStamp>{stamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        )

    def open_xml(self, signature: str, timestamp: str, nonce: str, body: bytes) -> str:
        """The XML inside a posted callback.

        Raises:
            Unauthenticated: as `open`.
            Invalid: the outer XML is not what the vendor sends.
        """
        return self.open(signature, timestamp, nonce, _text(_tree(body), "Encrypt"))

    def _cipher(self) -> PrpCrypto:
        return PrpCrypto(binascii.a2b_base64(f"{self.aes_key}="))


def wecom_envelope() -> Envelope:
    """The self-built application's."""
    chosen = settings()
    return Envelope(
        chosen.wecom_token.get_secret_value(), chosen.wecom_aes_key.get_secret_value(), chosen.wecom_corp_id
    )


def wechat_envelope() -> Envelope:
    """The service account's."""
    chosen = settings()
    return Envelope(
        chosen.wechat_token.get_secret_value(), chosen.wechat_aes_key.get_secret_value(), chosen.wechat_app_id
    )


def parse(xml: str) -> WecomCallback:
    """The decrypted XML as a value.

    Raises:
        Invalid: it is not XML, is too large, holds entities, or its numbers are none.
    """
    root = _tree(xml.encode())
    created = _text(root, "CreateTime") or "0"
    if not (created.isascii() and created.isdigit() and len(created) <= 12):
        raise Invalid("回调的 CreateTime 不是时间戳")
    return WecomCallback(
        to_user=_text(root, "ToUserName"),
        from_user=_text(root, "FromUserName"),
        created=int(created),
        msg_type=_text(root, "MsgType"),
        event=_text(root, "Event"),
        event_key=_text(root, "EventKey"),
        msg_id=_text(root, "MsgId") or _text(root, "MsgID"),
        content=_text(root, "Content"),
        media_id=_text(root, "MediaId"),
        pic_url=_text(root, "PicUrl"),
        file_name=_text(root, "FileName"),
        agent_id=_text(root, "AgentID"),
        task_id=_text(root, "TaskId"),
        card_type=_text(root, "CardType"),
        response_code=_text(root, "ResponseCode"),
        selected={
            _text(item, "QuestionKey"): tuple(option.text or "" for option in item.iter("OptionId"))
            for item in root.iter("SelectedItem")
        },
        ticket=_text(root, "Ticket"),
        status=_text(root, "Status"),
    )


def text_reply(callback: WecomCallback, words: str) -> str:
    """The XML of a passive text answer, to be sealed."""
    stamp = int(clock.now().timestamp())
    return (
        f"<xml><ToUserName>{escape(callback.from_user)}</ToUserName>"
        f"<FromUserName>{escape(callback.to_user)}</FromUserName><CreateTime>{stamp}</CreateTime>"
        f"<MsgType>text</MsgType><Content>{escape(words)}</Content></xml>"
    )


def _tree(body: bytes) -> ET.Element:
    if len(body) > MOST_XML:
        raise Invalid("回调内容过大")
    try:
        return fromstring(body)
    except (ET.ParseError, DefusedXmlException, ValueError) as error:
        raise Invalid("回调内容不是合法的 XML") from error


def _text(root: ET.Element, tag: str) -> str:
    return root.findtext(tag) or ""

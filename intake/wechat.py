"""The door of the WeChat service account: encrypted callbacks, kept raw, processed once, answered politely.

Receipts of template messages and who follows or leaves the account are taken over; what a person writes is
answered with one sentence, since nobody reads along here.
"""

import hmac

from aiohttp import web

from channels.receipts import take_template_result
from core import db, inbound
from core.errors import HuiyinError, Invalid, Unauthenticated
from core.inbound import Inbound
from core.settings import settings
from core.web import error_answer
from intake.doors import digest, read_body
from integrations.wecom_crypto import MOST_XML, WecomCallback, parse, text_reply, wechat_envelope
from patients.actions import note_following

routes = web.RouteTableDef()
SOURCE = "wechat"
PATH = "/wechat/callback"
TAKEN = "success"  # what the vendor counts as acknowledged; anything else is sent three times more
WRITTEN = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link"})
FOLLOWING = {"subscribe": True, "unsubscribe": False}


@routes.get(PATH)
async def check(request: web.Request) -> web.Response:
    """The vendor asks whether this address is ours (接入指南): token, time and nonce signed; the echo goes back."""
    query, envelope = request.query, wechat_envelope()
    wanted = envelope.sign(query.get("timestamp", ""), query.get("nonce", ""))
    if not envelope.token or not hmac.compare_digest(wanted.encode(), query.get("signature", "").encode()):
        return error_answer(Unauthenticated("回调签名不正确"))  # a machine asks: no way to the log-in page
    return web.Response(text=query.get("echostr", "")[:256])


@routes.post(PATH)
async def callback(request: web.Request) -> web.Response:
    """One message or event in safe mode (消息加解密): stored, then acknowledged."""
    try:
        return await _take(request)
    except HuiyinError as error:
        return error_answer(error)


async def _take(request: web.Request) -> web.Response:
    body = await read_body(request, MOST_XML)
    query, envelope = request.query, wechat_envelope()
    plain = envelope.open_xml(
        query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", ""), body
    )
    try:
        message = parse(plain)
    except Invalid as error:
        raw = plain.encode()
        await inbound.refuse(SOURCE, f"unread:{digest(raw)}", raw, error.message)
        return web.Response(text=TAKEN)
    await inbound.store(SOURCE, message.dedupe_key, plain.encode())
    words = _words(message)
    if not words:
        return web.Response(text=TAKEN)
    return web.Response(text=envelope.seal(text_reply(message, words)), content_type="application/xml")


def _words(message: WecomCallback) -> str:
    """What the account answers by itself; the vendor shows an answer once, however often it asks."""
    name = settings().hospital_name
    if message.event == "subscribe":
        return f"您好，感谢关注{name}。您反映的事项办结后，我们会在这里把办理结果告诉您。"
    if message.msg_type in WRITTEN:
        return f"您好，您的消息{name}已收到。这里由系统自动发送办理结果，暂不能人工回复；如需反映问题，请拨打 12345 热线。"
    return ""


async def take_message(message: Inbound) -> None:
    """Inbound source "wechat": the decrypted XML of one message or event.

    Raises:
        Invalid: it cannot be read.
    """
    found = parse(message.body.decode())
    if await take_template_result(found):
        return
    following = FOLLOWING.get(found.event)
    if following is not None and not await _outdated(found):
        await note_following(found.from_user, following=following)


async def _outdated(message: WecomCallback) -> bool:
    """Whether this person followed or left again after this event: callbacks may come in any order."""
    later: bool = await db.fetchval(
        "select exists (select 1 from inbound where source = $1 and external_id > $2 || ':'"
        " and external_id < $2 || ';' and split_part(external_id, ':', 3) = any($3::text[])"
        " and split_part(external_id, ':', 2)::bigint > $4)",
        SOURCE,
        message.from_user,
        list(FOLLOWING),
        message.created,
    )
    return later

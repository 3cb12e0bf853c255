"""The door of the self-built application: checked, decrypted, stored, answered at once. Understands nothing itself.

接收消息与事件, https://developer.work.weixin.qq.com/document/path/90930: the echo within 1 s, a callback within
5 s or it comes again, three times. Only HTTP 200 counts as taken.
"""

import hashlib

from aiohttp import web

from core import inbound
from core.errors import Fault, HuiyinError, Invalid, Unauthenticated
from core.logs import logger
from core.web import error_answer
from integrations.wecom_crypto import MOST_XML, parse, wecom_envelope

log = logger(__name__)
SOURCE = "wecom"
LONGEST_WORD = 512  # of a query parameter


class BadRequest(HuiyinError):
    """The request is not what the vendor sends."""

    status = 400
    code = "bad_request"


async def check(request: web.Request) -> web.Response:
    """GET: the vendor checks the address; the decrypted echo goes back bare."""
    try:
        signature, timestamp, nonce = _query(request)
        echo = request.query.get("echostr", "")
        if not echo:
            raise BadRequest("缺少参数 echostr")
        text = wecom_envelope().open(signature, timestamp, nonce, echo)
    except HuiyinError as error:
        return _refused(error)
    return web.Response(text=text, content_type="text/plain")


async def callback(request: web.Request) -> web.Response:
    """POST: kept as a row under the vendor's own key before it is acknowledged; a repetition changes nothing."""
    try:
        signature, timestamp, nonce = _query(request)
        body = await _body(request)
        text = wecom_envelope().open_xml(signature, timestamp, nonce, body)
    except HuiyinError as error:
        return _refused(error)
    raw = text.encode()
    try:
        key = parse(text).dedupe_key
    except Invalid as error:
        # It came from the vendor and nobody can read it: an operator should see that.
        await inbound.refuse(SOURCE, f"unread:{hashlib.sha256(raw).hexdigest()[:32]}", raw, error.message)
        return _refused(error)
    await inbound.store(SOURCE, key, raw)
    return web.Response()


def _query(request: web.Request) -> tuple[str, str, str]:
    found = []
    for name in ("msg_signature", "timestamp", "nonce"):
        text = request.query.get(name, "")
        if not text or len(text) > LONGEST_WORD:
            reason = "缺少" if not text else "过长"
            raise BadRequest(f"参数 {name} {reason}", details=[Fault(field=name, reason=reason)])
        found.append(text)
    return found[0], found[1], found[2]


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > MOST_XML:
        raise BadRequest("回调内容过大")
    body = bytearray()
    async for piece in request.content.iter_chunked(65536):
        body += piece
        if len(body) > MOST_XML:
            raise BadRequest("回调内容过大")
    return bytes(body)


def _refused(error: HuiyinError) -> web.Response:
    """401 for a wrong signature, 400 for all else that cannot be read."""
    if not isinstance(error, (Unauthenticated, BadRequest)):
        error = BadRequest(error.message, details=error.details)
    log.warning("wecom_callback_refused", status=error.status, reason=error.message)
    return error_answer(error)


routes = [web.get("/wecom/callback", check), web.post("/wecom/callback", callback)]

"""The doors of the SMS platform: receipts and replies, kept raw before they are acknowledged, processed once.

The bodies are arrays (integrations/sms.py). The platform counts `{"code": 0}` as taken and repeats anything else.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from channels import opting_out
from core import clock, inbound
from core.errors import HuiyinError
from core.inbound import Inbound
from core.logs import logger
from core.settings import settings
from core.web import json_answer
from intake.doors import MOST_MESSAGE, digest, signed_body
from integrations.sms import Uplink, read_reports, read_uplinks

log = logger(__name__)
routes = web.RouteTableDef()
RECEIPTS = "sms.receipts"
REPLIES = "sms.replies"


@routes.post("/api/v1/sms/receipts")
async def receipts(request: web.Request) -> web.Response:
    """What became of texts we sent."""
    return await _take(request, RECEIPTS, read_reports)


@routes.post("/api/v1/sms/replies")
async def replies(request: web.Request) -> web.Response:
    """What people wrote back."""
    return await _take(request, REPLIES, read_uplinks)


async def _take(request: web.Request, source: str, read: Callable[[bytes], list[Any]]) -> web.Response:
    body = await signed_body(request, settings().sms_secret.get_secret_value(), MOST_MESSAGE)
    try:
        count = len(read(body))
    except HuiyinError as error:
        await inbound.refuse(source, digest(body), body, error.message)
        raise
    await inbound.store(source, digest(body), body)
    return json_answer({"code": 0, "msg": "成功", "count": count})


async def take_replies(message: Inbound) -> None:
    """Inbound source "sms.replies": texts of people; one that refuses further texts is taken as that.

    A reply names no text of ours. Nothing else in this version waits for one, so it is noted and left in the raw store.
    """
    for at, uplink in enumerate(read_uplinks(message.body)):
        key = f"sms:{message.id}:{uplink.sequence_id or at}"
        if await opting_out.take(uplink.phone_number, uplink.content, key, _sent_at(uplink)):
            log.info("sms_refusal", message=message.id, sequence=uplink.sequence_id)
            continue
        log.info("sms_reply", message=message.id, sequence=uplink.sequence_id, length=len(uplink.content))


def _sent_at(uplink: Uplink) -> datetime:
    """When it was sent, by the platform's clock (Asia/Shanghai); now, where that says nothing or lies ahead."""
    try:
        said = datetime.strptime(uplink.send_time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
    except ValueError:
        return clock.now()
    return min(said, clock.now())

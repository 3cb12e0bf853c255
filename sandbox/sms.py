"""An SMS platform: signed sending, segments, caps per number, receipts and replies.

Sending is this sandbox's own small protocol (see README); receipts and replies carry Aliyun's
``SmsReport`` and ``SmsUp`` fields (https://help.aliyun.com/document_detail/101867.html). Segments:
70 characters with the signature make one, longer texts ceil(n / 67), at most 500 (44335.htm).
"""

import hashlib
import hmac
import json
import math
import re
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from sandbox.courier import Attempt, Delivery, Parcel
from sandbox.state import Fate, Kind, Sent
from sandbox.wire import signed_headers
from sandbox.world import WORLD, World

ONE, MORE, LONGEST = 70, 67, 500
CHINA = timezone(timedelta(hours=8))
PHONE = re.compile(r"(?:\+?86)?1\d{10}")
DEST_CODE = "10690000"


class Line(BaseModel):
    """One text to one number."""

    out_id: str = Field(min_length=1, max_length=128)
    phone: str
    content: str
    sign_name: str


class Batch(BaseModel):
    """``POST /sms/send``."""

    account: str
    timestamp: int | str
    sign: str
    messages: list[Line] = Field(min_length=1, max_length=1000)


def segments(content: str, sign_name: str) -> int:
    """How many texts are billed; the signature in its brackets counts."""
    length = len(f"【{sign_name}】{content}".encode("utf-16-le")) // 2
    return 1 if length <= ONE else math.ceil(length / MORE)


def sign(secret: str, timestamp: str, messages: Any) -> str:
    """Hex HMAC-SHA256 over ``timestamp + "." + sha256hex(canonical JSON of messages)``."""
    canonical = json.dumps(messages, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), f"{timestamp}.{digest}".encode(), hashlib.sha256).hexdigest()


def _failure(code: str, message: str, status: int) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)


async def send(request: web.Request) -> web.StreamResponse:
    """Take a batch; idempotent on ``out_id``: a repeated one answers as before and sends nothing."""
    world = request.app[WORLD]
    try:
        raw = json.loads(await request.read())
        batch = Batch.model_validate(raw)
    except (ValueError, ValidationError) as error:
        return _failure("InvalidParameter", str(error).splitlines()[0], 400)
    config = world.config
    if batch.account != config.sms_account:
        return _failure("isv.ACCOUNT_NOT_EXISTS", "账号不存在", 400)
    stamp = str(batch.timestamp)
    if not stamp.isdigit() or abs(int(stamp) - world.clock.now()) > 300:
        return _failure("InvalidTimeStamp.Expired", "时间戳过期", 400)
    if not hmac.compare_digest(sign(config.sms_secret, stamp, raw["messages"]), batch.sign):
        return _failure("SignatureDoesNotMatch", "签名不正确", 400)
    results = [_take(world, line) for line in batch.messages]
    return web.json_response({"code": "OK", "results": results})


def _take(world: World, line: Line) -> dict[str, str | int]:
    known = world.state.sms.get(line.out_id)
    if known is not None:
        return _accepted(known)
    code = _refused(world, line)
    if code:
        world.feed.count("sms.refused")
        return {"out_id": line.out_id, "biz_id": "", "code": code, "segments": 0}
    sent = Sent(
        out_id=line.out_id,
        biz_id=f"{int(world.clock.now())}{secrets.randbelow(10**9):09d}",
        phone=line.phone,
        content=line.content,
        sign_name=line.sign_name,
        segments=segments(line.content, line.sign_name),
        at=world.clock.now(),
    )
    world.state.sms[line.out_id] = sent
    world.feed.count("sms.sent")
    world.spawn(_arrive(world, sent))
    return _accepted(sent)


def _accepted(sent: Sent) -> dict[str, str | int]:
    return {"out_id": sent.out_id, "biz_id": sent.biz_id, "code": "OK", "segments": sent.segments}


def _refused(world: World, line: Line) -> str:
    if not PHONE.fullmatch(line.phone):
        return "isv.MOBILE_NUMBER_ILLEGAL"
    if not line.sign_name.strip():
        return "isv.SMS_SIGNATURE_ILLEGAL"
    if not line.content.strip() or len(f"【{line.sign_name}】{line.content}") > LONGEST:
        return "isv.PARAM_LENGTH_LIMIT"
    if not world.windows.allow(f"sms|{line.phone}", (86400.0, world.config.sms_per_day)):
        return "isv.BUSINESS_LIMIT_CONTROL"
    return ""


async def _arrive(world: World, sent: Sent) -> None:
    fate = world.state.fates.get(sent.phone, Fate(outcome="delivered"))
    if fate.outcome == "delivered":
        words = f"【{sent.sign_name}】{sent.content}"
        world.add(f"sms:{sent.phone}", "sms", Kind.SMS, text=words, msgid=sent.out_id)
    if fate.outcome == "silent":
        sent.receipt = "silent"
        return
    good = fate.outcome == "delivered"
    report = {
        "phone_number": sent.phone,
        "send_time": _stamp(sent.at),
        "report_time": _stamp(world.clock.now()),
        "success": good,
        "err_code": "DELIVERED" if good else fate.err_code,
        "err_msg": "用户接收成功" if good else "用户接收失败",
        "sms_size": str(sent.segments),
        "biz_id": sent.biz_id,
        "out_id": sent.out_id,
    }
    sent.receipt = str(report["err_code"])
    _push(
        world, "/api/v1/sms/receipts", f"receipt {sent.phone}", report, wait=world.config.sms_receipt_seconds
    )


def reply(world: World, phone: str, words: str) -> Delivery:
    """The person answers by SMS (``SmsUp``); there is no BizId in it."""
    sent = [s for s in world.state.sms.values() if s.phone == phone]
    world.add(f"sms:{phone}", phone, Kind.SMS, text=words)
    up = {
        "phone_number": phone,
        "send_time": _stamp(world.clock.now()),
        "content": words,
        "sign_name": sent[-1].sign_name if sent else "",
        "dest_code": DEST_CODE,
        "sequence_id": secrets.randbits(50),
    }
    return _push(world, "/api/v1/sms/replies", f"reply {phone}", up)


def _push(world: World, path: str, label: str, item: dict[str, Any], wait: float = 0.0) -> Delivery:
    config = world.config
    body = json.dumps([item], ensure_ascii=False).encode()
    parcel = Parcel(
        system="sms",
        label=label,
        plain=body.decode(),
        make=lambda: Attempt(
            url=f"{config.app_url.rstrip('/')}{path}",
            headers=signed_headers(config.sms_secret, world.clock.now(), body, "sms"),
            body=body,
        ),
        taken=_taken,
        retries=config.sms_retry_seconds,
        api="receipts" if path.endswith("receipts") else "replies",
        wait=wait,
    )
    return world.courier.send(parcel)


def _taken(status: int, body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return status == 200 and isinstance(answer, dict) and answer.get("code") == 0


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, CHINA).strftime("%Y-%m-%d %H:%M:%S")

"""Signed requests between us and platforms that have no vendor's scheme: `X-Timestamp` and `X-Signature`.

`X-Signature: sha256=hex(HMAC_SHA256(secret, timestamp + "." + raw body))`, the timestamp in unix seconds and no
more than 300 s off. Knows neither settings nor who asks.
"""

import hashlib
import hmac
from collections.abc import Mapping

from core import clock
from core.errors import Unauthenticated

MOST_SKEW = 300  # seconds


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of `X-Signature`."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def signed(secret: str, body: bytes) -> dict[str, str]:
    """The headers that sign `body` now."""
    stamp = str(int(clock.now().timestamp()))
    return {"X-Timestamp": stamp, "X-Signature": signature(secret, stamp, body)}


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Let a signed request pass.

    Raises:
        Unauthenticated: no secret is set, the time is off, or the signature does not fit; in constant time.
    """
    stamp = headers.get("X-Timestamp", "")
    given = headers.get("X-Signature", "")
    if not secret:
        raise Unauthenticated("接口密钥尚未设置，拒绝接收")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unauthenticated("请求缺少时间戳 X-Timestamp（Unix 秒）")
    if abs(int(stamp) - clock.now().timestamp()) > MOST_SKEW:
        raise Unauthenticated("请求的时间戳与本系统相差超过 300 秒")
    if not hmac.compare_digest(signature(secret, stamp, body).encode(), given.encode()):
        raise Unauthenticated("请求签名不正确")

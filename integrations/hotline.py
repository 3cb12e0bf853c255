"""The 12345 platform's own interface: results, returns and extensions go back to it, signed.

A repeated call under the same `key` (Idempotency-Key) answers the same receipt. Knows the platform's shapes
only; which result is reported when is decided elsewhere.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.settings import settings
from integrations import http, signing
from integrations.http import CallFailed, Json, Kind, Reply

SYSTEM = "hotline"
_KINDS: dict[int, tuple[Kind, str]] = {
    4000: (Kind.PERMANENT, "平台认为内容有误，请核对后重新上报。"),
    4001: (Kind.MISCONFIGURED, "平台认为签名不正确，请核对热线接口密钥与服务器时间。"),
    4004: (Kind.PERMANENT, "平台没有这个工单编号，请核对编号。"),
    4009: (Kind.PERMANENT, "平台上该工单已办结，无需重复上报。"),
    5000: (Kind.RETRY, "平台繁忙，稍后自动重试。"),
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a result."""

    name: str
    data: bytes


class _Receipt(Reply):
    receipt: str


def configured() -> bool:
    """Whether a platform is set."""
    return bool(settings().hotline_api and settings().hotline_secret.get_secret_value())


async def send_result(
    order_no: str,
    *,
    key: str,
    round_no: int,
    result: str,
    public_reply: str,
    solved: bool,
    verified: bool,
    finished_at: datetime,
    attachments: Sequence[Attachment] = (),
) -> str:
    """Report what came of a round; the platform's receipt.

    Raises:
        CallFailed: by the platform's code; code "4009" means it was concluded there before.
    """
    body: Json = {
        "order_no": order_no,
        "round": round_no,
        "result": result,
        "public_reply": public_reply,
        "solved": solved,
        "verified": verified,
        "finished_at": finished_at.isoformat(),
        "attachments": [
            {"name": file.name, "base64": base64.b64encode(file.data).decode()} for file in attachments
        ],
    }
    return await _post("results", key, body)


async def give_back(order_no: str, *, key: str, reason: str) -> str:
    """Hand an order back that is not ours (退单); the receipt. Raises as `send_result`."""
    return await _post("returns", key, {"order_no": order_no, "reason": reason})


async def ask_extension(order_no: str, *, key: str, reason: str, until: datetime) -> str:
    """Ask for more time; the receipt. Raises as `send_result`."""
    return await _post(
        "extensions", key, {"order_no": order_no, "reason": reason, "until": until.isoformat()}
    )


async def _post(api: str, key: str, body: Json) -> str:
    chosen = settings()
    raw = http.dumps(body)
    answer = await http.call(
        SYSTEM,
        api,
        "POST",
        f"{chosen.hotline_api.rstrip('/')}/{api}",
        body=raw,
        headers={
            **signing.signed(chosen.hotline_secret.get_secret_value(), raw),
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": key,
        },
        patience=http.LONG_PATIENCE,
    )
    data = http.read_json(SYSTEM, api, answer)
    code = data.get("code")
    if code != 0:
        number = code if isinstance(code, int) else -1
        http.count(SYSTEM, api, str(code))
        kind, advice = _KINDS.get(number, (Kind.PERMANENT, "热线平台返回未知错误，请转告系统维护人员。"))
        words = str(data.get("message", ""))[:500]
        raise CallFailed(SYSTEM, api, str(code), words or advice, kind, advice=advice)
    http.count(SYSTEM, api, "ok")
    return http.validated(SYSTEM, api, _Receipt, data).receipt

"""The SMS platform: signed sending, and the shapes of its receipts and replies.

`POST {base}/send` takes {"account", "timestamp", "sign", "messages": [{"out_id", "phone", "content",
"sign_name"}]}; `sign` is hex HMAC-SHA256(secret, timestamp + "." + sha256hex(messages as JSON with sorted keys and
no spaces)). Receipts and replies carry the fields of Aliyun's SmsReport and SmsUp
(https://help.aliyun.com/document_detail/101867.html). The same `out_id` is one message.
"""

import hashlib
import hmac
import json
from typing import Annotated, TypeVar

import orjson
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from core import clock
from core.errors import Invalid
from core.settings import settings
from integrations import http
from integrations.http import CallFailed, Json, Kind, Reply

SYSTEM = "sms"
T = TypeVar("T", bound=Reply)
_KINDS: dict[str, tuple[Kind, float, str]] = {
    "isv.BUSINESS_LIMIT_CONTROL": (Kind.QUOTA, 3600.0, "该号码短信发送过于频繁，触发运营商流控。"),
    "isv.DAY_LIMIT_CONTROL": (Kind.QUOTA, 3600.0, "短信日发送量达到上限。"),
    "isp.SYSTEM_ERROR": (Kind.RETRY, 0.0, "短信平台繁忙，稍后自动重试。"),
    "isv.MOBILE_NUMBER_ILLEGAL": (Kind.UNREACHABLE_PERSON, 0.0, "手机号码无效，请核对联系电话。"),
    "isv.MOBILE_COUNT_OVER_LIMIT": (Kind.PERMANENT, 0.0, "一次提交的号码过多。"),
    "isv.PARAM_LENGTH_LIMIT": (Kind.PERMANENT, 0.0, "短信过长（连签名最多 500 字），请缩短内容。"),
    "isv.BLACK_KEY_CONTROL_LIMIT": (Kind.PERMANENT, 0.0, "短信含有运营商屏蔽的词语，请修改内容。"),
    "InvalidParameter": (Kind.PERMANENT, 0.0, "请求内容不符合接口要求，请转告系统维护人员。"),
    "isv.SMS_SIGNATURE_ILLEGAL": (Kind.MISCONFIGURED, 0.0, "短信签名未报备或不正确，请在短信平台核对。"),
    "isv.ACCOUNT_NOT_EXISTS": (Kind.MISCONFIGURED, 0.0, "短信账号不存在，请核对设置。"),
    "isv.AMOUNT_NOT_ENOUGH": (Kind.MISCONFIGURED, 0.0, "短信余额不足，请充值。"),
    "isv.OUT_OF_SERVICE": (Kind.MISCONFIGURED, 0.0, "短信服务已停机，请联系短信平台。"),
    "SignatureDoesNotMatch": (Kind.MISCONFIGURED, 0.0, "短信接口密钥不正确，请核对设置。"),
    "InvalidTimeStamp.Expired": (Kind.MISCONFIGURED, 0.0, "本机时间不准，请校准服务器时钟。"),
}


class Accepted(Reply):
    """A text the platform took: its id there and how many texts it is charged as."""

    out_id: str
    biz_id: str
    code: str
    segments: int = 1


class Report(Reply):
    """What became of a text (SmsReport)."""

    phone_number: str
    success: bool
    biz_id: str = ""
    out_id: str = ""
    err_code: str = ""
    err_msg: str = ""
    report_time: str = ""


class Uplink(Reply):
    """A text from a person (SmsUp); it names no text of ours."""

    phone_number: str
    content: str
    send_time: str = ""
    dest_code: str = ""
    sequence_id: Annotated[str, Field(coerce_numbers_to_str=True)] = ""


_REPORTS = TypeAdapter(list[Report])
_UPLINKS = TypeAdapter(list[Uplink])


def configured() -> bool:
    """Whether a platform is set."""
    chosen = settings()
    return bool(chosen.sms_api and chosen.sms_account and chosen.sms_secret.get_secret_value())


async def send(out_id: str, phone: str, content: str) -> Accepted:
    """One text to one number.

    Raises:
        CallFailed: by the platform's code.
    """
    chosen = settings()
    line: Json = {"out_id": out_id, "phone": phone, "content": content, "sign_name": chosen.sms_sign}
    messages: list[JsonValue] = [line]
    stamp = str(int(clock.now().timestamp()))
    body: Json = {
        "account": chosen.sms_account,
        "timestamp": stamp,
        "sign": signature(chosen.sms_secret.get_secret_value(), stamp, messages),
        "messages": messages,
    }
    answer = await http.call(
        SYSTEM, "send", "POST", f"{chosen.sms_api.rstrip('/')}/send", body=http.dumps(body)
    )
    data = http.read_json(SYSTEM, "send", answer)
    if data.get("code") != "OK":
        raise _failed(str(data.get("code", "")), str(data.get("message", "")))
    results = data.get("results")
    first = results[0] if isinstance(results, list) and results else {}
    accepted = http.validated(SYSTEM, "send", Accepted, first if isinstance(first, dict) else {})
    if accepted.code != "OK":
        raise _failed(accepted.code, "")
    http.count(SYSTEM, "send", "ok")
    return accepted


def signature(secret: str, stamp: str, messages: list[JsonValue]) -> str:
    """The `sign` of a request."""
    canonical = json.dumps(messages, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), f"{stamp}.{digest}".encode(), hashlib.sha256).hexdigest()


def _failed(code: str, words: str) -> CallFailed:
    http.count(SYSTEM, "send", code)
    kind, wait, advice = _KINDS.get(code, (Kind.PERMANENT, 0.0, "短信平台返回未知错误，请转告系统维护人员。"))
    return CallFailed(SYSTEM, "send", code, words or advice, kind, wait=wait, advice=advice)


def read_reports(body: bytes) -> list[Report]:
    """The receipts in a push.

    Raises:
        Invalid: it is not an array of SmsReport.
    """
    return _read(_REPORTS, body, "短信回执")


def read_uplinks(body: bytes) -> list[Uplink]:
    """The replies in a push.

    Raises:
        Invalid: it is not an array of SmsUp.
    """
    return _read(_UPLINKS, body, "短信回复")


def _read(adapter: TypeAdapter[list[T]], body: bytes, what: str) -> list[T]:
    try:
        return adapter.validate_python(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise Invalid(f"{what}不是合法的 JSON") from None
    except ValidationError as error:
        fault = error.errors()[0]
        raise Invalid(f"{what}有误：{'.'.join(map(str, fault['loc']))} {fault['msg']}") from None

"""The hospital's CA front service (移动 CA 前置): a task to be signed on the phone, its state, and its call back.

The shape is the one that the public outlines of such services share: create, look or be called, certificate and
signature come back. JSON over HTTPS, signed both ways as `integrations.signing` does; a call back also carries a nonce.
A vendor with a shape of its own is a change of this file alone. Believes nothing of what it carries: `staff` does.
"""

import base64
from collections.abc import Mapping
from enum import StrEnum

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Invalid
from core.settings import settings
from integrations import http, signing
from integrations.http import CallFailed, Kind, Reply

SYSTEM = "ca"
PATIENCE = aiohttp.ClientTimeout(total=5, connect=2)  # somebody stands at the door
MOST_CALL = 64 * 1024
CERTIFICATE = 12 * 1024  # base64 signs


class Status(StrEnum):
    """How a task stands at the CA."""

    WAITING = "waiting"
    SIGNED = "signed"
    REFUSED = "refused"
    EXPIRED = "expired"


class Task(Reply):
    """A task the CA has taken: its name there, and what the phone scans."""

    task: str = Field(min_length=1, max_length=100)
    qr: str = Field(min_length=1, max_length=1000)


class Answer(BaseModel):
    """How a task stands; certificate (DER), those above it, and signature are base64, empty until it is signed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task: str = Field(min_length=1, max_length=100)
    status: Status
    method: str = Field(default="", max_length=40)
    certificate: str = Field(default="", max_length=CERTIFICATE)
    chain: tuple[str, ...] = Field(default=(), max_length=5)
    signature: str = Field(default="", max_length=2048)


class Called(Answer):
    """A call of the CA: an answer with a nonce."""

    nonce: str = Field(min_length=16, max_length=100, pattern=r"^[A-Za-z0-9_\-]+$")


def configured() -> bool:
    """Whether a CA front service is set."""
    chosen = settings()
    return bool(chosen.ca_api and chosen.ca_secret.get_secret_value() and chosen.ca_roots)


async def begin(data: bytes, title: str, seconds: int, callback: str) -> Task:
    """Ask for a signature under `data`; `title` is shown on the phone, the task ends after `seconds`.

    Raises:
        CallFailed: refused, or not answered within five seconds.
    """
    asked = {
        "data": base64.b64encode(data).decode(),
        "title": title,
        "seconds": seconds,
        "callback": callback,
    }
    return http.validated(SYSTEM, "tasks", Task, await _ask("tasks", "POST", "tasks", orjson.dumps(asked)))


async def look(task: str) -> Answer:
    """How a task stands.

    Raises:
        CallFailed: as `begin`.
    """
    told = await _ask("task", "GET", f"tasks/{task}", b"")
    try:
        return Answer.model_validate(told)
    except ValidationError as error:
        words = f"应答缺少字段 {error.errors()[0]['loc']}"
        raise CallFailed(SYSTEM, "task", "shape", words, Kind.PERMANENT) from error


async def _ask(api: str, method: str, path: str, body: bytes) -> http.Json:
    chosen = settings()
    answer = await http.call(
        SYSTEM,
        api,
        method,
        f"{chosen.ca_api.rstrip('/')}/{path}",
        body=body if method == "POST" else None,
        headers=signing.signed(chosen.ca_secret.get_secret_value(), body),
        most=MOST_CALL,
        patience=PATIENCE,
    )
    if answer.status != 200:
        http.count(SYSTEM, api, f"http_{answer.status}")
        raise CallFailed(
            SYSTEM,
            api,
            f"http {answer.status}",
            f"CA 服务应答 HTTP {answer.status}",
            Kind.MISCONFIGURED if answer.status in (401, 403) else Kind.PERMANENT,
            advice="请核对 HUIYIN_CA_API 与 HUIYIN_CA_SECRET。",
        )
    http.count(SYSTEM, api, "ok")
    return http.read_json(SYSTEM, api, answer)


def called(headers: Mapping[str, str], body: bytes) -> Called:
    """A call of the CA, signed and read; whether its nonce is new is for the caller to ask.

    Raises:
        Unauthenticated: not signed by the CA, or more than 300 s old.
        Invalid: not the shape agreed on; names the field.
    """
    signing.verify(settings().ca_secret.get_secret_value(), headers, body)
    try:
        return Called.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise Invalid("请求体不是合法的 JSON") from None
    except ValidationError as error:
        fault = error.errors()[0]
        raise Invalid(f"字段 {'.'.join(map(str, fault['loc']))} 有误：{fault['msg']}") from None


def plain(text: str) -> bytes:
    """The bytes of a base64 field.

    Raises:
        ValueError: it is none.
    """
    return base64.b64decode(text, validate=True)

"""The one way out: shared HTTP sessions with timeouts, size limits, trace id and figures, TLS verified, and only to
addresses that may be called (integrations/addresses.py); redirects are not followed.

What goes wrong is always a `CallFailed` that says what kind of failure it is; knows no vendor, retries nothing,
and never puts an address (it may hold a token) into an error or a log line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from core.logs import trace_id
from core.metrics import CALLS
from core.settings import settings
from integrations import addresses, trust
from integrations.addresses import NotAllowed, Resolver

MOST_JSON = 4 * 1024 * 1024
MOST_MEDIA = 64 * 1024 * 1024
PATIENCE = aiohttp.ClientTimeout(total=15, connect=5)
LONG_PATIENCE = aiohttp.ClientTimeout(total=120, connect=5)

Json = dict[str, JsonValue]


class Kind(StrEnum):
    """What a failure means for the one who wanted to send."""

    RETRY = "retry"
    QUOTA = "quota"
    PERMANENT = "permanent"
    UNREACHABLE_PERSON = "unreachable_person"
    MISCONFIGURED = "misconfigured"
    CONTEXT_GONE = "context_gone"
    FALLBACK = "fallback"


class CallFailed(Exception):
    """A call to an outside system did not do what it should.

    Attributes:
        system: "wecom", "wecom_bot", "wechat", "sms" or "hotline".
        api: which call, in the vendor's own words.
        code: the vendor's code, "http 503", or "network".
        message: the vendor's words, or ours.
        kind: what to do about it.
        wait: seconds before it makes sense to try again (0: the caller's own back-off).
        uncertain: the call may have taken effect all the same (no answer came).
        advice: what an administrator should do, in Chinese; empty when nothing.
    """

    def __init__(
        self,
        system: str,
        api: str,
        code: str,
        message: str,
        kind: Kind,
        *,
        wait: float = 0.0,
        uncertain: bool = False,
        advice: str = "",
    ) -> None:
        super().__init__(f"{system} {api}: {code} {message}")
        self.system = system
        self.api = api
        self.code = code
        self.message = message
        self.kind = kind
        self.wait = wait
        self.uncertain = uncertain
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    mime: str
    filename: str
    body: bytes


class Reply(BaseModel):
    """Base of the answers we read: unknown fields of the vendor are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


T = TypeVar("T", bound=Reply)

_sessions: dict[bool, aiohttp.ClientSession] = {}  # by whether what goes over them is plain


def session(url: str) -> aiohttp.ClientSession:
    """The process's HTTP session for calls to `url`; close all with `close_http`. No proxy of the environment is used.

    Raises:
        NotAllowed: our calls do not go to such an address.
    """
    addresses.check_url(url)
    plain = url.startswith(("http://", "ws://"))
    held = _sessions.get(plain)
    if held is None or held.closed:
        connector = aiohttp.TCPConnector(
            limit=64,
            limit_per_host=16,
            ssl=trust.context(),
            resolver=Resolver(plain=plain),
            use_dns_cache=False,
        )
        held = _sessions[plain] = aiohttp.ClientSession(
            connector=connector,
            timeout=PATIENCE,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_no_redirects()],
        )
    return held


def _no_redirects() -> aiohttp.TraceConfig:
    """A socket's handshake would follow a redirect, past the look at its address."""

    async def refuse(*_: object) -> None:
        raise NotAllowed("对方要求转到别的地址，已拒绝")

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(refuse)
    return tracing


def proxy_for(url: str) -> str | None:
    """The hospital's proxy for a call that leaves its nets; None: called directly.

    A proxy resolves names itself, so names behind it are the proxy's own to judge; what is written as numbers, and
    hosts named in HUIYIN_OUTWARD_DIRECT, never go over it.
    """
    using = settings()
    host = urlsplit(url).hostname or ""
    direct = [name.strip() for name in using.outward_direct.split(",") if name.strip()]
    if not using.outward_proxy or addresses.as_numbers(host) or any(_within(host, name) for name in direct):
        return None
    return using.outward_proxy


def _within(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _wait(later: str) -> float:
    """For how long a server asks us to stay away (Retry-After in seconds), within an hour; a minute when it does not say."""
    return float(min(int(later), 3600)) if later.isascii() and later.isdigit() else 60.0


async def close_http() -> None:
    """Close the sessions."""
    while _sessions:
        _, held = _sessions.popitem()
        await held.close()


async def call(
    system: str,
    api: str,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    body: bytes | aiohttp.FormData | None = None,
    headers: Mapping[str, str] | None = None,
    most: int = MOST_JSON,
    patience: aiohttp.ClientTimeout = PATIENCE,
) -> Answer:
    """One request; any HTTP status below 500 but 429 is an answer.

    Raises:
        CallFailed: kind retry when nobody answered or the server failed, quota for 429.
    """
    sent = (
        {"Content-Type": "application/json", **(headers or {})}
        if isinstance(body, bytes)
        else dict(headers or {})
    )
    if trace_id():
        sent["X-Trace-Id"] = trace_id()
    try:
        async with session(url).request(
            method,
            url,
            params=params,
            data=body,
            headers=sent,
            timeout=patience,
            allow_redirects=False,
            proxy=proxy_for(url),
        ) as response:
            content = await _read(system, api, response, most)
            disposition = response.content_disposition
            later = response.headers.get("Retry-After", "")
            answer = Answer(
                response.status,
                response.content_type,
                (disposition.filename or "") if disposition else "",
                content,
            )
    except NotAllowed as error:
        raise _not_allowed(system, api, error) from error
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
        if isinstance(error.__cause__, NotAllowed):  # the resolver's word
            raise _not_allowed(system, api, error.__cause__) from error
        count(system, api, "network")
        raise CallFailed(system, api, "network", f"无法连接（{type(error).__name__}）", Kind.RETRY) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        count(system, api, "network")
        words = f"没有收到应答（{type(error).__name__}）"
        raise CallFailed(system, api, "network", words, Kind.RETRY, uncertain=True) from error
    if answer.status >= 500 or answer.status == 429:
        count(system, api, f"http_{answer.status}")
        kind, wait = (Kind.QUOTA, _wait(later)) if answer.status == 429 else (Kind.RETRY, 0.0)
        words = f"服务器应答 HTTP {answer.status}"
        raise CallFailed(
            system, api, f"http {answer.status}", words, kind, wait=wait, uncertain=answer.status >= 500
        )
    return answer


def _not_allowed(system: str, api: str, error: NotAllowed) -> CallFailed:
    count(system, api, "not_allowed")
    words = str(error)
    return CallFailed(
        system, api, "not_allowed", words, Kind.MISCONFIGURED, advice="请核对设置中该系统的地址"
    )


async def _read(system: str, api: str, response: aiohttp.ClientResponse, most: int) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > most:
            raise CallFailed(system, api, "too_large", f"应答超过 {most} 字节", Kind.PERMANENT)
    return bytes(content)


def count(system: str, api: str, outcome: str) -> None:
    """Count a call for the figures."""
    CALLS.labels(system, api, outcome).inc()


def read_json(system: str, api: str, answer: Answer) -> Json:
    """The answer as a JSON object.

    Raises:
        CallFailed: kind retry when it is none (a proxy's page, a broken server); the call may have worked.
    """
    try:
        data: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict):
        count(system, api, "not_json")
        words = f"应答不是 JSON（HTTP {answer.status}）"
        raise CallFailed(system, api, f"http {answer.status}", words, Kind.RETRY, uncertain=True)
    return data


def dumps(data: Json) -> bytes:
    """JSON as it goes over the line."""
    return orjson.dumps(data)


def validated(system: str, api: str, model: type[T], data: Json) -> T:
    """The answer as a typed value.

    Raises:
        CallFailed: kind permanent when a field is missing or of another type.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fault = error.errors()[0]
        words = f"应答缺少字段 {'.'.join(map(str, fault['loc']))}：{fault['msg']}"
        raise CallFailed(system, api, "shape", words, Kind.PERMANENT, uncertain=True) from error

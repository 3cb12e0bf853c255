"""Web plumbing: trace ids, errors as pages or JSON, security headers, health, metrics, templates.

Knows nobody's log-in (staff adds that) and no page's content.
"""

import gettext
import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import aiohttp_jinja2
import jinja2
import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from asyncpg.exceptions import CharacterNotInRepertoireError, UntranslatableCharacterError
from markupsafe import Markup
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ValidationError

from core import audit_origin, bell, clock, db, edge, queues
from core.actions import faults_of
from core.assets import asset
from core.errors import HuiyinError, Invalid, TooMany, Unauthenticated
from core.logs import begin_trace, logger, trace_id
from core.metrics import REQUESTS
from core.settings import settings

log = logger(__name__)

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MOST_BODY = 64 * 1024 * 1024
UNSAFE = {hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_PATCH, hdrs.METH_DELETE}

GAUGES: list[Callable[[], Awaitable[None]]] = [
    queues.gauge
]  # asked at each scrape; wiring.py adds those above core


def dumps(data: Any) -> str:
    """JSON text; pydantic models, dates and UUIDs included."""
    return orjson.dumps(data, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def json_answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response."""
    return web.Response(
        body=orjson.dumps(data, default=_plain),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def error_answer(error: HuiyinError) -> web.Response:
    """The error as the contract's JSON."""
    return json_answer(
        {
            "error": {
                "code": error.code,
                "message": error.message,
                "details": [fault.model_dump() for fault in error.details],
                "trace_id": trace_id(),
            }
        },
        error.status,
    )


def wants_json(request: web.Request) -> bool:
    """Whether this is a machine's request."""
    return "/api/" in request.path or "application/json" in request.headers.get(hdrs.ACCEPT, "")


def client_address(request: web.Request) -> str:
    """The caller's address, believing only as many proxies as are configured, and those alone: whoever reaches our port
    past them is known by their own address, whatever they write. ASVS 4.0 11.1.4, 13.1."""
    near, trusted = request.remote or "", settings().trusted_proxies
    if not trusted or not _is_proxy(near):
        return _as_address(near)
    given = ",".join(request.headers.getall("X-Forwarded-For", []))
    hops = [part.strip() for part in given.split(",") if part.strip()]
    return _as_address(hops[-trusted] if len(hops) >= trusted else near)


@lru_cache(maxsize=4096)
def _is_proxy(address: str) -> bool:
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False
    plain = one.ipv4_mapped if isinstance(one, ipaddress.IPv6Address) and one.ipv4_mapped else one
    return any(plain in net for net in settings().proxies if net.version == plain.version)


@lru_cache(maxsize=4096)  # asked several times for each request
def _as_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


@web.middleware
async def tracing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give each request a trace id and count it; the headers of every answer are core/edge.py's."""
    begin_trace()
    began = time.perf_counter()
    response = await handler(request)
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unknown"
    if "/socket.io" not in request.path:  # a socket lives for hours
        REQUESTS.labels(route, request.method, str(response.status)).observe(time.perf_counter() - began)
    return response


@web.middleware
async def telling_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what went wrong into JSON, a page, or a line for the part of a page that asked."""
    try:
        return await handler(request)
    except HuiyinError as error:
        return await _told(request, error)
    except (
        CharacterNotInRepertoireError,
        UntranslatableCharacterError,
    ):  # a NUL in some text or JSON: no page of ours sends one
        return await _told(request, _as_ours(400, _HTTP_WORDS[400]))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        words = _HTTP_WORDS.get(error.status, "请求无法处理")
        return await _told(request, _as_ours(error.status, words), allow=error.headers.get(hdrs.ALLOW))
    except Exception as error:
        audit_origin.present().failure = type(error).__name__
        log.error("request_failed", path=request.path, exc_info=error)
        return await _told(request, _as_ours(500, "系统出了点问题，已记录，请稍后再试"))


_HTTP_WORDS = {
    400: "请求的格式不对",
    404: "没有这个页面",
    405: "这个地址不支持此种请求",
    413: "提交的内容过大",
}


def _as_ours(status: int, words: str) -> HuiyinError:
    error = HuiyinError(words)
    error.status = status
    error.code = {404: "not_found", 405: "method", 413: "too_large", 500: "internal"}.get(
        status, "bad_request"
    )
    return error


async def _told(request: web.Request, error: HuiyinError, allow: str | None = None) -> web.StreamResponse:
    headers = {hdrs.ALLOW: allow} if allow else {}
    if isinstance(error, TooMany) and error.after:
        headers[hdrs.RETRY_AFTER] = str(error.after)
    if wants_json(request):
        answer = error_answer(error)
        answer.headers.update(headers)
        return answer
    if isinstance(error, Unauthenticated) and request.method == hdrs.METH_GET:
        login = f"{settings().path_prefix}/login"
        if "HX-Request" in request.headers:
            return web.Response(status=401, headers={"HX-Redirect": login})
        query = {"next": request.path_qs} if request.path != "/" else {}
        address = str(request.url.with_path(login).with_query(query).relative())
        return web.Response(status=303, headers={hdrs.LOCATION: address})
    template = "layouts/error_part.html" if "HX-Request" in request.headers else "layouts/error.html"
    response = aiohttp_jinja2.render_template(
        template, request, {"error": error, "trace": trace_id()}, status=error.status
    )
    response.headers.update(headers)
    if "HX-Request" in request.headers:
        response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Retarget"] = "#notices"
    return response


async def read_json(request: web.Request, model: type[T]) -> T:
    """The body as `model`.

    Raises:
        Invalid: not JSON, or faulty; names each field.
    """
    body = await request.read()
    edge.check_depth(body)
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"请求体不是合法的 JSON：{error}") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid("填写的内容有误", details=faults_of(error, model)) from None


def same_origin(request: web.Request) -> bool:
    """Whether a browser's unsafe request came from our own pages (Origin, or Sec-Fetch-Site)."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in ("same-origin", "none")
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is None or origin.split("://", 1)[-1] == request.host


async def healthz(_: web.Request) -> web.Response:
    """Live: the process answers."""
    return json_answer({"live": True})


async def readyz(request: web.Request) -> web.Response:
    """Ready: the database answers; Redis is told of but does not matter (it is only the bell). Strangers are told yes or no."""
    checks: dict[str, str] = {}
    try:
        await db.fetchval("select 1")
        checks["database"] = "ok"
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, the answer is "not ready"
        checks["database"] = type(error).__name__
    try:
        await bell.client().ping()
        checks["redis"] = "ok"
    except Exception as error:  # noqa: BLE001 - as above
        checks["redis"] = type(error).__name__
    ready = checks["database"] == "ok"
    told = {"checks": checks} if _may_watch(request) else {}
    return json_answer({"ready": ready, **told}, 200 if ready else 503)


def _may_watch(request: web.Request) -> bool:
    """Whether this is who watches the machine: this machine itself, or whoever brings the token where one is set."""
    token = settings().metrics_token.get_secret_value()
    given = request.headers.get(hdrs.AUTHORIZATION, "").removeprefix("Bearer ")
    near = client_address(request) in ("127.0.0.1", "::1")
    return near if not token else hmac.compare_digest(given.encode(), token.encode())


async def metrics(request: web.Request) -> web.Response:
    """Prometheus figures; from this machine, or with the token of the settings."""
    if not _may_watch(request):
        raise web.HTTPNotFound
    for gauge in GAUGES:
        await gauge()
    return web.Response(body=generate_latest(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


def _translator(texts: gettext.NullTranslations) -> Callable[..., Markup]:
    """`_` of the templates: as jinja2's own, but a text without variables is looked up and escaped once."""

    @lru_cache(maxsize=4096)
    def plain(text: str) -> Markup:
        return Markup(texts.gettext(text)) % {}  # noqa: S704 - texts of our own templates

    def translate(text: str, **more: Any) -> Markup:
        return Markup(texts.gettext(text)) % more if more else plain(text)  # noqa: S704 - texts of our own templates

    return translate


def make_app(*more: Middleware) -> web.Application:
    """The bare application: middlewares, templates, health; `more` are middlewares within ours."""
    app = web.Application(middlewares=[tracing, telling_errors, *more], client_max_size=MOST_BODY)
    edge.protect(app)
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # Else each page asks the disk for each of its templates.
        auto_reload=settings().environment == "sample",
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    texts = gettext.translation("huiyin", ROOT / "locale", fallback=True)
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.globals["_"] = _translator(texts)
    environment.globals.update(
        asset=asset, now=clock.now, settings=settings, prefix=lambda: settings().path_prefix
    )
    environment.filters.update(when=when, day=day, json=dumps)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


def when(instant: Any) -> str:
    """ "2026-11-21 09:30" on the hospital's clock; "—" for None."""
    return clock.local(instant).strftime("%Y-%m-%d %H:%M") if instant else "—"


def day(instant: Any) -> str:
    """ "11-21 09:30" on the hospital's clock; "—" for None."""
    return clock.local(instant).strftime("%m-%d %H:%M") if instant else "—"

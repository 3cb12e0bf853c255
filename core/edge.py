"""What every request passes first and every answer last: bounds of size and time, names of cookies, headers.

Knows no page and nobody's log-in. What may come in through which address is a table of gates.py. OWASP ASVS 4.0
13.1.3, 14.4 (headers), 3.4 (cookies), 12.1 (sizes), 5.1.5; RFC 6265bis 4.1.3 (cookie prefixes), RFC 6797 (HSTS).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from re import Pattern
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict

from core.errors import HuiyinError, Invalid
from core.logs import trace_id
from core.settings import settings

MOST_FORM = 1024 * 1024  # bytes of a form without files, or of JSON, where no bound says more
MOST_DEEP = 40  # levels of JSON: our own documents have ten
MOST_FIELDS = 2000  # of a form
PATIENCE = 30.0  # seconds until the first bytes of a body must have been followed by the rest …
SLOWEST = 16 * 1024  # … and a second more for each of these bytes that were announced
UNSAFE_BODIES = frozenset({hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_PATCH, hdrs.METH_DELETE})
OURS = "huiyin_"  # with this each of our cookies begins
YEAR = 31_536_000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    hdrs.CACHE_CONTROL: "no-store",  # whatever says nothing else may be personal
}


class TooLarge(HuiyinError):
    """The body is larger than this door takes."""

    status = 413
    code = "too_large"


@dataclass(frozen=True, slots=True)
class Bound:
    """Which addresses (without the prefix) may bring a body of how many bytes; files: as a form with files too."""

    path: Pattern[str]
    most: int
    methods: frozenset[str] = field(default=frozenset({hdrs.METH_POST}))


def policy() -> str:
    """The Content-Security-Policy: everything from ourselves, sockets too; written out, as old WebViews ask for it."""
    public = urlsplit(settings().public_url)
    socket = f"{'wss' if public.scheme == 'https' else 'ws'}://{public.netloc}"
    return (
        f"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' {socket};"
        " object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )


def protect(app: web.Application) -> None:
    """Have every answer of `app`, whatever made it, carry the headers."""
    app.on_response_prepare.append(_dress)


async def _dress(_: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy())
    for name, text in HEADERS.items():
        headers.setdefault(name, text)
    if settings().secure:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}; includeSubDomains")
    headers["X-Trace-Id"] = trace_id()
    headers[hdrs.SERVER] = "huiyin"  # which server in which version is nobody's business
    for name in [name for name in headers if name.lower().startswith("access-control-")]:
        del headers[name]  # no other site's pages may read our answers, whatever a library thinks
    if response.status == 101:
        headers.pop(hdrs.CACHE_CONTROL, None)
    if settings().secure and hdrs.SET_COOKIE in headers:
        given = headers.popall(hdrs.SET_COOKIE)
        for line in given:
            headers.add(hdrs.SET_COOKIE, _bound_to_us(line))


def _prefix() -> str:
    """`__Host-` ties a cookie to this very host; below a path prefix only `__Secure-` is allowed."""
    return "__Secure-" if settings().path_prefix else "__Host-"


def _bound_to_us(line: str) -> str:
    """A Set-Cookie line as TLS allows it: under the prefix, and with what the prefix asks for."""
    if not line.startswith(OURS):
        return line
    words = [line]
    if "; secure" not in line.lower():  # a cookie that is taken away must say so too
        words.append("Secure")
    if "; httponly" not in line.lower():
        words.append("HttpOnly")
    if "; samesite=" not in line.lower():
        words.append("SameSite=Lax")
    return _prefix() + "; ".join(words)


def _with_plain_names(request: web.Request) -> web.Request:
    """The request with its cookies under the names the program uses; by TLS only those under the prefix count.

    A neighbour under the same domain can set `huiyin_session` for us; `__Host-huiyin_session` it cannot.
    """
    if not settings().secure or hdrs.COOKIE not in request.headers:
        return request
    kept, prefix = [], _prefix() + OURS
    for line in request.headers.getall(hdrs.COOKIE):
        for pair in filter(None, (piece.strip() for piece in line.split(";"))):
            if pair.startswith(prefix):
                kept.append(pair.removeprefix(_prefix()))
            elif not pair.startswith(OURS):
                kept.append(pair)
    headers = CIMultiDict(request.headers)
    headers.popall(hdrs.COOKIE)
    if kept:
        headers[hdrs.COOKIE] = "; ".join(kept)
    return request.clone(headers=headers)


def bounding(bounds: Sequence[Bound], files: Sequence[Bound]) -> Middleware:
    """The middleware of sizes and times: `files` bound forms with files, `bounds` every other body."""

    @web.middleware
    async def bounded(request: web.Request, handler: Handler) -> web.StreamResponse:
        request = _with_plain_names(request)
        if request.method not in UNSAFE_BODIES or not request.body_exists:
            return await handler(request)
        most = _most(request, files if request.content_type == "multipart/form-data" else bounds)
        if (request.content_length or 0) > most:
            raise TooLarge(f"提交的内容超过 {_size(most)}")
        clock = asyncio.get_running_loop().call_later(
            PATIENCE + (request.content_length or most) / SLOWEST, _give_up, request
        )
        inner = request.clone(client_max_size=most, client_max_fields=MOST_FIELDS)
        try:
            return await handler(inner)
        finally:
            clock.cancel()
            inner._finish()  # noqa: SLF001 - aiohttp closes the uploaded files of the request it made, not of a clone

    return bounded


def _most(request: web.Request, bounds: Sequence[Bound]) -> int:
    path = request.path.removeprefix(settings().path_prefix)
    return next(
        (one.most for one in bounds if request.method in one.methods and one.path.match(path)), MOST_FORM
    )


def _size(most: int) -> str:
    return f"{most // 1024 // 1024} MB" if most >= 1024 * 1024 else f"{most // 1024} KB"


def _give_up(request: web.Request) -> None:
    """A body that comes in drops holds a connection; one that is not here by now is cut off."""
    if not request.content.is_eof() and request.transport is not None:
        request.transport.close()


def check_depth(body: bytes, most: int = MOST_DEEP) -> None:
    """Refuse JSON that is nested deeper than anything we know of; what is no JSON passes to its reader.

    Raises:
        Invalid: too deep.
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return
    deep = 0
    for sign in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        deep += 1 if sign in b"[{" else -1
        if deep > most:
            raise Invalid(f"请求体嵌套超过 {most} 层")


_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKETS = re.compile(rb"[\[\]{}]")

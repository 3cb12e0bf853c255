"""What every door for machines does first: read the body within its bounds, check the signature, name who knocks.

Stores nothing and decides nothing about content.
"""

import hashlib
import re
from functools import lru_cache

from aiohttp import web

from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.edge import TooLarge, check_depth
from core.errors import Invalid
from core.web import client_address
from integrations import signing

MOST_MESSAGE = 1024 * 1024  # bytes of a call-back, of receipts, of replies
MOST_ORDER = 40 * 1024 * 1024  # an order brings its attachments along as base64
_PLATFORM = re.compile(r"[A-Za-z0-9_-]{1,32}")
_GRANTS = (Grant(Permission.CASE_REGISTER, "/"), Grant(Permission.CASE_HANDLE, "/"))


async def read_body(request: web.Request, most: int) -> bytes:
    """The whole body.

    Raises:
        TooLarge: it is longer than `most` bytes; what is too long by its own account is not read at all.
        Invalid: its JSON is nested too deep.
    """
    if (request.content_length or 0) > most:
        raise TooLarge(f"内容超过 {most // 1024} KB")
    body = await request.read()
    if len(body) > most:
        raise TooLarge(f"内容超过 {most // 1024} KB")
    check_depth(body)
    return body


async def signed_body(request: web.Request, secret: str, most: int) -> bytes:
    """The body of a request that its sender has signed.

    Raises:
        Unauthenticated: the signature or the time is wrong; nothing of the body is kept then.
        TooLarge: as `read_body`.
    """
    body = await read_body(request, most)
    signing.verify(secret, request.headers, body)
    return body


def platform(request: web.Request) -> Actor:
    """The hotline platform that pushes: its code of `X-Platform`, "12345" when it says none.

    Raises:
        Invalid: the code is not one.
    """
    code = request.headers.get("X-Platform", "") or "12345"
    if not _PLATFORM.fullmatch(code):
        raise Invalid("X-Platform 只能由字母、数字、“-”和“_”组成，最长 32 位")
    return named_platform(code, client_address(request))


@lru_cache(maxsize=256)  # there are few platforms, and each pushes a lot
def named_platform(code: str, address: str = "") -> Actor:
    """The platform of this code as an actor: it brings orders and calls back, in the whole group."""
    return Actor(ActorKind.PLATFORM, None, f"热线平台 {code}", Door.API, _GRANTS, address)


def digest(body: bytes) -> str:
    """Names a body: the first 32 hex digits of its SHA-256."""
    return hashlib.sha256(body).hexdigest()[:32]

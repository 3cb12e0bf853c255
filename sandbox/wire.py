"""Small things every protocol here needs: refusals, JSON in and out, XML, signatures, masking.

It knows no vendor's rule beyond the shape of an error answer.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, JsonValue, ValidationError

Reply = dict[str, JsonValue]
Model = TypeVar("Model", bound=BaseModel)
XmlTree = tuple[tuple[str, "str | int | XmlTree"], ...]

SECRET_KEYS = (
    "access_token|corpsecret|secret|appsecret|sign|signature|msg_signature|bot_secret|code|response_code"
)
_JSON_SECRET = re.compile(rf'"({SECRET_KEYS})"\s*:\s*"[^"]*"')
_QUERY_SECRET = re.compile(rf"\b({SECRET_KEYS})=[^&\s]+")
_LONG_BASE64 = re.compile(r'"[A-Za-z0-9+/=]{400,}"')


class Refusal(Exception):
    """A vendor's "no": ``errcode`` and the English or Chinese sentence that goes with it."""

    def __init__(self, errcode: int | str, errmsg: str) -> None:
        super().__init__(f"{errcode}: {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


def validate(model: type[Model], text: str | bytes, errcode: int | str = 40058) -> Model:
    """Parse JSON into ``model``; a :class:`Refusal` names the first faulty field."""
    try:
        return model.model_validate_json(text or b"{}")
    except ValidationError as error:
        raise Refusal(*describe(error, errcode)) from error


def describe(error: ValidationError, errcode: int | str = 40058) -> tuple[int | str, str]:
    """The first fault of a validation as (errcode, message naming the field)."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return (47001 if isinstance(errcode, int) else errcode), f"data format error: {first['msg']}"
    field = ".".join(str(part) for part in first["loc"]) or "body"
    return errcode, f"invalid Request Parameter: {field}: {first['msg']}"


async def read(request: web.Request, model: type[Model], errcode: int | str = 40058) -> Model:
    """The request's JSON body as ``model``."""
    return validate(model, await request.read(), errcode)


def token(prefix: str = "") -> str:
    """An unguessable identifier."""
    return prefix + secrets.token_urlsafe(24).replace("-", "x").replace("_", "y")


def to_xml(tree: XmlTree, tag: str = "xml") -> str:
    """A nested tuple of (tag, value) as the vendors write XML: text in CDATA, numbers bare."""
    parts = []
    for name, value in tree:
        if isinstance(value, tuple):
            parts.append(to_xml(value, name))
        elif isinstance(value, int):
            parts.append(f"<{name}>{value}</{name}>")
        else:
            safe = value.replace("]]>", "]]]]><![CDATA[>")
            parts.append(f"<{name}><![CDATA[{safe}]]></{name}>")
    return f"<{tag}>{''.join(parts)}</{tag}>"


def sign_body(secret: str, timestamp: str, body: bytes) -> str:
    """``sha256=…`` over ``timestamp + "." + body``, as hotline and SMS receipts are signed."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def signed_headers(secret: str, now: float, body: bytes, platform: str) -> dict[str, str]:
    """The headers of a signed push to the product."""
    stamp = str(int(now))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Timestamp": stamp,
        "X-Signature": sign_body(secret, stamp, body),
        "X-Platform": platform,
    }


def signature_holds(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a signed request is ours and no more than 300 s off."""
    stamp = headers.get("X-Timestamp", "")
    if not stamp.isdigit() or abs(int(stamp) - now) > 300:
        return False
    return hmac.compare_digest(sign_body(secret, stamp, body), headers.get("X-Signature", ""))


def masked(text: str) -> str:
    """The text with secrets starred and long base64 shortened, fit for a screen."""
    text = _JSON_SECRET.sub(r'"\1":"***"', text)
    text = _QUERY_SECRET.sub(r"\1=***", text)
    return _LONG_BASE64.sub('"…base64…"', text)[:6000]

"""How a patient's page is answered: the frame, the sentence after a redirect, errors in its own look.

`show` is for every page under /p/ and /kiosk/; a page asks for who is signed in itself (door.require) and says so.
"""

import time
from typing import Any
from urllib.parse import quote, unquote

import aiohttp_jinja2
import segno
from aiohttp import hdrs, web

from core import edge
from core.errors import HuiyinError
from core.logs import trace_id
from core.parameters import Parameter, declare, number, value
from core.settings import settings
from patient_portal.look import forget, keep, look
from patient_portal.signs import sign
from patient_portal.visitor import KIOSK_SECONDS, Visitor, present
from patient_portal.words import LANGUAGES, said, words

SAID = "huiyin_told"
SAID_LIVES = 20  # seconds: from the answer of the form to the page it leads to

FRAMES = declare(
    Parameter(
        "portal.frame_ancestors",
        "可嵌入患者端页面的网站",
        str,
        "",
        what="医院门户网站的地址，如 https://www.example.com，多个以空格分开；为空时不允许嵌入。"
        "与本系统不同域名的网站嵌入后，患者登录需要浏览器支持分区 Cookie",
        source="CSP Level 3 frame-ancestors",
    )
)

FRESH = 15.0  # seconds for which a process believes what it has read of the parameter
_framing: tuple[float, list[str]] = (0.0, [])


async def show(
    request: web.Request, template: str, *, status: int = 200, visitor: Visitor | None = None, **context: Any
) -> web.Response:
    """A page in the frame. Every template may use `_`, icon, look, visitor, csrf, told, here beside its own context.

    `icon` draws into the page; `_` speaks the reader's language; `plain(text)` is a text of ours in that language.
    """
    seen = look(request)
    visitor = visitor or present(request)
    told = unquote(request.cookies.get(SAID, ""))
    frame: dict[str, Any] = {
        "_": words(seen.language),
        "plain": lambda text: said(text, seen.language),
        "icon": sign,
        "look": seen,
        "languages": LANGUAGES,
        "visitor": visitor,
        "csrf": visitor.csrf if visitor else "",
        "told": said(told, seen.language),
        "here": request.path_qs.removeprefix(settings().path_prefix)
        if request.method == hdrs.METH_GET
        else "",
        "site": settings().hospital_name,
        "embedded": request.query.get("embed") == "1",
        "resting": False,  # a start page, at which nobody is missed
        "idle_seconds": await number(KIOSK_SECONDS) if seen.kiosk else 0,
    }
    response = aiohttp_jinja2.render_template(template, request, {**frame, **context}, status=status)
    if told:
        forget(response, SAID)
    response.headers["Content-Security-Policy"] = await policy()
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


async def policy() -> str:
    """The Content-Security-Policy of these pages: as everywhere, but framed by the sites of the parameter too."""
    global _framing
    until, allowed = _framing
    if time.monotonic() >= until:
        sites = str(await value(FRAMES)).split()
        allowed = [one for one in sites if one.startswith(("https://", "http://")) and ";" not in one]
        _framing = (time.monotonic() + FRESH, allowed)
    return edge.policy().replace("frame-ancestors 'self'", " ".join(("frame-ancestors 'self'", *allowed)))


def go(path: str, told: str = "") -> web.Response:
    """Lead to the page at `path` (without the prefix), where the sentence `told` is shown once."""
    response = web.Response(status=303, headers={hdrs.LOCATION: f"{settings().path_prefix}{path}"})
    if told:
        keep(response, SAID, quote(told), seconds=SAID_LIVES)
    return response


def phone_code(path: str) -> str:
    """A page as a QR code, an SVG data address, so that somebody at a screen of the hospital goes on with their phone."""
    address = f"{settings().public_url.rstrip('/')}{settings().path_prefix}{path}"
    return segno.make(address, error="m").svg_data_uri(scale=4, border=2)


async def refused(request: web.Request, error: HuiyinError) -> web.Response:
    """What went wrong, as a page of this side."""
    return await show(request, "portal/error.html", status=error.status, error=error, trace=trace_id())


def safe_next(wanted: str, default: str = "/p/") -> str:
    """A page of the patients' side (without the prefix) to go on to; `default` for anything else."""
    prefix = settings().path_prefix
    path = wanted.removeprefix(prefix) if prefix and wanted.startswith(f"{prefix}/") else wanted
    plain = path.isprintable() and "\\" not in path and "//" not in path.partition("?")[0]
    ours = path.startswith(("/p/", "/kiosk/")) and not path.startswith(
        ("/p/sign-in", "/p/sign-out", "/p/wechat")
    )
    return path if plain and ours and len(path) <= 500 else default

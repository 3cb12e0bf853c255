"""What the web doors leave in the audit log by themselves: who looked, who was turned away, what went wrong.

The verbs write their own lines; this middleware stands outside of everything and sees how a request ended. It adds
a line for each look at what `WATCHED` names, for each refusal and unforeseen error, and a plain one for whatever
changed something or handed out a file without a line of its own. Decides nothing and changes no answer.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg
from aiohttp import hdrs, web

from core import audit, audit_origin
from core.actor import Actor, ActorKind, Door
from core.audit_origin import Origin
from core.logs import logger
from core.masks import mask_name
from core.settings import settings
from core.web import UNSAFE, Handler, client_address

log = logger(__name__)

MOST_ALIKE = (
    20  # refusals of one kind from one address that are written in a minute; further ones are counted
)
LONGEST = 300  # characters of an address or a name that are written
_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
_REFUSALS = {401: "access.refused", 403: "access.refused", 404: "access.hidden", 429: "access.limited"}
_OPENING = frozenset({"code", "token"})  # parts of an address that open something: never written
_SUBJECTS = {
    "cases": "case",
    "tickets": "ticket",
    "petitions": "case",
    "patients": "patient",
    "matters": "matter",
    "rooms": "room",
    "reports": "case_report",
    "imports": "import",
    "staff": "staff",
    "units": "org_unit",
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A door through which something is looked at or taken: what the line says, and which part of the address names it.

    `subject` may name a part of the address, "{queue}". With `asked`, only a look with one of these words in the query
    counts; they are written, names and numbers masked.
    """

    action: str
    subject: str
    key: str = ""
    asked: tuple[str, ...] = ()


WATCHED: dict[str, Watched] = {}


def watch(doors: Mapping[str, Watched]) -> None:
    """Add doors by their path as aiohttp writes it, "/cases/{id}", without the prefix."""
    WATCHED.update(doors)


@dataclass(slots=True)
class _Alike:
    """How many refusals of one kind there were in this minute, and how many of them are not written."""

    minute: int = 0
    seen: int = 0
    left_out: int = 0

    def writes(self, minute: int) -> tuple[bool, int]:
        """Whether this one is written, and how many before it were not."""
        left_out = 0
        if minute != self.minute:
            left_out, self.minute, self.seen, self.left_out = self.left_out, minute, 0, 0
        self.seen += 1
        if self.seen > MOST_ALIKE:
            self.left_out += 1
            return False, 0
        return True, left_out


_alike: dict[tuple[str, str, int], _Alike] = {}


def minute() -> int:
    """The present minute of this process's own clock."""
    return int(time.monotonic() // 60)


def forget_alike() -> None:
    """Count refusals from nothing again."""
    _alike.clear()


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Open the request's origin, and write what nobody else has written once it has ended."""
    agent = request.headers.get(hdrs.USER_AGENT, "")
    with audit_origin.opened(client_address(request), agent) as origin:
        response = await handler(request)
        try:
            await _ended(request, response, origin)
        except _AWAY as error:
            log.error("audit_line_lost", path=request.path, exc_info=error)
        return response


async def _ended(request: web.Request, response: web.StreamResponse, origin: Origin) -> None:
    path = request.path.removeprefix(settings().path_prefix)
    if path.startswith(("/static/", "/socket.io")):
        return
    resource = request.match_info.route.resource
    route = resource.canonical.removeprefix(settings().path_prefix) if resource is not None else ""
    by = origin.actor
    status = response.status
    if status >= 500:
        await _write(request, path, "system.error", by, status=status, error=origin.failure, also=None)
    elif status in _REFUSALS:
        await _refused(request, path, route, by, status)
    elif status < 400 and not origin.lines:
        await _passed(request, path, route, by, response)


async def _refused(request: web.Request, path: str, route: str, by: Actor | None, status: int) -> None:
    """Pages that are not there are no event; a thing that is not there for this person may be one."""
    if status == 404 and (by is None or not request.match_info):
        return
    key = (client_address(request), route or path[:LONGEST], status)
    if len(_alike) > 10_000:
        forget_alike()
    writes, left_out = _alike.setdefault(key, _Alike()).writes(minute())
    if writes:
        await _write(request, path, _REFUSALS[status], by, status=status, error="", also=left_out or None)


async def _passed(
    request: web.Request, path: str, route: str, by: Actor | None, response: web.StreamResponse
) -> None:
    watched = WATCHED.get(route) if request.method == hdrs.METH_GET and response.status == 200 else None
    if watched is not None:
        if request.headers.get("X-Background") == "1":
            return
        asked = {name: _veiled(request.query[name]) for name in watched.asked if request.query.get(name)}
        if watched.asked and not asked:
            return
        parts = {name: text for name, text in request.match_info.items() if name not in _OPENING}
        number = _number(parts.pop(watched.key, ""))
        subject = watched.subject.format_map(parts)
        more = {name: text[:80] for name, text in parts.items()}
        await audit.record(
            _who(request, by), watched.action, subject, number, **({"asked": asked} if asked else {}), **more
        )
    elif by is not None and request.method in UNSAFE:
        await _write(request, path, "request.done", by, status=response.status, error="", also=None)
    elif by is not None and "attachment" in response.headers.get(hdrs.CONTENT_DISPOSITION, ""):
        await _write(request, path, "file.download", by, status=response.status, error="", also=None)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _veiled(text: str) -> str:
    """What was asked for, without telling whom: a word of a few signs may be a name."""
    text = text.strip()[:LONGEST]
    return mask_name(text) if 1 < len(text) <= 4 and not text.isascii() else text


def _shown(request: web.Request, path: str) -> str:
    for name in _OPENING & set(request.match_info):
        path = path.replace(request.match_info[name], "***")
    return path[:LONGEST]


async def _write(
    request: web.Request,
    path: str,
    action: str,
    by: Actor | None,
    *,
    status: int,
    error: str,
    also: int | None,
) -> None:
    subject, number = subject_of(path)
    more = {name: value for name, value in (("error", error), ("also", also)) if value}
    await audit.record(
        _who(request, by),
        action,
        subject,
        number,
        method=request.method,
        path=_shown(request, path),
        status=status,
        **more,
    )


def subject_of(path: str) -> tuple[str, int | None]:
    """What an address is about: "/cases/12/do/sign" the case 12, else the page by its first word."""
    found = re.match(r"^(?:/api/v1|/chat)?/(?P<what>[a-z_]+)(?:/(?P<id>[0-9]{1,18}))?(?:/|$)", path)
    if found is None:
        return "page", None
    subject = _SUBJECTS.get(found["what"])
    if subject is None or found["id"] is None:
        return "page", None
    return subject, int(found["id"])


def _who(request: web.Request, by: Actor | None) -> Actor:
    if by is not None:
        return by
    path = request.path
    if "/api/v1/feedback" in path:
        return Actor(ActorKind.PLATFORM, None, "反映人本人", Door.API, address=client_address(request))
    door = Door.WECOM if path.endswith("/wecom/callback") else Door.API if "/api/" in path else Door.WEB
    return Actor(ActorKind.SYSTEM, None, "未登录", door, address=client_address(request))

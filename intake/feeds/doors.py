"""What the web doors for hospital systems have in common: who knocks, how much waits, reading before keeping.

Each message is read once at the door, so that its sender hears at once what is wrong with it; a faulty one is kept,
parked, as at every door. What is kept is committed before the answer.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from aiohttp import hdrs, web

from core import clock
from core.errors import TooMany
from intake.doors import read_body
from patients.feeds import formats, keeping, tokens
from patients.feeds.documents import mapping as tree_mapping
from patients.feeds.documents import reading
from patients.feeds.documents.parsing import NUL, check
from patients.feeds.documents.tree import Tree
from patients.feeds.faults import ReadFault
from patients.feeds.keeping import Brought, Crowd
from patients.feeds.links import Link
from patients.feeds.mapping import MappingError
from staff import queries as staff

MOST = 16 * 1024 * 1024  # bytes of a body
MOST_MESSAGES = 5_000  # in one body
_crowd = Crowd()


class Crowded(TooMany):
    """Too much waits to be worked on: the sender had better come again."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__("积压的消息过多，请稍后重发", after=keeping.RETRY_AFTER)


@dataclass(frozen=True, slots=True)
class Judged:
    """A message read at the door: as it is to be kept, and what is wrong with it (None: nothing)."""

    brought: Brought
    fault: ReadFault | None

    @property
    def unused(self) -> str:
        """Why it is kept and not used; "" when it is."""
        return self.brought.error if self.brought.unused else ""


async def link_of(request: web.Request, kind: str, link_id: int | None = None) -> Link:
    """The link whose token the request shows.

    Raises:
        Unauthenticated: none.
        Crowded: too much waits.
    """
    link = await tokens.opened_by(request.headers.get(hdrs.AUTHORIZATION, ""), kind, link_id)
    if await _crowd.full():
        raise Crowded
    return link


async def body_of(request: web.Request) -> bytes:
    """The whole body.

    Raises:
        TooLarge: more than `MOST` bytes.
    """
    return await read_body(request, MOST)


async def judged(link: Link, messages: list[Tree], received: datetime) -> list[Judged]:
    """Each message read by the link's mapping."""
    tree = await staff.tree()
    found = []
    try:
        rules = formats.rules(link.kind, link.mapping, link.codes)
    except MappingError as error:  # all are kept, parked until it is mended
        broken = ReadFault("映射", str(error))
        return [
            Judged(Brought("", "", orjson.dumps(one), str(broken), broken.at), broken) for one in messages
        ]
    assert isinstance(rules, tree_mapping.TreeMapping)  # noqa: S101 - checked for its kind
    for message in messages:
        body = orjson.dumps(message)
        fault: ReadFault | None = None
        name, kind = "", ""
        try:
            if NUL in body:
                check(message)
            name, kind = reading.head(message, rules)
            if link.kind == "fhir" and not rules.parts_of(kind):
                words = f"不采用 {kind} 资源，原文已留存"
                brought = Brought(external_id(link, message, name, kind), kind, body, words, unused=True)
                found.append(Judged(brought, None))
                continue
            reading.read(message, rules, tree, received=received, domain=link.domain)
        except ReadFault as error:
            fault = error
        # What one choice mends (a department, a code) is kept as due: whoever works on it parks it and notes for what it waits.
        mended = fault is not None and bool(fault.lost or fault.codes)
        brought = Brought(
            external_id(link, message, name, kind),
            kind,
            body,
            str(fault) if fault and not mended else "",
            fault.at if fault and not mended else "",
        )
        found.append(Judged(brought, fault))
    return found


def external_id(link: Link, message: Tree, name: str, kind: str) -> str:
    """How a message is known again: FHIR by type, id and version (or time of change), others by the id they bring."""
    if link.kind != "fhir" or not isinstance(message, dict):
        return name
    meta = message.get("meta")
    version = name or (meta.get("lastUpdated") if isinstance(meta, dict) else None)
    end = "#deleted" if message.get("_deleted") is True else ""
    return f"{kind}/{message.get('id')}/{version}{end}" if version else ""


def parked(brought: Brought, error: str, at: str) -> Brought:
    """The same, to be parked for what is wrong beside it."""
    return replace(brought, error=error, fault_at=at)


async def keep(link: Link, found: list[Judged], received: datetime) -> int:
    """Keep what was judged, committed when this returns; how many were new."""
    return await keeping.keep_all(link, [one.brought for one in found], received)


def now() -> datetime:
    """When what comes now came."""
    return clock.now()

"""What is done with each HL7 message at the door: find its link, check its head, keep it, answer. Works on none.

The raw row is committed before the answer. When more waits than can be worked on soon, the answer waits too: its sender
then slows down by itself.
"""

import asyncio

from core import db
from core.logs import begin_trace, logger
from intake.hl7 import acks
from intake.hl7.acks import Code, Why
from patients.feeds import links, mapping, store
from patients.feeds.faults import ReadFault
from patients.feeds.formats import decoded
from patients.feeds.hl7 import events, reading
from patients.feeds.hl7.message import Message, NotHl7, parse
from patients.feeds.keeping import Crowd
from patients.feeds.links import Link
from patients.feeds.mapping import MappingError

log = logger(__name__)

REFRESH = 5.0  # seconds for which the list of links is believed
PATIENCE = 20.0  # seconds for which a database that is away is waited for before the sender is told
VERSIONS = tuple(f"2.{minor}" for minor in range(1, 9))


class Door:
    """One for each process; remembers the links for a moment and counts what comes."""

    def __init__(self) -> None:
        self._links: list[Link] = []
        self._known_until = 0.0
        self._crowd = Crowd()

    async def take(self, body: bytes, address: str) -> bytes | None:
        """Keep one message; the answer in its sender's charset, b"" when it wants none. None when the sender had better
        come again."""
        begin_trace("")
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            try:
                return await self._taken(body, address)
            except Exception as error:
                if not db.is_away(error):
                    log.error("feed_message_not_kept", exc_info=error)
                    return _not_kept(body, "内部错误，消息未保存")
                log.warning("feed_database_away", error=str(error))
                if loop.time() > until:
                    return _not_kept(body, "暂时无法保存，请稍后重发")
                await asyncio.sleep(0.5)

    async def _taken(self, body: bytes, address: str) -> bytes:
        link, head = await self._link_of(body)
        if link is None:
            application, facility = (head.get("MSH-3"), head.get("MSH-4")) if head else ("", "")
            await links.met_stranger(application, facility, address)
            words = "发送系统未登记" if head else _no_message(body)
            why = Why.UNKNOWN_KEY if head else Why.SEGMENT_SEQUENCE
            at = "MSH-3" if head else "MSH"
            return acks.answer(head, Code.REJECT, why=why, at=at, words=words).encode("utf-8", "replace")
        assert head is not None  # noqa: S101 - a link is found by its head
        answer = await self._of_link(link, head, body)
        await self._breathe()
        return answer.encode(link.charset, "replace")

    async def _of_link(self, link: Link, head: Message, body: bytes) -> str:
        enhanced = link.ack == "enhanced"
        kind, event = events.kind_of(head)
        control = head.get("MSH-10")
        refused = _not_ours(link, head, kind, event)
        if refused is not None:
            why, at, words = refused
            if control:  # kept to be seen; its sender is told to keep it
                name = f"{kind}^{event}"
                await store.keep(link, control, name, body, fault_at=at, error=words, state="dropped")
            return acks.answer(head, Code.REJECT, why=why, at=at, words=words, enhanced=enhanced)
        fault: ReadFault | None = None
        why = Why.DATA_TYPE
        if not control:
            fault, why = ReadFault("MSH-10", "缺少消息编号"), Why.FIELD_MISSING
            control = f"(无编号) {store.digest(body)}"
        else:
            try:
                message = parse(decoded(body, link.charset))
                reading.check(message, mapping.load(link.mapping))
            except MappingError as error:  # ours to mend, not the sender's
                log.error("feed_mapping_faulty", link=link.name, error=str(error))
            except ReadFault as error:
                fault, why = error, Why.FIELD_MISSING if not error.value else Why.DATA_TYPE
            except NotHl7 as error:
                fault, why = ReadFault("MSH", str(error)), Why.SEGMENT_SEQUENCE
        await store.keep(
            link,
            control,
            f"{kind}^{event}",
            body,
            fault_at=fault.at if fault else "",
            error=str(fault) if fault else "",
        )
        if fault is not None:
            return acks.answer(head, Code.ERROR, why=why, at=fault.at, words=str(fault), enhanced=enhanced)
        return acks.answer(head, Code.ACCEPT, enhanced=enhanced)

    async def _link_of(self, body: bytes) -> tuple[Link | None, Message | None]:
        """The link whose sender names itself in MSH-3 and MSH-4, read in the link's own charset."""
        now = asyncio.get_running_loop().time()
        if now > self._known_until:
            self._links = [link for link in await links.all_links(active=True) if link.kind == "hl7"]
            self._known_until = now + REFRESH
        head: Message | None = None
        heads: dict[str, Message | None] = {}
        found: list[tuple[bool, Link, Message]] = []
        for link in self._links:
            if link.charset not in heads:
                heads[link.charset] = _head(body, link.charset)
            seen = heads[link.charset]
            if seen is None:
                continue
            head = head or seen
            if seen.get("MSH-3") == link.application and link.facility in ("", seen.get("MSH-4")):
                found.append((link.facility == "", link, seen))
        if found:
            _, link, seen = min(
                found, key=lambda one: one[0]
            )  # one that names the facility goes before one that does not
            return link, seen
        return None, head or _head(body, "utf-8")

    async def _breathe(self) -> None:
        """Hold the answer back while too much waits to be worked on."""
        while await self._crowd.full():
            log.warning("feed_back_pressure")
            await asyncio.sleep(1.0)


def _no_message(body: bytes) -> str:
    """Why these bytes are no message."""
    try:
        parse(body.decode("utf-8", "replace"))
    except NotHl7 as error:
        return str(error)
    return "不是 HL7 消息"


def _not_kept(body: bytes, words: str) -> bytes:
    """The answer that has the sender come again."""
    answer = acks.answer(_head(body, "utf-8"), Code.REJECT, why=Why.INTERNAL, words=words)
    return answer.encode("utf-8", "replace")


def _head(body: bytes, charset: str) -> Message | None:
    """The MSH of a message, when it can be read in this charset."""
    line = body.lstrip(b"\r\n \x00").replace(b"\n", b"\r").split(b"\r", 1)[0]
    try:
        return acks.peeked(line.decode(charset))
    except UnicodeDecodeError:
        return None


def _not_ours(link: Link, head: Message, kind: str, event: str) -> tuple[Why, str, str] | None:
    """Why a message is rejected by its head: type, event, version, processing id (HL7 v2.x 2.9.2)."""
    if kind not in events.EVENTS:
        return Why.UNSUPPORTED_TYPE, "MSH-9.1", f"不接收 {kind or '（空）'} 类消息"
    if event not in events.EVENTS[kind]:
        return Why.UNSUPPORTED_EVENT, "MSH-9.2", f"不接收 {kind}^{event or '（空）'} 事件"
    version = head.get("MSH-12.1")
    if version and not version.startswith(VERSIONS):
        return Why.UNSUPPORTED_VERSION, "MSH-12", f"不支持版本 {version}"
    processing = head.get("MSH-11.1")
    if processing and processing != link.processing:
        return Why.UNSUPPORTED_PROCESSING, "MSH-11", f"本链路只接收处理标识 {link.processing}"
    return None

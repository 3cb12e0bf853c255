"""Takes the messages of feeds that were kept: reads each by its link's mapping, hands what it says to `patients`.

A message with a fault is parked with the segment and field at fault; order of arrival means nothing (`patients.folding`).
"""

from core import db
from core.pump import Queue, Row
from patients import feeding
from patients.feeds import links, mapping
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import reading
from patients.feeds.hl7.message import NotHl7, parse
from patients.feeds.hl7.reading import Reading
from patients.feeds.links import Link
from patients.feeds.store import TABLE, opened
from staff import queries as staff


def decoded(body: bytes, charset: str) -> str:
    """The text of a message in its link's charset.

    Raises:
        ReadFault: a byte does not belong there; the segment is named.
    """
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        line = body[: error.start].replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")[-1]
        number = body[: error.start].count(b"\r") + 1
        segment = line[:3].decode("ascii", "replace") or "MSH"
        raise ReadFault(
            segment, f"第 {number} 段有不属于 {charset} 的字节（0x{body[error.start]:02X}）"
        ) from None


async def read(link: Link, body: bytes) -> Reading:
    """What a message of a link says.

    Raises:
        ReadFault: it cannot be taken as it is.
    """
    try:
        message = parse(decoded(body, link.charset))
        rules = mapping.load(link.mapping)
    except NotHl7 as error:
        raise ReadFault("MSH", str(error)) from None
    except mapping.MappingError as error:
        raise ReadFault("映射", str(error)) from None
    return reading.read(message, rules, await staff.tree(), domain=link.domain)


async def _run(row: Row) -> tuple[str, str]:
    link = await links.link(row["link_id"])
    try:
        found = await read(link, opened(row["body"]))
    except ReadFault as fault:
        await db.execute("update feed_message set fault_at = $2 where id = $1", row["id"], fault.at[:60])
        return str(fault)[:2000], "parked"
    await feeding.take(row["id"], found.heard)
    return "；".join(found.remarks)[:2000], "done"


# One at a time: the locks of a patient are held for one message, and two loops never wait for each other's batch.
FEED = Queue(TABLE, _run, batch=1)

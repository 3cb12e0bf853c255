"""Takes the messages of feeds that were kept: reads each by its link's mapping, hands what it says to `patients`.

A message with a fault is parked with the segment and field at fault; order of arrival means nothing (`patients.folding`).
"""

from collections.abc import Sequence

import asyncpg

from core import db
from core.pump import Outcome, Queue, Row
from patients import feeding
from patients.feeds import links, mapping
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import reading
from patients.feeds.hl7.message import NotHl7, parse
from patients.feeds.hl7.reading import Reading
from patients.feeds.links import Link
from patients.feeds.store import TABLE, opened
from patients.said import Heard
from staff import queries as staff


def decoded(body: bytes, charset: str) -> str:
    """The text of a message in its link's charset.

    Raises:
        ReadFault: a byte does not belong there; the segment is named.
    """
    if b"\x00" in body.strip(b"\x00"):  # no column holds it
        at = body.strip(b"\x00").index(b"\x00")
        raise ReadFault(_segment_at(body, at)[0], f"第 {_segment_at(body, at)[1]} 段有空字符（0x00）")
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        segment, number = _segment_at(body, error.start)
        raise ReadFault(
            segment, f"第 {number} 段有不属于 {charset} 的字节（0x{body[error.start]:02X}）"
        ) from None


def _segment_at(body: bytes, at: int) -> tuple[str, int]:
    """Name and number of the segment in which a byte stands."""
    lines = body[:at].replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
    return lines[-1][:3].decode("ascii", "replace") or "MSH", len(lines)


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


async def _run(row: Row) -> Outcome:
    return (await _run_all([row]))[0]


async def _run_all(rows: Sequence[Row]) -> list[Outcome]:
    """Read each of the messages, take all that could be read at once, note the place of the fault in the others."""
    known = {link.id: link for link in await links.all_links()}
    outcomes: list[Outcome] = []
    heard: list[tuple[int, Heard]] = []
    faulty: list[tuple[int, str]] = []
    for row in rows:
        try:
            found = await read(known[row["link_id"]], opened(row["body"]))
        except ReadFault as fault:
            faulty.append((row["id"], fault.at[:60]))
            outcomes.append((str(fault)[:2000], "parked"))
        else:
            heard.append((row["id"], found.heard))
            outcomes.append(("；".join(found.remarks)[:2000], "done"))
    if faulty:
        await db.executemany("update feed_message set fault_at = $2 where id = $1", faulty)
    if heard:
        refused = await _taken(heard)
        if refused:
            await db.execute("update feed_message set fault_at = $2 where id = $1", heard[0][0], "内容")
            outcomes[-1] = (refused, "parked")
    return outcomes


async def _taken(heard: Sequence[tuple[int, Heard]]) -> str:
    """Take what was read; of one message alone why the database will not hold it, "" when it does.

    Raises:
        asyncpg.DataError, asyncpg.IntegrityConstraintViolationError: of several one will not do.
    """
    try:
        async with db.transaction():
            await feeding.take_all(heard)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        if len(heard) > 1:
            raise
        return f"有一个值超出可保存的范围（{error}）"[:2000]
    return ""


FEED = Queue(TABLE, _run, batch=100, run_all=_run_all)

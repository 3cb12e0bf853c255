"""Takes the messages of feeds that were kept: reads each by its link's mapping, hands what it says to `patients`.

A message with a fault is parked with the segment and field at fault; order of arrival means nothing (`patients.folding`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from core import clock, db, parameters
from core.error_words import without_values
from core.parameters import Parameter
from core.pump import Outcome, Queue, Row
from patients import feeding
from patients.feeds import codes, formats, links, repairs, unknown_patients, unknown_units
from patients.feeds.faults import ReadFault
from patients.feeds.formats import How
from patients.feeds.hl7.reading import Reading
from patients.feeds.store import TABLE, opened
from patients.feeds.unknown_units import LostName
from patients.said import Heard, PatientSaid
from staff import queries as staff

AHEAD = parameters.declare(
    Parameter(
        "feeds.ahead",
        "接口消息时间最多超前",
        int,
        24,
        low=1,
        high=8760,
        unit="小时",
        what="消息写明的时间比本系统时钟超前更多时搁置：它会压过此后所有如实写时间的消息；对方校准时钟后改正重放",
    )
)


def _not_ahead(found: Reading, latest: datetime) -> None:
    """Pass unless a message was written in the future: it would stand above all that is said until then."""
    if found.heard.at > latest:
        words = f"{clock.local(found.heard.at):%Y-%m-%d %H:%M}"
        raise ReadFault(found.written_in or "时间", "消息时间超前于本系统时钟，请对方校准时钟", words)


async def _run(row: Row) -> Outcome:
    return (await _run_all([row]))[0]


async def _run_all(rows: Sequence[Row]) -> list[Outcome]:
    """Read each of the messages, take all that could be read at once, note the place of the fault in the others."""
    known = {link.id: link for link in await links.all_links()}
    tree = await staff.tree()
    latest = clock.now() + timedelta(hours=await parameters.number(AHEAD))
    outcomes: list[Outcome] = []
    heard: list[tuple[int, Heard]] = []
    faulty: list[tuple[int, ReadFault]] = []
    read: dict[int, Reading] = {}
    for row in rows:
        try:
            link = known[row["link_id"]]
            how = How(link.kind, link.mapping, link.charset, link.domain, link.codes)
            found = formats.read(how, opened(row["body"]), tree, received=row["created_at"])
            _not_ahead(found, latest)
            read[row["id"]] = found
        except ReadFault as fault:
            faulty.append((row["id"], fault))
    told = await unknown_patients.found(read)
    faulty += [(number, one) for number, one in told.items() if isinstance(one, ReadFault)]
    faults = dict(faulty)
    for row in rows:
        number = row["id"]
        one = told.get(number)
        if isinstance(one, Heard):
            heard.append((number, one))
            outcomes.append(("；".join(read[number].remarks)[:2000], "done"))
        else:
            outcomes.append((str(faults[number])[:2000], "parked"))
    if faulty:
        await db.executemany(
            "update feed_message set fault_at = $2 where id = $1",
            [(number, one.at[:60]) for number, one in faulty],
        )
        await unknown_units.note([(number, one.lost and LostName(*one.lost)) for number, one in faulty])
        await unknown_patients.note([(number, one.wanted) for number, one in faulty])
        await codes.note([(number, one.lost_code) for number, one in faulty])
    if heard:
        refused = await _taken(heard)
        if refused:
            await db.execute("update feed_message set fault_at = $2 where id = $1", heard[0][0], "内容")
            outcomes[[row["id"] for row in rows].index(heard[0][0])] = (refused, "parked")
    states = zip(rows, outcomes, strict=True)
    await repairs.note_outcomes([(row["id"], state, note) for row, (note, state) in states])
    return outcomes


async def _taken(heard: Sequence[tuple[int, Heard]]) -> str:
    """Take what was read; of one message alone why the database will not hold it, "" when it does.

    Raises:
        asyncpg.DataError, asyncpg.IntegrityConstraintViolationError: of several one will not do.
    """
    try:
        async with db.transaction():
            await feeding.take_all(heard)
            if any(
                isinstance(said, PatientSaid) and said.identifiers for _, one in heard for said in one.said
            ):
                await unknown_patients.go_on()
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        if len(heard) > 1:
            raise
        return f"有一个值超出可保存的范围（{without_values(str(error))}）"[:2000]
    return ""


FEED = Queue(TABLE, _run, batch=100, run_all=_run_all)

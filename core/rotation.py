"""Seals every encrypted value anew after the key or the algorithm was changed, a little at a time, under load.

The places are declared in wiring.py; a test compares them with the database. A value is opened with the key it
names and sealed with the present one, in batches whose transactions are short; a run that was stopped goes on where
it was. What stands in the clear or without its row from before an upgrade is sealed by the same run. Search hashes
are keyed by HUIYIN_SECRET_KEY, not by these keys, and stay as they are.
"""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from core import clock, db, jobs, parameters
from core.crypto import key_ring
from core.jobs import Job
from core.parameters import Parameter

KIND = "keys.rotate"
BATCH = 200
REST = parameters.declare(
    Parameter(
        "keys.rest_percent",
        "密钥轮换每批之后让出的时间",
        int,
        100,
        0,
        2000,
        "%",
        source="占该批用时的百分比；系统繁忙时调大，轮换变慢而页面不受影响",
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """A sealed column; `key` is the table's primary key, by which batches go forward. `name` was sealed with it.

    `row` is the SQL that names the row for which a value is sealed ("" for none), `sealed` a column that is false where
    a value still stands in the clear ("" where none ever did).
    """

    table: str
    column: str
    key: str = "id"
    row: str = ""
    sealed: str = ""

    @property
    def name(self) -> str:
        """ "cases.caller_phone"."""
        return f"{self.table}.{self.column}"

    @property
    def old(self) -> str:
        """SQL that is true of a value which is not sealed as it would be now; $1 is `head`."""
        stale = f"substring({self.column} from 1 for 2) <> $1"
        return f"({stale} or not {self.sealed})" if self.sealed else stale

    def head(self) -> bytes:
        """With which two bytes a value of this place would begin now."""
        return key_ring().head(bound=bool(self.row))


@dataclass(frozen=True, slots=True)
class Standing:
    """How many values of a place there are, and how many of them are not under the present key."""

    place: Place
    whole: int
    old: int


PLACES: list[Place] = []


def declare(*places: Place) -> None:
    """Add sealed columns to the register."""
    PLACES.extend(places)


async def standing() -> list[Standing]:
    """Each place with what is left to do; reads every value's first two bytes."""
    found = []
    for place in PLACES:
        row = await db.fetchrow(
            f"select count(*) as whole, count(*) filter (where {place.old}) as old"  # noqa: S608
            f" from {place.table} where {place.column} is not null",
            place.head(),
        )
        if row is not None:
            found.append(Standing(place, row["whole"], row["old"]))
    return found


async def left() -> int:
    """How many values are not under the present key."""
    return sum(one.old for one in await standing())


async def ask() -> None:
    """Have everything sealed anew; asked again later it looks again, for what was sealed with the old key meanwhile."""
    await jobs.enqueue(KIND, {}, key=f"rotate:{key_ring().head().hex()}:{clock.now():%Y%m%d%H%M}")


async def rotate(job: Job) -> None:
    """The job: every place, batch by batch; tells how far it is."""
    before = await standing()
    total, done = sum(one.old for one in before), 0
    for one in before:
        if not one.old:
            continue
        last: object = None
        while True:
            began = time.monotonic()
            last, sealed = await _batch(one.place, last)
            done += sealed
            await job.report(min(done, total), total, one.place.name)
            if last is None:
                break
            await asyncio.sleep((time.monotonic() - began) * await parameters.number(REST) / 100)


async def _batch(place: Place, after: object) -> tuple[object, int]:
    """Seal the next values anew; the last key looked at (None at the end) and how many were sealed."""
    beyond = "" if after is None else f" and {place.key} > $3"
    clear = f"not {place.sealed}" if place.sealed else "false"
    mark = f", {place.sealed} = true" if place.sealed else ""
    whom = place.row or "''"
    async with db.transaction():
        rows = await db.fetch(
            f"select {place.key} as key, {place.column} as value, {whom} as whom, {clear} as clear"  # noqa: S608
            f" from {place.table} where {place.column} is not null and {place.old}{beyond}"
            f" order by {place.key} limit $2 for update",
            place.head(),
            BATCH,
            *(() if after is None else (after,)),
        )
        if not rows:
            return None, 0
        await db.executemany(
            f"update {place.table} set {place.column} = $2{mark} where {place.key} = $1",  # noqa: S608
            [(row["key"], _anew(place, row)) for row in rows],
        )
    return (rows[-1]["key"] if len(rows) == BATCH else None), len(rows)


def _anew(place: Place, row: asyncpg.Record) -> bytes:
    ring, value = key_ring(), bytes(row["value"])
    if row["clear"]:
        return ring.seal(value, place.name, row["whom"])
    return ring.anew(value, place.name, row["whom"])


async def ask_if_needed() -> bool:
    """After an upgrade: have sealed what a new version seals in another way; whether there was anything."""
    if not any(one.old for one in await standing()):
        return False
    await ask()
    return True

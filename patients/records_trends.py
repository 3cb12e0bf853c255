"""The course of laboratory results of a person, and how many of their reports tell of something. Reads only.

What belongs to a visit out of the viewer's reach counts nowhere.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import db
from core.actor import Actor
from patients.profile_timeline import Person
from patients.records import FLAGS, seen, units_of


@dataclass(frozen=True, slots=True)
class Trend:
    """The values of one laboratory item over time, oldest first; `range` is the newest reference range."""

    name: str
    unit: str
    range: str
    points: tuple[tuple[datetime, float, str], ...]  # at, value, mark


async def trends(who: Person, by: Actor, *, most: int = 24) -> list[Trend]:
    """Items with two numeric results or more, those out of range lately first."""
    rows = await db.fetch(
        "select i.name, i.unit, i.range, i.flag, i.amount, coalesce(i.at, r.reported_at) as at"  # noqa: S608
        " from report r join report_item i on i.report_id = r.id"
        f" where r.patient_id = any($1::bigint[]) and r.state <> 'cancelled' and {seen('r', 2)}"
        " and i.amount is not null and coalesce(i.at, r.reported_at) is not null"
        " order by coalesce(i.at, r.reported_at) desc limit 5000",
        list(who.records),
        await units_of(by),
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        found.setdefault((row["name"], row["unit"]), []).append(row)
    several = [(key, values) for key, values in found.items() if len(values) > 1]
    several.sort(key=lambda pair: (pair[1][0]["flag"] == "", -len(pair[1]), pair[0]))
    return [
        Trend(
            name,
            unit,
            values[0]["range"],
            tuple((row["at"], float(row["amount"]), FLAGS.get(row["flag"], "")) for row in reversed(values)),
        )
        for (name, unit), values in several[:most]
    ]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many reports there are, with abnormal and with critical results."""

    reports: int
    abnormal: int
    critical: int


async def critical(who: Person, by: Actor) -> Counts:
    """The reports of a person counted."""
    row = await db.fetchrow(
        "select count(*) as reports, count(*) filter (where r.abnormal) as abnormal,"  # noqa: S608
        " count(*) filter (where r.critical) as critical from report r"
        f" where r.patient_id = any($1::bigint[]) and r.state <> 'cancelled' and {seen('r', 2)}",
        list(who.records),
        await units_of(by),
    )
    assert row is not None  # noqa: S101 - an aggregate has a row
    return Counts(row["reports"], row["abnormal"], row["critical"])

"""What statistics are asked for: a value read from the query of an address, and written back to it. Pure.

A part that makes no sense is left out; the rest still counts.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from core import clock
from reports.period import Period, Span, of_day
from tickets.sources import SOURCES

MOST_CHOSEN = 12


class Org(StrEnum):
    """By which organisation: as it stood in each month, or as it stands today (merged units with their successor)."""

    THEN = "then"
    TODAY = "today"


LONGEST = timedelta(days=366 * 5)


class Asked(BaseModel):
    """A period and the cases within it: those that meet every part that is given.

    `at` is any day of the month, quarter or year; `since` and `until`, both included, are for other spans.
    `place` means a campus or department and all below it.
    """

    model_config = ConfigDict(frozen=True)

    span: Span = Span.MONTH
    at: date = Field(default_factory=clock.today)
    since: date | None = None
    until: date | None = None
    source: tuple[str, ...] = ()
    type: tuple[Annotated[str, Field(max_length=50)], ...] = ()
    place: int | None = None
    org: Org = Org.THEN

    @property
    def period(self) -> Period:
        """The days that are meant."""
        if self.span is Span.DAYS and self.since and self.until:
            return Period(Span.DAYS, self.since, self.until + timedelta(days=1))
        return of_day(self.span, self.at)

    def pairs(self, **more: object) -> list[tuple[str, str]]:
        """Names and texts of an address; `more` are further parts, None takes one away."""
        given: list[tuple[str, str]] = [("span", self.span.value)]
        if self.span is Span.DAYS:
            given += [("since", str(self.period.start)), ("until", str(self.period.last))]
        else:
            given.append(("at", str(self.period.start)))
        given += [("source", name) for name in self.source] + [("type", name) for name in self.type]
        given += [("place", str(self.place))] if self.place else []
        given += [("org", self.org.value)] if self.org is not Org.THEN else []
        kept = [(name, text) for name, text in given if name not in more]
        return kept + [(name, str(value)) for name, value in more.items() if value is not None]

    def query(self, **more: object) -> str:
        """The query of the address, without "?"."""
        return urlencode(self.pairs(**more))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        return None


def read(pairs: Iterable[tuple[str, str]], units: Collection[int]) -> Asked:
    """What an address asks for; `units` are the units there are."""
    known = [(name, text.strip()) for name, text in pairs if text.strip()]
    one = dict(reversed(known))
    span = Span(one["span"]) if one.get("span") in set(Span) else Span.MONTH
    since, until = _day(one.get("since", "")), _day(one.get("until", ""))
    if not (since and until and since <= until and until - since <= LONGEST):
        since = until = None
    if span is Span.DAYS and since is None:
        span = Span.MONTH
    at = _day(one.get("at", ""))
    place = one.get("place", "")
    return Asked(
        span=span,
        at=at if at and 2000 <= at.year <= 2100 else clock.today(),
        since=since,
        until=until,
        source=_several(known, "source", set(SOURCES)),
        type=_several(known, "type", {name for one in SOURCES.values() for name in one.appeal_types}),
        org=Org(one["org"]) if one.get("org") in set(Org) else Org.THEN,
        place=int(place) if place.isascii() and place.isdigit() and int(place) in units else None,
    )


def _several(known: list[tuple[str, str]], name: str, allowed: set[str]) -> tuple[str, ...]:
    found = dict.fromkeys(text for key, text in known if key == name and text in allowed)
    return tuple(found)[:MOST_CHOSEN]

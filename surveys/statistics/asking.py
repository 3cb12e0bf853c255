"""What statistics of a questionnaire are asked for: a value read from the query of an address, and written back to it. Pure.

A part that makes no sense is left out; the rest still counts.
"""

from collections.abc import Iterable
from datetime import date
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from core import clock

MOST_FILTERS = 3
LONGEST = 130
MOST_DAYS = 366 * 5


def _a_year_ago() -> date:
    today = clock.today()
    return date(today.year - (today.month < 12), today.month % 12 + 1, 1)


class Asked(BaseModel):
    """A questionnaire, days (both included), and the responses within them that meet every part that is given.

    `unit` means a campus, department or ward and all below it. `filters` are (variable, value). `score` is the measure of
    the tables and the trend: key of a score; "" for the first.
    """

    model_config = ConfigDict(frozen=True)

    questionnaire: int | None = None
    since: date = Field(default_factory=_a_year_ago)
    until: date = Field(default_factory=clock.today)
    unit: int | None = None
    channel: str = ""
    kind: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    score: str = ""
    row: str = ""
    column: str = ""
    words: str = ""

    @property
    def period(self) -> str:
        """ "2026-01-01 至 2026-11-22"."""
        return f"{self.since} 至 {self.until}"

    def query(self, **more: object) -> str:
        """The query of the address, without "?"; `more` are further parts, None takes one away."""
        pairs: list[tuple[str, object]] = [
            ("questionnaire", self.questionnaire),
            ("since", self.since),
            ("until", self.until),
            ("unit", self.unit),
            ("channel", self.channel),
            ("kind", self.kind),
            *(("filter", f"{name}={value}") for name, value in self.filters),
            ("score", self.score),
            ("row", self.row),
            ("column", self.column),
            ("words", self.words),
        ]
        kept = [(name, value) for name, value in pairs if name not in more]
        return urlencode([(n, str(v)) for n, v in (*kept, *more.items()) if v not in (None, "")])

    def behind(self, **more: object) -> str:
        """The query of the list of responses behind a number: what that list can be narrowed by."""
        given = {
            "questionnaire": self.questionnaire,
            "since": self.since,
            "until": self.until,
            "unit": self.unit,
            "channel": self.channel,
            "kind": self.kind,
        } | more
        return urlencode({name: str(value) for name, value in given.items() if value not in (None, "")})


def read(pairs: Iterable[tuple[str, str]], units: frozenset[int]) -> Asked:
    """What an address asks for; `units` there are."""
    given: dict[str, object] = {}
    filters: list[tuple[str, str]] = []
    for name, raw in pairs:
        text = raw.strip()[:LONGEST]
        if name in ("questionnaire", "unit") and text.isascii() and text.isdigit() and len(text) <= 18:
            given[name] = int(text)
        elif name in ("since", "until") and (day := _day(text)) is not None:
            given[name] = day
        elif name in ("channel", "kind", "score", "row", "column", "words") and text.isprintable():
            given[name] = text
        elif name == "filter" and "=" in text and len(filters) < MOST_FILTERS and text.isprintable():
            variable, _, value = text.partition("=")
            if value and (variable, value) not in filters:
                filters.append((variable, value))
    if given.get("unit") not in units:
        given.pop("unit", None)
    found = Asked.model_validate({**given, "filters": tuple(filters)})
    if found.since > found.until or (found.until - found.since).days > MOST_DAYS:
        return found.model_copy(update={"since": _a_year_ago(), "until": clock.today()})
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

"""What one person sees of a feedback case, as values that a page draws; frozen, reads nothing and decides nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from tickets.models import Case


@dataclass(frozen=True, slots=True)
class File:
    """A file of a record: its id and name."""

    id: UUID
    name: str
    mime: str


@dataclass(frozen=True, slots=True)
class HandlingRecord:
    """One handling record; `unit` is "" of the centre's own."""

    kind: str
    way: str
    contact: str
    content: str
    signed: bool
    at: datetime
    written_by: str
    unit: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of rectification; `place` is its number in the list, `late` that its day has passed undone."""

    place: int
    unit: str
    person: str
    measure: str
    due_on: date
    state: str
    late: bool
    done_text: str
    done_by: str
    verified_text: str
    verified_by: str


@dataclass(frozen=True, slots=True)
class Told:
    """Duties that were told."""

    items: tuple[str, ...]
    receiver: str
    remark: str
    told_by: str
    told_at: datetime
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Penalty:
    """A measure against a person."""

    person: str
    kind: str
    opinion: str
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Rating:
    """What the person said of the result by themselves."""

    round: int
    satisfied: str
    solved: str
    remark: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """The feedback part of a case as this person sees it; None and empty where it is not for them."""

    relation: str
    authorised: bool
    wishes: tuple[str, ...]
    categories: tuple[str, ...]
    function_units: tuple[str, ...]
    hcat: tuple[tuple[str, str], ...]
    stage: str
    harm: str
    first_unit: str
    first_name: str
    settled_how: str
    settled_satisfied: str
    settled_at: datetime | None
    study_reason: str
    route: str
    route_result: str
    compensation: Decimal | None
    query_code: str
    records: tuple[HandlingRecord, ...]
    measures: tuple[Measure, ...]
    told: tuple[Told, ...]
    judged: bool
    responsibility: str
    judged_by: str
    penalties: tuple[Penalty, ...]
    ratings: tuple[Rating, ...]
    earlier: tuple[Case, ...]
    praised: tuple[str, ...]
    inside: bool
    reviews: bool


@dataclass(frozen=True, slots=True)
class Praise:
    """A line of the praise wall."""

    case: Case
    unit: str
    at: datetime
